from django.http import HttpRequest
from django.urls import path

from behorighet.takt import begransa
from deltagare.forms import UTREGISTRERING
from deltagare.views import anonyma, antal, historik, inlasning, registrering
from deltagare.views import kodverk as kodverken


def _soker_person(request: HttpRequest) -> bool:
    """Hämta, och att spara utregistreringen, slår upp personnumret."""
    return request.POST.get("registrering") == UTREGISTRERING and "uppdatera" not in request.POST


app_name = "deltagare"

# /deltagare/
urlpatterns = [
    path("registrera/", begransa("personsokning", nar=_soker_person)(registrering.registrera), name="registrera"),
    path("registrera/fragor/", registrering.fragor, name="fragor"),
    path("anonyma/", anonyma.anonyma, name="anonyma"),
    path("anonyma/<int:pk>/ta-bort/", anonyma.ta_bort_anonyma, name="ta_bort_anonyma"),
    path("antal/<int:pk>/", antal.antal, name="antal"),
    path("<int:pk>/historik/", historik.historik, name="historik"),
]

# /administration/kodverk/
kodverk = (
    [
        path("", kodverken.kodverk, name="kodverk"),
        path("<slug:kodverk>/ny/", kodverken.ny_kod, name="ny"),
        path("kod/<int:pk>/", kodverken.andra, name="andra"),
    ],
    "kodverk",
)

# /las-in/
las_in = (
    [
        path("insatser/", inlasning.insatser, name="insatser"),
        path("insatser/<uuid:pk>/", inlasning.granska_insatser, name="granska_insatser"),
        path("insatser/<uuid:pk>/fel/", inlasning.fel_insatser, name="fel_insatser"),
        path("insatser/mall/<slug:slag>/", inlasning.mall_insatser, name="mall_insatser"),
        path("deltaganden/", inlasning.deltaganden, name="deltaganden"),
        path("deltaganden/<uuid:pk>/", inlasning.granska_deltaganden, name="granska_deltaganden"),
        path("deltaganden/<uuid:pk>/fel/", inlasning.fel_deltaganden, name="fel_deltaganden"),
        path("deltaganden/mall/<slug:slag>/", inlasning.mall_deltaganden, name="mall_deltaganden"),
    ],
    "inlasning",
)
