"""Af/FK-samarbetets väg: börja, registrera övergång, ångra den senaste, rätta begäran (`doman.md` 6)."""

from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection

from behorighet.databasfel import skriver
from behorighet.models import Anvandare, Handelse
from deltagare.models import Overgang, Samarbete, Samarbetsfolkbokforing, Samarbetskontor, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet, Orsak
from deltagare.personnummer import Personnummer
from deltagare.tjanster.person import (
    REDAN_BORTTAGEN,
    avidentifiera_samarbetet,
    las_samarbetet,
    person_for,
    uppdatera_namn,
)
from deltagare.tjanster.samarbetsgrund import last, logga_andring, ny_version
from deltagare.tjanster.tid import krav_inte_framtid
from insatser.models import Insats, Kommun, Stadsdel

PAGAENDE_SAMARBETE: Final = "pagaende_samarbete"
"""Koden för hindret att personen har ett pågående samarbete inom räckhåll."""
FORRA_SAMARBETET: Final = "forra_samarbetet"
"""Koden för hindret att ett samarbete inom räckhåll slutade efter dagen."""
SAMTYCKET_ANVANT: Final = "samtycket_anvant"
"""Koden för hindret att ett samarbete inom räckhåll vilar på ett lika nytt samtycke."""
ANNAT_SAMARBETE: Final = "annat_samarbete"
"""Koden för ett hinder utom räckhåll: vilket sägs inte (P2)."""
SENARE_SAMARBETE: Final = "senare_samarbete"
"""Koden för hindret att personen har haft ett samarbete efter det."""
OPPNAS_INTE: Final = "Identiteten är borttagen. Samarbetet går inte att öppna igen."
ANNAT_HINDRAR: Final = (
    "Personen har redan ett samarbete, kanske hos andra kontor, som pågår, slutade efter den dagen eller vilar på ett "
    "lika nytt samtycke. Kontrollera datumen, och fråga den andra myndigheten eller en insatsansvarig för kontoret."
)


def borja_samarbete(
    *,
    kontor: dict[Myndighet, Insats],
    egen: Myndighet,
    nummer: Personnummer,
    fornamn: str,
    efternamn: str,
    kommun: Kommun,
    stadsdel: Stadsdel | None,
    samtycke: date,
    datum: date,
    initierad_av: Myndighet,
    samtycke_arkiverat: date | None = None,
    av: Anvandare,
) -> Samarbete:
    """Börjar ett samarbete med Begäran om gemensam kartläggning (R26, R27).

    `kontor` har ett kontor för var myndighet; `egen` är den vars kontor användaren har sitt uppdrag på.
    Ger ValidationError, per fält, om personen redan har ett pågående samarbete (R31), om samtycket är det som ett
    tidigare vilar på eller om något annat inte stämmer. Hindren har modulens koder.
    """
    krav_inte_framtid("datum", datum)
    if samtycke_arkiverat:
        krav_inte_framtid("samtycke_arkiverat", samtycke_arkiverat)
    if nummer.fodelsear > datum.year:
        raise ValidationError({"datum": "Begäran kan inte vara före personens födelse."})
    with skriver():
        person_id = person_for(insats=kontor[egen], nummer=nummer, fornamn=fornamn, efternamn=efternamn)
        _krav_i_foljd(person_id, samtycke=samtycke, datum=datum)
        samarbete = Samarbete.objects.create(
            nyckel=_ny_nyckel(),
            person_id=person_id,
            initierad_av=initierad_av,
            borjan=datum,
            insatstyp=Insatstyp.BEGARAN,
            af_kontor=kontor[Myndighet.AF],
            fk_kontor=kontor[Myndighet.FK],
            kon=nummer.kon,
            alder=datum.year - nummer.fodelsear,
            samtycke=samtycke,
            samtycke_arkiverat=samtycke_arkiverat,
        )
        Samarbetskontor.objects.create(
            samarbete=samarbete, datum=datum, af_kontor=kontor[Myndighet.AF], fk_kontor=kontor[Myndighet.FK]
        )
        Samarbetsfolkbokforing.objects.create(samarbete=samarbete, kommun=kommun, stadsdel=stadsdel)
        uppdatera_namn(person_id, fornamn=fornamn, efternamn=efternamn, dag=datum)
        _lagg_till(samarbete, 1, Insatstyp.BEGARAN, datum, "", egen)
        logga_andring(
            Handelse.Typ.SAMARBETE_BORJAT,
            samarbete,
            kontor[egen],
            av,
            datum=datum.isoformat(),
            till=[samarbete.af_kontor_id, samarbete.fk_kontor_id],
        )
    return samarbete


def _ny_nyckel() -> str:
    with connection.cursor() as markor:
        markor.execute("SELECT 'SUS-' || nextval('sus_samarbetsnyckel')")
        return str(markor.fetchone()[0])


def _krav_i_foljd(person_id: int, *, samtycke: date, datum: date, samarbete: Samarbete | None = None) -> None:
    """Ger ValidationError om personen har ett annat samarbete då, eller ett lika nytt samtycke (R27, R31).

    Också ett samarbete utom räckhåll hindrar, men då sägs inte mer (P2). `samarbete` är det som rättas.
    """
    with connection.cursor() as markor:
        pk = samarbete.pk if samarbete else None
        markor.execute("SELECT * FROM samarbetets_hinder(%s, %s, %s, %s)", [person_id, pk, datum, samtycke])
        hinder, dag = markor.fetchone() or ("", None)
    if hinder == "tid":
        text = f"Det förra samarbetet slutade {dag}. Ange den dagen eller en senare."
        raise ValidationError({"datum": ValidationError(text, code=FORRA_SAMARBETET)})
    if hinder == "samtycke":
        text = "Samtycket gällde ett tidigare samarbete. Ett nytt behövs för varje."
        raise ValidationError({"samtycke": ValidationError(text, code=SAMTYCKET_ANVANT)})
    if hinder:
        pagar = hinder == "pagar"
        text = "Personen har redan ett pågående samarbete. Avsluta det först." if pagar else ANNAT_HINDRAR
        fel = ValidationError(text, code=PAGAENDE_SAMARBETE if pagar else ANNAT_SAMARBETE)
        raise fel if samarbete else ValidationError({"personnummer": fel})


def _lagg_till(
    samarbete: Samarbete, ordning: int, till: Insatstyp, datum: date, orsak: str, myndighet: Myndighet
) -> None:
    # Bara kolumnerna som tillämpningen får skriva: databasen sätter från och lämnad.
    with connection.cursor() as markor:
        markor.execute(
            "INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, registrerad_av) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [samarbete.pk, ordning, till, datum, orsak, myndighet],
        )


def registrera_overgang(
    *,
    samarbete: Samarbete,
    version: int,
    till: Insatstyp,
    datum: date,
    orsak: str = "",
    kontor: Insats,
    myndighet: Myndighet,
    av: Anvandare,
) -> Samarbete:
    """Registrerar nästa övergång (R26, R31). `kontor` är det som användaren har sitt uppdrag på, hos `myndighet`.

    Återtas samtycket tas identiteten bort (R27, P10). Ger Krock om någon annan har registrerat sedan `version`,
    PermissionDenied om samarbetet inte är hos kontoret längre, annars ValidationError: en övergång som inte är öppen,
    ett datum som går baklänges, ett avslut före ett byte av kontor, något efter ett avslut.
    """
    krav_inte_framtid("datum", datum)
    with skriver():
        if orsak == Orsak.SAMTYCKE_ATERTAS:
            las_samarbetet(samarbete)
        samarbete = last(samarbete, version, kontor)
        fran = samarbete.insatstyp
        ordning = Overgang.objects.filter(samarbete=samarbete).count() + 1
        _lagg_till(samarbete, ordning, till, datum, orsak, myndighet)
        if orsak == Orsak.SAMTYCKE_ATERTAS and not samarbete.avidentifierat:
            avidentifiera_samarbetet(samarbete)
        ny_version(samarbete)
        logga_andring(
            Handelse.Typ.OVERGANG_REGISTRERAD,
            samarbete,
            kontor,
            av,
            fran=fran,
            till=till,
            ordning=ordning,
            datum=datum.isoformat(),
            **({"orsak": orsak} if orsak else {}),
        )
    return Samarbete.objects.get(pk=samarbete.pk)


def aterta_samtycke_for_samarbete(
    *, samarbete: Samarbete, version: int, dag: date, kontor: Insats, myndighet: Myndighet, av: Anvandare
) -> Samarbete:
    """Personen återtar samtycket: identiteten tas bort ur samarbetet, statistiken står kvar (R27). Går inte att ångra.

    Ett pågående samarbete avbryts `dag`; ett avslutat behåller sitt slut. Andra samarbeten, och deltaganden i insatser,
    står kvar. Ger Krock, eller ValidationError om identiteten redan är borttagen.
    """
    krav_inte_framtid("dag", dag)
    with skriver():
        las_samarbetet(samarbete)
        nu = last(samarbete, version, kontor)
        if nu.avidentifierat:
            raise ValidationError(REDAN_BORTTAGEN)
        if nu.slut is None:
            return registrera_overgang(
                samarbete=nu,
                version=version,
                till=Insatstyp.AVBRUTET,
                datum=dag,
                orsak=Orsak.SAMTYCKE_ATERTAS,
                kontor=kontor,
                myndighet=myndighet,
                av=av,
            )
        avidentifiera_samarbetet(nu)
        ny_version(nu)
    return Samarbete.objects.get(pk=nu.pk)


def angra_overgang(*, samarbete: Samarbete, version: int, kontor: Insats, av: Anvandare) -> Samarbete:
    """Tar bort den senaste övergången (R31). Den som började samarbetet går inte att ångra: avbryt det i stället.

    Situationen efter går med ett avslut som ångras (R30). Ger Krock om någon annan har registrerat sedan `version`,
    ValidationError när det inte går: också när personen har haft ett samarbete efter det.
    """
    with skriver():
        las_samarbetet(samarbete)
        samarbete = last(samarbete, version, kontor)
        senaste = Overgang.objects.filter(samarbete=samarbete).order_by("-ordning").first()
        if senaste is None or senaste.ordning == 1:
            raise ValidationError("Begäran går inte att ångra. Registrera Avbrutet samarbete i stället.")
        if senaste.orsak == Orsak.SAMTYCKE_ATERTAS:
            raise ValidationError("Samtycket är återtaget, och identiteten borttagen. Det går inte att ångra.")
        if samarbete.slut and samarbete.avidentifierat:
            raise ValidationError(OPPNAS_INTE)
        if samarbete.slut:
            _krav_inget_senare(samarbete)
        efter = Samarbetsuppgift.objects.filter(samarbete=samarbete, tillfalle=Samarbetsuppgift.Tillfalle.EFTER)
        borttaget = {"uppgifter_borttagna": "efter"} if efter.exists() else {}
        senaste.delete()
        ny_version(samarbete)
        logga_andring(
            Handelse.Typ.OVERGANG_ANGRAD,
            samarbete,
            kontor,
            av,
            fran=senaste.fran,
            till=senaste.till,
            ordning=senaste.ordning,
            datum=senaste.datum.isoformat(),
            **({"orsak": senaste.orsak} if senaste.orsak else {}),
            **borttaget,
        )
    return Samarbete.objects.get(pk=samarbete.pk)


def _krav_inget_senare(samarbete: Samarbete) -> None:
    with connection.cursor() as markor:
        markor.execute("SELECT har_senare_samarbete(%s)", [samarbete.pk])
        if markor.fetchone()[0]:
            raise ValidationError(
                "Personen har ett senare samarbete, kanske hos andra kontor. Det här går inte att öppna igen.",
                code=SENARE_SAMARBETE,
            )


def ratta_begaran(
    *, samarbete: Samarbete, version: int, datum: date, samtycke: date, kontor: Insats, av: Anvandare
) -> Samarbete:
    """Rättar dagen för begäran och samtycket, medan ingen senare övergång är registrerad (R27, R31).

    De första kontoren gäller då från den nya dagen. Ger Krock, eller ValidationError: per fält för datumen, annars om
    identiteten är borttagen, en senare övergång finns eller ett annat av personens samarbeten hindrar.
    """
    krav_inte_framtid("datum", datum)
    with skriver():
        las_samarbetet(samarbete)
        nu = last(samarbete, version, kontor)
        if nu.avidentifierat:
            raise ValidationError(REDAN_BORTTAGEN)
        if Overgang.objects.filter(samarbete=nu).count() != 1:
            raise ValidationError("En senare övergång är registrerad. Ångra den först.")
        if nu.person.fodelsear > datum.year:
            raise ValidationError({"datum": "Begäran kan inte vara före personens födelse."})
        if (nu.borjan, nu.samtycke) == (datum, samtycke):
            return nu
        _krav_i_foljd(nu.person_id, samtycke=samtycke, datum=datum, samarbete=nu)
        with connection.cursor() as markor:
            markor.execute("SELECT ratta_begaran(%s, %s, %s)", [nu.pk, datum, samtycke])
        logga_andring(
            Handelse.Typ.BEGARAN_RATTAD,
            nu,
            kontor,
            av,
            datum=datum.isoformat(),
            samtycke=samtycke.isoformat(),
            var_datum=nu.borjan.isoformat(),
            var_samtycke=nu.samtycke.isoformat() if nu.samtycke else "",
        )
    return Samarbete.objects.get(pk=nu.pk)
