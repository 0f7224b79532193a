from django.urls import path

from behorighet.takt import begransa, sokt
from insatser.views import (
    budget,
    genomgang,
    historik,
    ingaende,
    kontor,
    lista,
    livslopp,
    omrade,
    organisationer,
    organisationsbudget,
)
from insatser.views import fragor as fragorna
from insatser.views import granskning as granskningen
from insatser.views import insatser as views
from insatser.views import uppdrag as uppdragen

app_name = "insatser"

# /insatser/
urlpatterns = [
    path("", lista.insatser, name="lista"),
    path("export/", lista.insatsexport, name="export"),
    path("kategorier/", lista.kategorier, name="kategorier"),
    path("ny/", views.ny, name="ny"),
    path("kategorival/", views.kategorivalen, name="kategorival"),
    path("<int:pk>/", views.insats, name="insats"),
    path("<int:pk>/andra/", views.andra, name="andra"),
    path("<int:pk>/kopiera/", views.kopiera, name="kopiera"),
    path("<int:pk>/avsluta/", livslopp.avsluta, name="avsluta"),
    path("<int:pk>/ta-bort/", livslopp.ta_bort, name="ta_bort"),
    path("<int:pk>/budget/", budget.budget, name="budget"),
    path("<int:pk>/budget/<int:ar>/andra/", budget.andra, name="andra_budget"),
    path("<int:pk>/budget/<int:ar>/ta-bort/", budget.ta_bort_rader, name="ta_bort_budgetrader"),
    path("<int:pk>/historik/", historik.insats, name="historik"),
]

_ORGANISATIONER = "samverkansorganisationer/"
# Väljaren når alla med rollen, i alla organisationer (R4).
_sokning = begransa("anvandarsokning", nar=sokt)
_VALJ, _GE, _AVSLUTA = "uppdrag/valj/", "uppdrag/ge/", "uppdrag/avsluta/"

# / : samverkansorganisationer, uppdrag, och att avsluta den behörighet som uppdrag vilar på
uppdrag = (
    [
        path(_ORGANISATIONER, lista.organisationer, name="organisationer"),
        path(f"{_ORGANISATIONER}export/", lista.organisationsexport, name="organisationsexport"),
        path(f"{_ORGANISATIONER}ny/", organisationer.ny, name="ny_organisation"),
        path(f"{_ORGANISATIONER}<int:pk>/", organisationer.organisation, name="organisation"),
        path(f"{_ORGANISATIONER}<int:pk>/historik/", historik.organisation, name="historik"),
        path(f"{_ORGANISATIONER}<int:pk>/andra/", organisationer.andra, name="andra_organisation"),
        path(f"{_ORGANISATIONER}<int:pk>/omrade/", omrade.valj, name="omrade"),
        path(f"{_ORGANISATIONER}<int:pk>/omrade/ta-bort/", omrade.ta_bort, name="ta_bort_ur_omradet"),
        path(f"{_ORGANISATIONER}<int:pk>/ingaende/", ingaende.valj, name="valj_part"),
        path(f"{_ORGANISATIONER}<int:pk>/ingaende/<int:part>/", ingaende.part, name="part"),
        path(f"{_ORGANISATIONER}<int:pk>/budget/", organisationsbudget.budget, name="organisationsbudget"),
        path(f"{_ORGANISATIONER}<int:pk>/budget/<int:ar>/", organisationsbudget.budget, name="organisationsbudget_ar"),
        path(
            f"{_ORGANISATIONER}<int:pk>/budget/<int:ar>/andra/",
            organisationsbudget.andra,
            name="andra_organisationsbudget",
        ),
        path(f"{_ORGANISATIONER}<int:pk>/anvandare/", organisationer.anvandare, name="anvandare"),
        path(
            f"{_ORGANISATIONER}<int:pk>/anvandare/<int:anvandare>/",
            organisationer.anvandares_uppdrag,
            name="anvandares_uppdrag",
        ),
        path(
            f"{_VALJ}organisation/<int:pk>/<slug:roll>/",
            _sokning(uppdragen.valj_i_organisation),
            name="valj_i_organisation",
        ),
        path(f"{_VALJ}forsta/<int:pk>/", _sokning(uppdragen.valj_forsta), name="valj_forsta"),
        path(f"{_VALJ}kontor/<int:pk>/", _sokning(uppdragen.valj_pa_kontor), name="valj_pa_kontor"),
        path(f"{_VALJ}insats/<int:pk>/", _sokning(uppdragen.valj_pa_insats), name="valj_pa_insats"),
        path(
            f"{_GE}organisation/<int:pk>/<slug:roll>/<int:behorighet>/",
            uppdragen.ge_i_organisation,
            name="ge_i_organisation",
        ),
        path(f"{_GE}forsta/<int:pk>/<int:behorighet>/", uppdragen.ge_forsta, name="ge_forsta"),
        path(f"{_GE}kontor/<int:pk>/<int:behorighet>/", uppdragen.ge_pa_kontor, name="ge_pa_kontor"),
        path(f"{_GE}insats/<int:pk>/<int:behorighet>/", uppdragen.ge_pa_insats, name="ge_pa_insats"),
        path(f"{_AVSLUTA}organisation/<int:pk>/", uppdragen.avsluta_i_organisation, name="avsluta_i_organisation"),
        path(f"{_AVSLUTA}insats/<int:pk>/", uppdragen.avsluta_pa_insats, name="avsluta_pa_insats"),
        path("anvandare/genomgang/", genomgang.genomgang, name="genomgang"),
        path("anvandare/behorighet/<int:pk>/avsluta/", uppdragen.avsluta_behorighet, name="avsluta_behorighet"),
        path("anvandare/<int:pk>/historik/", historik.anvandare, name="anvandares_historik"),
        path("administration/anvandare/<int:pk>/historik/", historik.konto, name="kontots_historik"),
    ],
    "uppdrag",
)

# /administration/kontor/ : kontoren i Af/FK-samarbetet
kontoren = (
    [
        path("", lista.kontor, name="lista"),
        path("export/", lista.kontorsexport, name="export"),
        path("ny/", kontor.ny, name="ny"),
        path("<int:pk>/", kontor.andra, name="andra"),
    ],
    "kontor",
)

# / : åtkomstloggen och granskningen av den, för den egna organisationens personal
granskning = (
    [
        path("logg/", granskningen.logg, name="logg"),
        path("loggkontroll/", granskningen.loggkontroller, name="loggkontroller"),
        path("loggkontroll/<int:pk>/", granskningen.loggkontroll, name="loggkontroll"),
    ],
    "granskning",
)

# / : samverkansorganisationens kompletterande frågor
fragor = (
    [
        path(f"{_ORGANISATIONER}<int:pk>/fragor/", fragorna.lista, name="lista"),
        path(f"{_ORGANISATIONER}<int:pk>/fragor/ny/", fragorna.ny, name="ny"),
        path(
            f"{_ORGANISATIONER}<int:pk>/fragor/forhandsgranska/",
            fragorna.forhandsgranska,
            name="forhandsgranska",
        ),
        path("fragor/<int:pk>/andra/", fragorna.andra, name="andra"),
        path("fragor/<int:pk>/avsluta/", fragorna.avsluta, name="avsluta"),
        path("fragor/<int:pk>/ta-bort/", fragorna.ta_bort, name="ta_bort"),
        path("fragor/<int:pk>/flytta/", fragorna.flytta, name="flytta"),
    ],
    "fragor",
)
