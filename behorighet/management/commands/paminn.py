import smtplib
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from behorighet.genomgang import nasta_genomgang
from behorighet.logg import logga
from behorighet.models import Anvandare, Behorighet, Handelse
from behorighet.models.konto import VARSEL_DAGAR
from behorighet.roller import Roll

DAGAR_EMELLAN: Final = 7
AMNE: Final = "SUS: behörigheter att se över"


class Laget(NamedTuple):
    """Det som väntar på en organisations beställare: id för behörigheterna som slutar, och genomgången i text."""

    behorigheter: list[int]
    genomgang: str  # dagen, med "forsenad" framför när den har passerat; tom när den är långt borta

    @property
    def tomt(self) -> bool:
        return not self.behorigheter and not self.genomgang


class Command(BaseCommand):
    help = (
        "Skickar en påminnelse med e-post till beställare vars organisation har behörigheter som slutar inom "
        f"{VARSEL_DAGAR} dagar eller en genomgång att göra: högst en i veckan var, och bara när något är nytt. "
        "Körs varje natt."
    )

    def handle(self, **options: Any) -> None:
        saknas = [
            namn
            for namn, varde in (
                ("SUS_EPOST_URL", settings.EPOST),
                ("SUS_AVSANDARE", settings.DEFAULT_FROM_EMAIL),
                ("SUS_ADRESS", settings.SUS_ADRESS),
            )
            if not varde
        ]
        if saknas:
            raise CommandError(f"Inga påminnelser är skickade. Sätt {', '.join(saknas)} i miljön.")
        skickade, fel = 0, 0
        for konto in _bestallare():
            try:
                skickade += _paminn(konto)
            except (smtplib.SMTPException, OSError) as orsak:
                fel += 1
                # Bara felets slag: servern kan svara med mottagarens adress.
                self.stderr.write(f"Konto {konto.pk}: {type(orsak).__name__}")
        self.stdout.write(f"Skickade påminnelser: {skickade}.")
        if fel:
            raise CommandError(f"{fel} gick inte att skicka. De prövas igen vid nästa körning.")


def _bestallare() -> list[Anvandare]:
    gallande = Behorighet.objects.gallande().filter(roll=Roll.BESTALLARE).values("anvandare")
    konton = Anvandare.objects.filter(pk__in=gallande, is_active=True).exclude(epost="")
    return list(konton.select_related("arbetsgivare").order_by("pk"))


@transaction.atomic
def _paminn(konto: Anvandare) -> bool:
    """Skickar en påminnelse om något är nytt, och loggar den. Sant om den skickades."""
    # Låst: körs kommandot på två datorer samtidigt går ändå ett brev.
    Anvandare.objects.select_for_update(of=("self",), no_key=True).get(pk=konto.pk)
    laget = _laget(konto)
    if laget.tomt or not _nytt(konto, laget):
        return False
    logga(Handelse.Typ.PAMINNELSE_SKICKAD, av=None, konto=konto.pk, **laget._asdict())
    send_mail(AMNE, _text(laget), None, [konto.epost])
    return True


def _laget(konto: Anvandare) -> Laget:
    slutar = Behorighet.objects.slutar_snart().filter(anvandare__arbetsgivare=konto.arbetsgivare_id)
    dag, idag = nasta_genomgang(konto.arbetsgivare), timezone.localdate()
    genomgang = ""
    if dag and dag <= idag + timedelta(days=VARSEL_DAGAR):
        genomgang = f"forsenad {dag}" if dag < idag else str(dag)
    return Laget(sorted(slutar.values_list("pk", flat=True)), genomgang)


def _nytt(konto: Anvandare, laget: Laget) -> bool:
    """Sant om det har gått en vecka sedan kontots förra påminnelse, och något har tillkommit sedan den."""
    skickade = Handelse.objects.filter(av_id=None, typ=Handelse.Typ.PAMINNELSE_SKICKAD, detaljer__konto=konto.pk)
    forra = skickade.order_by("-tid", "-pk").first()
    if forra is None:
        return True
    if timezone.localdate() - timezone.localdate(forra.tid) < timedelta(days=DAGAR_EMELLAN):
        return False
    nya = set(laget.behorigheter) - set(forra.detaljer["behorigheter"])
    return bool(nya) or laget.genomgang not in ("", forra.detaljer["genomgang"])


def _text(laget: Laget) -> str:
    """Bara antal och datum: vilka det gäller står i SUS (P7)."""
    rader = []
    if antal := len(laget.behorigheter):
        vad = "1 behörighet" if antal == 1 else f"{antal} behörigheter"
        rader.append(f"{vad} i din organisation slutar inom {VARSEL_DAGAR} dagar.")
    if laget.genomgang:
        nar = "skulle ha varit gjord" if laget.genomgang.startswith("forsenad") else "ska vara gjord"
        rader.append(f"Genomgången av behörigheter {nar} senast {laget.genomgang.removeprefix('forsenad ')}.")
    sist = "Det här brevet kommer högst en gång i veckan och går inte att svara på."
    return "\n".join([*rader, "", f"Logga in i SUS för att se vilka det gäller: {settings.SUS_ADRESS}", "", sist, ""])
