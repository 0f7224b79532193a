from django.urls import path

from insatser.views import insatser as views
from insatser.views import organisationer
from insatser.views import uppdrag as uppdragen

app_name = "insatser"

# /insatser/
urlpatterns = [
    path("", views.lista, name="lista"),
    path("ny/", views.ny, name="ny"),
    path("kategorival/", views.kategorivalen, name="kategorival"),
    path("<int:pk>/", views.insats, name="insats"),
    path("<int:pk>/andra/", views.andra, name="andra"),
]

_ORGANISATIONER = "samverkansorganisationer/"
_VALJ, _GE, _AVSLUTA = "uppdrag/valj/", "uppdrag/ge/", "uppdrag/avsluta/"

# / : samverkansorganisationer, uppdrag, och att avsluta den behörighet som uppdrag vilar på
uppdrag = (
    [
        path(_ORGANISATIONER, organisationer.lista, name="organisationer"),
        path(f"{_ORGANISATIONER}ny/", organisationer.ny, name="ny_organisation"),
        path(f"{_ORGANISATIONER}<int:pk>/", organisationer.organisation, name="organisation"),
        path(f"{_ORGANISATIONER}<int:pk>/anvandare/", organisationer.anvandare, name="anvandare"),
        path(
            f"{_ORGANISATIONER}<int:pk>/anvandare/<int:anvandare>/",
            organisationer.anvandares_uppdrag,
            name="anvandares_uppdrag",
        ),
        path(f"{_VALJ}organisation/<int:pk>/<slug:roll>/", uppdragen.valj_i_organisation, name="valj_i_organisation"),
        path(f"{_VALJ}forsta/<int:pk>/", uppdragen.valj_forsta, name="valj_forsta"),
        path(f"{_VALJ}insats/<int:pk>/", uppdragen.valj_pa_insats, name="valj_pa_insats"),
        path(
            f"{_GE}organisation/<int:pk>/<slug:roll>/<int:behorighet>/",
            uppdragen.ge_i_organisation,
            name="ge_i_organisation",
        ),
        path(f"{_GE}forsta/<int:pk>/<int:behorighet>/", uppdragen.ge_forsta, name="ge_forsta"),
        path(f"{_GE}insats/<int:pk>/<int:behorighet>/", uppdragen.ge_pa_insats, name="ge_pa_insats"),
        path(f"{_AVSLUTA}organisation/<int:pk>/", uppdragen.avsluta_i_organisation, name="avsluta_i_organisation"),
        path(f"{_AVSLUTA}insats/<int:pk>/", uppdragen.avsluta_pa_insats, name="avsluta_pa_insats"),
        path("anvandare/behorighet/<int:pk>/avsluta/", uppdragen.avsluta_behorighet, name="avsluta_behorighet"),
    ],
    "uppdrag",
)
