"""Det som ett registerutdrag har om ett Af/FK-samarbete: vägen, kontoren, samtycket och uppgifterna, i ord (P13)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from behorighet.historik import Kalla, rader_for
from deltagare.models import Samarbete, Samarbetsuppgift
from deltagare.overgangar import Myndighet
from deltagare.uppgifter import Kodverk
from deltagare.utdrag import Uppgift
from fkui.templatetags.fkui import vardetext

FALTEN = frozenset({"initierad_av", "borjan", "slut", "insatstyp", "kon", "alder", "samtycke", "samtycke_arkiverat"})
_KODVERK: Mapping[str, Kodverk] = {
    "utbildning": Kodverk.UTBILDNING,
    "tid_i_forsorjning": Kodverk.TID_I_FORSORJNING,
    "forsorjning": Kodverk.FORSORJNING,
    "arbetstyp": Kodverk.ARBETSTYP,
}
# Interna nummer, som för deltagandena.
_UTAN = frozenset({"person", "nyckel"})


def med_allt(samarbeten: QuerySet[Samarbete]) -> QuerySet[Samarbete]:
    """Samarbetena med det som utdraget visar, i tidsordning."""
    return (
        samarbeten.select_related("af_kontor", "fk_kontor", "folkbokforing__kommun", "folkbokforing__stadsdel")
        .select_related("person__identitet")
        .prefetch_related("overgangar", "kontor__af_kontor", "kontor__fk_kontor", "uppgifter")
        .order_by("borjan", "pk")
    )


def rubrik(samarbete: Samarbete) -> str:
    """Vilket samarbete det är, med dess kontor."""
    return f"Af/FK-samarbete: {samarbete.af_kontor.namn} och {samarbete.fk_kontor.namn}"


def uppgifter(samarbete: Samarbete, koder: Mapping[str, Mapping[str, str]]) -> Iterator[Uppgift]:
    """Allt som är registrerat. `koder` är kodverkens texter: kodverk → kod → text."""
    for falt in Samarbete._meta.concrete_fields:
        if falt.name in FALTEN:
            varde = getattr(samarbete, falt.name)
            etiketter: Mapping[Any, Any] = dict(falt.flatchoices)
            yield Uppgift(falt.name, str(falt.verbose_name).capitalize(), vardetext(etiketter.get(varde, varde)))
    folkbokforing = getattr(samarbete, "folkbokforing", None)
    if folkbokforing:
        yield Uppgift("kommun", "Folkbokföringskommun", folkbokforing.kommun.namn)
        yield Uppgift("stadsdel", "Stadsdel", vardetext(folkbokforing.stadsdel and folkbokforing.stadsdel.namn))
    for nr, kontor in enumerate(sorted(samarbete.kontor.all(), key=lambda ett: ett.datum), start=1):
        namnen = f"{kontor.af_kontor.namn} och {kontor.fk_kontor.namn}"
        yield Uppgift(f"kontor_{nr}", f"Kontor från {kontor.datum.isoformat()}", namnen)
    for ett in sorted(samarbete.overgangar.all(), key=lambda ett: ett.ordning):
        delar = [ett.get_till_display(), ett.get_orsak_display()]
        if ett.registrerad_av:
            delar.append(f"registrerad av {Myndighet(ett.registrerad_av).label}")
        text = ", ".join(filter(None, delar))
        yield Uppgift(f"overgang_{ett.ordning}", f"Övergång {ett.datum.isoformat()}", text)
    for uppgift in sorted(samarbete.uppgifter.all(), key=lambda ett: ett.tillfalle, reverse=True):
        yield from _situationen(uppgift, koder)


def _situationen(uppgift: Samarbetsuppgift, koder: Mapping[str, Mapping[str, str]]) -> Iterator[Uppgift]:
    nar = uppgift.get_tillfalle_display().lower()
    for falt in uppgift._meta.concrete_fields:
        if falt.name in {"id", "samarbete", "tillfalle", "version"}:
            continue
        if uppgift.tillfalle == Samarbetsuppgift.Tillfalle.EFTER and falt.name in {"utbildning", "tid_i_forsorjning"}:
            continue
        varde = getattr(uppgift, falt.attname)
        texter = koder.get(_KODVERK[falt.name], {}) if falt.name in _KODVERK else {}
        text = [texter.get(en, en) for en in varde] if isinstance(varde, list) else texter.get(varde, varde)
        yield Uppgift(
            f"{falt.name}_{uppgift.tillfalle}", f"{str(falt.verbose_name).capitalize()}, {nar}", vardetext(text)
        )


def historikens_kalla(samarbeten: list[Samarbete], using: str) -> Kalla:
    """Samarbetenas historikrader."""
    rader = rader_for(Samarbete).using(using).filter(pgh_obj__in=[ett.pk for ett in samarbeten])
    return Kalla("Samarbetet", rader, galler=("af_kontor", "fk_kontor"), utan=_UTAN)
