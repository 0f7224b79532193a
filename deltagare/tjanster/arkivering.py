"""Blankett 9443 skickad: flera samtycken markeras som arkiverade på en gång (R18)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import F

from behorighet.databasfel import skriver
from behorighet.krock import Krock
from behorighet.logg import Rad, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare.models import Deltagande, Samarbete
from deltagare.tjanster.tid import krav_inte_framtid
from insatser.models import Insats

FORE_SAMTYCKET: Final = (
    "Samtycket kan inte vara arkiverat innan det lämnades. Ange en senare dag, eller ta bort markeringen för dem"
)


class Arkivkrock(Krock):
    """Någon annan har ändrat en eller flera av registreringarna. Sägs med dagen för inregistreringen, aldrig namnet."""

    def __init__(self, andrade: Sequence[Deltagande] | Sequence[Samarbete]) -> None:
        dagar = _dagar(andrade)
        vad = (
            "vars samarbete började" if any(isinstance(ett, Samarbete) for ett in andrade) else "som är inregistrerade"
        )
        vilka = f"Det gäller den eller de {vad} {dagar}. " if dagar else ""
        ValidationError.__init__(
            self,
            "Någon annan har ändrat några av registreringarna sedan du öppnade sidan, och inget är sparat. "
            f"{vilka}Kontrollera listan, som nu visar det som gäller, och spara igen.",
            code="krock",
        )


def arkivera_samtycken(*, insats: Insats, rader: Mapping[int, int], arkiverat: date, av: Anvandare) -> int:
    """Markerar samtyckena som arkiverade den dagen, alla eller inget. `rader` är version per deltagandes id.

    Returnerar antalet. Ger Arkivkrock om någon av dem är ändrad sedan dess, ValidationError om dagen är i framtiden
    eller före ett av samtyckena.
    """
    krav_inte_framtid("arkiverat", arkiverat)
    with skriver():
        # I samma ordning som den som ändrar en persons tider i insatsen tar låsen.
        valda = list(
            Deltagande.objects.select_for_update(of=("self",))
            .filter(pk__in=rader, insats=insats, avidentifierat=False)
            .order_by("pk")
        )
        andrade = [ett for ett in valda if ett.version != rader[ett.pk] or ett.samtycke is None]
        if andrade or len(valda) != len(rader):
            raise Arkivkrock(andrade)
        if fore := [ett for ett in valda if ett.samtycke and ett.samtycke > arkiverat]:
            raise ValidationError({"arkiverat": f"{FORE_SAMTYCKET} som är inregistrerade {_dagar(fore)}."})
        Deltagande.objects.filter(pk__in=[ett.pk for ett in valda]).update(
            samtycke_arkiverat=arkiverat, version=F("version") + 1
        )
        logga_flera(
            Handelse.Typ.SAMTYCKE_ARKIVERAT,
            [Rad(insats.pk, ett.person_id, {"deltagande": ett.pk}) for ett in valda],
            av=av,
            roll=Roll.DELTAGARANSVARIG,
        )
    return len(valda)


def arkivera_samarbetens_samtycken(*, insats: Insats, rader: Mapping[int, int], arkiverat: date, av: Anvandare) -> int:
    """Som `arkivera_samtycken`, för samarbetena som är hos ett kontor. `rader` är version per samarbetes id."""
    krav_inte_framtid("arkiverat", arkiverat)
    with skriver():
        hos = Samarbete.objects.hos(insats).filter(pk__in=rader, avidentifierat=False)
        valda = list(hos.select_for_update(of=("self",)).order_by("pk"))
        andrade = [ett for ett in valda if ett.version != rader[ett.pk] or ett.samtycke is None]
        if andrade or len(valda) != len(rader):
            raise Arkivkrock(andrade)
        if fore := [ett for ett in valda if ett.samtycke and ett.samtycke > arkiverat]:
            raise ValidationError({"arkiverat": f"{FORE_SAMTYCKET} vars samarbete började {_dagar(fore)}."})
        Samarbete.objects.filter(pk__in=[ett.pk for ett in valda]).update(
            samtycke_arkiverat=arkiverat, version=F("version") + 1
        )
        logga_flera(
            Handelse.Typ.SAMTYCKE_ARKIVERAT,
            [Rad(insats.pk, ett.person_id, {"samarbete": ett.pk}) for ett in valda],
            av=av,
            roll=Roll.DELTAGARANSVARIG,
        )
    return len(valda)


def _dagar(poster: Iterable[Deltagande | Samarbete]) -> str:
    dagar = {ett.borjan if isinstance(ett, Samarbete) else ett.inregistrering for ett in poster}
    return ", ".join(sorted(dag.isoformat() for dag in dagar))
