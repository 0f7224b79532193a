from django.urls import path

from behorighet.takt import begransa, skickat
from deltagare.views import (
    anonyma,
    antal,
    bekraftelse,
    deltagande,
    historik,
    inlasning,
    person,
    rattelse,
    registerutdrag,
    registrering,
    samtycken,
    visa,
)
from deltagare.views import gallring as gallringen
from deltagare.views import kodverk as kodverken

app_name = "deltagare"

# /deltagare/
urlpatterns = [
    path("", visa.visa, name="visa"),
    path("export/", begransa("deltagarfil", nar=skickat)(visa.export), name="export"),
    path("person/", begransa("personsokning", nar=skickat)(person.person), name="person"),
    path("samtycken/", samtycken.samtycken, name="samtycken"),
    path("registrera/", begransa(registrering.takten)(registrering.registrera), name="registrera"),
    path("registrera/fragor/", registrering.fragor, name="fragor"),
    path("anonyma/", anonyma.anonyma, name="anonyma"),
    path("anonyma/<int:pk>/ta-bort/", anonyma.ta_bort_anonyma, name="ta_bort_anonyma"),
    path("antal/<int:pk>/", antal.antal, name="antal"),
    path("<int:pk>/", deltagande.deltagande, name="deltagande"),
    path("<int:pk>/personnummer/", deltagande.personnummer, name="personnummer"),
    path("<int:pk>/ratta/", rattelse.ratta, name="ratta"),
    path("<int:pk>/fragor/", rattelse.fragor, name="deltagandets_fragor"),
    path("<int:pk>/utregistrera/", rattelse.utregistrera, name="utregistrera"),
    path("<int:pk>/angra-utregistrering/", bekraftelse.angra, name="angra"),
    path("<int:pk>/aterta-samtycke/", bekraftelse.aterta, name="aterta"),
    path("<int:pk>/skyddade-personuppgifter/", bekraftelse.skydda, name="skydda"),
    path("<int:pk>/byt-nummer/", begransa("hamta", nar=skickat)(bekraftelse.byt_nummer), name="byt_nummer"),
    path("<int:pk>/historik/", historik.historik, name="historik"),
    path("<int:pk>/registerutdrag/", registerutdrag.registerutdrag, name="registerutdrag"),
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

# /administration/gallring/
gallring = (
    [
        path("", gallringen.lista, name="lista"),
        path("ny/", gallringen.ny, name="ny"),
        path("regel/<slug:slag>/", gallringen.regel, name="regel"),
        path("<int:pk>/", gallringen.gallring, name="gallring"),
        path("<int:pk>/intyg/", gallringen.intyg, name="intyg"),
    ],
    "gallring",
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
