from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from behorighet.views import administration, anvandare, konto, lank, logga_in

urlpatterns = [
    path("logga-in/", logga_in, name="logga_in"),
    path("logga-ut/", login_not_required(LogoutView.as_view()), name="logga_ut"),
    path("konto/losenord/", konto.byt_losenord, name="byt_losenord"),
    path("valj-losenord/<int:pk>/<slug:kod>/", konto.valj_losenord, name="valj_losenord"),
    path("anvandare/", anvandare.lista, name="behorigheter"),
    path("anvandare/bestall/", anvandare.bestall, name="bestall_behorighet"),
    path("anvandare/<int:pk>/bestall/", anvandare.bestall, name="bestall_behorighet_at"),
    path("anvandare/<int:pk>/lank/", lank.visa_lank, name="visa_lank"),
    path("anvandare/<int:pk>/ny-lank/", lank.ny_lank, name="ny_lank"),
    path("administration/organisationer/", administration.organisationer, name="organisationer"),
    path("administration/organisationer/ny/", administration.ny_organisation, name="ny_organisation"),
    path("administration/organisationer/<int:pk>/", administration.organisation, name="organisation"),
    path("administration/organisationer/<int:pk>/bestallare/", administration.ny_bestallare, name="ny_bestallare"),
    path("administration/anvandare/<int:pk>/bestallare/", administration.bestallare_at, name="bestallare_at"),
    path("administration/anvandare/<int:pk>/lank/", lank.visa_bestallares_lank, name="visa_bestallares_lank"),
    path("administration/anvandare/<int:pk>/ny-lank/", lank.ny_bestallares_lank, name="ny_bestallares_lank"),
    path("administration/behorighet/<int:pk>/avsluta/", administration.avsluta_bestallare, name="avsluta_bestallare"),
]
