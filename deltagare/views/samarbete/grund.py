"""Det som samarbetets sidor delar: samarbetet inom räckhåll, användarens kontor, och en sida som ändrar något."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from behorighet.inskick import dubbelklick, en_gang
from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.skydd import Begaran
from deltagare import tjanster
from deltagare.forms import Bekraftelse
from deltagare.models import Overgang, Samarbete, SamarbeteQuerySet
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.views.deltagande import vem
from deltagare.views.egna import egna_kontor
from fkui.fel import visa_fel
from fkui.templatetags.fkui import utdata
from insatser.models import Insats

ANDRA_KONTOR: Final = (
    "Samarbetet är hos andra kontor nu. Du ser det för att det har varit hos ditt. Det är de som registrerar."
)


class Oppnat(NamedTuple):
    """Ett samarbete inom räckhåll, och de egna kontoren som det är hos nu: tomt om det bara har varit där."""

    samarbete: Samarbete
    kontor: list[Insats]

    @property
    def egna(self) -> set[Myndighet]:
        """Myndigheterna som användaren registrerar för här."""
        return {Myndighet(ett.samverkansform) for ett in self.kontor}

    def kontor_for(self, myndighet: Myndighet | None = None) -> Insats:
        """Det egna kontoret hos myndigheten, annars det andra egna. Ger PermissionDenied utan något."""
        if not self.kontor:
            raise PermissionDenied
        return next((ett for ett in self.kontor if ett.samverkansform == myndighet), self.kontor[0])


def nadda(request: Begaran) -> SamarbeteQuerySet:
    """Samarbetena inom räckhåll, med det som sidorna visar."""
    return Samarbete.objects.synliga_for(request.user, request.rattighet).select_related(
        "person__identitet", "af_kontor", "fk_kontor", "folkbokforing__kommun", "folkbokforing__stadsdel"
    )


def oppna(request: Begaran, pk: int, *, typ: Handelse.Typ = Handelse.Typ.PERSON_VISAD) -> Oppnat:
    """Samarbetet, om det är inom räckhåll (R28). Läsningen loggas innan något visas (P8)."""
    ett = get_object_or_404(nadda(request), pk=pk)
    kontor = list(egna_kontor(request).filter(pk__in=[ett.af_kontor_id, ett.fk_kontor_id]))
    tjanster.logga_samarbetsvisning(samarbete=ett, typ=typ, kontor_id=kontor[0].pk if kontor else None, av=request.user)
    return Oppnat(ett, kontor)


def att_andra(request: Begaran, pk: int) -> Oppnat:
    """Som `oppna`, för den som registrerar: 403 för den vars kontor samarbetet inte är hos längre."""
    oppnat = oppna(request, pk)
    if not oppnat.kontor:
        raise PermissionDenied
    return oppnat


def laget(samarbete: Samarbete) -> str:
    """Var samarbetet är, sedan när och hos vilka: det som visas när någon annan hann före."""
    senaste = Overgang.objects.filter(samarbete=samarbete).order_by("-ordning").first()
    text = f"{Insatstyp(samarbete.insatstyp).label}"
    text += f" sedan {senaste.datum.isoformat()}" if senaste else ""
    text += f", {samarbete.af_kontor.namn} och {samarbete.fk_kontor.namn}"
    return f"{text}, utan identitet" if samarbete.avidentifierat else text


def bekraftelse(
    klass: type[Bekraftelse], knapp: str, **initial: Any
) -> Callable[[Samarbete, Mapping[str, Any] | None], Bekraftelse]:
    """Formuläret till en sida som bekräftas."""

    def form(ett: Samarbete, data: Mapping[str, Any] | None) -> Bekraftelse:
        return klass(data, initial={"version": ett.version, **initial}, knapp=knapp, avbryt=adressen(ett))

    return form


@dataclass
class Sida:
    """En sida som ändrar ett samarbete: formuläret, vad det gör, och varför det inte går alls."""

    rubrik: str
    form: Callable[[Samarbete, Mapping[str, Any] | None], Any]
    spara: Callable[[Any], tuple[str, str]]
    """Gör det som sidan är till för, och ger beskedet och adressen dit användaren går."""
    hinder: str = ""
    hander: list[str] = field(default_factory=list)
    slutgiltigt: str = ""
    falt: Mapping[str, str] = field(default_factory=dict)
    jamfors: tuple[str, ...] = ()
    """Fälten som visas bredvid det sparade när någon annan hann före."""
    prova: Callable[[Any], None] = lambda form: None
    """Det som prövas före, och ska stå i loggen också när det inte sparas."""
    efter_fel: Callable[[ValidationError], None] = lambda fel: None


def svara(request: Begaran, oppnat: Oppnat, sida: Sida) -> HttpResponse:
    """Visar sidan, eller sparar en gång (P15)."""
    ett = oppnat.samarbete
    if sida.hinder and (svar := dubbelklick(request)) is not None:
        return redirect(svar)
    form = sida.form(ett, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            if not sida.hinder:
                sida.prova(form)
            return redirect(en_gang(request, lambda: _spara(request, sida, form)))
        except Krock as fel:
            return _efter_krock(request, oppnat, sida, fel)
        except ValidationError as fel:
            sida.efter_fel(fel)
            visa_fel(form, fel, falt=sida.falt)
    return _visa(request, ett, sida, form)


def _spara(request: Begaran, sida: Sida, form: Any) -> str:
    if sida.hinder:
        raise ValidationError(sida.hinder)
    text, adress = sida.spara(form)
    messages.success(request, text)
    return adress


def _efter_krock(request: Begaran, oppnat: Oppnat, sida: Sida, fel: Krock) -> HttpResponse:
    """Sidan mot det som nu är sparat, och vad det är."""
    nu = nadda(request).get(pk=oppnat.samarbete.pk)
    data = request.POST.copy()
    data["version"] = str(nu.version)
    form = sida.form(nu, data)
    form.is_valid()
    visa_fel(form, fel)
    skrivet = ", ".join(text for namn in sida.jamfors if (text := utdata(form[namn])) != "–")
    return _visa(request, nu, sida, form, [("Samarbetet", laget(nu), skrivet or sida.rubrik)])


def _visa(
    request: Begaran, ett: Samarbete, sida: Sida, form: Any, skillnader: list[tuple[str, str, str]] | None = None
) -> HttpResponse:
    kontext = {"samarbete": ett, "personen": vem(ett), "sida": sida, "form": form, "skillnader": skillnader or []}
    return render(request, "samarbete/andra.html", kontext)


def adressen(samarbete: Samarbete) -> str:
    """Sidan om samarbetet."""
    return reverse("samarbete:samarbete", args=[samarbete.pk])
