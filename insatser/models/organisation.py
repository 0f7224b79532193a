"""Samverkansorganisationer (`doman.md` 2)."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from behorighet.models import Anvandare, med_historik
from behorighet.roller import Rattighet, roller_med
from insatser.kategorier import Samverkansform
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


@med_historik(exclude=[])
class Samverkansorganisation(models.Model):
    """Parterna som samverkar under en samverkansform. Inom Finsam ett samordningsförbund."""

    organisationsnummer = models.CharField("organisationsnummer", max_length=11, unique=True)
    namn = models.CharField("namn", max_length=200)
    samverkansform = models.CharField("samverkansform", max_length=20, choices=Samverkansform)
    beskrivning = models.TextField("beskrivning", blank=True)
    startdatum = models.DateField("startdatum")
    slutdatum = models.DateField("slutdatum", null=True, blank=True)
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
        ]

    def __str__(self) -> str:
        return self.namn

    def get_absolute_url(self) -> str:
        """Samverkansorganisationens sida."""
        return reverse("uppdrag:organisation", args=[self.pk])
