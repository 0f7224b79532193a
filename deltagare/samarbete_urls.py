"""Adresserna för Af/FK-samarbetet."""

from django.urls import path

from behorighet.takt import begransa, skickat
from deltagare.views import registerutdrag
from deltagare.views.samarbete import andra, identitet, matrisen, registrera, samarbete, uppgifter, visa

app_name = "samarbete"

# /af-fk/
urlpatterns = [
    path("", visa.visa, name="visa"),
    path("export/", begransa("deltagarfil", nar=skickat)(visa.export), name="export"),
    path("registrera/", begransa(registrera.takten)(registrera.registrera), name="registrera"),
    path("<int:pk>/", samarbete.samarbete, name="samarbete"),
    path("<int:pk>/personnummer/", samarbete.personnummer, name="personnummer"),
    path("<int:pk>/overgang/", andra.overgang, name="overgang"),
    path("<int:pk>/uppgifter/<slug:tillfalle>/", uppgifter.uppgifter, name="uppgifter"),
    path("<int:pk>/byt-kontor/", andra.byt_kontor, name="byt_kontor"),
    path("<int:pk>/byt-kontor/angra/", andra.angra_bytet, name="angra_bytet"),
    path("<int:pk>/begaran/", andra.ratta, name="ratta"),
    path("<int:pk>/angra/", andra.angra, name="angra"),
    path("<int:pk>/aterta-samtycke/", identitet.aterta, name="aterta"),
    path("<int:pk>/skyddade-personuppgifter/", identitet.skydda, name="skydda"),
    path("<int:pk>/byt-nummer/", begransa("hamta", nar=skickat)(identitet.byt_nummer), name="byt_nummer"),
    path("<int:pk>/registerutdrag/", registerutdrag.samarbetets, name="registerutdrag"),
]

# /administration/overgangar/
matris = (
    [
        path("", matrisen.matris, name="matris"),
        path("<int:pk>/", matrisen.andra, name="andra"),
    ],
    "matris",
)
