"""Handboken: en sida per roll, och från varje sida i SUS en länk till sitt avsnitt."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from behorighet.roller import Rattighet, Roll
from behorighet.skydd import Begaran, kraver

REDOGORELSEN_SKREVS: Final = date(2026, 11, 22)


class Kapitel(NamedTuple):
    """Ett kapitel: adressens namn, rubrik, ingress, mall, och avsnitten som id och rubrik i mallens ordning."""

    slug: str
    rubrik: str
    ingress: str
    mall: str
    avsnitt: tuple[tuple[str, str], ...]
    roll: Roll | None = None


KAPITEL: Final[tuple[Kapitel, ...]] = (
    Kapitel(
        "kom-igang",
        "Kom igång",
        "Logga in, hitta, fylla i och spara.",
        "hjalp/kom_igang.html",
        (
            ("logga-in", "Logga in och ut"),
            ("tva-steg", "Tvåstegsinloggning"),
            ("roller", "Roller och uppdrag"),
            ("start", "Startsidan och menyn"),
            ("listor", "Listor och sökning"),
            ("formular", "Formulär"),
            ("historik", "Historik"),
        ),
    ),
    Kapitel(
        "insatsansvarig",
        "Insatsansvarig",
        "Lägger upp insatser, för deras budget och ger uppdrag som deltagaransvarig.",
        "hjalp/insatsansvarig.html",
        (
            ("registrera", "Registrera en insats"),
            ("kategorisering", "Kategorisering, och när den låses"),
            ("budget", "Insatsbudget"),
            ("antal", "Registrera antal i en volyminsats"),
            ("deltagaransvariga", "Ge uppdrag som deltagaransvarig"),
            ("andra", "Ändra, kopiera, avsluta och ta bort"),
            ("las-in", "Läs in ur fil"),
        ),
        Roll.INSATSANSVARIG,
    ),
    Kapitel(
        "deltagaransvarig",
        "Deltagaransvarig",
        "Registrerar deltagare i de insatser där den har uppdrag.",
        "hjalp/deltagaransvarig.html",
        (
            ("samtycke", "Samtycket avgör hur deltagaren registreras"),
            ("inregistrera", "Inregistrera en deltagare"),
            ("fragor", "Kompletterande frågor"),
            ("utregistrera", "Utregistrera en deltagare"),
            ("visa", "Visa deltagare"),
            ("enskild", "Historik enskild deltagare"),
            ("samtycken", "Samtycken och arkivering"),
            ("registreringen", "Sidan om en registrering"),
            ("fel", "När något blev fel"),
            ("atertaget", "När samtycket återtas"),
            ("skyddade", "När personen får skyddade personuppgifter"),
            ("nummer", "Byt samordningsnummer mot personnummer"),
            ("anonyma", "Anonyma deltagare"),
            ("skydd", "Så skyddas deltagarnas uppgifter"),
            ("registerutdrag", "Registerutdrag"),
            ("las-in", "Läs in ur fil"),
            ("kontorets-deltagare", "Visa deltagare hos kontoret i Af/FK-samarbetet"),
            ("tidslinjen", "Ett samarbete och dess tidslinje"),
            ("medverkan", "Registrera medverkan i Af/FK-samarbetet"),
            ("overgangar", "Registrera övergångar"),
            ("samarbetets-uppgifter", "Uppgifter före och efter samarbetet"),
            ("samarbetet-andras", "Byt kontor, ångra och återtaget samtycke i samarbetet"),
        ),
        Roll.DELTAGARANSVARIG,
    ),
    Kapitel(
        "samverkansadministrator",
        "Samverkansadministratör",
        "Beskriver samverkansorganisationen, för dess budget och ger uppdrag i den.",
        "hjalp/samverkansadministrator.html",
        (
            ("uppgifter", "Samverkansorganisationens uppgifter"),
            ("omrade", "Kommuner och stadsdelar"),
            ("ingaende", "Ingående organisationer"),
            ("uppdrag", "Ge och avsluta uppdrag"),
            ("budget", "Samverkansorganisationens budget"),
            ("fragor", "Kompletterande frågor"),
        ),
        Roll.SAMVERKANSADMINISTRATOR,
    ),
    Kapitel(
        "bestallare",
        "Beställare",
        "Beställer och avslutar behörigheter för personalen i den egna organisationen, och granskar loggen.",
        "hjalp/bestallare.html",
        (
            ("bestall", "Beställa en behörighet"),
            ("avsluta", "Avsluta en behörighet"),
            ("lank", "Engångslänken till ett konto"),
            ("genomgang", "Genomgång av behörigheter"),
            ("loggkontroll", "Loggkontroll"),
            ("logg", "Åtkomstloggen"),
        ),
        Roll.BESTALLARE,
    ),
    Kapitel(
        "systemadministrator",
        "Systemadministratör",
        "Lägger upp organisationer, beställare, samverkansorganisationer och kodverk, och gallrar.",
        "hjalp/systemadministrator.html",
        (
            ("organisationer", "Organisationer och deras beställare"),
            ("konton", "Konton och tvåstegsinloggning"),
            ("samverkansorganisationer", "Samverkansorganisationer"),
            ("nummerbyte", "När ett byte till personnummer nekas"),
            ("kodverk", "Kodverk"),
            ("kontor", "Kontor i Af/FK-samarbetet"),
            ("overgangar", "Övergångar i Af/FK-samarbetet"),
            ("gallring", "Gallring"),
        ),
        Roll.SYSTEMADMINISTRATOR,
    ),
    Kapitel(
        "analytiker",
        "Analytiker",
        "Tar fram rapporter. Det får alla med en roll, och SUS-rapport är rollen för den som bara gör det.",
        "hjalp/analytiker.html",
        (
            ("urval", "Välja vad rapporten ska visa"),
            ("spara-urval", "Spara ett urval, och dela det"),
            ("lasa", "Läsa rapporten"),
            ("filer", "Spara som PDF, Excel eller CSV"),
            ("langa", "Långa rapporter, och Mina rapporter"),
            ("beskrivningar", "Se vad en insats är"),
            ("samarbetet", "Ledtider, status och övergångar i Af/FK-samarbetet"),
        ),
        Roll.SUS_RAPPORT,
    ),
)
_PER_SLUG: Final = {kapitel.slug: kapitel for kapitel in KAPITEL}

# Adressens namn, eller en namnrymd med kolon för alla som inte står för sig → kapitel och avsnitt.
AVSNITT: Final[Mapping[str, tuple[str, str]]] = {
    "start": ("kom-igang", "start"),
    "byt_losenord": ("kom-igang", "logga-in"),
    "tva_steg": ("kom-igang", "tva-steg"),
    "tva_steg_app": ("kom-igang", "tva-steg"),
    "tva_steg_nyckel": ("kom-igang", "tva-steg"),
    "tva_steg_namn": ("kom-igang", "tva-steg"),
    "tva_steg_ta_bort": ("kom-igang", "tva-steg"),
    "reservkoder": ("kom-igang", "tva-steg"),
    "nya_reservkoder": ("kom-igang", "tva-steg"),
    "bekrafta": ("kom-igang", "tva-steg"),
    "vem_far_vad": ("kom-igang", "roller"),
    "insatser:": ("insatsansvarig", "andra"),
    "insatser:lista": ("kom-igang", "listor"),
    "insatser:kategorier": ("insatsansvarig", "kategorisering"),
    "insatser:ny": ("insatsansvarig", "registrera"),
    "insatser:insats": ("insatsansvarig", "registrera"),
    "insatser:budget": ("insatsansvarig", "budget"),
    "insatser:andra_budget": ("insatsansvarig", "budget"),
    "insatser:ta_bort_budgetrader": ("insatsansvarig", "budget"),
    "insatser:historik": ("kom-igang", "historik"),
    "deltagare:": ("deltagaransvarig", "inregistrera"),
    "deltagare:visa": ("deltagaransvarig", "visa"),
    "deltagare:export": ("deltagaransvarig", "visa"),
    "deltagare:person": ("deltagaransvarig", "enskild"),
    "deltagare:samtycken": ("deltagaransvarig", "samtycken"),
    "deltagare:deltagande": ("deltagaransvarig", "registreringen"),
    "deltagare:personnummer": ("deltagaransvarig", "registreringen"),
    "deltagare:ratta": ("deltagaransvarig", "fel"),
    "deltagare:deltagandets_fragor": ("deltagaransvarig", "fel"),
    "deltagare:utregistrera": ("deltagaransvarig", "utregistrera"),
    "deltagare:angra": ("deltagaransvarig", "fel"),
    "deltagare:aterta": ("deltagaransvarig", "atertaget"),
    "deltagare:skydda": ("deltagaransvarig", "skyddade"),
    "deltagare:byt_nummer": ("deltagaransvarig", "nummer"),
    "deltagare:anonyma": ("deltagaransvarig", "anonyma"),
    "deltagare:ta_bort_anonyma": ("deltagaransvarig", "anonyma"),
    "deltagare:antal": ("insatsansvarig", "antal"),
    "deltagare:historik": ("kom-igang", "historik"),
    "deltagare:registerutdrag": ("deltagaransvarig", "registerutdrag"),
    "samarbete:": ("deltagaransvarig", "overgangar"),
    "samarbete:visa": ("deltagaransvarig", "kontorets-deltagare"),
    "samarbete:export": ("deltagaransvarig", "kontorets-deltagare"),
    "samarbete:personnummer": ("deltagaransvarig", "kontorets-deltagare"),
    "samarbete:samarbete": ("deltagaransvarig", "tidslinjen"),
    "samarbete:registrera": ("deltagaransvarig", "medverkan"),
    "samarbete:uppgifter": ("deltagaransvarig", "samarbetets-uppgifter"),
    "samarbete:byt_kontor": ("deltagaransvarig", "samarbetet-andras"),
    "samarbete:angra": ("deltagaransvarig", "samarbetet-andras"),
    "samarbete:aterta": ("deltagaransvarig", "samarbetet-andras"),
    "samarbete:angra_bytet": ("deltagaransvarig", "samarbetet-andras"),
    "samarbete:ratta": ("deltagaransvarig", "samarbetet-andras"),
    "samarbete:skydda": ("deltagaransvarig", "skyddade"),
    "samarbete:byt_nummer": ("deltagaransvarig", "nummer"),
    "samarbete:registerutdrag": ("deltagaransvarig", "registerutdrag"),
    "inlasning:insatser": ("insatsansvarig", "las-in"),
    "inlasning:granska_insatser": ("insatsansvarig", "las-in"),
    "inlasning:deltaganden": ("deltagaransvarig", "las-in"),
    "inlasning:granska_deltaganden": ("deltagaransvarig", "las-in"),
    "rapporter:": ("analytiker", "samarbetet"),
    "rapporter:insats": ("analytiker", "urval"),
    "rapporter:bestall": ("analytiker", "langa"),
    "rapporter:mina": ("analytiker", "langa"),
    "rapporter:bestallning": ("analytiker", "langa"),
    "rapporter:hamta": ("analytiker", "langa"),
    "rapporter:avbryt": ("analytiker", "langa"),
    "rapporter:ta_bort": ("analytiker", "langa"),
    "rapporter:sparade": ("analytiker", "spara-urval"),
    "rapporter:spara": ("analytiker", "spara-urval"),
    "rapporter:sparat": ("analytiker", "spara-urval"),
    "rapporter:andra_sparat": ("analytiker", "spara-urval"),
    "rapporter:ta_bort_sparat": ("analytiker", "spara-urval"),
    "rapporter:aterstall_sparat": ("analytiker", "spara-urval"),
    "uppdrag:": ("samverkansadministrator", "uppdrag"),
    "uppdrag:organisationer": ("kom-igang", "listor"),
    "uppdrag:organisationsexport": ("kom-igang", "listor"),
    "uppdrag:ny_organisation": ("systemadministrator", "samverkansorganisationer"),
    "uppdrag:valj_forsta": ("systemadministrator", "samverkansorganisationer"),
    "uppdrag:ge_forsta": ("systemadministrator", "samverkansorganisationer"),
    "uppdrag:organisation": ("samverkansadministrator", "uppgifter"),
    "uppdrag:andra_organisation": ("samverkansadministrator", "uppgifter"),
    "uppdrag:omrade": ("samverkansadministrator", "omrade"),
    "uppdrag:ta_bort_ur_omradet": ("samverkansadministrator", "omrade"),
    "uppdrag:valj_part": ("samverkansadministrator", "ingaende"),
    "uppdrag:part": ("samverkansadministrator", "ingaende"),
    "uppdrag:organisationsbudget": ("samverkansadministrator", "budget"),
    "uppdrag:organisationsbudget_ar": ("samverkansadministrator", "budget"),
    "uppdrag:andra_organisationsbudget": ("samverkansadministrator", "budget"),
    "uppdrag:historik": ("kom-igang", "historik"),
    "uppdrag:valj_pa_insats": ("insatsansvarig", "deltagaransvariga"),
    "uppdrag:ge_pa_insats": ("insatsansvarig", "deltagaransvariga"),
    "uppdrag:avsluta_pa_insats": ("insatsansvarig", "deltagaransvariga"),
    "uppdrag:genomgang": ("bestallare", "genomgang"),
    "uppdrag:avsluta_behorighet": ("bestallare", "avsluta"),
    "uppdrag:anvandares_historik": ("kom-igang", "historik"),
    "uppdrag:kontots_historik": ("kom-igang", "historik"),
    "fragor:": ("samverkansadministrator", "fragor"),
    "behorigheter": ("bestallare", "bestall"),
    "bestall_behorighet": ("bestallare", "bestall"),
    "bestall_behorighet_at": ("bestallare", "bestall"),
    "visa_lank": ("bestallare", "lank"),
    "ny_lank": ("bestallare", "lank"),
    "gjord_genomgang": ("bestallare", "genomgang"),
    "granskning:": ("bestallare", "loggkontroll"),
    "granskning:logg": ("bestallare", "logg"),
    "organisationer": ("systemadministrator", "organisationer"),
    "ny_organisation": ("systemadministrator", "organisationer"),
    "organisation": ("systemadministrator", "organisationer"),
    "ny_bestallare": ("systemadministrator", "organisationer"),
    "bestallare_at": ("systemadministrator", "organisationer"),
    "avsluta_bestallare": ("systemadministrator", "organisationer"),
    "visa_bestallares_lank": ("systemadministrator", "konton"),
    "ny_bestallares_lank": ("systemadministrator", "konton"),
    "nollstall_tva_steg": ("systemadministrator", "konton"),
    "kodverk:": ("systemadministrator", "kodverk"),
    "kontor:": ("systemadministrator", "kontor"),
    "matris:": ("systemadministrator", "overgangar"),
    "gallring:": ("systemadministrator", "gallring"),
}


def avsnitt_for(namn: str) -> tuple[str, str] | None:
    """Kapitlet och avsnittet för adressens namn, None om sidan inte har något."""
    namnrymd, kolon, _ = namn.rpartition(":")
    return AVSNITT.get(namn) or (AVSNITT.get(f"{namnrymd}:") if kolon else None)


def hjalp(request: HttpRequest) -> dict[str, Any]:
    """Kontextprocessor: `hjalp_om_sidan` är adressen till avsnittet om den visade sidan, för den som har en roll."""
    anvandare = getattr(request, "user", None)
    if anvandare is None or not anvandare.is_authenticated or not request.resolver_match or not anvandare.roller_nu:
        return {}
    avsnitt = avsnitt_for(request.resolver_match.view_name)
    return {"hjalp_om_sidan": f"{reverse('handbok_kapitel', args=avsnitt[:1])}#{avsnitt[1]}"} if avsnitt else {}


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def handbok(request: Begaran) -> HttpResponse:
    """Handbokens innehåll, med den egna rollens kapitel först."""
    egna = request.user.roller_nu
    return render(
        request,
        "hjalp/handbok.html",
        {
            "egna": [kapitel for kapitel in KAPITEL if kapitel.roll in egna],
            "ovriga": [kapitel for kapitel in KAPITEL if kapitel.roll not in egna],
        },
    )


@require_safe
@kraver(Rattighet.VISA_INSATSER)
def handbok_kapitel(request: Begaran, kapitel: str) -> HttpResponse:
    """Ett kapitel i handboken."""
    if kapitel not in _PER_SLUG:
        raise Http404
    valt = _PER_SLUG[kapitel]
    return render(request, valt.mall, {"kapitel": valt})


@require_safe
@login_not_required
def tillganglighet(request: HttpRequest) -> HttpResponse:
    """Tillgänglighetsredogörelsen enligt lagen om tillgänglighet till digital offentlig service."""
    return render(
        request,
        "hjalp/tillganglighet.html",
        {"epost": settings.SUS_TILLGANGLIGHET_EPOST, "skrevs": REDOGORELSEN_SKREVS},
    )
