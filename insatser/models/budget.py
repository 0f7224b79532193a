"""Insatsbudget per kalenderår (`doman.md` 3.2). Belopp är hela kronor."""

from django.db import models
from django.db.models import Q

from insatser.models.insats import Insats


class Budgettyp(models.TextChoices):
    INSATSKOSTNAD = "insatskostnad", "Insatskostnad"
    ESF_INSATSKOSTNAD = "esf_insatskostnad", "ESF-insatskostnad"


class Budget(models.Model):
    """Planerat antal för en insats ett kalenderår: det antal som insatsens sort har."""

    insats = models.ForeignKey(Insats, on_delete=models.CASCADE, related_name="budgetar")
    ar = models.PositiveSmallIntegerField("budgetår")
    planerat_antal = models.PositiveIntegerField("planerat antal deltagare", null=True, blank=True)
    budgeterat_antal_volym = models.PositiveIntegerField("budgeterat antal", null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "budget"
        verbose_name_plural = "budgetar"
        constraints = [
            models.UniqueConstraint(fields=["insats", "ar"], name="en_budget_per_insats_och_ar"),
            models.CheckConstraint(name="budgetar_rimligt", condition=Q(ar__range=(1990, 2100))),
            models.CheckConstraint(
                name="ett_slags_planerat_antal",
                condition=Q(planerat_antal=None) | Q(budgeterat_antal_volym=None),
                violation_error_message="Ange bara det planerade antal som insatsens sort har.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.insats} {self.ar}"


class Budgetpost(models.Model):
    """En rad i insatsbudgeten. Utfall kan vara negativt (en rättelse) och saknas tills det är känt."""

    insats = models.ForeignKey(Insats, on_delete=models.CASCADE, related_name="budgetposter")
    ar = models.PositiveSmallIntegerField("budgetår")
    rad = models.PositiveIntegerField("rad")
    budgettyp = models.CharField("budgettyp", max_length=20, choices=Budgettyp)
    budget = models.BigIntegerField("budget", null=True, blank=True)
    utfall = models.BigIntegerField("utfall", null=True, blank=True)
    beskrivning = models.CharField("beskrivning", max_length=500, blank=True)

    class Meta:
        verbose_name = "budgetpost"
        verbose_name_plural = "budgetposter"
        constraints = [
            models.UniqueConstraint(fields=["insats", "ar", "rad"], name="en_budgetpost_per_rad"),
            models.CheckConstraint(name="budgetpostens_ar_rimligt", condition=Q(ar__range=(1990, 2100))),
            models.CheckConstraint(name="budgettyp_finns", condition=Q(budgettyp__in=Budgettyp.values)),
            models.CheckConstraint(
                name="budget_ar_inte_negativ",
                condition=Q(budget=None) | Q(budget__gte=0),
                violation_error_message="Budget kan inte vara negativ. En rättelse skrivs som negativt utfall.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.insats} {self.ar} rad {self.rad}"
