"""Det som ändrar ett samarbete: övergång, byt kontor, rätta begäran, och ångra det senaste (R26, R29, R31)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from deltagare.forms import Andring
from deltagare.forms.samarbete.overgang import (
    BEGARANS_FALT,
    KONTORETS_FALT,
    OVERGANGENS_FALT,
    Begaransrattelse,
    Kontorsbytesform,
    Overgangsform,
)
from deltagare.models import Overgang, Overgangsregel, Samarbete, Samarbetskontor
from deltagare.overgangar import Insatstyp, Myndighet, Orsak
from deltagare.tjanster import samarbete as samarbetstjanster
from deltagare.tjanster import samarbetskontor
from deltagare.tjanster.person import REDAN_BORTTAGEN
from deltagare.tjanster.samarbetskontor import ANGRA_SLUTET_FORST
from deltagare.views.samarbete.grund import Oppnat, Sida, adressen, att_andra, bekraftelse, svara

AVSLUTAT: Final = "Samarbetet är avslutat. En återgång är ett nytt samarbete, med nytt samtycke."
INGET_BYTE: Final = "Kontoren har inte bytts. Det finns inget byte att ångra."
HAR_GATT_VIDARE: Final = "Samarbetet har gått vidare från begäran. Ångra de senare övergångarna först."


def _overgangsform(request: Begaran, oppnat: Oppnat, ett: Samarbete, data: Mapping[str, Any] | None) -> Overgangsform:
    return Overgangsform(
        data,
        samarbete=ett,
        regler=list(Overgangsregel.objects.filter(fran=ett.insatstyp)),
        egna=oppnat.egna,
        avbryt=adressen(ett),
        initial={"till": request.GET.get("till", "")},
    )


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def overgang(request: Begaran, pk: int) -> HttpResponse:
    """Registrera nästa övergång (R26, R31)."""
    oppnat = att_andra(request, pk)
    sida = Sida(
        rubrik="Registrera övergång",
        form=partial(_overgangsform, request, oppnat),
        spara=lambda form: _ga(request, oppnat, form.cleaned_data),
        hinder=AVSLUTAT if oppnat.samarbete.slut else "",
        falt=OVERGANGENS_FALT,
        jamfors=("till", "datum", "orsak"),
    )
    return svara(request, oppnat, sida)


def _ga(request: Begaran, oppnat: Oppnat, data: dict[str, Any]) -> tuple[str, str]:
    till, ett = Insatstyp(data["till"]), oppnat.samarbete
    regel = Overgangsregel.objects.filter(fran=ett.insatstyp, till=till).first()
    kontor = oppnat.kontor_for(Myndighet(regel.myndighet) if regel else None)
    samarbetstjanster.registrera_overgang(
        samarbete=ett,
        version=data["version"],
        till=till,
        datum=data["datum"],
        orsak=data["orsak"],
        kontor=kontor,
        myndighet=Myndighet(kontor.samverkansform),
        av=request.user,
    )
    text = f"Övergången till {till.label} {data['datum'].isoformat()} är registrerad."
    if data["orsak"] == Orsak.SAMTYCKE_ATERTAS:
        text += " Identiteten är borttagen."
    if till == Insatstyp.AVSLUTAT:
        return text, reverse("samarbete:uppgifter", args=[ett.pk, "efter"])
    return text, adressen(ett)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def byt_kontor(request: Begaran, pk: int) -> HttpResponse:
    """Byt kontor (R29)."""
    oppnat = att_andra(request, pk)
    sida = Sida(
        rubrik="Byt kontor",
        form=lambda ett, data: Kontorsbytesform(data, samarbete=ett, avbryt=adressen(ett)),
        spara=lambda form: _byt(request, oppnat, form.cleaned_data),
        hinder="Samarbetet är avslutat. Kontor byts bara medan det pågår." if oppnat.samarbete.slut else "",
        hander=[
            "Samarbetet är hos kontoren du väljer från och med dagen du anger. De förra står kvar i historiken.",
            "Ett kontor som angavs av misstag rättas i stället, med rutan nedan. Det går samma dag, och så länge bara "
            "begäran är registrerad.",
            "Är inget av kontoren ditt ser du samarbetet även sedan, men de nya kontoren registrerar.",
        ],
        falt=KONTORETS_FALT,
        jamfors=("af_kontor", "fk_kontor", "datum"),
    )
    return svara(request, oppnat, sida)


def _byt(request: Begaran, oppnat: Oppnat, data: dict[str, Any]) -> tuple[str, str]:
    samarbetskontor.byt_kontor(
        samarbete=oppnat.samarbete,
        version=data["version"],
        datum=data["datum"],
        rattas=data["rattas"],
        till={Myndighet.AF: data["af_kontor"], Myndighet.FK: data["fk_kontor"]},
        kontor=oppnat.kontor_for(),
        av=request.user,
    )
    gjort = "rättade" if data["rattas"] else f"bytta från och med {data['datum'].isoformat()}"
    return f"Kontoren är {gjort}.", _dit_man_nar(request, oppnat.samarbete)


def _dit_man_nar(request: Begaran, ett: Samarbete) -> str:
    """Samarbetet, eller listan för den som inte når det längre."""
    synliga = Samarbete.objects.synliga_for(request.user, request.rattighet)
    return adressen(ett) if synliga.filter(pk=ett.pk).exists() else reverse("samarbete:visa")


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def angra_bytet(request: Begaran, pk: int) -> HttpResponse:
    """Ångra det senaste bytet av kontor (R29)."""
    oppnat = att_andra(request, pk)
    rader = Samarbetskontor.objects.filter(samarbete=oppnat.samarbete).select_related("af_kontor", "fk_kontor")
    nu, forra = (*rader.order_by("-datum")[:2], None, None)[:2]
    hander, hinder = [], ANGRA_SLUTET_FORST if forra else INGET_BYTE
    if nu and forra and oppnat.samarbete.slut is None:
        hinder = ""
        hander = [
            f"Bytet {nu.datum.isoformat()} till {nu.af_kontor.namn} och {nu.fk_kontor.namn} tas bort.",
            f"Samarbetet är då hos {forra.af_kontor.namn} och {forra.fk_kontor.namn}, som om det aldrig hade bytts.",
            "Kontor som bara har haft samarbetet genom bytet ser det inte längre. Är de dina gäller det också dig.",
        ]
    sida = Sida(
        rubrik="Ångra bytet av kontor",
        form=bekraftelse(Andring, "Ångra bytet"),
        spara=lambda form: _angra_bytet(request, oppnat, form.cleaned_data["version"]),
        hinder=hinder,
        hander=hander,
    )
    return svara(request, oppnat, sida)


def _angra_bytet(request: Begaran, oppnat: Oppnat, version: int) -> tuple[str, str]:
    samarbetskontor.angra_byte_av_kontor(
        samarbete=oppnat.samarbete, version=version, kontor=oppnat.kontor_for(), av=request.user
    )
    return "Bytet av kontor är ångrat.", _dit_man_nar(request, oppnat.samarbete)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def ratta(request: Begaran, pk: int) -> HttpResponse:
    """Rätta begärans datum och samtycke, så länge den är den enda övergången (R26, R27)."""
    oppnat = att_andra(request, pk)
    vidare = oppnat.samarbete.insatstyp != Insatstyp.BEGARAN
    sida = Sida(
        rubrik="Rätta begäran",
        form=lambda ett, data: Begaransrattelse(data, samarbete=ett, avbryt=adressen(ett)),
        spara=lambda form: _ratta(request, oppnat, form.cleaned_data),
        hinder=REDAN_BORTTAGEN if oppnat.samarbete.avidentifierat else HAR_GATT_VIDARE if vidare else "",
        falt=BEGARANS_FALT,
        jamfors=("datum", "samtycke"),
    )
    return svara(request, oppnat, sida)


def _ratta(request: Begaran, oppnat: Oppnat, data: dict[str, Any]) -> tuple[str, str]:
    samarbetstjanster.ratta_begaran(
        samarbete=oppnat.samarbete,
        version=data["version"],
        datum=data["datum"],
        samtycke=data["samtycke"],
        kontor=oppnat.kontor_for(),
        av=request.user,
    )
    return "Begäran är rättad.", adressen(oppnat.samarbete)


@never_cache
@require_http_methods(["GET", "POST"])
@kraver(Rattighet.REGISTRERA_DELTAGARE)
def angra(request: Begaran, pk: int) -> HttpResponse:
    """Ångra den senaste övergången (R31)."""
    oppnat = att_andra(request, pk)
    senaste = Overgang.objects.filter(samarbete=oppnat.samarbete).order_by("-ordning").first()
    hinder = _hinder_att_angra(oppnat.samarbete, senaste)
    sida = Sida(
        rubrik="Ångra den senaste övergången",
        form=bekraftelse(Andring, "Ångra övergången"),
        spara=lambda form: _angra(request, oppnat, form.cleaned_data["version"]),
        hinder=hinder,
        hander=_nar_den_angras(senaste) if senaste and not hinder else [],
    )
    return svara(request, oppnat, sida)


def _hinder_att_angra(ett: Samarbete, senaste: Overgang | None) -> str:
    if senaste is None or senaste.ordning == 1:
        return "Begäran går inte att ångra. Rätta den, eller registrera Avbrutet samarbete."
    if senaste.orsak == Orsak.SAMTYCKE_ATERTAS:
        return "Samtycket är återtaget, och identiteten borttagen. Det går inte att ångra."
    if ett.slut and ett.avidentifierat:
        return samarbetstjanster.OPPNAS_INTE
    return ""


def _nar_den_angras(senaste: Overgang) -> list[str]:
    hander = [
        f"Övergången till {Insatstyp(senaste.till).label} {senaste.datum.isoformat()} tas bort.",
        f"Deltagaren är då i {Insatstyp(senaste.fran).label}.",
    ]
    if senaste.till == Insatstyp.AVSLUTAT:
        hander.append("Uppgifterna om situationen efter tas bort. De frågas på nytt när samarbetet avslutas.")
    return hander


def _angra(request: Begaran, oppnat: Oppnat, version: int) -> tuple[str, str]:
    samarbetstjanster.angra_overgang(
        samarbete=oppnat.samarbete, version=version, kontor=oppnat.kontor_for(), av=request.user
    )
    return "Övergången är ångrad.", adressen(oppnat.samarbete)
