from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from behorighet.takt import avsandaren, begransa, gick_vidare, skickat
from behorighet.views import administration, anvandare, eid, genomgang, konto, lank, tva_steg
from behorighet.views.inloggning import andra_steget, logga_in

# Misslyckade försök per nätadress, utöver spärren på kontot: den som prövar många konton.
_inloggningar = begransa("inloggning", per=avsandaren, nar=skickat, lyckat=gick_vidare)
# Alla anrop räknas: en hel myndighet kan ha en adress, så gränsen är vid.
_legitimeringar = begransa("legitimering", per=avsandaren)

urlpatterns = [
    path("logga-in/", _inloggningar(logga_in), name="logga_in"),
    path("logga-in/", _inloggningar(logga_in), name="account_login"),  # dit allauth leder
    path("logga-in/andra-steget/", _inloggningar(andra_steget), name="mfa_authenticate"),
    path("logga-in/e-legitimation/", _legitimeringar(eid.till_eid), name="eid"),
    path("logga-in/e-legitimation/svar/", _legitimeringar(eid.eid_svar), name="eid_svar"),
    path("logga-ut/", login_not_required(LogoutView.as_view()), name="logga_ut"),
    path("konto/losenord/", konto.byt_losenord, name="byt_losenord"),
    path("konto/bekrafta/", tva_steg.bekrafta, name="bekrafta"),
    path("konto/tva-steg/", tva_steg.oversikt, name="tva_steg"),
    path("konto/tva-steg/app/", tva_steg.app, name="tva_steg_app"),
    path("konto/tva-steg/nyckel/", tva_steg.nyckel, name="tva_steg_nyckel"),
    path("konto/tva-steg/<int:pk>/namn/", tva_steg.namn, name="tva_steg_namn"),
    path("konto/tva-steg/<int:pk>/ta-bort/", tva_steg.ta_bort, name="tva_steg_ta_bort"),
    path("konto/tva-steg/reservkoder/", tva_steg.reservkoder, name="reservkoder"),
    path("konto/tva-steg/reservkoder/nya/", tva_steg.nya_reservkoder, name="nya_reservkoder"),
    path("valj-losenord/<int:pk>/<slug:kod>/", konto.valj_losenord, name="valj_losenord"),
    path("anvandare/", anvandare.lista, name="behorigheter"),
    path("anvandare/genomgang/<int:pk>/", genomgang.gjord_genomgang, name="gjord_genomgang"),
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
    path("administration/anvandare/<int:pk>/nollstall/", administration.nollstall, name="nollstall_tva_steg"),
    path("administration/behorighet/<int:pk>/avsluta/", administration.avsluta_bestallare, name="avsluta_bestallare"),
]
