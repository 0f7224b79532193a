"""Personen bakom en registrering: finns eller skapas, får sitt namn, byter nummer, och blir av med sin identitet."""

from datetime import date
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BooleanField, F, Func, Q, Value

from behorighet.databasfel import skriver
from behorighet.historik import rader_for
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Roll
from deltagare import kryptering
from deltagare.models import Deltagande, Identitet, Person, Samarbete
from deltagare.models.person import ny_personnyckel
from deltagare.personnummer import Personnummer, har_samordningsnummer
from deltagare.tjanster.avtryck import rakna, rakna_samarbeten
from insatser.models import Insats

REDAN_BORTTAGEN: Final = "Identiteten är redan borttagen."
NUMRET_BYTTES: Final = "Personens nummer byttes medan du arbetade. Öppna sidan på nytt och försök igen."
BYTET_NEKAS: Final = (
    "Bytet går inte att göra här. Kontrollera numret. Stämmer det ändå, be systemadministratören i din organisation om "
    "hjälp."
)


def person_for(*, insats: Insats, nummer: Personnummer, fornamn: str, efternamn: str) -> int:
    """Personens id; skapar personen om numret är nytt (P2). Databasen loggar vem som frågade.

    Ger ProgrammingError (otillräcklig rättighet) om den som frågar saknar uppdrag på insatsen.
    """
    nyckel_id = kryptering.aktuell_nyckel()
    with connection.cursor() as markor:
        markor.execute(
            "SELECT person_for(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                insats.pk,
                kryptering.personindex(nummer.nummer),
                kryptering.kryptera(nummer.nummer, falt="personnummer", nyckel_id=nyckel_id),
                kryptering.kryptera(fornamn, falt="fornamn", nyckel_id=nyckel_id),
                kryptering.kryptera(efternamn, falt="efternamn", nyckel_id=nyckel_id),
                nyckel_id,
                ny_personnyckel(),
                nummer.kon,
                nummer.fodelsear,
            ],
        )
        return int(markor.fetchone()[0])


def uppdatera_namn(person_id: int, *, fornamn: str, efternamn: str, dag: date) -> None:
    """Den senaste registreringens namn gäller för personen: finns en registrering efter `dag` står namnet kvar.

    Skrivs annars alltid: antalet frågor säger då inte om personen redan fanns, i en insats som användaren inte når
    (P2). Också en senare registrering utom räckhåll räknas.
    """
    namn = {"fornamn": fornamn, "efternamn": efternamn}
    senare = Func(Value(person_id), Value(dag), function="har_senare_registrering", output_field=BooleanField())
    identiteten = Identitet.objects.filter(~Q(senare), person_id=person_id)
    for nyckel_id in kryptering.nycklar():
        krypterat = {falt: kryptering.kryptera(text, falt=falt, nyckel_id=nyckel_id) for falt, text in namn.items()}
        if identiteten.filter(nyckel_id=nyckel_id).update(**krypterat):
            return


def las_personen(deltagande: Deltagande) -> None:
    """Den som samtidigt ändrar personens tider i insatsen, eller tar bort identiteten, väntar till transaktionens slut.

    Ger ProgrammingError (otillräcklig rättighet) om deltagandet inte finns inom räckhåll.
    """
    with connection.cursor() as markor:
        markor.execute("SELECT las_personen(%s)", [deltagande.pk])


def avidentifiera(deltagande: Deltagande) -> None:
    """Tar bort identiteten för personens alla deltaganden i insatsen (R25, P10). Personen är låst av anroparen.

    Fingeravtrycken hindrar att en fil återställer den. De andra deltagandena får en ny version: den som har ett av dem
    öppet får veta det.
    """
    nummer = personens_nummer(Identitet.objects.get(person_id=deltagande.person_id))
    insatsen = Deltagande.objects.filter(person_id=deltagande.person_id, insats_id=deltagande.insats_id)
    deltaganden = list(insatsen.filter(avidentifierat=False).order_by("pk"))
    har_varit = rader_for(Deltagande).filter(pgh_obj__in=deltaganden).values_list("pgh_obj", "inregistrering", "lopnr")
    tidigare = sorted(set(har_varit))
    for ett in deltaganden:
        tider = [(ett.inregistrering, ett.lopnr), *((dag, lopnr) for pk, dag, lopnr in tidigare if pk == ett.pk)]
        _, avtryck = rakna(((ett.pk, deltagande.insats.nyckel, *tid) for tid in tider), nummer)
        with connection.cursor() as markor:
            markor.execute("SELECT avidentifiera_deltagande(%s, %s)", [ett.pk, avtryck])
        if ett.pk != deltagande.pk:
            Deltagande.objects.filter(pk=ett.pk).update(version=F("version") + 1)


def las_samarbetet(samarbete: Samarbete) -> None:
    """Som `las_personen`, för personen i ett samarbete."""
    with connection.cursor() as markor:
        markor.execute("SELECT las_samarbetet(%s)", [samarbete.pk])


def avidentifiera_samarbetet(samarbete: Samarbete) -> None:
    """Tar bort identiteten ur samarbetet, och bara det (R27, P10). Samarbetet är låst av anroparen."""
    nummer = personens_nummer(Identitet.objects.get(person_id=samarbete.person_id))
    _, avtryck = rakna_samarbeten([(samarbete.pk, samarbete.nyckel)], nummer)
    with connection.cursor() as markor:
        markor.execute("SELECT avidentifiera_samarbete(%s, %s::bytea[])", [samarbete.pk, avtryck])


def logga_visning(*, deltagande: Deltagande, typ: Handelse.Typ = Handelse.Typ.PERSON_VISAD, av: Anvandare) -> None:
    """Skriver i loggen att uppgifterna visas, innan de visas (P8). Utan identitet visas ingen, och ingen loggas."""
    logga(
        typ,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=deltagande.insats_id,
        person_id=None if deltagande.avidentifierat else deltagande.person_id,
        deltagande=deltagande.pk,
    )


def personens_nummer(identitet: Identitet, *, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Personens nummer i klartext, det som gäller först, och sedan de som har bytts: för fingeravtrycken."""
    return identitet.alla_nummer(using=using)


def skydda_deltagaren(*, deltagande: Deltagande, av: Anvandare) -> int:
    """Som `skydda_person`, för den som deltagandet gäller när det är låst: numret kan bytas under tiden."""
    with skriver():
        las_personen(deltagande)
        nu = Deltagande.objects.get(pk=deltagande.pk)
        if nu.avidentifierat:
            raise ValidationError(REDAN_BORTTAGEN)
        return skydda_person(person_id=nu.person_id, av=av)


def skydda_fran_samarbete(*, samarbete: Samarbete, av: Anvandare) -> int:
    """Som `skydda_deltagaren`, för den som samarbetet gäller."""
    with skriver():
        las_samarbetet(samarbete)
        nu = Samarbete.objects.get(pk=samarbete.pk)
        if nu.avidentifierat:
            raise ValidationError(REDAN_BORTTAGEN)
        return skydda_person(person_id=nu.person_id, av=av)


def skydda_person(*, person_id: int, av: Anvandare | None, using: str = DEFAULT_DB_ALIAS) -> int:
    """Tar bort personens identitet i alla insatser och samarbeten, också dem som `av` inte når (R19, P10).

    Går inte att ångra. Namn, personnummer, kommun, stadsdel, svar i fritext och uppslag tas bort; statistiken står
    kvar, och den som pågår pågår. Databasen loggar varje registrering. `av` är None för kommandot, som går på ägarens
    förbindelse (`using`). Returnerar antalet deltaganden och samarbeten. Ger ValidationError om identiteten redan är
    borta, PermissionDenied för den som inte har en registrering med identitet inom räckhåll.
    """
    if av is None and using == DEFAULT_DB_ALIAS:
        raise PermissionDenied
    with skriver(using), connections[using].cursor() as markor:
        markor.execute("SELECT deltagande, insats, inregistrering, lopnr FROM personens_deltaganden(%s)", [person_id])
        tider = markor.fetchall()
        markor.execute("SELECT samarbete, nyckel FROM personens_samarbeten(%s)", [person_id])
        samarbeten = markor.fetchall()
        identitet = Identitet.objects.using(using).filter(person_id=person_id).first()
        if identitet is None:
            finns = Person.objects.using(using).filter(pk=person_id).exists()
            raise ValidationError(REDAN_BORTTAGEN if finns else NUMRET_BYTTES)
        nummer = personens_nummer(identitet, using=using)
        deltaganden, samarbetena = rakna(tider, nummer), rakna_samarbeten(samarbeten, nummer)
        markor.execute(
            "SELECT avidentifiera_person(%s, %s::bigint[], %s::bytea[], 'skydd', %s::bigint[], %s::bytea[])",
            [person_id, *deltaganden, *samarbetena],
        )
    return len(set(deltaganden[0])) + len(set(samarbetena[0]))


def byt_nummer(*, deltagande: Deltagande | Samarbete, nytt: Personnummer, av: Anvandare) -> int:
    """Byter personens samordningsnummer mot personnumret, i alla insatser och samarbeten (R17). Går inte att ångra.

    Finns personen redan under personnumret blir de två en, med namnet som stod under samordningsnumret: den som byter
    ser aldrig ett namn ur en insats utom räckhåll. Databasen loggar bytet. Returnerar personens id. Ger ValidationError
    om det gamla inte är ett samordningsnummer eller det nya inte ett personnummer, om de två har samma tid eller
    samtycken i fel ordning i samma insats eller som samarbeten, och med koden `bytet_nekas` om de inte blir en för att
    den ena finns i en insats utom räckhåll.
    """
    if nytt.samordningsnummer:
        raise ValidationError({"personnummer": "Ange ett personnummer. Det här är också ett samordningsnummer."})
    nyckel_id = kryptering.aktuell_nyckel()
    with skriver(), connection.cursor() as markor:
        identitet = _last_identitet(deltagande, nytt)
        gammalt = identitet.klartext("personnummer")
        if not har_samordningsnummer(gammalt):
            raise ValidationError("Personen har redan ett personnummer. Öppna sidan på nytt för att se det.")
        klartext = {
            "personnummer": nytt.nummer,
            "fornamn": identitet.klartext("fornamn"),
            "efternamn": identitet.klartext("efternamn"),
        }
        krypterat = {falt: kryptering.kryptera(text, falt=falt, nyckel_id=nyckel_id) for falt, text in klartext.items()}
        markor.execute(
            "SELECT byt_personnummer(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                None if isinstance(deltagande, Samarbete) else deltagande.pk,
                kryptering.personindex(gammalt),
                kryptering.personindex(nytt.nummer),
                *krypterat.values(),
                nyckel_id,
                nytt.kon,
                nytt.fodelsear,
                deltagande.pk if isinstance(deltagande, Samarbete) else None,
            ],
        )
        (person_id,) = markor.fetchone()
        if person_id is None:
            raise nekat_byte()
        return int(person_id)


def _last_identitet(registrering: Deltagande | Samarbete, nytt: Personnummer) -> Identitet:
    """Identiteten så som den är när ingen annan hinner ändra namn eller nummer före bytet."""
    rader = "samarbeten" if isinstance(registrering, Samarbete) else "deltaganden"
    villkor = {f"person__{rader}__pk": registrering.pk, f"person__{rader}__avidentifierat": False}
    finns = Identitet.objects.filter(**villkor)
    index = finns.values_list("personindex", flat=True).first()
    if index is None:
        raise ValidationError(REDAN_BORTTAGEN)
    with connection.cursor() as markor:
        # Samma lås som databasens funktioner, i samma ordning.
        markor.execute(
            "SELECT pg_advisory_xact_lock(las) FROM (SELECT DISTINCT hashtextextended(encode(nummer, 'hex'), 0) AS las "
            "FROM unnest(%s::bytea[]) AS nummer ORDER BY 1) l",
            [[bytes(index), kryptering.personindex(nytt.nummer)]],
        )
    identitet = finns.select_for_update(of=("self",)).first()
    if identitet is None:
        raise ValidationError(REDAN_BORTTAGEN)
    return identitet


def nekat_byte() -> ValidationError:
    """Det enda svaret på allt som hindrar bytet utan att användaren får veta varför (P2)."""
    return ValidationError(BYTET_NEKAS, code="bytet_nekas")


def logga_nekat_byte(*, deltagande: Deltagande, av: Anvandare) -> None:
    """Skriver i loggen att ett byte nekades: den som prövar sig fram syns."""
    logga(
        Handelse.Typ.PERSON_SOKT,
        av=av,
        roll=Roll.DELTAGARANSVARIG,
        insats_id=deltagande.insats_id,
        person_id=deltagande.person_id,
        deltagande=deltagande.pk,
        utfall="nekat_byte",
    )
