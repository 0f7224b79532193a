"""Åtkomstloggen och Loggkontroll, för den som granskar vad den egna organisationens personal har gjort (P8).

Sidorna visar id i stället för personer: den som granskar har inget med deltagarna att göra. De står här, inte hos
loggen, för att raderna säger vilken insats och vilket uppdrag det gällde.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from behorighet import granskning
from behorighet.forms import AttGranska, Granskningsform, Urvalsform
from behorighet.inskick import en_gang, tidigare_svar
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse, Loggkontroll, Loggkontrollrad
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser.forms import Loggsok
from insatser.models import Insats, Uppdrag

RADER_PER_SIDA = 100


@dataclass(frozen=True, slots=True)
class Loggrad:
    """En händelse som text. `person` är ett internt nummer, aldrig vem det är."""

    handelse: Handelse
    vem: str
    konto: str
    uppdrag: str
    insats: str

    @property
    def vad(self) -> str:
        """Händelsens slag."""
        return self.handelse.get_typ_display()

    @property
    def person(self) -> str:
        """Personens interna nummer; tomt när händelsen inte gällde någon."""
        return f"Person {self.handelse.person_id}" if self.handelse.person_id else ""


def loggrader(handelser: Iterable[Handelse]) -> list[Loggrad]:
    """Händelserna som text, med tre frågor hur många de än är."""
    alla = list(handelser)
    konton = Anvandare.objects.in_bulk({en.av_id for en in alla} - {None})
    insatser = Insats.objects.in_bulk({en.insats_id for en in alla} - {None})
    uppdrag = Uppdrag.objects.select_related("behorighet", "insats", "samverkansorganisation").in_bulk(
        {en.uppdrag_id for en in alla} - {None}
    )
    rader = []
    for en in alla:
        konto = konton.get(en.av_id) if en.av_id else None
        ett = uppdrag.get(en.uppdrag_id) if en.uppdrag_id else None
        insats = insatser.get(en.insats_id) if en.insats_id else None
        rader.append(
            Loggrad(
                en,
                vem=konto.get_full_name() if konto else "",
                konto=konto.username if konto else "",
                uppdrag=_uppdrag(ett, en),
                insats=insats.namn if insats else f"Insats {en.insats_id}" if en.insats_id else "",
            )
        )
    return rader


def _uppdrag(uppdrag: Uppdrag | None, handelse: Handelse) -> str:
    """Rollen, och platsen när den är en annan än händelsens insats."""
    if uppdrag is None:
        return f"Uppdrag {handelse.uppdrag_id}" if handelse.uppdrag_id else ""
    roll: str = uppdrag.behorighet.get_roll_display()
    samma = uppdrag.insats_id is not None and uppdrag.insats_id == handelse.insats_id
    return roll if samma else f"{roll}, {uppdrag.plats}"


@never_cache
@require_safe
@kraver(Rattighet.GRANSKA_LOGG)
def logg(request: Begaran) -> HttpResponse:
    """Åtkomstloggen för den egna organisationens personal. Att den öppnas loggas."""
    form = Loggsok(request.GET, idag=timezone.localdate())
    organisation = request.user.arbetsgivare
    traffar = form.urval(Handelse.objects.av_personal(organisation), organisation)
    sida = Paginator(traffar, RADER_PER_SIDA).get_page(request.GET.get("sida"))
    rader = loggrader(sida)
    logga(Handelse.Typ.LOGGEN_VISAD, av=request.user, **form.koder(), sida=sida.number)
    kontext = {"form": form, "sida": sida, "rader": rader, "organisation": organisation}
    return render(request, "logg/logg.html", kontext)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GRANSKA_LOGG)
def loggkontroller(request: Begaran) -> HttpResponse:
    """Månaderna att granska, och *Dra urval* för dem som har slutat."""
    organisation = request.user.arbetsgivare
    manader = granskning.manader(organisation, idag=timezone.localdate())
    odragna = [(en.manad, granskning.manadsnamn(en.manad)) for en in manader if not (en.kontroll or en.pagar)]
    form = Urvalsform(request.POST if request.method == "POST" else None, manader=reversed(odragna))
    try:
        if svar := _svar(request, form, lambda: _dra(form, request)):
            return redirect(svar)
    except ValidationError as fel:
        visa_fel(form, fel)
    rader = [(en, granskning.manadsnamn(en.manad)) for en in manader]
    kontext = {"form": form, "rader": rader, "odragna": odragna, "organisation": organisation}
    return render(request, "logg/loggkontroller.html", kontext)


def _svar(request: Begaran, form: Form, spara: Callable[[], str]) -> str | None:
    """Adressen efter att formuläret är sparat; None när det inte är skickat eller har fel.

    Det som redan är sparat går inte längre att välja: ett dubbelklick får den förstas svar innan formuläret prövas.
    """
    if request.method != "POST":
        return None
    return tidigare_svar(request) or (en_gang(request, spara) if form.is_valid() else None)


def _dra(form: Urvalsform, request: Begaran) -> str:
    kontroll = granskning.dra_urval(
        organisation=request.user.arbetsgivare, manad=form.cleaned_data["manad"], av=request.user
    )
    namn = granskning.manadsnamn(kontroll.manad)
    if not kontroll.antal_handelser:
        messages.success(request, f"Inga uppgifter om personer lästes eller ändrades i {namn}. Månaden är granskad.")
        return reverse("granskning:loggkontroller")
    return reverse("granskning:loggkontroll", args=[kontroll.pk])


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.GRANSKA_LOGG)
def loggkontroll(request: Begaran, pk: int) -> HttpResponse:
    """Granska händelserna i en månads urval. Var och en sparas för sig eller tillsammans, och ändras sedan aldrig."""
    egna = Loggkontroll.objects.filter(organisation=request.user.arbetsgivare_id).select_related("dragen_av")
    kontroll = get_object_or_404(egna, pk=pk)
    lage = _lage(kontroll, request.user)
    form = Granskningsform(request.POST if request.method == "POST" else None, **lage.argument)
    try:
        if svar := _svar(request, form, lambda: _granska(form, kontroll, request)):
            return redirect(svar)
    except ValidationError as fel:
        lage = _lage(kontroll, request.user)
        form = Granskningsform(request.POST, **lage.argument)
        visa_fel(form, fel)
    if not form.is_bound:
        logga(Handelse.Typ.LOGGEN_VISAD, av=request.user, kontroll=kontroll.pk)
    kontext = {"kontroll": kontroll, "form": form, "lage": lage, "manad": granskning.manadsnamn(kontroll.manad)}
    return render(request, "logg/loggkontroll.html", kontext)


def _granska(form: Granskningsform, kontroll: Loggkontroll, request: Begaran) -> str:
    svar = {rad: granskning.Granskning(*ett) for rad, ett in form.svar().items()}
    kvar = granskning.granska(kontroll=kontroll, utfall=svar, av=request.user)
    antal = f"{len(svar)} {'händelse är granskad' if len(svar) == 1 else 'händelser är granskade'}"
    if kvar:
        messages.success(request, f"{antal}. {kvar} återstår.")
        return reverse("granskning:loggkontroll", args=[kontroll.pk])
    messages.success(request, f"{antal}. Loggkontrollen för {granskning.manadsnamn(kontroll.manad)} är klar.")
    return reverse("granskning:loggkontroller")


@dataclass(frozen=True, slots=True)
class Kontrollage:
    """Urvalet delat i det som användaren kan granska, det som någon annan ska granska och det som är granskat."""

    att_granska: list[AttGranska]
    egna: list[Loggrad]
    granskade: list[tuple[Loggkontrollrad, Loggrad]]
    gallrade: int
    """Hur många i urvalet som inte längre står i loggen (P12)."""
    ogranskade_gallrade: int

    @property
    def argument(self) -> dict[str, Any]:
        """Det som formuläret behöver."""
        return {"handelser": self.att_granska, "avbryt": reverse("granskning:loggkontroller")}


def _lage(kontroll: Loggkontroll, anvandare: Anvandare) -> Kontrollage:
    alla = list(kontroll.rader.select_related("granskad_av"))
    handelser = Handelse.objects.in_bulk([rad.handelse_id for rad in alla])
    rader = [rad for rad in alla if rad.handelse_id in handelser]  # loggen kan vara gallrad (P12)
    text = {en.handelse.pk: en for en in loggrader(handelser.values())}
    rader.sort(key=lambda rad: (handelser[rad.handelse_id].tid, rad.pk))
    kvar = [rad for rad in rader if not rad.utfall]
    konton = {av for rad in kvar if (av := handelser[rad.handelse_id].av_id)}
    manaden = Handelse.objects.filter(av_id__in=konton).mellan(*granskning.granser(kontroll.manad))
    per_dag = granskning.antal_per_dag(manaden) if konton else {}
    att_granska = [
        _att_granska(rad, text[rad.handelse_id], per_dag)
        for rad in kvar
        if handelser[rad.handelse_id].av_id != anvandare.pk
    ]
    return Kontrollage(
        att_granska,
        egna=[text[rad.handelse_id] for rad in kvar if handelser[rad.handelse_id].av_id == anvandare.pk],
        granskade=[(rad, text[rad.handelse_id]) for rad in rader if rad.utfall],
        gallrade=len(alla) - len(rader),
        ogranskade_gallrade=sum(not rad.utfall for rad in alla) - len(kvar),
    )


def _att_granska(rad: Loggkontrollrad, en: Loggrad, per_dag: dict[tuple[int, Any], int]) -> AttGranska:
    tid = timezone.localtime(en.handelse.tid)
    dag = tid.date()
    ovriga = per_dag.get((en.handelse.av_id or 0, dag), 1) - 1
    sok = urlencode({"anvandare": en.konto, "fran": dag.isoformat(), "till": dag.isoformat()})
    return AttGranska(
        rad.pk,
        f"{tid:%Y-%m-%d %H:%M}, {en.vem}",
        (
            ("Händelse", en.vad),
            ("Gällde", en.person),
            ("Uppdrag", en.uppdrag),
            ("Insats", en.insats),
            ("Andra händelser samma dag", ovriga),
        ),
        f"{reverse('granskning:logg')}?{sok}",
    )
