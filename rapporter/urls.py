"""Rapporternas adresser."""

from django.urls import path

from rapporter import jobbvyer, sparade_vyer, views

app_name = "rapporter"

# /rapporter/
urlpatterns = [
    path("insats/", views.insats, name="insats"),
    path("sparade/", sparade_vyer.lista, name="sparade"),
    path("sparade/nytt/", sparade_vyer.spara, name="spara"),
    path("sparade/<int:pk>/", sparade_vyer.sparat, name="sparat"),
    path("sparade/<int:pk>/andra/", sparade_vyer.andra, name="andra_sparat"),
    path("sparade/<int:pk>/ta-bort/", sparade_vyer.ta_bort, name="ta_bort_sparat"),
    path("sparade/<int:pk>/aterstall/", sparade_vyer.aterstall, name="aterstall_sparat"),
    path("bestall/", jobbvyer.bestall, name="bestall"),
    path("mina/", jobbvyer.mina, name="mina"),
    path("mina/<uuid:pk>/", jobbvyer.bestallning, name="bestallning"),
    path("mina/<uuid:pk>/fil/", jobbvyer.hamta, name="hamta"),
    path("mina/<uuid:pk>/avbryt/", jobbvyer.avbryt, name="avbryt"),
    path("mina/<uuid:pk>/ta-bort/", jobbvyer.ta_bort, name="ta_bort"),
    path("ledtider/", views.ledtider, name="ledtider"),
    path("status/", views.status, name="status"),
    path("overgangar/", views.overgangar, name="overgangar"),
]
