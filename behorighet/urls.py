from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from behorighet import views

urlpatterns = [
    path("logga-in/", views.logga_in, name="logga_in"),
    path("logga-ut/", login_not_required(LogoutView.as_view()), name="logga_ut"),
]
