from django.urls import path

from deltagare import views

app_name = "deltagare"

# /deltagare/
urlpatterns = [
    path("registrera/", views.registrera, name="registrera"),
    path("anonyma/", views.anonyma, name="anonyma"),
    path("anonyma/<int:pk>/ta-bort/", views.ta_bort_anonyma, name="ta_bort_anonyma"),
    path("antal/<int:pk>/", views.antal, name="antal"),
]
