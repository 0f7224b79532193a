"""Vad som visas i historiken för ett deltagande (P9). Namn och personnummer har ingen historik (P10)."""

from typing import Any, Final

from django.db.models import QuerySet

from behorighet.historik import Kalla, rader_for
from deltagare.models import Deltagande, Kod
from deltagare.uppgifter import Kodverk

# Som på *Registrera deltagare*, med panelens namn där samma fråga ställs både före och efter.
ETIKETTER: Final = {
    "inregistrering": "Datum för inregistrering",
    "utregistrering": "Datum för utregistrering",
    "samtycke": "Datum för samtycke",
    "avidentifierat": "Identiteten borttagen",
    **{
        f"{falt}_{nar}": f"{text} {ord_}"
        for nar, ord_ in (("fore", "direkt före"), ("efter", "efter"))
        for falt, text in (
            ("forsorjning", "Försörjning"),
            ("arbete", "Andel av arbete i procent"),
            ("arbetstyp", "Typ av arbete"),
            ("studier", "Andel av studier i procent"),
            ("arbetssokande", "Aktivt arbetssökande"),
        )
    },
}
KODVERK: Final = {
    "avslutningsanledning": Kodverk.AVSLUTNINGSANLEDNING,
    "utbildning": Kodverk.UTBILDNING,
    "tid_i_forsorjning": Kodverk.TID_I_FORSORJNING,
    "forsorjning_fore": Kodverk.FORSORJNING,
    "forsorjning_efter": Kodverk.FORSORJNING,
    "arbetstyp_fore": Kodverk.ARBETSTYP,
    "arbetstyp_efter": Kodverk.ARBETSTYP,
}
UTAN: Final = frozenset({"person", "lopnr"})


def for_deltagande(deltagande: Deltagande) -> list[Kalla]:
    """Deltagandet, med koderna som kodverkens texter, även de avslutade."""
    return for_deltaganden(rader_for(Deltagande).filter(pgh_obj=deltagande.pk))


def for_deltaganden(rader: QuerySet[Any], *, galler: tuple[str, ...] = ()) -> list[Kalla]:
    """Ett urval ur deltagandenas historikrader. `galler` är fälten som säger vilket deltagande det är."""
    return [Kalla("Deltagandet", rader, galler=galler, etiketter=ETIKETTER, koder=kodtexter(), utan=UTAN)]


def kodtexter() -> dict[str, dict[str, str]]:
    """Fältens koder som kodverkens texter, fält → kod → text, även de avslutade."""
    texter: dict[str, dict[str, str]] = {}
    for kod in Kod.objects.all():
        texter.setdefault(kod.kodverk, {})[kod.kod] = kod.etikett
    return {falt: texter.get(kodverk, {}) for falt, kodverk in KODVERK.items()}
