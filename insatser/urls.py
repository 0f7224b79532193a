from django.urls import path

from insatser import views

app_name = "insatser"

# /insatser/
urlpatterns = [
    path("", views.lista, name="lista"),
    path("ny/", views.ny, name="ny"),
    path("kategorival/", views.kategorivalen, name="kategorival"),
    path("<int:pk>/", views.insats, name="insats"),
    path("<int:pk>/andra/", views.andra, name="andra"),
]
