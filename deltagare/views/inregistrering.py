"""Registrera deltagare: inregistrering, med *Hämta*. Nås genom `registrering.registrera`."""

from typing import Final, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from behorighet.skydd import Begaran
from deltagare import folkbokforing, tjanster
from deltagare.folkbokforing import Otillganglig, Svar, forsegling
from deltagare.forms import VILLKORENS_FALT, Hamtat, Hamtform, Inregistreringsform, avslut
from deltagare.models import Deltagande
from deltagare.personnummer import OgiltigtPersonnummer, Personnummer, tolka
from deltagare.views.egna import inskrivet, med_lank, spara_en_gang, visa_registrering
from fkui.falt import STORSTA_ID, heltal_hogst
from fkui.fel import visa_fel
from insatser.models import Fraga, Insats, Kommun, Stadsdel, Tillfalle

HAR_SKYDD: Final = "personen_har_skydd"
"""Databasens villkor."""
ANNAT_NAMN: Final = (
    "Numret hör till någon med ett annat namn än det du skrev. Kontrollera numret. Stämmer det hämtade namnet kan du "
    "spara."
)
HAMTAT_PA_NYTT: Final = (
    "Numret, insatsen eller uppgifterna är ändrade sedan du valde Hämta, eller så har det gått mer än en timme. "
    "Uppgifterna är hämtade på nytt. Kontrollera dem och spara igen."
)
EN_TIDIGARE_DAG: Final = "Välj Öppna för att gå till den registreringen, eller Nyinregistrering för att spara en ny."


class Oppnat(NamedTuple):
    """Ett hämtat svar, och vad det gäller."""

    svar: Svar
    insats_id: int
    nummer: Personnummer
    forseglat: str
    """Svaret så som formuläret bär det, med tiden för *Hämta*: den förnyas inte när sidan visas igen."""
    insats: Insats | None = None
    """Insatsen, om den redan är läst."""


def oppnat(request: HttpRequest) -> Oppnat | None:
    """Det som formuläret bär med sig från *Hämta*, om det gäller den som frågar och det som står i formuläret."""
    insats_id = heltal_hogst(request.POST.get("insats", ""), STORSTA_ID)
    try:
        nummer = tolka(request.POST.get("personnummer", ""), idag=timezone.localdate())
    except OgiltigtPersonnummer:
        return None
    if insats_id is None or not request.user.pk:
        return None
    forseglat = request.POST.get("hamtat", "")
    svar = forsegling.oppna(forseglat, nummer=nummer, insats_id=insats_id, anvandare_id=request.user.pk)
    return Oppnat(svar, insats_id, nummer, forseglat) if svar else None


def forsegla(request: Begaran, svar: Svar, insats: Insats, nummer: Personnummer) -> Oppnat:
    forseglat = forsegling.forsegla(svar, nummer=nummer, insats_id=insats.pk, anvandare_id=request.user.pk)
    return Oppnat(svar, insats.pk, nummer, forseglat, insats)


def farskt(request: Begaran, oppnad: Oppnat) -> bool:
    """Om svaret går att spara. Registret prövas av databasen när det sparas; en tjänst frågas igen efter en stund."""
    if settings.SUS_FOLKBOKFORING != "tjanst":
        return True
    nyss = forsegling.oppna(
        oppnad.forseglat,
        nummer=oppnad.nummer,
        insats_id=oppnad.insats_id,
        anvandare_id=request.user.pk,
        galler=forsegling.FARSK,
    )
    return nyss is not None


def inregistrera(request: Begaran, insatser: QuerySet[Insats]) -> HttpResponse:
    """Hämtar, eller sparar. *Spara* utan *Hämta* före hämtar först, och sparar om det hämtade namnet är det skrivna."""
    oppnad = None if "hamta" in request.POST else oppnat(request)
    if oppnad and farskt(request, oppnad):
        hamtat = det_hamtade(oppnad, insatser)
        form = Inregistreringsform(request.POST, insatser=insatser, hamtat=hamtat)
        return _spara(request, insatser, form, oppnad)
    if folkbokforing.finns():
        return _hamta(request, insatser, oppnad)
    return _spara(request, insatser, Inregistreringsform(request.POST, insatser=insatser))


def _hamta(request: Begaran, insatser: QuerySet[Insats], forra: Oppnat | None = None) -> HttpResponse:
    grund = Hamtform(request.POST, insatser=insatser)
    if not grund.is_valid():
        return _visa_fel(request, insatser)
    data = grund.cleaned_data
    insats, nummer = data["insats"], data["personnummer"]
    try:
        svar = tjanster.hamta(insats=insats, nummer=nummer, samtycke=data["samtycke"], av=request.user)
    except Otillganglig as fel:
        return _visa_fel(request, insatser, ValidationError({"personnummer": str(fel)}), forra)
    except ValidationError as fel:
        return _visa_fel(request, insatser, fel)
    if svar.skyddad:
        return _skyddad(request, insatser, insats)
    oppnad = forsegla(request, svar, insats, nummer)
    if "hamta" in request.POST:
        return visa_registrering(request, med_det_hamtade(request, insatser, oppnad, nyss=True))
    hamtat = det_hamtade(oppnad, insatser)
    form = Inregistreringsform(request.POST, insatser=insatser, hamtat=hamtat)
    if form.annat_namn():
        form.add_error("personnummer", ANNAT_NAMN)
    elif not request.POST.get("hamtat"):
        form.kontrollera_namnet = form.namnet_ar_osett()
    elif forra is None or forra.svar != svar:
        form.add_error("personnummer", HAMTAT_PA_NYTT)
    return _spara(request, insatser, form, oppnad)


def _skyddad(request: Begaran, insatser: QuerySet[Insats], insats: Insats) -> HttpResponse:
    """R19: inget av det inskrivna visas igen."""
    tomt = Inregistreringsform(initial={"insats": insats.pk}, insatser=insatser, skyddad=insats)
    return visa_registrering(request, tomt)


def _visa_fel(
    request: Begaran,
    insatser: QuerySet[Insats],
    fel: ValidationError | None = None,
    forra: Oppnat | None = None,
) -> HttpResponse:
    hamtat = det_hamtade(forra, insatser) if forra else None
    form = Inregistreringsform(request.POST, insatser=insatser, hamtat=hamtat)
    form.is_valid()
    if "hamta" in request.POST:
        form.bara_hamtas_fel()
    if fel:
        visa_fel(form, fel)
    return visa_registrering(request, form)


def med_det_hamtade(
    request: Begaran, insatser: QuerySet[Insats], oppnad: Oppnat, *, nyss: bool = False
) -> Inregistreringsform:
    """Formuläret med det hämtade och det inskrivna, utan fel. `nyss`: fokus går till det hämtade."""
    hamtat = det_hamtade(oppnad, insatser)._replace(nyss=nyss)
    form = Inregistreringsform(initial=inskrivet(request), insatser=insatser, hamtat=hamtat)
    _med_tillfallen(request, form, oppnad)
    return form


def det_hamtade(oppnad: Oppnat, insatser: QuerySet[Insats]) -> Hamtat:
    svar, insats_id, nummer, forseglat, last = oppnad
    # Utan namn, som läses först när det ska visas: det som sparas är bara vilka de är.
    kommun = Kommun.from_db("default", ["kod", "lan_id"], [svar.kommun, svar.kommun[:2]]) if svar.kommun else None
    stadsdel = Stadsdel.from_db("default", ["id", "kommun_id"], [svar.stadsdel, svar.kommun]) if svar.stadsdel else None

    def varningar() -> list[str]:
        insats = last or insatser.filter(pk=insats_id).first()
        return tjanster.varningar(insats=insats, kommun=kommun, kon=nummer.kon) if insats else []

    return Hamtat(svar, forseglat, last, kommun, stadsdel, varningar, nyss=False)


def _med_tillfallen(request: Begaran, form: Inregistreringsform, oppnad: Oppnat) -> None:
    tidigare = tjanster.registreringar(insats_id=oppnad.insats_id, nummer=oppnad.nummer, av=request.user)
    if inne := next((ett for ett in tidigare if ett.utregistrering is None), None):
        form.redan_inne = med_lank(f"Personen är redan inregistrerad från {inne.inregistrering.isoformat()}.", inne)
    form.valj_tillfalle(tidigare, nytt="Nyinregistrering")


def _spara(
    request: Begaran, insatser: QuerySet[Insats], form: Inregistreringsform, oppnad: Oppnat | None = None
) -> HttpResponse:
    giltigt = form.is_valid() and not form.kontrollera_namnet and not request.POST.get("mattillfalle")
    if giltigt:
        try:
            return redirect(spara_en_gang(request, lambda: _inregistrera(form, request)))
        except ValidationError as fel:
            if getattr(fel, "code", "") == HAR_SKYDD:
                data = form.cleaned_data
                tjanster.hittad_med_skydd(insats=data["insats"], nummer=data["personnummer"], av=request.user)
                return _skyddad(request, insatser, data["insats"])
            form, falt = _med_avslut(request, insatser, form, fel)
            visa_fel(form, fel, falt=falt)
    if oppnad:
        _med_tillfallen(request, form, oppnad)
        if request.POST.get("mattillfalle") and "mattillfalle" in form.fields:
            form.add_error("mattillfalle", EN_TIDIGARE_DAG)
    return visa_registrering(request, form)


def _med_avslut(
    request: Begaran, insatser: QuerySet[Insats], form: Inregistreringsform, fel: ValidationError
) -> tuple[Inregistreringsform, dict[str, str]]:
    """Formuläret, som frågar efter utregistreringen när perioden går in i en senare, och fältet för varje villkor."""
    falt = dict(VILLKORENS_FALT)
    if getattr(fel, "code", "") != tjanster.EN_SENARE:
        return form, falt
    if form.avslutet():
        return form, {**falt, tjanster.EN_SENARE: "utregistrering"}
    data = request.POST.copy()
    data[avslut.FALT] = avslut.galler(form.cleaned_data["personnummer"], form.cleaned_data["insats"].pk)
    form = Inregistreringsform(data, insatser=insatser, hamtat=form.hamtat)
    form.is_valid()
    return form, falt


def _avslut(form: Inregistreringsform) -> tjanster.Avslut | None:
    givet = form.avslutet()
    return tjanster.Avslut(**givet) if givet else None


def _fragas_vid_utregistrering(insats: Insats, avslutet: tjanster.Avslut) -> bool:
    fragor = Fraga.objects.filter(samverkansorganisation=insats.samverkansorganisation_id)
    return fragor.att_stalla(tillfalle=Tillfalle.UT.value, dag=avslutet.utregistrering).exists()


def _kvar_att_besvara(deltagande: Deltagande) -> SafeString:
    return format_html(
        '<a class="anchor" href="{}?tillfalle=ut">Besvara också frågorna vid utregistrering</a>',
        reverse("deltagare:ratta", args=[deltagande.pk]),
    )


def _inregistrera(form: Inregistreringsform, request: Begaran) -> str:
    data, folkbokfort = form.cleaned_data, form.folkbokfort()
    insats, avslutet = data["insats"], _avslut(form)
    deltagande = tjanster.inregistrera(
        insats=insats,
        nummer=data["personnummer"],
        **folkbokfort,
        samtycke=data["samtycke"],
        inregistrering=data["inregistrering"],
        fore=form.svar(),
        svar=form.fragesvar(),
        avslut=avslutet,
        av=request.user,
    )
    # Inget namn i beskedet: det sparas till nästa sida (P7).
    text = f"Deltagaren är inregistrerad i {insats.namn} {deltagande.inregistrering.isoformat()}"
    text += f" och utregistrerad {avslutet.utregistrering.isoformat()}." if avslutet else "."
    messages.success(request, med_lank(text, deltagande))
    if avslutet and _fragas_vid_utregistrering(insats, avslutet):
        messages.warning(request, _kvar_att_besvara(deltagande))
    for text in tjanster.varningar(
        insats=insats,
        kommun=folkbokfort["kommun"],
        kon=deltagande.kon,
        inregistrering=None if avslutet else deltagande.inregistrering,
    ):
        messages.warning(request, text)
    return f"{reverse('deltagare:registrera')}?insats={insats.pk}"
