"""Det som bekräftas på en egen sida: ångra, återtaget samtycke, skyddade personuppgifter och byte av nummer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.databasfel import skriver
from behorighet.inskick import dubbelklick
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare import folkbokforing, tjanster
from deltagare.forms import Andring, Aterkallelse, Bekraftelse, Nummerbyte, jamforbart, utan_att_spara
from deltagare.models import Deltagande, Identitet
from deltagare.personnummer import Personnummer
from deltagare.tjanster.person import REDAN_BORTTAGEN
from deltagare.views.deltagande import deltagande_att_visa, nadda, varna, vem
from deltagare.views.egna import kort, med_lank, spara_en_gang
from fkui.fel import visa_fel
from fkui.layout import Lank
from insatser.models import Insats

SLUTGILTIGT = "Det går inte att ångra. Identiteten kan inte tas tillbaka."
UTREGISTRERAS = "Deltagaren utregistreras, med anledningen Återtaget samtycke."
ATERTAGET = (
    "Namn, personnummer, kommun, stadsdel och svar i fritext tas bort ur alla personens registreringar i insatsen.",
    "Registreringen räknas fortfarande i statistiken. Personen registreras inte som anonym i stället.",
    "Personens registreringar i andra insatser berörs inte.",
)
SKYDDAD = (
    "Numret går inte att registrera. Personen ska vara utan identitet: gå tillbaka och välj Skyddade personuppgifter."
)
UTAN_SAMTYCKE = (
    "Dagen för samtycket saknas på registreringen, och utan den går numret inte att kontrollera i folkbokföringen. "
    "Rätta inregistreringen först."
)
FALT = {
    "utregistrering_inte_fore_inregistrering": "dag",
    "utregistrering_inom_insatsen": "dag",
    "numren_har_samma_tid": "personnummer",
    "numren_har_samtycken_i_ordning": "personnummer",
    "numret_fore_inregistreringen": "personnummer",
    "bytet_nekas": "personnummer",
}


@dataclass
class Sida:
    """En sida att bekräfta på: vad som händer, vad som inte går att ångra, och varför det inte går alls."""

    rubrik: str
    knapp: str
    hander: list[str]
    klart: str
    gor: Callable[[dict[str, Any]], Any]
    slutgiltigt: str = ""
    hinder: str = ""
    klass: type[Bekraftelse] = Bekraftelse
    initial: dict[str, Any] = field(default_factory=dict)
    prova: Callable[[dict[str, Any]], None] = lambda data: None
    efter_fel: Callable[[ValidationError], None] = lambda fel: None
    """Det som ska stå kvar när det som bekräftades inte blev av."""


UTREGISTRERINGEN_ANGRAS: Final = [
    "Deltagaren blir pågående igen, från samma inregistrering.",
    "Dagen för utregistrering, avslutningsanledningen och situationen efter tas bort.",
    "Svaren på kompletterande frågor vid utregistreringen tas bort. De kan lämnas på nytt när deltagaren "
    "utregistreras.",
]
FELREGISTRERINGEN_ANGRAS: Final = [
    "Registreringen räknas igen.",
    "Dagen för utregistrering, avslutningsanledningen och situationen efter blir som de var före felregistreringen.",
]


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def angra(request: Begaran, pk: int) -> HttpResponse:
    """Ångra utregistreringen."""
    return _bekrafta(request, deltagande_att_visa(request, pk), _att_angra)


def _att_angra(request: Begaran, ett: Deltagande) -> Sida:
    if ett.utregistrering is None:
        hinder = "Deltagaren är inte utregistrerad."
    elif not tjanster.gar_att_angra(ett):
        hinder = "Identiteten är borttagen, och utregistreringen kan inte ångras."
    else:
        hinder = ""
    forr = tjanster.fore_felregistreringen(ett)
    return Sida(
        rubrik="Ångra utregistreringen",
        knapp="Ångra utregistreringen",
        hander=FELREGISTRERINGEN_ANGRAS if forr else UTREGISTRERINGEN_ANGRAS,
        klart="Felregistreringen är ångrad. Registreringen är som före den."
        if forr
        else "Utregistreringen är ångrad. Deltagaren är inregistrerad igen.",
        klass=Andring,
        hinder=hinder,
        gor=lambda data: tjanster.angra_utregistrering(deltagande=ett, version=data["version"], av=request.user),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def aterta(request: Begaran, pk: int) -> HttpResponse:
    """Återtaget samtycke (R25)."""
    return _bekrafta(request, deltagande_att_visa(request, pk), _att_aterta)


def _att_aterta(request: Begaran, ett: Deltagande) -> Sida:
    idag = timezone.localdate()
    pagar = ett.utregistrering is None
    return Sida(
        rubrik="Återtaget samtycke",
        knapp="Återta samtycket",
        klass=Aterkallelse if pagar or (ett.avidentifierat and "dag" in request.POST) else Andring,
        initial={"dag": idag} if pagar else {},
        hander=[*([UTREGISTRERAS] if pagar else []), *ATERTAGET],
        slutgiltigt=SLUTGILTIGT,
        klart="Samtycket är återtaget. Identiteten är borttagen.",
        hinder=REDAN_BORTTAGEN if ett.avidentifierat else "",
        gor=lambda data: tjanster.aterta_samtycke(
            deltagande=ett, version=data["version"], dag=data.get("dag", idag), av=request.user
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def skydda(request: Begaran, pk: int) -> HttpResponse:
    """Skyddade personuppgifter som har kommit efter registreringen (R19, P10)."""
    return _bekrafta(request, deltagande_att_visa(request, pk), _att_skydda)


def _att_skydda(request: Begaran, ett: Deltagande) -> Sida:
    return Sida(
        rubrik="Skyddade personuppgifter",
        knapp="Ta bort identiteten",
        hander=[
            "Namn, personnummer, kommun, stadsdel och svar i fritext tas bort i alla insatser där personen är "
            "registrerad, också i dem som du inte når.",
            "Registreringarna räknas fortfarande i statistiken.",
            "Den som är inregistrerad fortsätter att vara det, utan identitet, och utregistreras som vanligt. Det går "
            "inte längre att söka på personen.",
        ],
        slutgiltigt=SLUTGILTIGT,
        klart="Identiteten är borttagen ur alla insatser.",
        hinder=REDAN_BORTTAGEN if ett.avidentifierat else "",
        gor=lambda data: tjanster.skydda_deltagaren(deltagande=ett, av=request.user),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def byt_nummer(request: Begaran, pk: int) -> HttpResponse:
    """Byt samordningsnumret mot personens personnummer (R17)."""
    return _bekrafta(request, deltagande_att_visa(request, pk), _att_byta_nummer)


def _att_byta_nummer(request: Begaran, ett: Deltagande) -> Sida:
    hinder = "" if vem(ett)["samordningsnummer"] else "Personen har redan ett personnummer."
    return Sida(
        rubrik="Byt till personnummer",
        knapp="Byt till personnummer",
        klass=Nummerbyte,
        hander=[
            "Samordningsnumret ersätts av personnumret i alla insatser där personen är registrerad.",
            "Kön och ålder räknas om ur personnumret.",
            "Finns personen redan under personnumret blir de två en och samma person. Namnet är då det som står här.",
        ],
        slutgiltigt="Det går inte att ångra. Kontrollera att personnumret är samma persons.",
        klart="Numret är bytt till personnummer.",
        hinder=REDAN_BORTTAGEN if ett.avidentifierat else hinder,
        prova=lambda data: _prova_nummer(request, ett, data["personnummer"]),
        gor=lambda data: _byt(request, ett, data["personnummer"]),
        efter_fel=lambda fel: _logga_nekat(request, ett, fel),
    )


def _byt(request: Begaran, ett: Deltagande, nummer: Personnummer) -> None:
    tjanster.byt_nummer(deltagande=ett, nytt=nummer, av=request.user)
    varna(request, ett, kommun=ett.folkbokforing.kommun, inregistrering=ett.inregistrering, kon=nummer.kon)


def _prova_nummer(request: Begaran, ett: Deltagande, nummer: Personnummer) -> None:
    prova_nummer(request, insats=ett.insats, samtycke=ett.samtycke, identitet=ett.person.identitet, nummer=nummer)


def prova_nummer(
    request: Begaran, *, insats: Insats, samtycke: date | None, identitet: Identitet, nummer: Personnummer
) -> None:
    """Ger ValidationError om den som har numret har skyddade personuppgifter (R19) eller ett annat namn (P2).

    Frågan loggas som *Hämta*. Det hämtade namnet visas aldrig: det är samma som redan står på sidan.
    """
    if not folkbokforing.finns():
        return
    if samtycke is None:
        raise ValidationError(UTAN_SAMTYCKE)
    try:
        svar = tjanster.hamta(insats=insats, nummer=nummer, samtycke=samtycke, av=request.user)
    except folkbokforing.Otillganglig as fel:
        raise ValidationError(str(fel)) from None
    if svar.skyddad:
        raise ValidationError({"personnummer": SKYDDAD})
    namn = [(getattr(svar, falt), identitet.klartext(falt)) for falt in ("fornamn", "efternamn")]
    if not svar.hittad or any(jamforbart(hamtat) != jamforbart(sparat) for hamtat, sparat in namn):
        raise tjanster.nekat_byte()


def _logga_nekat(request: Begaran, ett: Deltagande, fel: ValidationError) -> None:
    if getattr(fel, "code", None) == "bytet_nekas":
        with skriver():
            tjanster.logga_nekat_byte(deltagande=ett, av=request.user)


def _bekrafta(request: Begaran, ett: Deltagande, bygg: Callable[[Begaran, Deltagande], Sida]) -> HttpResponse:
    sida = bygg(request, ett)
    if sida.hinder and (svar := dubbelklick(request)) is not None:
        return redirect(svar)
    adress = reverse("deltagare:deltagande", args=[ett.pk])
    initial = {"version": ett.version, **sida.initial}
    form = sida.klass(
        request.POST if request.method == "POST" else None, initial=initial, knapp=sida.knapp, avbryt=adress
    )
    if form.is_bound and form.is_valid():
        try:
            if not sida.hinder:
                sida.prova(form.cleaned_data)
            return redirect(spara_en_gang(request, lambda: _gor(request, sida, form.cleaned_data, adress)))
        except Krock as fel:
            return _efter_krock(request, ett, bygg, fel)
        except ValidationError as fel:
            sida.efter_fel(fel)
            visa_fel(form, fel, falt=FALT)
            if sida.hinder:
                utan_att_spara(form, Lank("Till registreringen", adress))
    return _sidan(request, ett, sida, form)


def _gor(request: Begaran, sida: Sida, data: dict[str, Any], adress: str) -> str:
    if sida.hinder:
        raise ValidationError(sida.hinder)
    sida.gor(data)
    messages.success(request, sida.klart)
    return adress


def _efter_krock(
    request: Begaran, ett: Deltagande, bygg: Callable[[Begaran, Deltagande], Sida], fel: Krock
) -> HttpResponse:
    """Sidan mot det som nu är sparat, och vad det är: det som händer, eller varför det inte längre går."""
    nu = nadda(request).get(pk=ett.pk)
    sida = bygg(request, nu)
    data = request.POST.copy()
    data["version"] = str(nu.version)
    adress = reverse("deltagare:deltagande", args=[nu.pk])
    form = sida.klass(data, knapp=sida.knapp, avbryt=adress)
    form.is_valid()
    if nu.utregistrering and "dag" in request.POST:  # sidan gällde en som pågick
        visa_fel(form, ValidationError(med_lank(tjanster.RedanUtregistrerad(nu).messages[0], nu)))
    if sida.hinder:
        visa_fel(form, ValidationError(sida.hinder))
        utan_att_spara(form, Lank("Till registreringen", adress))
        return _sidan(request, nu, sida, form)
    visa_fel(form, fel)
    return _sidan(request, nu, sida, form, skillnader=[("Registreringen", kort(nu), sida.rubrik)])


def _sidan(
    request: Begaran,
    ett: Deltagande,
    sida: Sida,
    form: Bekraftelse,
    skillnader: list[tuple[str, str, str]] | None = None,
) -> HttpResponse:
    kontext = {"deltagande": ett, "insats": ett.insats, "personen": vem(ett), "sida": sida, "form": form}
    return render(request, "deltagare/deltagande_bekrafta.html", {**kontext, "skillnader": skillnader or []})
