"""Samverkansorganisationsbudget per kalenderår (`doman.md` 2). Belopp är hela kronor."""

from django.db import models
from django.db.models import Q

from behorighet.models import Organisation
from insatser.models.organisation import Samverkansorganisation


class Kostnadstyp(models.TextChoices):
    KRINGKOSTNADER = "kringkostnader", "Kringkostnader"
    PERSONAL = "personal", "Personal"


class Organisationsbudget(models.Model):
    """En samverkansorganisations budget ett kalenderår. Versionen gäller årets alla rader."""

    samverkansorganisation = models.ForeignKey(
        Samverkansorganisation, on_delete=models.PROTECT, related_name="organisationsbudgetar"
    )
    ar = models.PositiveSmallIntegerField("budgetår")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "samverkansorganisationsbudget"
        verbose_name_plural = "samverkansorganisationsbudgetar"
        constraints = [
            models.UniqueConstraint(fields=["samverkansorganisation", "ar"], name="en_organisationsbudget_per_ar"),
            models.CheckConstraint(name="organisationsbudgetens_ar_rimligt", condition=Q(ar__range=(1990, 2100))),
        ]

    def __str__(self) -> str:
        return f"{self.samverkansorganisation} {self.ar}"


class Finansieringspost(models.Model):
    """Vad en organisation finansierar med ett år. Ett överskott från tidigare år beskrivs som Eget kapital."""

    arsbudget = models.ForeignKey(Organisationsbudget, on_delete=models.CASCADE, related_name="finansieringsposter")
    rad = models.PositiveIntegerField("rad")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="finansieringsposter")
    belopp = models.BigIntegerField("finansiering")
    beskrivning = models.CharField("beskrivning", max_length=500, blank=True)

    class Meta:
        verbose_name = "finansieringspost"
        verbose_name_plural = "finansieringsposter"
        constraints = [
            models.UniqueConstraint(fields=["arsbudget", "rad"], name="en_finansieringspost_per_rad"),
            models.CheckConstraint(
                name="finansiering_ar_inte_negativ",
                condition=Q(belopp__gte=0),
                violation_error_message="Finansiering kan inte vara negativ.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arsbudget} rad {self.rad}"


class AdministrativKostnad(models.Model):
    """En administrativ kostnad ett år, bara inom Finsam. Utfall kan vara negativt (en rättelse) och okänt."""

    arsbudget = models.ForeignKey(
        Organisationsbudget, on_delete=models.CASCADE, related_name="administrativa_kostnader"
    )
    rad = models.PositiveIntegerField("rad")
    kostnadstyp = models.CharField("kostnadstyp", max_length=20, choices=Kostnadstyp)
    budget = models.BigIntegerField("budget", null=True, blank=True)
    utfall = models.BigIntegerField("utfall", null=True, blank=True)
    beskrivning = models.CharField("beskrivning", max_length=500, blank=True)

    class Meta:
        verbose_name = "administrativ kostnad"
        verbose_name_plural = "administrativa kostnader"
        constraints = [
            models.UniqueConstraint(fields=["arsbudget", "rad"], name="en_administrativ_kostnad_per_rad"),
            models.CheckConstraint(name="kostnadstyp_finns", condition=Q(kostnadstyp__in=Kostnadstyp.values)),
            models.CheckConstraint(
                name="administrativ_budget_ar_inte_negativ",
                condition=Q(budget=None) | Q(budget__gte=0),
                violation_error_message="Budget kan inte vara negativ. En rättelse skrivs som negativt utfall.",
            ),
            models.CheckConstraint(
                name="administrativ_kostnad_har_belopp",
                condition=Q(budget__isnull=False) | Q(utfall__isnull=False),
                violation_error_message="Ange budget eller utfall.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arsbudget} rad {self.rad}"
