"""Allt som skriver kompletterande frågor (`doman.md` 4).

Regeln prövas här, i formuläret syns den. Att en fråga med svar står som den ställdes håller databasen.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet
from insatser.models import Fraga, Samverkansorganisation, Svarsalternativ
from insatser.models.fraga import MED_ALTERNATIV

HOGST_ALTERNATIV: Final = 30

# Början av ord, så att också böjningar och sammansättningar känns igen, men inte "avbrott".
KANSLIGA_ORD: Final = (
    "personnummer",
    "samordningsnummer",
    "födelse",
    "namn",
    "förnamn",
    "efternamn",
    "adress",
    "hemadress",
    "bostadsadress",
    "postnummer",
    "telefon",
    "mobilnummer",
    "mobiltelefon",
    "e-post",
    "mejl",
    "diagnos",
    "sjukdom",
    "missbruk",
    "medicin",
    "funktionsnedsättning",
    "religion",
    "religiös",
    "trosuppfattning",
    "politisk",
    "etnisk",
    "etnicitet",
    "ursprung",
    "sexuell",
    "fackförening",
    "facklig",
    "brott",
    "kriminal",
)
_BORJAR_ETT_ORD: Final = re.compile(rf"\b(?!ursprunglig|brottas)({'|'.join(map(re.escape, KANSLIGA_ORD))})")


def kansliga_ord(*texter: str) -> list[str]:
    """Ord i texterna som tyder på att frågan pekar ut någon eller är känslig. En varning, aldrig ett hinder."""
    return list(dict.fromkeys(_BORJAR_ETT_ORD.findall(" ".join(texter).casefold())))


def skapa_fraga(
    *,
    samverkansorganisation: Samverkansorganisation,
    namn: str,
    text: str,
    svarstyp: str,
    alternativ: Sequence[str],
    tillfalle: str,
    fran: date,
    till: date | None,
    bekraftat: bool,
    av: Anvandare,
) -> Fraga:
    """Registrerar en fråga sist i ordningen och returnerar den.

    `bekraftat` är att `av` har bekräftat att frågan inte är känslig eller pekar ut någon. Ger PermissionDenied utan
    uppdrag i samverkansorganisationen, annars ValidationError per fält.
    """
    alternativ = _provade_alternativ(svarstyp, alternativ)
    _krav_bekraftat(bekraftat=bekraftat)
    with skriver():
        _las(samverkansorganisation, av)
        _krav_period(samverkansorganisation, fran, till)
        sist = Fraga.objects.filter(samverkansorganisation=samverkansorganisation).aggregate(sist=Max("ordning"))
        fraga = Fraga.objects.create(
            samverkansorganisation=samverkansorganisation,
            namn=namn,
            text=text,
            svarstyp=svarstyp,
            tillfalle=tillfalle,
            fran=fran,
            till=till,
            ordning=(sist["sist"] or 0) + 1,
            bekraftat_av=av,
            bekraftat_vid=timezone.now(),
        )
        _spara_alternativ(fraga, alternativ)
        _logga("registrerad", fraga, av)
    return fraga


def andra_fraga(
    *,
    fraga: Fraga,
    version: int,
    namn: str,
    text: str,
    svarstyp: str,
    alternativ: Sequence[str],
    tillfalle: str,
    fran: date,
    till: date | None,
    bekraftat: bool,
    av: Anvandare,
) -> Fraga:
    """Ändrar en obesvarad fråga som ingen annan har ändrat sedan `version`, och returnerar den.

    Ger Krock om någon annan hann före, annars ValidationError: per fält, eller för att frågan är besvarad.
    """
    alternativ = _provade_alternativ(svarstyp, alternativ)
    _krav_bekraftat(bekraftat=bekraftat)
    with skriver():
        fraga = _last(fraga, av)
        krav_version(fraga.version, version)
        _krav_period(fraga.samverkansorganisation, fran, till)
        nya = {
            "namn": namn,
            "text": text,
            "svarstyp": svarstyp,
            "tillfalle": tillfalle,
            "fran": fran,
            "till": till,
            "bekraftat_av": av,
            "bekraftat_vid": timezone.now(),
            "version": fraga.version + 1,
        }
        for falt, varde in nya.items():
            setattr(fraga, falt, varde)
        fraga.save(update_fields=list(nya))
        _spara_alternativ(fraga, alternativ)
        _logga("andrad", fraga, av)
    return fraga


def avsluta_fraga(*, fraga: Fraga, version: int, till: date, av: Anvandare) -> Fraga:
    """Sätter frågans sista dag, och returnerar frågan. Ger Krock, eller ValidationError om svar är lämnade senare."""
    with skriver():
        fraga = _last(fraga, av)
        krav_version(fraga.version, version)
        if till < fraga.fran:
            raise ValidationError({"till": f"Frågan börjar {fraga.fran}. Den kan inte sluta före den dagen."})
        _krav_period(fraga.samverkansorganisation, fraga.fran, till)
        fraga.till, fraga.version = till, fraga.version + 1
        fraga.save(update_fields=["till", "version"])
        _logga("avslutad", fraga, av, till=till.isoformat())
    return fraga


def ta_bort_fraga(*, fraga: Fraga, av: Anvandare) -> None:
    """Tar bort en obesvarad fråga. Ger ValidationError om den är besvarad, också med *Uppgift saknas*."""
    with skriver():
        fraga = _last(fraga, av)
        if fraga.pk in antal_svar(fraga.samverkansorganisation):
            raise ValidationError("Frågan är besvarad och kan inte tas bort. Avsluta den i stället.")
        _logga("borttagen", fraga, av)
        fraga.delete()


def flytta_fraga(*, fraga: Fraga, upp: bool, av: Anvandare) -> tuple[int, int]:
    """Byter plats på frågan och den före (`upp`) eller efter, bland dem som inte har slutat.

    Returnerar frågans plats och hur många de är. Den som redan står ytterst blir kvar.
    """
    with skriver():
        fraga = _last(fraga, av)
        alla = list(
            Fraga.objects.filter(samverkansorganisation=fraga.samverkansorganisation_id)
            .inte_slut(timezone.localdate())
            .i_ordning()
        )
        if fraga not in alla:
            raise ValidationError("Frågan är avslutad och har ingen plats i ordningen.")
        plats = alla.index(fraga)
        ny = plats - 1 if upp else plats + 1
        if 0 <= ny < len(alla):
            ordning = sorted(en.ordning for en in alla)
            alla.insert(ny, alla.pop(plats))
            for en, nr in zip(alla, ordning, strict=True):
                en.ordning = nr
            Fraga.objects.bulk_update(alla, ["ordning"])
            _logga("flyttad", fraga, av)
            plats = ny
    return plats + 1, len(alla)


def antal_svar(organisation: Samverkansorganisation) -> dict[int, int]:
    """Hur många svar varje besvarad fråga (id) i samverkansorganisationen har; 0 om alla är *Uppgift saknas*.

    Aldrig vilkas: det når inte den som frågar.
    """
    with connection.cursor() as markor:
        markor.execute("SELECT fraga_id, antal FROM antal_svar(%s)", [organisation.pk])
        return dict(markor.fetchall())


def _las(organisation: Samverkansorganisation, av: Anvandare) -> None:
    """Tar organisationens rad, så att två som ändrar ordningen kommer efter varandra."""
    inom_rackvidd = Samverkansorganisation.objects.synliga_for(av, Rattighet.ANDRA_ORGANISATION)
    if not inom_rackvidd.filter(pk=organisation.pk).exists():
        raise PermissionDenied
    Samverkansorganisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)


def _last(fraga: Fraga, av: Anvandare) -> Fraga:
    _las(fraga.samverkansorganisation, av)
    kvar = Fraga.objects.select_for_update(of=("self",)).select_related("samverkansorganisation")
    if not (last := kvar.filter(pk=fraga.pk).first()):
        raise ValidationError("Någon annan har redan tagit bort frågan.")
    return last


def _krav_bekraftat(*, bekraftat: bool) -> None:
    if not bekraftat:
        raise ValidationError({"bekraftat": "Läs frågan en gång till och kryssa för att du bekräftar."})


def _krav_period(organisation: Samverkansorganisation, fran: date, till: date | None) -> None:
    """Frågan ställs inom samverkansorganisationens tid (R7)."""
    slut = organisation.slutdatum
    if fran < organisation.startdatum:
        raise ValidationError(
            {"fran": f"Samverkansorganisationen börjar {organisation.startdatum}. Frågan kan inte börja före den."}
        )
    if slut and fran > slut:
        raise ValidationError({"fran": f"Samverkansorganisationen slutar {slut}. Frågan kan inte börja efter den."})
    if slut and till and till > slut:
        raise ValidationError({"till": f"Samverkansorganisationen slutar {slut}. Frågan kan inte sluta efter den."})


def _provade_alternativ(svarstyp: str, alternativ: Iterable[str]) -> list[str]:
    if svarstyp not in MED_ALTERNATIV:
        return []
    givna = list(alternativ)
    fel = ""
    if len(givna) < 2:
        fel = "Ange minst två alternativ, ett på varje rad."
    elif len(givna) > HOGST_ALTERNATIV:
        fel = f"Ange högst {HOGST_ALTERNATIV} alternativ."
    elif len({ett.casefold() for ett in givna}) < len(givna):
        fel = "Samma alternativ står två gånger."
    elif max(len(ett) for ett in givna) > 100:
        fel = "Ett alternativ får vara högst 100 tecken."
    if fel:
        raise ValidationError({"alternativ": fel})
    return givna


def _spara_alternativ(fraga: Fraga, texter: Sequence[str]) -> None:
    """Det som står kvar behåller sitt id."""
    finns = {ett.text.casefold(): ett for ett in fraga.alternativ.all()}
    onskade = {text.casefold() for text in texter}
    if bort := [ett.pk for nyckel, ett in finns.items() if nyckel not in onskade]:
        Svarsalternativ.objects.filter(pk__in=bort).delete()
    nya = []
    for nr, text in enumerate(texter, 1):
        ett = finns.get(text.casefold())
        if ett is None:
            nya.append(Svarsalternativ(fraga=fraga, text=text, ordning=nr))
        elif (ett.text, ett.ordning) != (text, nr):
            ett.text, ett.ordning = text, nr
            ett.save(update_fields=["text", "ordning"])
    Svarsalternativ.objects.bulk_create(nya)


def _logga(vad: str, fraga: Fraga, av: Anvandare, **detaljer: Any) -> None:
    logga(
        Handelse.Typ.FRAGOR_ANDRADE,
        av=av,
        organisation=fraga.samverkansorganisation_id,
        fraga=fraga.pk,
        vad=vad,
        **detaljer,
    )
