"""En uppladdad fil som väntar på att läsas in: krypterad, bunden till den som laddade upp den, borta inom en timme."""

from datetime import timedelta
from typing import Final, Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from behorighet.models import Anvandare

GILTIG: Final = timedelta(hours=1)


class Omrade(models.TextChoices):
    """Vad som läses in, och därmed vem som får."""

    INSATSER = "insatser", "Insatser och budget"
    DELTAGANDEN = "deltaganden", "Deltaganden"


class InlasningQuerySet(models.QuerySet["Inlasning"]):
    """Vilka uppladdningar en användare når."""

    def egna(self, anvandare: Anvandare, omrade: Omrade) -> Self:
        """De som användaren själv har laddat upp och som inte är för gamla."""
        return self.filter(anvandare=anvandare, omrade=omrade, skapad_vid__gt=Now() - GILTIG)


class Inlasning(models.Model):
    """En uppladdning med sin granskning, eller kvittot efter inläsningen: då är innehållet borta."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    anvandare = models.ForeignKey(Anvandare, on_delete=models.CASCADE, related_name="+")
    omrade = models.CharField("område", max_length=20, choices=Omrade)
    innehall = models.BinaryField("krypterat innehåll", null=True)
    nyckel_id = models.CharField("krypteringsnyckel", max_length=40, blank=True)
    kvitto = models.JSONField("kvitto: nya, ändrade och oförändrade rader per fil", null=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now())

    objects = InlasningQuerySet.as_manager()

    class Meta:
        verbose_name = "inläsning"
        verbose_name_plural = "inläsningar"
        indexes = [models.Index(fields=["skapad_vid"], name="inlasning_skapad")]
        constraints = [
            models.CheckConstraint(
                name="inlasningen_har_innehall_eller_kvitto",
                condition=Q(innehall__isnull=False, kvitto__isnull=True)
                | Q(innehall__isnull=True, kvitto__isnull=False),
            ),
            models.CheckConstraint(name="inlasningens_omrade_finns", condition=Q(omrade__in=Omrade.values)),
        ]

    def __str__(self) -> str:
        return str(self.pk)
