from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from behorighet.forms import LoggaInForm

urlpatterns = [
    path(
        "logga-in/",
        LoginView.as_view(
            template_name="registration/logga_in.html",
            authentication_form=LoggaInForm,
            redirect_authenticated_user=True,
        ),
        name="logga_in",
    ),
    path("logga-ut/", login_not_required(LogoutView.as_view()), name="logga_ut"),
]
