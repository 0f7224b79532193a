"""Rapporternas adresser."""

from django.urls import path

from rapporter import views

app_name = "rapporter"

# /rapporter/
urlpatterns = [
    path("insats/", views.insats, name="insats"),
    path("ledtider/", views.ledtider, name="ledtider"),
    path("status/", views.status, name="status"),
    path("overgangar/", views.overgangar, name="overgangar"),
]
