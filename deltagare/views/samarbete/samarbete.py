"""Ett samarbete: personen, kontoren, vägen och uppgifterna på en sida, och det som går att göra."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from behorighet.models import Handelse
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import visning
from deltagare.forms.samarbete.overgang import stegval
from deltagare.models import Overgangsregel, Samarbetsuppgift
from deltagare.overgangar import FORMEN, Form, Insatstyp
from deltagare.tidslinje import Tidslinje, tidslinje
from deltagare.tjanster.samarbetsuppgifter import tar_emot_uppgifter
from deltagare.views.deltagande import vem
from deltagare.views.samarbete.grund import ANDRA_KONTOR, Oppnat, oppna

Tillfalle = Samarbetsuppgift.Tillfalle
LAGE = {Form.VANTAR: "warning", Form.AKTIV: "success", Form.AVSLUTAR: "default"}


@never_cache
@require_safe
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def samarbete(request: Begaran, pk: int) -> HttpResponse:
    """Allt om ett samarbete."""
    return _visa(request, oppna(request, pk))


@never_cache
@require_POST
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def personnummer(request: Begaran, pk: int) -> HttpResponse:
    """*Visa*: hela personnumret. POST, och loggat för sig: det hamnar aldrig i en adress (P7)."""
    oppnat = oppna(request, pk, typ=Handelse.Typ.PERSONNUMMER_VISAT)
    ett = oppnat.samarbete
    utskrivet = "" if ett.avidentifierat else ett.person.identitet.utskrivet_personnummer()
    if request.htmx:
        return render(request, "deltagare/_personnummer.html", {"nummer": utskrivet})
    return _visa(request, oppnat, nummer=utskrivet)


def _visa(request: Begaran, oppnat: Oppnat, *, nummer: str = "") -> HttpResponse:
    ett = oppnat.samarbete
    idag, insatstyp = timezone.localdate(), Insatstyp(ett.insatstyp)
    linje = tidslinje(ett, idag=idag)
    sparade = {en.tillfalle: en for en in Samarbetsuppgift.objects.filter(samarbete=ett)}
    texter = visning.Kodtexter() if sparade else None
    regler = [] if ett.slut else list(Overgangsregel.objects.filter(fran=ett.insatstyp, oppen=True))
    kontext: dict[str, Any] = {
        "samarbete": ett,
        "insatstyp": insatstyp,
        "lage": (FORMEN[insatstyp].label, LAGE[FORMEN[insatstyp]]),
        "personen": vem(ett),
        "nummer": nummer,
        "idag": idag,
        "linje": linje,
        "steg": stegval(regler, oppnat.egna) if oppnat.kontor else [],
        "uppgifter": [
            (till, visning.samarbetets(sparade[till], texter) if texter and till in sparade else None)
            for till in _tillfallen(ett.insatstyp)
        ],
        "gar": _gar(oppnat, linje),
        "andra_kontor": "" if oppnat.kontor else ANDRA_KONTOR,
    }
    return render(request, "samarbete/samarbete.html", kontext)


def _tillfallen(insatstyp: str) -> list[Samarbetsuppgift.Tillfalle]:
    return [Tillfalle.FORE, *([Tillfalle.EFTER] if insatstyp == Insatstyp.AVSLUTAT else [])]


def _gar(oppnat: Oppnat, linje: Tidslinje) -> dict[str, bool]:
    """Vad som går att göra med samarbetet; tjänsterna säger detsamma."""
    ett, egna = oppnat.samarbete, bool(oppnat.kontor)
    angras = len(linje.steg) > 1 and not (ett.slut and ett.avidentifierat)
    return {
        "registrera": egna and ett.slut is None,
        "angra": egna and angras,
        "angra_bytet": egna and linje.byten > 0 and ett.slut is None,
        "ratta": egna and not ett.avidentifierat and len(linje.steg) == 1,
        "uppgifter": egna and tar_emot_uppgifter(ett),
        "identitet": not ett.avidentifierat,
        "identiteten_tas_bort": egna and not ett.avidentifierat,
        "nytt": egna and ett.slut is not None,
    }
