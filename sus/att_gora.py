"""*Att göra* på startsidan: en rad per sak som väntar på användaren, med länk dit (`granssnitt.md` 3).

En ny rad är en funktion som ger rader, och en plats i `KALLOR`. Funktionen räknar med den app som äger sakerna, med
samma urval som listan den leder till, och körs bara för den som har rättigheten.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone

from behorighet.genomgang import nasta_genomgang
from behorighet.granskning import ogranskade_manader
from behorighet.models import Anvandare, Behorighet
from behorighet.models.konto import VARSEL_DAGAR
from behorighet.roller import BESTALLS_MED, Rattighet
from behorighet.skydd import satt_sammanhang
from deltagare.brister import Brist as Deltagarbrist
from deltagare.brister import antal_per_insats
from deltagare.forms.samarbete.visa import Samarbetsstatus
from deltagare.models import Deltagande, Gallring, Samarbete
from deltagare.samarbetsbrister import Samarbetsbrist, antal_med_samarbetsbrist
from insatser.brister import Brist, antal_med_brist, utan_insatsansvarig
from insatser.models import Insats, Samverkansorganisation, Uppdrag


@dataclass(frozen=True, slots=True)
class Rad:
    """En sak att göra. `antal` är None för det som inte räknas; utan `adress` är raden bara text."""

    text: str
    antal: int | None = None
    adress: str = ""


Kalla = Callable[[Anvandare], Iterable[Rad]]


def att_gora(anvandare: Anvandare) -> list[Rad]:
    """Raderna för användaren, i källornas ordning; tom när inget väntar."""
    return [
        rad for rattighet, kalla in KALLOR if rattighet is None or anvandare.far(rattighet) for rad in kalla(anvandare)
    ]


def _personalens_behorigheter(anvandare: Anvandare) -> Iterator[Rad]:
    """Det som beställaren ser över: behörigheter som slutar snart, och genomgången en gång om året."""
    personal = Anvandare.objects.synliga_for(anvandare, Rattighet.BESTALLA_BEHORIGHET)
    if antal := Behorighet.objects.slutar_snart().filter(anvandare__in=personal).count():
        text = f"Behörigheter som slutar inom {VARSEL_DAGAR} dagar"
        yield Rad(text, antal, f"{reverse('behorigheter')}?slutar={VARSEL_DAGAR}")
    dag, idag = nasta_genomgang(anvandare.arbetsgivare), timezone.localdate()
    if dag and dag < idag + timedelta(days=VARSEL_DAGAR):
        nar = "skulle ha varit gjord" if dag < idag else "ska vara gjord"
        yield Rad(f"Genomgång av behörigheter: {nar} senast {dag}", adress=reverse("uppdrag:genomgang"))


def _loggkontroll(anvandare: Anvandare) -> Iterator[Rad]:
    """Månaderna vars läsningar av personer inte är granskade (P8)."""
    if antal := ogranskade_manader(anvandare.arbetsgivare, idag=timezone.localdate()):
        yield Rad("Månader att granska i Loggkontroll", antal, reverse("granskning:loggkontroller"))


def _egna_som_slutar(anvandare: Anvandare) -> Iterator[Rad]:
    """Den egna behörigheten och de egna uppdragen som slutar snart."""
    behorigheter = Behorighet.objects.gallande().slutar_snart().filter(anvandare=anvandare)
    for behorighet in behorigheter.order_by("till", "pk"):
        yield Rad(
            f"Din behörighet som {behorighet.get_roll_display().lower()} slutar {behorighet.till}. "
            f"Vänd dig till {_bestalls_av(behorighet)} om du behöver den längre."
        )
    uppdragen = Uppdrag.objects.gallande().slutar_snart().filter(behorighet__anvandare=anvandare).att_visa()
    for uppdrag in uppdragen.order_by("till", "pk"):
        roll = uppdrag.behorighet.get_roll_display().lower()
        text = f"Ditt uppdrag som {roll} slutar {uppdrag.till}: {uppdrag.plats}"
        yield Rad(text, adress=uppdrag.plats.get_absolute_url())


def _bestalls_av(behorighet: Behorighet) -> str:
    bestallare = behorighet.roll in BESTALLS_MED[Rattighet.BESTALLA_BEHORIGHET]
    return "beställaren hos din arbetsgivare" if bestallare else "en systemadministratör"


def _insatser_med_brister(anvandare: Anvandare) -> Iterator[Rad]:
    """Det som saknas i den insatsansvarigas insatser."""
    idag = timezone.localdate()
    egna = Insats.objects.synliga_for(anvandare, Rattighet.REGISTRERA_INSATS)
    for brist, antal in antal_med_brist(egna, idag=idag).items():
        if antal:
            yield Rad(_BRISTER[brist].format(i_ar=idag.year, forra=idag.year - 1), antal, _listan(brist))


_BRISTER: Final = {
    Brist.UTAN_ANSVARIG: "Insatser utan deltagaransvarig",
    Brist.UTAN_PLAN: "Insatser utan planerat antal eller budget {i_ar}",
    Brist.UTAN_UTFALL: "Insatser utan utfall {forra}",
    Brist.DELTAGARE_KVAR: "Insatser som har slutat med deltagare kvar",
    Brist.UTAN_ANTAL: "Volyminsatser utan antal",
}


def _listan(brist: Brist) -> str:
    return reverse("insatser:lista", query={"brist": brist.value})


def _deltaganden_med_brister(anvandare: Anvandare) -> Iterator[Rad]:
    """Det som väntar i den deltagaransvarigas insatser: en rad per insats, de första av dem."""
    satt_sammanhang(anvandare)  # radskyddet: startsidan når annars inga deltaganden
    egna = Deltagande.objects.synliga_for(anvandare, Rattighet.REGISTRERA_DELTAGARE)
    per_insats = antal_per_insats(egna, idag=timezone.localdate())
    for brist, text in _DELTAGARBRISTER.items():
        har = [(insats, insats.antal[brist]) for insats in per_insats if insats.antal[brist]]
        for insats, antal in har[:HOGST_INSATSER]:
            yield Rad(f"{text}: {insats.namn}", antal, _deltagarlistan(brist, insats.insats_id))
        if (fler := len(har) - HOGST_INSATSER) > 0:
            resten = f"{text}: … och {fler} {'insats' if fler == 1 else 'insatser'} till"
            antal = sum(antal for _, antal in har[HOGST_INSATSER:])
            yield Rad(resten, antal, _deltagarlistan(brist))


HOGST_INSATSER: Final = 5  # per slag av brist, på startsidan
_DELTAGARBRISTER: Final = {
    Deltagarbrist.INSATSEN_SLUT: "Deltagare kvar i en insats som har slutat",
    Deltagarbrist.OVER_TRE_AR: "Deltagare som har varit inregistrerade i över tre år",
    Deltagarbrist.OBESVARADE_FRAGOR: "Deltagare med obesvarade kompletterande frågor",
    Deltagarbrist.SAMTYCKE_EJ_ARKIVERAT: "Samtycken som inte är markerade som arkiverade",
}


def _deltagarlistan(brist: Deltagarbrist, insats_id: int | None = None) -> str:
    insats = {"insats": insats_id} if insats_id else {}
    return reverse("deltagare:visa", query={**insats, "status": "alla", "brist": brist.value})


def _samarbeten_med_brister(anvandare: Anvandare) -> Iterator[Rad]:
    """Det som väntar hos den deltagaransvarigas kontor i Af/FK-samarbetet."""
    satt_sammanhang(anvandare)
    egna = Samarbete.objects.hos_kontor_for(anvandare, Rattighet.REGISTRERA_DELTAGARE)
    for brist, antal in antal_med_samarbetsbrist(egna, idag=timezone.localdate()).items():
        if antal:
            adress = reverse("samarbete:visa", query={"status": Samarbetsstatus.HOS.value, "brist": brist.value})
            yield Rad(_SAMARBETSBRISTER[brist], antal, adress)


_SAMARBETSBRISTER: Final = {
    Samarbetsbrist.VANTAT_LANGE: "Deltagare som har väntat i över 30 dagar i Af/FK-samarbetet",
    Samarbetsbrist.SAMTYCKE_EJ_ARKIVERAT: "Samtycken i Af/FK-samarbetet som inte är markerade som arkiverade",
    Samarbetsbrist.UTAN_UPPGIFTER_FORE: "Samarbeten utan uppgifter före",
    Samarbetsbrist.UTAN_UPPGIFTER_EFTER: "Avslutade samarbeten utan uppgifter efter",
}


def _organisationer_utan_insatsansvarig(anvandare: Anvandare) -> Iterator[Rad]:
    """Där samverkansadministratören inte har gett någon uppdraget."""
    uppdrag = Uppdrag.objects.gallande().filter(behorighet__anvandare=anvandare, insats=None)
    egna = Samverkansorganisation.objects.filter(pk__in=uppdrag.values("samverkansorganisation"))
    if antal := utan_insatsansvarig(egna, idag=timezone.localdate()).count():
        adress = reverse("uppdrag:organisationer", query={"mina": "on", "utan_insatsansvarig": "on"})
        yield Rad("Samverkansorganisationer utan insatsansvarig", antal, adress)


def _gallring(anvandare: Anvandare) -> Iterator[Rad]:
    """En gallring som någon annan har föreslagit och som väntar på att godkännas (P12)."""
    forslag = Gallring.objects.filter(oppen=True, godkand_vid=None).exclude(foreslagen_av=anvandare).first()
    if forslag:
        yield Rad("En gallring att godkänna", adress=reverse("gallring:gallring", args=[forslag.pk]))


# Ordningen är sidans: det som gäller en själv sist.
KALLOR: Final[tuple[tuple[Rattighet | None, Kalla], ...]] = (
    (Rattighet.BESTALLA_BEHORIGHET, _personalens_behorigheter),
    (Rattighet.GRANSKA_LOGG, _loggkontroll),
    (Rattighet.ADMINISTRERA_SYSTEMET, _gallring),
    (Rattighet.GE_UPPDRAG_I_ORGANISATION, _organisationer_utan_insatsansvarig),
    (Rattighet.REGISTRERA_INSATS, _insatser_med_brister),
    (Rattighet.REGISTRERA_DELTAGARE, _samarbeten_med_brister),
    (Rattighet.REGISTRERA_DELTAGARE, _deltaganden_med_brister),
    (None, _egna_som_slutar),
)
