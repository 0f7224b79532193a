"""Det som rör vem samarbetet gäller: återtaget samtycke, skyddade personuppgifter och byte av nummer (P10, R17)."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.databasfel import skriver
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import tjanster
from deltagare.forms import Andring, Bekraftelse, Nummerbyte
from deltagare.forms.samarbete.overgang import Samtyckesaterkallelse
from deltagare.models import Samarbete
from deltagare.overgangar import Myndighet
from deltagare.tjanster.person import REDAN_BORTTAGEN, skydda_fran_samarbete
from deltagare.tjanster.samarbete import aterta_samtycke_for_samarbete
from deltagare.views.bekraftelse import FALT, prova_nummer
from deltagare.views.deltagande import vem
from deltagare.views.samarbete.grund import Oppnat, Sida, adressen, att_andra, bekraftelse, svara

SLUTGILTIGT: Final = "Det går inte att ångra. Identiteten kan inte tas tillbaka."
DAGENS_FALT: Final = dict.fromkeys(
    ("datum_gar_inte_baklanges", "overgangen_ar_oppen", "slut_efter_kontorsbytet", "overgangen_inom_kontorets_tid"),
    "dag",
)
ATERTAGET: Final = (
    "Namn, personnummer, kommun och stadsdel tas bort ur samarbetet.",
    "Samarbetet räknas fortfarande i statistiken. Personen registreras inte som anonym i stället.",
    "Personens registreringar i insatser, och i andra samarbeten, berörs inte.",
)
SKYDDAS: Final = (
    "Namn, personnummer, kommun, stadsdel och svar i fritext tas bort i alla samarbeten och insatser där personen är "
    "registrerad, också i dem som du inte når.",
    "Registreringarna räknas fortfarande i statistiken.",
    "Samarbetet fortsätter utan identitet, och övergångar registreras som vanligt. Det går inte längre att söka på "
    "personen.",
)
BYTS: Final = (
    "Samordningsnumret ersätts av personnumret i alla insatser och samarbeten där personen är registrerad.",
    "Kön och ålder räknas om ur personnumret.",
    "Finns personen redan under personnumret blir de två en och samma person. Namnet är då det som står här.",
)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def aterta(request: Begaran, pk: int) -> HttpResponse:
    """Återtaget samtycke (R27, P10): ett pågående samarbete avbryts, och identiteten tas bort ur det."""
    oppnat = att_andra(request, pk)
    pagar = oppnat.samarbete.slut is None
    avbryts = ["Samarbetet avbryts, med orsaken Samtycket återtas."] if pagar else []
    sida = Sida(
        rubrik="Återtaget samtycke",
        form=bekraftelse(
            Samtyckesaterkallelse if pagar or "dag" in request.POST else Andring,
            "Återta samtycket",
            **({"dag": timezone.localdate()} if pagar else {}),
        ),
        spara=lambda form: _aterta(request, oppnat, form.cleaned_data),
        hinder=REDAN_BORTTAGEN if oppnat.samarbete.avidentifierat else "",
        hander=[*avbryts, *ATERTAGET],
        slutgiltigt=SLUTGILTIGT,
        falt=DAGENS_FALT,
        jamfors=("dag",) if pagar else (),
    )
    return svara(request, oppnat, sida)


def _aterta(request: Begaran, oppnat: Oppnat, data: dict[str, Any]) -> tuple[str, str]:
    kontor = oppnat.kontor_for()
    aterta_samtycke_for_samarbete(
        samarbete=oppnat.samarbete,
        version=data["version"],
        dag=data.get("dag", timezone.localdate()),
        kontor=kontor,
        myndighet=Myndighet(kontor.samverkansform),
        av=request.user,
    )
    return "Samtycket är återtaget. Identiteten är borttagen.", adressen(oppnat.samarbete)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def skydda(request: Begaran, pk: int) -> HttpResponse:
    """Skyddade personuppgifter som har kommit efter registreringen (R19, P10)."""
    oppnat = att_andra(request, pk)
    sida = Sida(
        rubrik="Skyddade personuppgifter",
        form=bekraftelse(Bekraftelse, "Ta bort identiteten"),
        spara=lambda form: _skydda(request, oppnat.samarbete),
        hinder=REDAN_BORTTAGEN if oppnat.samarbete.avidentifierat else "",
        hander=[*SKYDDAS],
        slutgiltigt=SLUTGILTIGT,
    )
    return svara(request, oppnat, sida)


def _skydda(request: Begaran, ett: Samarbete) -> tuple[str, str]:
    skydda_fran_samarbete(samarbete=ett, av=request.user)
    return "Identiteten är borttagen överallt.", adressen(ett)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def byt_nummer(request: Begaran, pk: int) -> HttpResponse:
    """Byt samordningsnumret mot personens personnummer (R17)."""
    oppnat = att_andra(request, pk)
    ett = oppnat.samarbete
    hinder = "" if vem(ett)["samordningsnummer"] else "Personen har redan ett personnummer."
    sida = Sida(
        rubrik="Byt till personnummer",
        form=bekraftelse(Nummerbyte, "Byt till personnummer"),
        spara=lambda form: _byt(request, ett, form.cleaned_data),
        hinder=REDAN_BORTTAGEN if ett.avidentifierat else hinder,
        hander=[*BYTS],
        slutgiltigt="Det går inte att ångra. Kontrollera att personnumret är samma persons.",
        falt=FALT,
        prova=lambda form: _prova(request, oppnat, form.cleaned_data),
        efter_fel=lambda fel: _logga_nekat(request, oppnat, fel),
    )
    return svara(request, oppnat, sida)


def _byt(request: Begaran, ett: Samarbete, data: dict[str, Any]) -> tuple[str, str]:
    tjanster.byt_nummer(deltagande=ett, nytt=data["personnummer"], av=request.user)
    return "Numret är bytt till personnummer.", adressen(ett)


def _prova(request: Begaran, oppnat: Oppnat, data: dict[str, Any]) -> None:
    ett = oppnat.samarbete
    prova_nummer(
        request,
        insats=oppnat.kontor_for(),
        samtycke=ett.samtycke,
        identitet=ett.person.identitet,
        nummer=data["personnummer"],
    )


def _logga_nekat(request: Begaran, oppnat: Oppnat, fel: ValidationError) -> None:
    if getattr(fel, "code", None) == "bytet_nekas":
        with skriver():
            tjanster.logga_nekat_samarbetsbyte(samarbete=oppnat.samarbete, kontor=oppnat.kontor_for(), av=request.user)
