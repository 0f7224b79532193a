"""Systemadministratörens sidor för övergångsmatrisen. En ändring gäller från nästa övergång som registreras."""

from typing import Final, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare.forms.samarbete.matrisen import Regelform
from deltagare.models import Overgangsregel
from deltagare.overgangar import FORMEN, MATRISEN, PAGAENDE, Form, Insatstyp, Myndighet
from deltagare.tjanster.matrisen import ALLTID_OPPEN, alltid_oppen, andra_overgangsregel, pagaende_per_insatstyp
from fkui.fel import visa_fel
from fkui.templatetags.fkui import utdata

BORJAN: Final = "Samarbetet börjar"
VILLKORENS_FALT: Final = {"samtycket_gar_att_aterta": "oppen", "samarbetet_gar_att_borja": "oppen"}
KORT: Final = {Myndighet.AF: "Af", Myndighet.FK: "FK"}
TILL: Final = tuple(typ for typ in Insatstyp if typ != Insatstyp.BEGARAN)
_FRAN_BORJAN: Final = {((regel.fran or ""), regel.till): regel.myndighet for regel in MATRISEN}


class Ruta(NamedTuple):
    """En övergång i matrisen, och hur den skiljer sig från den som en ny databas får; tomt när den inte gör det."""

    regel: Overgangsregel
    kort: str  # myndigheten som registrerar, förkortad
    skiljer: str


class Matrisrad(NamedTuple):
    """En insatstyp som går att lämna: hur många som är där nu, och rutorna i kolumnernas ordning."""

    insatstyp: Insatstyp
    pagaende: int
    rutor: list[tuple[Insatstyp, Ruta | None]]

    @property
    def form(self) -> Form:
        """I väntan eller aktiv."""
        return FORMEN[self.insatstyp]


@require_safe
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def matris(request: Begaran) -> HttpResponse:
    """Matrisen: en rad per insatstyp att gå från, en kolumn per insatstyp att gå till."""
    regler = {(regel.fran, regel.till): regel for regel in Overgangsregel.objects.all()}
    antal = pagaende_per_insatstyp()
    rader = [
        Matrisrad(typ, antal.get(typ.value, 0), [(till, _ruta(regler.get((typ.value, till.value)))) for till in TILL])
        for typ in PAGAENDE
    ]
    rutor = [ruta for rad in rader for _, ruta in rad.rutor if ruta]
    kontext = {
        "borjan": _ruta(regler.get(("", Insatstyp.BEGARAN.value))),
        "rader": rader,
        "kolumner": TILL,
        "oppna": sum(ruta.regel.oppen for ruta in rutor),
        "skiljer": sum(bool(ruta.skiljer) for ruta in rutor),
    }
    return render(request, "samarbete/matris.html", kontext)


def _ruta(regel: Overgangsregel | None) -> Ruta | None:
    return Ruta(regel, KORT[Myndighet(regel.myndighet)], _skiljer(regel)) if regel else None


def _skiljer(regel: Overgangsregel) -> str:
    """Hur rutan var från början, i ord. Vem som registrerar en stängd övergång spelar ingen roll."""
    borjan = _FRAN_BORJAN.get((regel.fran, Insatstyp(regel.till)))
    if borjan is None:
        return "stängd från början" if regel.oppen else ""
    if not regel.oppen:
        return "öppen från början"
    return "" if regel.myndighet == borjan else f"{Myndighet(borjan).label} från början"


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Öppna eller stäng en övergång, och välj vem som normalt registrerar den."""
    regel = get_object_or_404(Overgangsregel, pk=pk)
    form = _formularet(request, regel)
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, regel, request)))
        except Krock as fel:
            form, skillnader = _efter_krock(request, regel, fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "rubrik": _rubrik(regel), "skillnader": skillnader, "skiljer": _skiljer(regel)}
    return render(request, "samarbete/overgangsregel.html", kontext)


def _formularet(request: Begaran | None, regel: Overgangsregel, *, version: int | None = None) -> Regelform:
    """Formuläret för rutan: ifyllt med det inskickade, om något är skickat, annars med det sparade."""
    data = request.POST.copy() if request and request.method == "POST" else None
    if data is not None and version is not None:
        data["version"] = str(version)
    return Regelform(
        data,
        regel=regel,
        fran=regel.get_fran_display() or BORJAN,
        last=ALLTID_OPPEN if alltid_oppen(regel) else "",
        kvar=pagaende_per_insatstyp().get(regel.fran, 0),
        avbryt=reverse("matris:matris"),
    )


def _rubrik(regel: Overgangsregel) -> str:
    return f"Ändra övergång: {regel.get_fran_display() or BORJAN} till {regel.get_till_display()}"


def _andra(form: Regelform, regel: Overgangsregel, request: Begaran) -> str:
    andrad = andra_overgangsregel(regel=regel, **form.uppgifter(), av=request.user)
    messages.success(request, "Övergången är ändrad." if andrad else "Inget var ändrat.")
    return reverse("matris:matris")


def _efter_krock(request: Begaran, regel: Overgangsregel, fel: Krock) -> tuple[Regelform, list[tuple[str, str, str]]]:
    """Formuläret mot det som nu är sparat, med det inskrivna kvar, och vad som skiljer."""
    regel.refresh_from_db()
    form = _formularet(request, regel, version=regel.version)
    form.is_valid()
    visa_fel(form, fel)
    sparat = _formularet(None, regel)
    par = [(str(falt.label), utdata(sparat[falt.name]), utdata(falt)) for falt in form.visible_fields()]
    return form, [rad for rad in par if rad[1] != rad[2]]
