"""Allt som skriver organisationer, konton och behörigheter (`doman.md` 1)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.inloggning import glom_forsoken
from behorighet.logg import logga
from behorighet.models import Anvandare, Behorighet, Giltighetslage, Handelse, Organisation
from behorighet.roller import BESTALLS_MED, Roll

ANVAND_LANK: Final = "Länken har redan använts. Logga in med lösenordet som valdes då."


def registrera_organisation(*, namn: str, organisationsnummer: str, typ: str, av: Anvandare | None) -> Organisation:
    """Lägger upp en organisation och returnerar den. Ger ValidationError om namnet eller numret redan finns."""
    with skriver():
        organisation = Organisation.objects.create(namn=namn, organisationsnummer=organisationsnummer or None, typ=typ)
        logga(Handelse.Typ.ORGANISATION_REGISTRERAD, av=av, organisation=organisation.pk)
    return organisation


def skapa_konto(
    *, username: str, fornamn: str, efternamn: str, epost: str, arbetsgivare: Organisation, av: Anvandare | None
) -> Anvandare:
    """Skapar ett konto utan lösenord och returnerar det. Lösenordet väljer personen själv med `skapa_lank`.

    Ger ValidationError om någon har användarnamnet, även med andra versaler. `av` är None när ett kommando skapar det.
    """
    with skriver():
        if Anvandare.objects.filter(username__iexact=username).exists():
            raise ValidationError({"username": "Användarnamnet är upptaget. Välj ett annat."})
        konto = Anvandare.objects.create_user(
            username, fornamn=fornamn, efternamn=efternamn, epost=epost, arbetsgivare=arbetsgivare
        )
        logga(Handelse.Typ.KONTO_SKAPAT, av=av, konto=konto.pk, organisation=arbetsgivare.pk)
    return konto


def bestall_behorighet(
    *, anvandare: Anvandare, roller: Iterable[str], fran: date, till: date | None, av: Anvandare | None
) -> list[Behorighet]:
    """Ger personen rollerna under tiden, alla eller ingen, och returnerar behörigheterna.

    Ger ValidationError om personen redan har en av rollerna då, om de utesluter varandra (R1) eller om tiden har
    passerat, och PermissionDenied om `av` inte får beställa rollerna åt personen.
    """
    valda = [Roll(roll) for roll in roller]
    if av is not None and not _far_bestalla(av, anvandare, valda):
        raise PermissionDenied
    if till and till < timezone.localdate():
        raise ValidationError({"till": "Till och med har redan passerat."})
    with skriver():
        return [_bestall(anvandare, roll, fran, till, av) for roll in valda]


def _bestall(anvandare: Anvandare, roll: Roll, fran: date, till: date | None, av: Anvandare | None) -> Behorighet:
    try:
        with skriver():
            behorighet = Behorighet.objects.create(
                anvandare=anvandare, roll=roll, fran=fran, till=till, bestalld_av=av, borjar_vid=_efter(anvandare, fran)
            )
            logga(
                Handelse.Typ.BEHORIGHET_BESTALLD,
                av=av,
                konto=anvandare.pk,
                behorighet=behorighet.pk,
                behorighetsroll=roll.value,
            )
            return behorighet
    except ValidationError as fel:
        if fel.code == "samma_roll_en_gang_i_taget":
            text = f"Personen har redan rollen {roll.label.lower()} under den tiden."
            raise ValidationError(text, code=fel.code) from fel
        raise


def _efter(anvandare: Anvandare, fran: date) -> datetime | None:
    """När den senaste av personens behörigheter avslutades, om det var under dagen `fran`; annars None (R1a)."""
    avslutade = anvandare.behorigheter.filter(avslutad_vid__date=fran)
    senast: datetime | None = avslutade.aggregate(senast=Max("avslutad_vid"))["senast"]
    return senast


def _far_bestalla(av: Anvandare, anvandare: Anvandare, roller: list[Roll]) -> bool:
    return any(
        set(roller) <= set(bestallbara)
        and Anvandare.objects.synliga_for(av, rattighet).filter(pk=anvandare.pk).exists()
        for rattighet, bestallbara in BESTALLS_MED.items()
    )


def avsluta_behorighet(
    *, behorighet: Behorighet, till: date | None = None, nu: bool = False, av: Anvandare | None
) -> Behorighet:
    """Avslutar en behörighet efter dagen `till`, eller genast med `nu` (R1a), och returnerar den.

    Uppdragen som vilar på den avslutas av insatsernas tjänst, i samma transaktion. Ger ValidationError om
    behörigheten redan är avslutad, om dagen inte ligger mellan i dag och den dag då den ändå slutar, eller om SUS då
    skulle stå utan systemadministratör.
    """
    with skriver():
        if behorighet.roll == Roll.SYSTEMADMINISTRATOR:
            _las_systemadministratorerna()
        behorighet = Behorighet.objects.select_for_update().get(pk=behorighet.pk)
        if behorighet.avslutad_vid or behorighet.lage == Giltighetslage.AVSLUTAD:
            raise ValidationError("Behörigheten är redan avslutad.")
        if behorighet.roll == Roll.SYSTEMADMINISTRATOR:
            _krav_en_annan_systemadministrator(behorighet, timezone.localdate() if nu else till, av)
        if nu:
            # Databasens klocka: det är den som nästa begäran mäts mot.
            Behorighet.objects.filter(pk=behorighet.pk).update(avslutad_vid=Now())
        else:
            behorighet.till = _slutdag(behorighet, till)
            behorighet.save(update_fields=["till"])
        logga(
            Handelse.Typ.BEHORIGHET_AVSLUTAD,
            av=av,
            konto=behorighet.anvandare_id,
            behorighet=behorighet.pk,
            behorighetsroll=behorighet.roll,
            nu=nu,
        )
        behorighet.refresh_from_db()
    return behorighet


def _las_systemadministratorerna() -> None:
    """Två systemadministratörer som avslutar varandra samtidigt går en i taget."""
    rader = Behorighet.objects.filter(roll=Roll.SYSTEMADMINISTRATOR, avslutad_vid=None)
    list(rader.select_for_update().order_by("pk").values_list("pk"))


def _krav_en_annan_systemadministrator(behorighet: Behorighet, slut: date | None, av: Anvandare | None) -> None:
    if av is not None and behorighet.anvandare_id == av.pk:
        raise ValidationError(
            "Du kan inte avsluta din egen behörighet som systemadministratör. Be en annan systemadministratör."
        )
    if behorighet.lage == Giltighetslage.KOMMANDE or slut is None:  # utan dag sägs felet vid fältet
        return
    ovriga = Behorighet.objects.gallande().filter(
        roll=Roll.SYSTEMADMINISTRATOR, avslutad_vid=None, anvandare__is_active=True
    )
    if not ovriga.exclude(pk=behorighet.pk).filter(Q(till=None) | Q(till__gt=slut)).exists():
        raise ValidationError(
            "SUS skulle stå utan systemadministratör. Lägg till en annan, vars behörighet gäller längre, först."
        )


def _slutdag(behorighet: Behorighet, till: date | None) -> date:
    if till is None:
        raise ValidationError({"till": "Ange ett datum."})
    if till < timezone.localdate():
        raise ValidationError({"till": "Datumet har redan passerat. Välj Avsluta nu för att avsluta genast."})
    if till < behorighet.fran:
        raise ValidationError({"till": "Till och med kan inte vara före från och med."})
    if behorighet.till and till > behorighet.till:
        raise ValidationError(
            {"till": f"Behörigheten slutar redan {behorighet.till.isoformat()}. Beställ en ny för tiden efter."}
        )
    return till


def skapa_lank(*, anvandare: Anvandare, av: Anvandare | None) -> str:
    """Adressen (utan värdnamn) där personen väljer lösenord. Gäller tills det är gjort, högst tre dygn."""
    with skriver():
        logga(Handelse.Typ.LANK_SKAPAD, av=av, konto=anvandare.pk)
    return lank(anvandare)


def lank(anvandare: Anvandare) -> str:
    """Adressen i en engångslänk. Den räknas ut ur kontot och lagras ingenstans."""
    return reverse("valj_losenord", args=[anvandare.pk, default_token_generator.make_token(anvandare)])


def valj_losenord(*, kod: str, losenord: str, av: Anvandare) -> None:
    """Sätter lösenordet med koden ur en engångslänk, som därmed är förbrukad. Häver en spärr.

    Kontots alla sessioner slutar gälla. Ger ValidationError om koden redan är använd eller för gammal.
    """
    with skriver():
        konto = Anvandare.objects.select_for_update(no_key=True).get(pk=av.pk)
        if not default_token_generator.check_token(konto, kod):
            raise ValidationError(ANVAND_LANK)
        _satt_losenord(konto, losenord)
        logga(Handelse.Typ.LOSENORD_VALT, av=konto)


def byt_losenord(*, losenord: str, av: Anvandare) -> None:
    """Byter användarens eget lösenord. Kontots andra sessioner slutar gälla vid sin nästa begäran."""
    with skriver():
        _satt_losenord(av, losenord)
        logga(Handelse.Typ.LOSENORD_BYTT, av=av)


def _satt_losenord(konto: Anvandare, losenord: str) -> None:
    konto.set_password(losenord)
    konto.save(update_fields=["password"])
    glom_forsoken(konto)
