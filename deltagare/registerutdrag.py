"""Registerutdraget (P13, artikel 15 i dataskyddsförordningen): allt som SUS har om en person, samlat till ett `utdrag`.

På sidan är det som den frågande når; kommandot `registerutdrag` går som ägaren och tar med allt. Loggas innan något
läses (P8). Vem i personalen som har läst sägs inte, bara i vilken roll och hos vilken arbetsgivare.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Q
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.historik import historik, rader_for
from behorighet.logg import Rad, logga_flera
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet, Roll
from deltagare import samarbetsutdrag
from deltagare.gallringsslag import SLAGEN, Slag
from deltagare.historik import ETIKETTER, for_deltaganden, kodtexter
from deltagare.kryptering import dekryptera
from deltagare.models import (
    Deltagande,
    DeltagandeQuerySet,
    Gallringsregel,
    Identitet,
    Kod,
    Person,
    Registerpost,
    Samarbete,
    SamarbeteQuerySet,
    Svar,
    TidigareNummer,
)
from deltagare.personnummer import Personnummer
from deltagare.utdrag import Andring, Fragesvar, Lasning, Registerutdrag, Registrering, Uppgift, isotid, tidtext
from deltagare.visning import SAKNAS
from fkui.templatetags.fkui import vardetext
from insatser.models import Insats, Svarsalternativ, Tillfalle

# Interna nummer och kopior som inte säger något om personen.
_UTAN: Final = frozenset(
    {"id", "person", "insats", "lopnr", "felregistrerad", "avidentifierat", "fingeravtryck", "version"}
)

_NAMN: Final = {"fornamn": "Förnamn", "efternamn": "Efternamn"}


def inom_rackhall(deltagande: Deltagande | Samarbete, anvandare: Anvandare) -> DeltagandeQuerySet:
    """Personens registreringar som användaren når. De utan identitet visar ingen, och är inte med (P10)."""
    return Deltagande.objects.synliga_for(anvandare, Rattighet.REGISTRERA_DELTAGARE).filter(
        person_id=deltagande.person_id, avidentifierat=False
    )


def samarbeten_inom_rackhall(deltagande: Deltagande | Samarbete, anvandare: Anvandare) -> SamarbeteQuerySet:
    """Som `inom_rackhall`, för personens Af/FK-samarbeten (R28)."""
    return Samarbete.objects.synliga_for(anvandare, Rattighet.REGISTRERA_DELTAGARE).filter(
        person_id=deltagande.person_id, avidentifierat=False
    )


def for_anvandare(*, deltagande: Deltagande | Samarbete, format: str, av: Anvandare) -> Registerutdrag:
    """Utdraget för personen bakom ett deltagande eller samarbete med identitet, så långt användaren når."""
    with skriver():
        deltaganden = list(_med_allt(inom_rackhall(deltagande, av)))
        samarbeten = list(samarbetsutdrag.med_allt(samarbeten_inom_rackhall(deltagande, av)))
        rader = [Rad(en.insats_id, en.person_id, {"deltagande": en.pk, "format": format}) for en in deltaganden]
        rader += _samarbetsrader(samarbeten, format, av)
        logga_flera(Handelse.Typ.REGISTERUTDRAG, rader, av=av, roll=Roll.DELTAGARANSVARIG)
        return _bygg(deltagande.person_id, deltaganden, samarbeten, None, hela=False, using=DEFAULT_DB_ALIAS)


def _samarbetsrader(samarbeten: list[Samarbete], format: str, av: Anvandare) -> list[Rad]:
    """Loggens rader, vid det kontor där användaren har sitt uppdrag: det senaste om flera."""
    egna = set(Insats.objects.synliga_for(av, Rattighet.REGISTRERA_DELTAGARE).values_list("pk", flat=True))
    rader = []
    for ett in samarbeten:
        kontoren = sorted(ett.kontor.all(), key=lambda rad: rad.datum, reverse=True)
        vid = next(pk for rad in kontoren for pk in (rad.fk_kontor_id, rad.af_kontor_id) if pk in egna)
        rader.append(Rad(vid, ett.person_id, {"samarbete": ett.pk, "format": format}))
    return rader


def for_nummer(*, index: bytes, using: str) -> Registerutdrag:
    """Det fullständiga utdraget för ett personnummer (dess nycklade index), också ett som har bytts. Körs som ägaren.

    Den som inte är registrerad får ett utdrag utan registreringar, med de uppslag som har gjorts och raden i det lokala
    folkbokföringsregistret.
    """
    with skriver(using):
        har_bytt = TidigareNummer.objects.using(using).filter(personindex=index).values("person_id")
        identitet = Identitet.objects.using(using).filter(Q(personindex=index) | Q(person__in=har_bytt)).first()
        person_id: int | None = identitet.pk if identitet else None
        index = bytes(identitet.personindex) if identitet else index
        alla = Deltagande.objects.using(using).filter(person=person_id, avidentifierat=False)
        samarbeten = Samarbete.objects.using(using).filter(person=person_id, avidentifierat=False)
        logga_flera(Handelse.Typ.REGISTERUTDRAG, [Rad(None, person_id, {"hela": True})], av=None, using=using)
        samarbetena = list(samarbetsutdrag.med_allt(samarbeten))
        return _bygg(person_id, list(_med_allt(alla)), samarbetena, index, hela=True, using=using)


def _alla_index(person_id: int | None, index: bytes, using: str) -> list[bytes]:
    """De nycklade indexen för personens nummer: det som gäller först, och sedan de som har bytts."""
    if person_id is None:
        return [index]
    bytta = TidigareNummer.objects.using(using).filter(person=person_id).order_by("pk")
    return [index, *(bytes(ett) for ett in bytta.values_list("personindex", flat=True))]


def _med_allt(deltaganden: DeltagandeQuerySet) -> DeltagandeQuerySet:
    return deltaganden.select_related(
        "insats__samverkansorganisation", "folkbokforing__kommun", "folkbokforing__stadsdel", "person__identitet"
    ).order_by("inregistrering", "pk")


def _bygg(
    person_id: int | None,
    deltaganden: list[Deltagande],
    samarbeten: list[Samarbete],
    index: bytes | None,
    *,
    hela: bool,
    using: str,
) -> Registerutdrag:
    texter, fragor = kodtexter(), _fragesvar(deltaganden, using)
    koder = _alla_koder(using) if samarbeten else {}
    return Registerutdrag(
        framtaget=timezone.localtime(),
        hela=hela,
        identitet=_identitet([*deltaganden, *samarbeten], using),
        folkbokforing=_folkbokforing(_alla_index(person_id, index, using), using) if index else [],
        registreringar=[
            Registrering(
                en.insats.namn,
                en.insats.samverkansorganisation.namn,
                list(_uppgifter(en, texter)),
                fragor.get(en.pk, []),
            )
            for en in deltaganden
        ]
        + [_samarbetet(ett, koder) for ett in samarbeten],
        andringar=_andringar(deltaganden, samarbeten, using),
        lasningar=_lasningar(person_id, index, using),
        bevaras=list(_bevaras(using)),
    )


def _samarbetet(samarbete: Samarbete, koder: Mapping[str, Mapping[str, str]]) -> Registrering:
    uppgifter = list(samarbetsutdrag.uppgifter(samarbete, koder))
    return Registrering(samarbetsutdrag.rubrik(samarbete), "Arbetsförmedlingen och Försäkringskassan", uppgifter, [])


def _alla_koder(using: str) -> dict[str, dict[str, str]]:
    koder: dict[str, dict[str, str]] = {}
    for kod in Kod.objects.using(using):
        koder.setdefault(kod.kodverk, {})[kod.kod] = kod.etikett
    return koder


def _identitet(registreringar: list[Deltagande | Samarbete], using: str) -> list[Uppgift]:
    if not registreringar:
        return []
    person: Person = registreringar[0].person
    identitet = person.identitet
    nummer = Personnummer(identitet.klartext("personnummer"), person.fodelsear, person.kon, samordningsnummer=False)
    return [
        Uppgift("personnummer", "Personnummer", nummer.utskrivet),
        *(
            Uppgift("tidigare_nummer", "Tidigare nummer", f"{tidigare[:8]}-{tidigare[8:]}")
            for tidigare in identitet.alla_nummer(using=using)[1:]
        ),
        Uppgift("fornamn", "Förnamn", identitet.klartext("fornamn")),
        Uppgift("efternamn", "Efternamn", identitet.klartext("efternamn")),
        Uppgift("kon", "Kön", person.get_kon_display()),
        Uppgift("fodelsear", "Födelseår", str(person.fodelsear)),
        Uppgift("skapad_vid", "Först registrerad i SUS", tidtext(person.skapad_vid), isotid(person.skapad_vid)),
    ]


def _folkbokforing(index: list[bytes], using: str) -> list[Uppgift]:
    """Raderna i det lokala registret, en för varje nummer som står där."""
    poster = Registerpost.objects.using(using).filter(personindex__in=index).select_related("kommun", "stadsdel")
    i_ordning = sorted(poster, key=lambda post: index.index(bytes(post.personindex)))
    return [
        uppgift._replace(namn=f"{uppgift.namn}_{nr}", etikett=f"{uppgift.etikett} (tidigare nummer)") if nr else uppgift
        for nr, post in enumerate(i_ordning)
        for uppgift in _posten(post)
    ]


def _posten(post: Registerpost) -> list[Uppgift]:
    """Om den som har skydd sägs bara det: resten lämnar Skatteverket ut."""
    kallan = Uppgift("kalla", "Källa", "Det lokala folkbokföringsregistret i SUS, med uppgifter från Skatteverket")
    skydd = Uppgift("skyddad", "Skyddade personuppgifter", vardetext(post.skyddad))
    if post.skyddad:
        return [kallan, skydd, Uppgift("ovrigt", "Övriga uppgifter", "Lämnas ut av Skatteverket")]
    namn = {falt: dekryptera(getattr(post, falt), falt=falt, nyckel_id=post.nyckel_id) for falt in _NAMN}
    return [
        kallan,
        *(Uppgift(falt, etikett, namn[falt]) for falt, etikett in _NAMN.items()),
        Uppgift("kommun", "Folkbokföringskommun", vardetext(post.kommun and post.kommun.namn)),
        Uppgift("stadsdel", "Stadsdel", vardetext(post.stadsdel and post.stadsdel.namn)),
        skydd,
    ]


def _uppgifter(deltagande: Deltagande, texter: Mapping[str, Mapping[str, str]]) -> Iterator[Uppgift]:
    for falt in Deltagande._meta.concrete_fields:
        if falt.name not in _UTAN:
            etikett = ETIKETTER.get(falt.name) or str(falt.verbose_name).capitalize()
            varde = getattr(deltagande, falt.attname)
            iso = isotid(varde) if isinstance(varde, datetime) else ""
            yield Uppgift(falt.name, etikett, _text(falt, varde, texter.get(falt.name, {})), iso)
    folkbokforing = getattr(deltagande, "folkbokforing", None)
    if folkbokforing:
        yield Uppgift("kommun", "Folkbokföringskommun", folkbokforing.kommun.namn)
        yield Uppgift("stadsdel", "Stadsdel", vardetext(folkbokforing.stadsdel and folkbokforing.stadsdel.namn))


def _text(falt: Any, varde: Any, koder: Mapping[str, str]) -> str:
    if isinstance(varde, datetime):
        return tidtext(varde)
    if isinstance(falt, ArrayField):
        return vardetext([koder.get(ett, ett) for ett in varde])
    etiketter: Mapping[Any, Any] = koder or dict(falt.flatchoices)
    return vardetext(etiketter.get(varde, varde))


def _fragesvar(deltaganden: list[Deltagande], using: str) -> dict[int, list[Fragesvar]]:
    svar = list(
        Svar.objects.using(using)
        .filter(deltagande__in=[en.pk for en in deltaganden])
        .select_related("fraga")
        .order_by("tillfalle", "fraga__ordning", "pk")
    )
    valda = {pk for ett in svar for pk in ett.alternativ or ()}
    alternativ = dict(Svarsalternativ.objects.using(using).filter(pk__in=valda).values_list("pk", "text"))
    per_deltagande: dict[int, list[Fragesvar]] = {}
    for ett in svar:
        varden = ([alternativ.get(pk, "") for pk in ett.alternativ or ()], ett.fritext, ett.tal, ett.datum)
        varde = next((en for en in varden if en not in (None, "", [])), None)
        text = SAKNAS if ett.saknas else vardetext(varde)
        rad = Fragesvar(Tillfalle(ett.tillfalle).label, ett.fraga.text, text)
        per_deltagande.setdefault(ett.deltagande_id, []).append(rad)
    return per_deltagande


def _andringar(deltaganden: list[Deltagande], samarbeten: list[Samarbete], using: str) -> list[Andring]:
    """Historiken, det äldsta först. Vem som ändrade sägs inte."""
    if not deltaganden and not samarbeten:
        return []
    rader = rader_for(Deltagande).using(using).filter(pgh_obj__in=[en.pk for en in deltaganden])
    kallor = for_deltaganden(rader, galler=("insats",))
    if samarbeten:
        kallor.append(samarbetsutdrag.historikens_kalla(samarbeten, using))
    alla: list[Andring] = []
    nummer, sidor = 1, 1
    while nummer <= sidor:
        sida = historik(kallor, sida=str(nummer))
        sidor, nummer = sida.paginator.num_pages, nummer + 1
        alla += [
            Andring(en.tid, f"{en.vad}: {en.typ.label.lower()}", [(f.etikett, f.fore, f.efter) for f in en.falt])
            for en in sida.object_list
            if en.falt
        ]
    return alla[::-1]


def _lasningar(person_id: int | None, index: bytes | None, using: str) -> list[Lasning]:
    with connections[using].cursor() as markor:
        markor.execute("SELECT * FROM registerutdragets_logg(%s, %s)", [person_id, index])
        rader = markor.fetchall()
    typer, roller = dict(Handelse.Typ.choices), dict(Roll.choices)
    return [
        Lasning(tid, typer.get(typ, typ), roller.get(roll, ""), arbetsgivare, insats)
        for tid, typ, roll, arbetsgivare, insats in rader
    ]


def _bevaras(using: str) -> Iterator[tuple[str, str]]:
    regler = {regel.slag: regel for regel in Gallringsregel.objects.using(using)}
    for slag in Slag:
        yield slag.label, f"{regler[slag].ar} år. {SLAGEN[slag].vad} {regler[slag].grund}"
