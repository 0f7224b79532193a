"""Konton att arbeta med i en databas som `generera` har fyllt, och facit: finns det som kvitterades, en gång?"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from last_anvandare import INSATSER_VAR, LOSENORD, Kvitton, Person
from last_tjanster import vanta

RADER_ATT_BESTALLA: Final = 80  # insatser i urvalet: med kön och jämförelse är det en lång rapport
RAPPORTERNA_KLARA: Final = 600.0  # sekunder efter lasten
ANALYTIKER_AV: Final = 4  # var fjärde tar fram rapporter, de andra registrerar
FODDA: Final = (date(2001, 1, 1), date(2006, 12, 31))  # `generera --skala riket` slutar med 2000


class Ut(NamedTuple):
    """Utfallet av en kontroll: vad, hur många som kvitterades, hur många som finns, och om det är rätt."""

    vad: str
    kvitterade: int
    finns: int
    ratt: bool


def personer(antal: int) -> list[Person]:
    """Skapar så många konton, med uppdrag i var sina insatser, och ger dem."""
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415 (Django sätts upp i last.py)
    from django.db import transaction  # noqa: PLC0415

    from behorighet.models import Anvandare, Behorighet, Organisation  # noqa: PLC0415
    from insatser.models import Uppdrag  # noqa: PLC0415

    omgang, losenord, fran = uuid4().hex[:6], make_password(LOSENORD), date.today() - timedelta(days=400)
    analytiker = max(antal // ANALYTIKER_AV, 1)
    insatser, forbund = _insatser((antal - analytiker) * INSATSER_VAR), _forbund(analytiker)
    alla = []
    with transaction.atomic():
        arbetsgivare, _ = Organisation.objects.get_or_create(namn="Lastens kommun", defaults={"typ": "kommun"})
        for nr in range(antal):
            namn, roll = f"last_{omgang}_{nr:02}", "sus_rapport" if nr < analytiker else "deltagaransvarig"
            konto = Anvandare.objects.create(
                username=namn, password=losenord, arbetsgivare=arbetsgivare, fornamn="Last", efternamn=f"Nummer {nr}"
            )
            ratt = Behorighet.objects.create(anvandare=konto, roll=roll, fran=fran)
            egna: list[int] = []
            if nr >= analytiker:
                plats = (nr - analytiker) * INSATSER_VAR
                egna = insatser[plats : plats + INSATSER_VAR]
                for pk in egna:
                    Uppdrag.objects.create(behorighet=ratt, insats_id=pk, fran=fran)
            alla.append(Person(namn, roll, tuple(egna), forbund[nr] if nr < analytiker else ()))
    return alla


def _insatser(antal: int) -> list[int]:
    from insatser.models import Insats  # noqa: PLC0415

    pagaende = Insats.objects.filter(
        deltagarregistrering="personuppgifter", slutdatum=None,
        startdatum__lt=date.today() - timedelta(days=60),
    )  # fmt: skip
    alla = list(pagaende.order_by("pk").values_list("pk", flat=True))
    if len(alla) < antal:
        raise SystemExit(f"Databasen har {len(alla)} pågående insatser med deltagare; det behövs {antal}.")
    return random.Random(antal).sample(alla, antal)  # noqa: S311


def _forbund(antal: int) -> list[tuple[str, ...]]:
    """För var och en: förbund som tillsammans har insatser nog för en lång rapport."""
    from django.db.models import Count, Q  # noqa: PLC0415

    from insatser.models import Samverkansorganisation  # noqa: PLC0415

    i_fjol = Q(insatser__slutdatum=None) | Q(insatser__slutdatum__year__gte=date.today().year - 1)
    storlek = dict(
        Samverkansorganisation.objects.filter(samverkansform="finsam")
        .annotate(antal=Count("insatser", filter=i_fjol))
        .values_list("organisationsnummer", "antal")
    )
    alla = []
    for nr in range(antal):
        ordning = random.Random(nr).sample(sorted(storlek), len(storlek))  # noqa: S311
        egna: list[str] = []
        while ordning and sum(storlek[ett] for ett in egna) < RADER_ATT_BESTALLA:
            egna.append(ordning.pop())
        alla.append(tuple(egna))
    return alla


def nummer() -> Iterator[str]:
    """Personnummer i testserien som ingen i databasen har, var och ett en gång."""
    from deltagare.kryptering import personindex  # noqa: PLC0415
    from deltagare.models import Identitet  # noqa: PLC0415

    dagar = (FODDA[1] - FODDA[0]).days
    slump = random.Random(uuid4().hex)  # noqa: S311
    alla = [_nummer(FODDA[0] + timedelta(days=dag), nr) for dag in range(dagar) for nr in range(980, 1000)]
    valda = slump.sample(alla, 20_000)
    index = {personindex(ett.replace("-", "")): ett for ett in valda}
    upptagna = (
        Identitet.objects.using("agare").filter(personindex__in=list(index)).values_list("personindex", flat=True)
    )
    lediga = sorted(set(valda) - {index[bytes(ett)] for ett in upptagna})
    slump.shuffle(lediga)
    return iter(lediga)


def _nummer(dag: date, lopnr: int) -> str:
    nio = f"{dag:%y%m%d}{lopnr}"
    summa = sum(sum(divmod(int(siffra) * (2 - plats % 2), 10)) for plats, siffra in enumerate(nio))
    return f"{dag:%Y%m%d}-{lopnr}{-summa % 10}"


class Facit:
    """Databasens läge före, och jämförelsen efteråt."""

    def __init__(self, insatser: list[int]) -> None:
        from django.db.models import Max  # noqa: PLC0415

        from deltagare.models import Deltagande  # noqa: PLC0415

        self.insatser = insatser
        self.sista = Deltagande.objects.using("agare").aggregate(sista=Max("pk"))["sista"] or 0
        self.handelser = self._handelser()
        self.anonyma = self._anonyma()
        self.utregistrerade = self._utregistrerade()

    def jamfor(self, kvitton: Kvitton) -> list[Ut]:
        """Var och en av kontrollerna. Fler rader än kvitton är fel, utom för det som aldrig fick svar."""
        obesvarade = Counter(kvitton.obesvarade)
        nya = self._handelser()
        nya.subtract(self.handelser)
        utan_in, utan_ut = obesvarade["registrera deltagare: spara"], obesvarade["utregistrera: spara"]
        antal_in, antal_ut = nya["deltagare_inregistrerad"], nya["deltagare_utregistrerad"]
        in_ratt, ut_ratt = (
            _ryms(antal_in, kvitton.inregistrerade, utan_in),
            _ryms(antal_ut, kvitton.utregistrerade, utan_ut),
        )
        return [
            self._inregistrerade(kvitton, utan_in),
            Ut("inregistreringar i åtkomstloggen", len(kvitton.inregistrerade), antal_in, in_ratt),
            self._utregistreringar(kvitton, utan_ut),
            Ut("utregistreringar i åtkomstloggen", len(kvitton.utregistrerade), antal_ut, ut_ratt),
            self._antal_anonyma(kvitton, obesvarade["anonyma: spara"]),
        ]

    def _inregistrerade(self, kvitton: Kvitton, obesvarade: int) -> Ut:
        from deltagare.kryptering import personindex  # noqa: PLC0415
        from deltagare.models import Deltagande  # noqa: PLC0415

        rader = Deltagande.objects.using("agare").filter(pk__gt=self.sista)
        finns = Counter(
            (insats, bytes(index), dag)
            for insats, index, dag in rader.values_list("insats_id", "person__identitet__personindex", "inregistrering")
        )
        vantade = [(insats, personindex(tolv), dag) for insats, tolv, dag in kvitton.inregistrerade]
        ratt = all(finns[ett] == 1 for ett in vantade) and _ryms(finns.total(), vantade, obesvarade)
        return Ut("inregistreringar, var och en en gång", len(vantade), finns.total(), ratt)

    def _utregistreringar(self, kvitton: Kvitton, obesvarade: int) -> Ut:
        from deltagare.models import Deltagande  # noqa: PLC0415

        dagar = dict(kvitton.utregistrerade)
        satta = dict(Deltagande.objects.using("agare").filter(pk__in=dagar).values_list("pk", "utregistrering"))
        finns = self._utregistrerade() - self.utregistrerade
        ratt = len(dagar) == len(kvitton.utregistrerade) and satta == dagar and _ryms(finns, satta, obesvarade)
        return Ut("utregistreringar, var och en en gång", len(kvitton.utregistrerade), finns, ratt)

    def _antal_anonyma(self, kvitton: Kvitton, obesvarade: int) -> Ut:
        vantade: Counter[Any] = Counter()
        for insats, ar, kvinnor, man in kvitton.anonyma:
            vantade[insats, ar, "kvinna"] += kvinnor
            vantade[insats, ar, "man"] += man
        nya = self._anonyma()
        nya.subtract(self.anonyma)
        # Ett formulär utan svar kan ha sparats; då är raderna fler, aldrig färre.
        ratt = +nya == vantade if not obesvarade else vantade <= +nya
        return Ut("anonyma deltagare, antal", vantade.total(), nya.total(), ratt)

    def _utregistrerade(self) -> int:
        from deltagare.models import Deltagande  # noqa: PLC0415

        egna = Deltagande.objects.using("agare").filter(insats__in=self.insatser)
        return egna.filter(utregistrering__isnull=False).count()

    def _anonyma(self) -> Counter[Any]:
        from deltagare.models import Anonym  # noqa: PLC0415

        rader = Anonym.objects.using("agare").filter(insats__in=self.insatser)
        return Counter({(rad.insats_id, rad.ar, str(rad.kon)): rad.antal for rad in rader})

    def _handelser(self) -> Counter[str]:
        from behorighet.models import Handelse  # noqa: PLC0415

        return Counter(Handelse.objects.using("agare").values_list("typ", flat=True))


def _ryms(finns: int, kvitterade: Any, obesvarade: int) -> bool:
    return len(kvitterade) <= finns <= len(kvitterade) + obesvarade


def rapporterna(adresser: list[str]) -> Ut:
    """Varje beställd rapport är klar en gång, med hela sin fil, och kön är tom. Väntar in dem som inte är klara än."""
    from procrastinate.contrib.django.models import ProcrastinateJob  # noqa: PLC0415

    from rapporter.models import Bestallning, Bestallningsdel  # noqa: PLC0415

    nycklar = [adress.rstrip("/").rsplit("/", 1)[1] for adress in adresser]
    egna = Bestallning.objects.using("agare").filter(pk__in=nycklar)
    with suppress(TimeoutError):
        vanta(lambda: not egna.oppna().exists(), RAPPORTERNA_KLARA, "rapporterna blir klara")
    klara = {str(ett.pk): ett for ett in egna.all() if ett.ar_klar}
    langd: Counter[str] = Counter()
    for pk, bit in (
        Bestallningsdel.objects.using("agare")
        .filter(bestallning__pk__in=nycklar)
        .values_list("bestallning_id", "innehall")
    ):
        langd[str(pk)] += len(bit)
    hela = all(ett.storlek == langd[pk] and ett.klara == ett.rader > 0 for pk, ett in klara.items())
    ko = ProcrastinateJob.objects.using("agare").filter(task_name="gor_rapport").count()
    ratt = len(klara) == len(set(nycklar)) == len(nycklar) and hela and not ko
    return Ut("beställda rapporter, var och en klar en gång", len(nycklar), len(klara), ratt)
