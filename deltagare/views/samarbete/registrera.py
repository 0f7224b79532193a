"""Registrera medverkan: ett samarbete börjar, med *Hämta* (R26, R27). Koden för *Hämta* är inregistreringens."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.models import Handelse
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import folkbokforing, tjanster
from deltagare.folkbokforing import Otillganglig
from deltagare.forms import Hamtform
from deltagare.forms.samarbete.registrera import VILLKORENS_FALT, Medverkansform
from deltagare.overgangar import Myndighet
from deltagare.tjanster.samarbete import (
    ANNAT_HINDRAR,
    ANNAT_SAMARBETE,
    FORRA_SAMARBETET,
    PAGAENDE_SAMARBETE,
    SAMTYCKET_ANVANT,
    borja_samarbete,
)
from deltagare.views.egna import egna_kontor, inskrivet, saknar
from deltagare.views.inregistrering import (
    ANNAT_NAMN,
    HAMTAT_PA_NYTT,
    HAR_SKYDD,
    Oppnat,
    det_hamtade,
    farskt,
    forsegla,
    oppnat,
)
from deltagare.views.samarbete.grund import oppna
from fkui.falt import STORSTA_ID, heltal_hogst
from fkui.fel import visa_fel
from insatser.models import Insats

EFTER: Final = "efter"
"""Det avslutade samarbetet som ett nytt börjar efter."""
OPPET: Final = "ett_oppet_samarbete_per_person"
SAMTYCKET: Final = "samtycket_ar_nytt"
"""Databasens svar när någon annan hann före."""
HINDREN: Final = frozenset({OPPET, SAMTYCKET, PAGAENDE_SAMARBETE, FORRA_SAMARBETET, SAMTYCKET_ANVANT, ANNAT_SAMARBETE})
"""Felen som säger något om personens andra samarbeten."""
OPPET_HOS: Final = "Personen har redan ett pågående samarbete, hos {af} och {fk}. Avsluta det först."
TILLBAKA: Final = "Ett nytt samarbete vilar på ett nytt samtycke. Fyll i dagen då det lämnades."


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def registrera(request: Begaran) -> HttpResponse:
    """Registrera medverkan. Personnumret kommer alltid med POST (P7)."""
    kontor = list(egna_kontor(request))
    if request.method == "GET":
        return _visa(request, kontor, Medverkansform(initial={"insats": request.GET.get("kontor")}, kontor=kontor))
    if EFTER in request.POST:
        return _tillbaka(request, kontor)
    oppnad = None if "hamta" in request.POST else oppnat(request)
    if oppnad and farskt(request, oppnad):
        return _spara(request, kontor, _form(request, kontor, oppnad))
    if folkbokforing.finns():
        return _hamta(request, kontor, oppnad)
    return _spara(request, kontor, _form(request, kontor))


def takten(request: HttpRequest) -> str:
    """Vilken gräns som anropet räknas mot, som på *Registrera deltagare*."""
    if request.method != "POST" or EFTER in request.POST or not folkbokforing.finns():
        return ""
    return "hamta" if "hamta" in request.POST or oppnat(request) is None else ""


def _tillbaka(request: Begaran, kontor: list[Insats]) -> HttpResponse:
    """Ett nytt samarbete för den som har avslutat ett: personnumret och kontoren följer med, samtycket inte."""
    pk = heltal_hogst(request.POST.get(EFTER, ""), STORSTA_ID)
    ett = oppna(request, pk or 0, typ=Handelse.Typ.PERSONNUMMER_VISAT).samarbete
    par = {Myndighet.AF: ett.af_kontor_id, Myndighet.FK: ett.fk_kontor_id}
    eget = next((en.pk for en in kontor if en.pk in par.values()), None)
    initial: dict[str, Any] = {"insats": eget, "andra_kontoret": next((en for en in par.values() if en != eget), None)}
    if not ett.avidentifierat:
        initial["personnummer"] = ett.person.identitet.utskrivet_personnummer()
    return _visa(request, kontor, Medverkansform(initial=initial, kontor=kontor), besked=TILLBAKA)


def _form(request: Begaran, kontor: list[Insats], oppnad: Oppnat | None = None) -> Medverkansform:
    hamtat = det_hamtade(oppnad, egna_kontor(request)) if oppnad else None
    return Medverkansform(request.POST, kontor=kontor, hamtat=hamtat)


def _hamta(request: Begaran, kontor: list[Insats], forra: Oppnat | None) -> HttpResponse:
    grund = Hamtform(request.POST, insatser=egna_kontor(request))
    if not grund.is_valid():
        return _med_fel(request, kontor)
    data = grund.cleaned_data
    try:
        svar = tjanster.hamta(
            insats=data["insats"], nummer=data["personnummer"], samtycke=data["samtycke"], av=request.user
        )
    except Otillganglig as fel:
        return _med_fel(request, kontor, ValidationError({"personnummer": str(fel)}), forra)
    except ValidationError as fel:
        return _med_fel(request, kontor, fel)
    if svar.skyddad:
        return _skyddad(request, kontor, data["insats"])
    oppnad = forsegla(request, svar, data["insats"], data["personnummer"])
    if "hamta" in request.POST:
        hamtat = det_hamtade(oppnad, egna_kontor(request))._replace(nyss=True)
        return _visa(request, kontor, Medverkansform(initial=inskrivet(request), kontor=kontor, hamtat=hamtat))
    form = _form(request, kontor, oppnad)
    if form.annat_namn():
        form.add_error("personnummer", ANNAT_NAMN)
    elif not request.POST.get("hamtat"):
        form.kontrollera_namnet = form.namnet_ar_osett()
    elif forra is None or forra.svar != svar:
        form.add_error("personnummer", HAMTAT_PA_NYTT)
    return _spara(request, kontor, form)


def _skyddad(request: Begaran, kontor: list[Insats], insats: Insats) -> HttpResponse:
    """R19: inget av det inskrivna visas igen."""
    return _visa(request, kontor, Medverkansform(initial={"insats": insats.pk}, kontor=kontor, skyddad=insats))


def _med_fel(
    request: Begaran, kontor: list[Insats], fel: ValidationError | None = None, forra: Oppnat | None = None
) -> HttpResponse:
    form = _form(request, kontor, forra)
    form.is_valid()
    if "hamta" in request.POST:
        form.bara_hamtas_fel()
    if fel:
        visa_fel(form, fel)
    return _visa(request, kontor, form)


def _spara(request: Begaran, kontor: list[Insats], form: Medverkansform) -> HttpResponse:
    if form.is_valid() and not form.kontrollera_namnet:
        try:
            return redirect(en_gang(request, lambda: _borja(request, form)))
        except ValidationError as fel:
            if getattr(fel, "code", "") == HAR_SKYDD:
                data = form.cleaned_data
                tjanster.hittad_med_skydd(insats=data["insats"], nummer=data["personnummer"], av=request.user)
                return _skyddad(request, kontor, data["insats"])
            visa_fel(form, _som_visas(request, form, fel), falt=VILLKORENS_FALT)
    return _visa(request, kontor, form)


def _som_visas(request: Begaran, form: Medverkansform, fel: ValidationError) -> ValidationError:
    """Felet att visa. Säger det något om personens samarbeten loggas det först (P8), och inget sägs om andras (P2)."""
    koder = {ett.code for ett in fel.error_list} if hasattr(fel, "error_list") else _faltens_koder(fel)
    if koder.isdisjoint(HINDREN):
        return fel
    data = form.cleaned_data
    namn = {falt: form.folkbokfort()[falt] for falt in ("fornamn", "efternamn")}
    funna = tjanster.logga_hinder(kontor=data["insats"], nummer=data["personnummer"], **namn, av=request.user)
    if koder.isdisjoint({OPPET, PAGAENDE_SAMARBETE}):
        return fel
    oppet = next((ett for ett in funna if ett.slut is None), None)
    text = OPPET_HOS.format(af=oppet.af_kontor.namn, fk=oppet.fk_kontor.namn) if oppet else ANNAT_HINDRAR
    return ValidationError(text, code=OPPET)


def _faltens_koder(fel: ValidationError) -> set[str | None]:
    return {ett.code for felen in fel.error_dict.values() for ett in felen}


def _borja(request: Begaran, form: Medverkansform) -> str:
    data = form.cleaned_data
    samarbete = borja_samarbete(
        kontor=form.par(),
        egen=form.egen,
        nummer=data["personnummer"],
        **form.folkbokfort(),
        samtycke=data["samtycke"],
        samtycke_arkiverat=data["samtycke_arkiverat"],
        datum=data["datum"],
        initierad_av=Myndighet(data["initierad_av"]),
        av=request.user,
    )
    # Inget namn i beskedet: det sparas till nästa sida (P7).
    messages.success(request, f"Samarbetet är registrerat, med begäran {samarbete.borjan.isoformat()}.")
    return reverse("samarbete:uppgifter", args=[samarbete.pk, "fore"])


def _visa(request: Begaran, kontor: list[Insats], form: Medverkansform, *, besked: str = "") -> HttpResponse:
    kontext: dict[str, Any] = {"form": form, "saknar": saknar(request, kontor), "besked": besked}
    return render(request, "samarbete/registrera.html", kontext)
