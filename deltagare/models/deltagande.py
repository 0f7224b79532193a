"""Deltaganden: en persons deltagande i en insats, från inregistrering till utregistrering (`doman.md` 4)."""

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, Q
from django.db.models.functions import Least, Now

from behorighet.models import Anvandare, med_historik
from behorighet.roller import Rattighet
from deltagare.models.person import Person
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, FELREGISTRERING, Kon
from insatser.models import Insats


class DeltagandeQuerySet(models.QuerySet["Deltagande"]):
    """Vilka deltaganden en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Deltagandena i insatserna som användaren når med rättigheten. Räckvidden ärvs från insatsen."""
        return self.filter(insats__in=Insats.objects.synliga_for(anvandare, rattighet))

    def raknas(self) -> Self:
        """Utan felregistrerade, som inte räknas någonstans (R22, R33)."""
        return self.filter(felregistrerad=False)


def _andel(falt: str) -> Q:
    return Q(**{falt: None}) | Q(**{f"{falt}__range": (0, 100)})


def _ingen_for_sig(falt: str) -> Q:
    return ~Q(**{f"{falt}__contains": ["ingen"]}) | Q(**{f"{falt}__len": 1})


@med_historik(exclude=["felregistrerad", "fingeravtryck"])
class Deltagande(models.Model):
    """En persons deltagande i en insats. Före- och efteruppgifter som saknas är tomma."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deltaganden")
    # Utan eget index: den unika nyckeln och rapportens index börjar med insatsen.
    insats = models.ForeignKey(Insats, on_delete=models.PROTECT, related_name="deltaganden", db_index=False)
    inregistrering = models.DateField("inregistrering")
    lopnr = models.PositiveSmallIntegerField("löpnummer", default=1, editable=False)
    utregistrering = models.DateField("utregistrering", null=True, blank=True)
    avslutningsanledning = models.CharField("avslutningsanledning", max_length=40, blank=True)
    felregistrerad = models.GeneratedField(
        expression=ExpressionWrapper(Q(avslutningsanledning=FELREGISTRERING), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    # Kopior av personens, så att rapporter aldrig läser personer och ålder står kvar utan identitet (P10).
    kon = models.CharField("kön", max_length=10, choices=Kon)
    alder = models.PositiveSmallIntegerField("ålder det år inregistreringen gjordes")

    samtycke = models.DateField("samtycke", null=True, blank=True)
    samtycke_arkiverat = models.DateField("samtycke arkiverat", null=True, blank=True)
    avidentifierat = models.BooleanField("utan identitet", default=False)
    fingeravtryck = models.BinaryField(max_length=32, null=True, unique=True, editable=False)

    utbildning = models.CharField("högsta slutförda utbildning", max_length=40, blank=True)
    tid_i_forsorjning = models.CharField("tid i offentlig försörjning", max_length=40, blank=True)
    forsorjning_fore = ArrayField(models.CharField(max_length=40), verbose_name="försörjning", default=list, blank=True)
    forsorjning_efter = ArrayField(
        models.CharField(max_length=40), verbose_name="försörjning efter", default=list, blank=True
    )
    arbete_fore = models.PositiveSmallIntegerField("andel av arbete", null=True, blank=True)
    arbete_efter = models.PositiveSmallIntegerField("andel av arbete efter", null=True, blank=True)
    arbetstyp_fore = ArrayField(models.CharField(max_length=40), verbose_name="typ av arbete", default=list, blank=True)
    arbetstyp_efter = ArrayField(
        models.CharField(max_length=40), verbose_name="typ av arbete efter", default=list, blank=True
    )
    studier_fore = models.PositiveSmallIntegerField("andel av studier", null=True, blank=True)
    studier_efter = models.PositiveSmallIntegerField("andel av studier efter", null=True, blank=True)
    arbetssokande_fore = models.BooleanField("aktivt arbetssökande", null=True, blank=True)
    arbetssokande_efter = models.BooleanField("aktivt arbetssökande efter", null=True, blank=True)

    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = DeltagandeQuerySet.as_manager()

    class Meta:
        verbose_name = "deltagande"
        verbose_name_plural = "deltaganden"
        indexes = [
            # Insatsrapportens (`prestanda.md` 1): räcker ensamt, utan att läsa tabellen.
            models.Index(
                fields=["insats", "person"],
                include=["inregistrering", "utregistrering", "kon"],
                name="deltagande_rapport",
                condition=Q(felregistrerad=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["insats", "person", "inregistrering", "lopnr"], name="deltagandet_en_gang_per_lopnummer"
            ),
            models.CheckConstraint(
                name="utregistrering_inte_fore_inregistrering",
                condition=Q(utregistrering=None) | Q(utregistrering__gte=F("inregistrering")),
                violation_error_message="Utregistreringen kan inte vara före inregistreringen.",
            ),
            models.CheckConstraint(
                name="avslutningsanledning_foljer_utregistrering",
                condition=Q(utregistrering=None, avslutningsanledning="")
                | (Q(utregistrering__isnull=False) & ~Q(avslutningsanledning="")),
                violation_error_message="Ange både datum för utregistreringen och avslutningsanledning.",
            ),
            models.CheckConstraint(
                name="samtycke_finns_fore_inregistrering",
                condition=Q(samtycke__isnull=False, samtycke__lte=F("inregistrering"))
                | Q(samtycke=None, avidentifierat=True),
                violation_error_message=(
                    "Samtycket ska vara lämnat senast inregistreringsdagen. "
                    "Utan samtycke registreras deltagaren som anonym."
                ),
            ),
            models.CheckConstraint(
                name="samtycke_arkiverat_efter_samtycke",
                condition=Q(samtycke_arkiverat=None) | Q(samtycke=None) | Q(samtycke_arkiverat__gte=F("samtycke")),
                violation_error_message="Samtycket kan inte vara arkiverat innan det lämnades.",
            ),
            models.CheckConstraint(
                name="atertaget_samtycke_ar_avidentifierat",
                condition=~Q(avslutningsanledning=ATERTAGET_SAMTYCKE) | Q(avidentifierat=True),
            ),
            models.CheckConstraint(name="deltagandets_kon_finns", condition=Q(kon__in=Kon.values)),
            models.CheckConstraint(
                name="andelar_ar_procent",
                condition=_andel("arbete_fore")
                & _andel("arbete_efter")
                & _andel("studier_fore")
                & _andel("studier_efter"),
                violation_error_message="Andel anges i procent, 1–100 (0 om personen inte arbetar eller studerar).",
            ),
            models.CheckConstraint(
                name="ingen_forsorjning_utesluter_annan",
                condition=_ingen_for_sig("forsorjning_fore") & _ingen_for_sig("forsorjning_efter"),
                violation_error_message="Ingen offentlig försörjning kan inte väljas tillsammans med annan.",
            ),
            ExclusionConstraint(
                name="deltaganden_overlappar_inte",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("insats", RangeOperators.EQUAL),
                    (
                        Func(
                            # Least: en omvänd period ska falla på sin egen CHECK, inte ge DataError här.
                            Least("inregistrering", "utregistrering"),
                            "utregistrering",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                            function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(felregistrerad=False),
                violation_error_message=(
                    "Personen är redan inregistrerad i insatsen under den tiden. "
                    "Nästa inregistrering är tidigast dagen efter den senaste utregistreringen."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Deltagande {self.pk}"


class Avtryck(models.Model):
    """Ett fingeravtryck som ett deltagande utan identitet känns igen på i en fil, och som det kan ha flera av (R25).

    Ägarens: `sus_app` frågar genom `avtryckens_deltaganden`.
    """

    avtryck = models.BinaryField("fingeravtryck", max_length=32, primary_key=True)
    deltagande = models.ForeignKey(Deltagande, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "fingeravtryck"
        verbose_name_plural = "fingeravtryck"

    def __str__(self) -> str:
        return f"Avtryck för deltagande {self.deltagande_id}"
