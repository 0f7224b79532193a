"""Anonyma deltagare (`doman.md` 5) och antal i volyminsatser (3.3)."""

from django.db import models
from django.db.models import Q

from deltagare.uppgifter import Kon
from insatser.models import Insats


class Anonym(models.Model):
    """Antalet anonyma deltagare av ett kön i en insats ett kalenderår. Inget annat lagras om dem."""

    insats = models.ForeignKey(Insats, on_delete=models.PROTECT, related_name="anonyma")
    ar = models.PositiveSmallIntegerField("inregistreringsår")
    kon = models.CharField("kön", max_length=10, choices=Kon)
    antal = models.PositiveIntegerField("antal")

    class Meta:
        verbose_name = "anonyma deltagare"
        verbose_name_plural = "anonyma deltagare"
        constraints = [
            models.UniqueConstraint(fields=["insats", "ar", "kon"], name="anonyma_per_insats_ar_och_kon"),
            models.CheckConstraint(name="anonymas_kon_finns", condition=Q(kon__in=Kon.values)),
        ]

    def __str__(self) -> str:
        return f"{self.insats} {self.ar} {self.kon}: {self.antal}"


class Volymantal(models.Model):
    """Det faktiska antalet i en volyminsats ett kalenderår: personer eller tillfällen."""

    insats = models.ForeignKey(Insats, on_delete=models.PROTECT, related_name="volymantal")
    ar = models.PositiveSmallIntegerField("kalenderår")
    antal = models.PositiveIntegerField("faktiskt antal")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "antal i volyminsats"
        verbose_name_plural = "antal i volyminsatser"
        constraints = [models.UniqueConstraint(fields=["insats", "ar"], name="ett_antal_per_insats_och_ar")]

    def __str__(self) -> str:
        return f"{self.insats} {self.ar}: {self.antal}"
