"""En rapport som görs i bakgrunden, och dess fil (`docs/adr/0024-langa-rapporter.md`)."""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils import timezone

from behorighet.models import Anvandare
from behorighet.roller import Rattighet

SPARAS: Final = timedelta(days=7)


class Filformat(models.TextChoices):
    """Formaten som görs i bakgrunden."""

    PDF = "pdf", "PDF"
    XLSX = "xlsx", "Excel"


class Lage(models.TextChoices):
    """Hur långt en beställning har kommit."""

    VANTAR = "vantar", "Väntar på sin tur"
    PAGAR = "pagar", "Görs nu"
    KLAR = "klar", "Klar"
    AVBRUTEN = "avbruten", "Avbruten"
    MISSLYCKAD = "misslyckad", "Blev inte gjord"


OPPNA: Final = (Lage.VANTAR.value, Lage.PAGAR.value)
# De som den som beställde får besked om.
MED_BESKED: Final = (Lage.KLAR.value, Lage.MISSLYCKAD.value)


class BestallningQuerySet(models.QuerySet["Bestallning"]):
    """Vilka beställningar en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """De egna som inte är för gamla, för den som fortfarande får se rapporter."""
        if not anvandare.far(rattighet):
            return self.none()
        slut = Coalesce("avslutad_vid", "bestalld_vid")
        return self.alias(slut=slut).filter(anvandare=anvandare, slut__gt=Now() - SPARAS)

    def oppna(self) -> Self:
        """De som väntar eller görs."""
        return self.filter(lage__in=OPPNA)


class Bestallning(models.Model):
    """En beställd rapport: urvalet, hur långt den har kommit, och vad filen heter när den är klar.

    `urval` är urvalet som data (`Urval.som_data`) och `summa` dess summa, som gör att samma rapport inte görs två
    gånger samtidigt. `forsok` räknas upp varje gång en process tar upp den: bara den senaste får skriva.
    `misslyckanden` är de försök som slutade med ett fel; en arbetare som stängs av eller dör räknas inte dit.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    anvandare = models.ForeignKey(Anvandare, on_delete=models.CASCADE, related_name="+")
    urval = models.JSONField("urvalet")
    urval_i_ord = models.JSONField("urvalet i ord: par av rubrik och text")
    adress = models.TextField("urvalet som adress")
    summa = models.CharField("urvalets summa", max_length=64)
    filnamn = models.CharField("filens namn utan ändelse", max_length=100)
    format = models.CharField("format", max_length=4, choices=Filformat)
    lage = models.CharField("läge", max_length=10, choices=Lage, default=Lage.VANTAR)
    rader = models.PositiveIntegerField("rader; 0 innan de är räknade", default=0)
    klara = models.PositiveIntegerField("färdiga rader", default=0)
    forsok = models.PositiveSmallIntegerField("försök", default=0)
    misslyckanden = models.PositiveSmallIntegerField("försök som slutade med ett fel", default=0)
    bestalld_vid = models.DateTimeField("beställd", db_default=Now())
    borjade_vid = models.DateTimeField("började", null=True)
    avslutad_vid = models.DateTimeField("avslutad", null=True)
    storlek = models.PositiveBigIntegerField("filens storlek i byte", default=0)
    fel = models.CharField("varför den inte blev gjord", max_length=300, blank=True)
    sedd_vid = models.DateTimeField("sedd som avslutad", null=True)

    objects = BestallningQuerySet.as_manager()

    class Meta:
        verbose_name = "beställd rapport"
        verbose_name_plural = "beställda rapporter"
        indexes = [models.Index(fields=["anvandare", "bestalld_vid"], name="bestallning_anvandare")]
        constraints = [
            models.UniqueConstraint(
                fields=["anvandare", "format", "summa"], condition=Q(lage__in=OPPNA), name="en_bestallning_at_gangen"
            ),
            models.CheckConstraint(name="bestallningens_lage_finns", condition=Q(lage__in=Lage.values)),
            models.CheckConstraint(name="bestallningens_format_finns", condition=Q(format__in=Filformat.values)),
            models.CheckConstraint(name="bestallningens_rader_racker", condition=Q(klara__lte=models.F("rader"))),
            models.CheckConstraint(
                name="bestallningen_avslutas_en_gang",
                condition=Q(lage__in=OPPNA, avslutad_vid=None) | (~Q(lage__in=OPPNA) & Q(avslutad_vid__isnull=False)),
            ),
            models.CheckConstraint(
                name="bestallningen_har_fil_nar_den_ar_klar",
                condition=Q(lage=Lage.KLAR, storlek__gt=0) | (~Q(lage=Lage.KLAR) & Q(storlek=0)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """Beställningens egen sida."""
        return reverse("rapporter:bestallning", args=[self.pk])

    @property
    def ar_oppen(self) -> bool:
        """Sant om den väntar eller görs."""
        return self.lage in OPPNA

    @property
    def ar_klar(self) -> bool:
        """Sant om filen finns."""
        return self.lage == Lage.KLAR

    @property
    def rubrik(self) -> str:
        """Rapporten, perioden och formatet."""
        return f"Insatsrapport {self.urval_i_ord[0][1]} som {Filformat(self.format).label}"

    @property
    def fil(self) -> str:
        """Filens namn: rapporten och perioden, aldrig något om en person (P7)."""
        return f"{self.filnamn}.{self.format}"

    @property
    def tas_bort(self) -> datetime | None:
        """När filen tas bort; None medan rapporten görs."""
        return self.avslutad_vid + SPARAS if self.avslutad_vid else None

    @property
    def sekunder_kvar(self) -> int | None:
        """Ungefär hur länge till den tar; None innan det går att säga."""
        if self.lage != Lage.PAGAR or not self.borjade_vid or not self.klara:
            return None
        hittills = (timezone.now() - self.borjade_vid).total_seconds()
        return round(hittills / self.klara * (self.rader - self.klara))


class Bestallningsdel(models.Model):
    """En bit av filens innehåll. Bitarna skrivs i samma transaktion som beställningen blir klar."""

    bestallning = models.ForeignKey(Bestallning, on_delete=models.CASCADE, related_name="delar")
    nr = models.PositiveIntegerField("bitens nummer, från 0")
    innehall = models.BinaryField("innehåll")

    class Meta:
        verbose_name = "bit av en rapportfil"
        verbose_name_plural = "bitar av rapportfiler"
        constraints = [models.UniqueConstraint(fields=["bestallning", "nr"], name="en_bit_en_gang")]

    def __str__(self) -> str:
        return str(self.pk)
