"""Samverkansorganisationer (`doman.md` 2)."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from behorighet.models import Anvandare, Organisation, med_historik
from behorighet.roller import Rattighet, roller_med
from insatser.kategorier import KONTORSFORMER, Samverkansform
from insatser.models.geografi import Kommun, Stadsdel


class SamverkansorganisationQuerySet(models.QuerySet["Samverkansorganisation"]):
    """Vilka samverkansorganisationer en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Samverkansorganisationerna som användaren når med rättigheten; rätt och räckvidd ur samma uppdrag.

        Att visa är öppet för alla med en roll (R5), och systemadministratören når alla.
        """
        if not anvandare.far(rattighet):
            return self.none()
        if rattighet in {Rattighet.VISA_INSATSER, Rattighet.VISA_RAPPORT, Rattighet.ADMINISTRERA_SYSTEMET}:
            return self
        egna = Samverkansorganisation.objects.filter(
            uppdrag__giltighet__contains=Now(),
            uppdrag__behorighet__giltighet__contains=Now(),
            uppdrag__behorighet__anvandare=anvandare,
            uppdrag__behorighet__roll__in=roller_med(rattighet),
        )
        return self.filter(pk__in=egna.values("pk"))

    def med_kontor(self) -> Self:
        """De som har kontor: Af och FK i Af/FK-samarbete."""
        return self.filter(samverkansform__in=KONTORSFORMER).order_by("samverkansform", "pk")


# Kontaktpersonen är en person i personalen: bara den som gäller nu sparas.
@med_historik(exclude=["kontaktperson", "telefon", "epost"])
class Samverkansorganisation(models.Model):
    """Parterna som samverkar under en samverkansform. Inom Finsam ett samordningsförbund."""

    organisationsnummer = models.CharField(
        "organisationsnummer",
        max_length=11,
        unique=True,
        error_messages={"unique": "En annan samverkansorganisation har redan det organisationsnumret."},
    )
    namn = models.CharField("namn", max_length=200)
    samverkansform = models.CharField("samverkansform", max_length=20, choices=Samverkansform)
    beskrivning = models.TextField("beskrivning", blank=True)
    startdatum = models.DateField("startdatum")
    slutdatum = models.DateField("slutdatum", null=True, blank=True)
    # Filerna som läses in har inte de här: databasen fyller i tomt.
    adress = models.CharField("adress", max_length=200, blank=True, db_default="")
    postnummer = models.CharField("postnummer", max_length=6, blank=True, db_default="")
    ort = models.CharField("ort", max_length=100, blank=True, db_default="")
    kontaktperson = models.CharField("kontaktperson", max_length=200, blank=True, db_default="")
    telefon = models.CharField("telefon", max_length=40, blank=True, db_default="")
    epost = models.EmailField("e-post", blank=True, db_default="")
    kommuner = models.ManyToManyField(Kommun, related_name="samverkansorganisationer", blank=True)
    stadsdelar = models.ManyToManyField(Stadsdel, related_name="samverkansorganisationer", blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = SamverkansorganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "samverkansorganisation"
        verbose_name_plural = "samverkansorganisationer"
        constraints = [
            models.UniqueConstraint(fields=["id", "samverkansform"], name="samverkansorganisation_och_form"),
            models.CheckConstraint(
                name="samverkansorganisation_form_finns", condition=Q(samverkansform__in=Samverkansform.values)
            ),
            models.CheckConstraint(
                name="samverkansorganisation_slutar_inte_fore_start",
                condition=Q(slutdatum=None) | Q(slutdatum__gte=F("startdatum")),
                violation_error_message="Slutdatum kan inte vara före startdatum.",
            ),
            models.CheckConstraint(
                name="organisationsnummer_har_ratt_form",
                condition=Q(organisationsnummer__regex=r"^\d{6}-\d{4}$"),
                violation_error_message="Organisationsnummer skrivs med tio siffror, NNNNNN-NNNN.",
            ),
            models.CheckConstraint(
                name="postnummer_har_ratt_form",
                condition=Q(postnummer="") | Q(postnummer__regex=r"^\d{3} \d{2}$"),
                violation_error_message="Postnummer skrivs med fem siffror, NNN NN.",
            ),
        ]

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Samverkansorganisationens sida."""
        return reverse("uppdrag:organisation", args=[self.pk])


class IngaendeOrganisation(models.Model):
    """En organisation som ingår i samverkan: den deltar, finansierar eller brukar, eller flera av dem."""

    samverkansorganisation = models.ForeignKey(
        Samverkansorganisation, on_delete=models.PROTECT, related_name="ingaende_organisationer"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="ingar_i")
    deltar = models.BooleanField("deltar", default=False)
    finansierar = models.BooleanField("finansierar", default=False)
    brukar = models.BooleanField("brukar", default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "ingående organisation"
        verbose_name_plural = "ingående organisationer"
        constraints = [
            models.UniqueConstraint(
                fields=["samverkansorganisation", "organisation"],
                name="en_organisation_ingar_en_gang",
                violation_error_message="Organisationen ingår redan. Ändra den i listan i stället.",
            ),
            models.CheckConstraint(
                name="ingaende_organisation_gor_nagot",
                condition=Q(deltar=True) | Q(finansierar=True) | Q(brukar=True),
                violation_error_message="Välj minst ett av deltar, finansierar och brukar.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} i {self.samverkansorganisation}"
