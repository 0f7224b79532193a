"""Registret som *Hämta* frågar när ingen tjänst är inställd, och vilka som har slagits upp (R19, P8)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from insatser.models import Kommun, Stadsdel


class Registerpost(models.Model):
    """En person i det lokala folkbokföringsregistret. `sus_app` läser det bara genom `registerpost`."""

    personindex = models.BinaryField("nycklat index", max_length=32, unique=True)
    fornamn = models.BinaryField("förnamn, krypterat")
    efternamn = models.BinaryField("efternamn, krypterat")
    nyckel_id = models.CharField("krypteringsnyckel", max_length=40)
    kommun = models.ForeignKey(Kommun, on_delete=models.PROTECT, related_name="+", null=True)
    stadsdel = models.ForeignKey(Stadsdel, on_delete=models.PROTECT, related_name="+", null=True)
    skyddad = models.BooleanField("skyddade personuppgifter", default=False)

    class Meta:
        verbose_name = "post i folkbokföringsregistret"
        verbose_name_plural = "poster i folkbokföringsregistret"
        constraints = [
            models.CheckConstraint(
                name="registerpostens_stadsdel_har_kommun",
                condition=Q(stadsdel=None) | Q(kommun__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Registerpost {self.pk}"


class Uppslag(models.Model):
    """Vem som slogs upp, när personen inte finns i SUS: loggens rad har då ingen person att peka på.

    Skrivs av `logga_uppslag`. Försvinner med personens identitet, och aldrig skrivet för den som har skydd.
    """

    handelse_id = models.BigIntegerField("rad i åtkomstloggen")
    personindex = models.BinaryField("nycklat index", max_length=32)
    tid = models.DateTimeField("tid", db_default=Now())

    class Meta:
        verbose_name = "uppslag"
        verbose_name_plural = "uppslag"
        indexes = [models.Index(fields=["personindex"], name="uppslag_person")]

    def __str__(self) -> str:
        return f"Uppslag {self.pk}"
