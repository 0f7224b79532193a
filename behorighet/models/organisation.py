"""Organisationerna som är arbetsgivare och parter i samverkan (`doman.md` 2)."""

from django.db import models
from django.urls import reverse


class Organisationstyp(models.TextChoices):
    """Typ av organisation (`doman.md` 2)."""

    STAT = "stat", "Stat"
    KOMMUN = "kommun", "Kommun"
    REGION = "region", "Region"
    SAMORDNINGSFORBUND = "samordningsforbund", "Samordningsförbund"
    ESF = "esf", "ESF-medel"
    OVRIGA = "ovriga", "Övriga"


class Organisation(models.Model):
    """En myndighet, kommun, region eller ett förbund: arbetsgivare och part i samverkan."""

    namn = models.CharField(
        "namn",
        max_length=200,
        unique=True,
        error_messages={"unique": "Det finns redan en organisation med det namnet."},
    )
    organisationsnummer = models.CharField(
        "organisationsnummer",
        max_length=11,
        unique=True,
        null=True,
        blank=True,
        error_messages={"unique": "Det finns redan en organisation med det numret."},
    )
    typ = models.CharField("typ", max_length=20, choices=Organisationstyp)

    class Meta:
        verbose_name = "organisation"
        verbose_name_plural = "organisationer"

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Systemadministratörens sida om organisationen."""
        return reverse("organisation", args=[self.pk])
