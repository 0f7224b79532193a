"""Gallringens regler, och varje gallring från förslag till intyg (P12)."""

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from behorighet.models import Anvandare
from deltagare.gallringsslag import SLAGEN, Slag


def _inom_granserna() -> Q:
    villkor = Q()
    for slag, slagets in SLAGEN.items():
        villkor |= Q(slag=slag.value, ar__range=(slagets.minst, slagets.hogst))
    return villkor


class Gallringsregel(models.Model):
    """Hur många år ett slags uppgifter får finnas kvar, och varför."""

    slag = models.CharField("slag", max_length=20, choices=Slag, unique=True)
    ar = models.PositiveSmallIntegerField("år")
    grund = models.CharField("skäl", max_length=300)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "gallringsregel"
        verbose_name_plural = "gallringsregler"
        constraints = [
            models.CheckConstraint(
                name="gallringsregeln_ar_rimlig",
                condition=_inom_granserna(),
                violation_error_message="Tiden ligger utanför det som är tillåtet för slaget.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_slag_display()}: {self.ar} år"


class Gallring(models.Model):
    """En gallring: gränserna är dagar som ligger fast från förslaget. Utförd eller avbruten ändras den aldrig.

    Skrivs bara av databasens funktioner. `granser` är slag → dag, `antal` är förslagets rader (slag,
    organisation_id, antal), och `utfall` har `fore`, `borttaget` och `kvar`, var och en slag → antal.
    """

    foreslagen_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    foreslagen_vid = models.DateTimeField("föreslagen", db_default=Now())
    granser = models.JSONField("gränser")
    antal = models.JSONField("antal vid förslaget")
    godkand_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True)
    godkand_vid = models.DateTimeField("godkänd", null=True)
    avbruten_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True)
    avbruten_vid = models.DateTimeField("avbruten", null=True)
    paborjad_vid = models.DateTimeField("påbörjad", null=True)
    utford_vid = models.DateTimeField("utförd", null=True)
    utfall = models.JSONField("utfall", default=dict)
    oppen = models.GeneratedField(
        expression=ExpressionWrapper(Q(utford_vid=None, avbruten_vid=None), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = "gallring"
        verbose_name_plural = "gallringar"
        constraints = [
            models.UniqueConstraint(
                fields=["oppen"],
                condition=Q(oppen=True),
                name="en_gallring_i_taget",
                violation_error_message="En annan gallring väntar. Den ska godkännas eller avbrytas först.",
            ),
            models.CheckConstraint(
                name="gallringen_godkanns_av_en_annan",
                condition=Q(godkand_av=None, godkand_vid=None)
                | (Q(godkand_av__isnull=False, godkand_vid__isnull=False) & ~Q(godkand_av=F("foreslagen_av"))),
                violation_error_message="Du har själv föreslagit gallringen. Den ska godkännas av en annan.",
            ),
            models.CheckConstraint(
                name="gallringen_godkanns_fore_den_utfors",
                condition=(Q(paborjad_vid=None) | Q(godkand_vid__isnull=False))
                & (Q(utford_vid=None) | Q(paborjad_vid__isnull=False)),
            ),
            models.CheckConstraint(
                name="avbruten_gallring_ar_inte_paborjad",
                condition=Q(avbruten_av=None, avbruten_vid=None)
                | Q(avbruten_av__isnull=False, avbruten_vid__isnull=False, paborjad_vid=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Gallring {self.pk}"
