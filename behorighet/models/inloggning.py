"""Det som inloggningen och formulären minns: misslyckade försök, inskick och antal anrop."""

from django.db import models
from django.db.models.functions import Now

from behorighet.models.konto import Anvandare


class Inloggningsforsok(models.Model):
    """Misslyckade inloggningar i följd på ett konto, och hur länge det är spärrat (P5).

    Lösenordet och det andra steget räknas var för sig: den som har rätt lösenord får inte börja om på koderna.
    """

    anvandare = models.OneToOneField(Anvandare, on_delete=models.CASCADE, primary_key=True, related_name="+")
    i_foljd = models.PositiveSmallIntegerField("misslyckade i följd", default=0)
    sparrat_till = models.DateTimeField("spärrat till", null=True)
    steg_i_foljd = models.PositiveSmallIntegerField("fel i andra steget i följd", default=0)
    steg_sparrat_till = models.DateTimeField("andra steget spärrat till", null=True)

    class Meta:
        verbose_name = "inloggningsförsök"
        verbose_name_plural = "inloggningsförsök"

    def __str__(self) -> str:
        return str(self.pk)


class Inskick(models.Model):
    """Ett inskickat formulär: samma token igen ger samma svar och ingen ny rad (P15)."""

    token = models.UUIDField(primary_key=True)
    anvandare = models.ForeignKey(Anvandare, on_delete=models.CASCADE, related_name="+")
    innehall = models.BinaryField("nycklad summa av innehållet")
    svar = models.CharField("adress till svaret", max_length=200, blank=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now())

    class Meta:
        verbose_name = "inskick"
        verbose_name_plural = "inskick"

    def __str__(self) -> str:
        return str(self.token)


class Takt(models.Model):
    """Antalet anrop av ett slag under det pågående tidsfönstret. En rad per nyckel, inget om vem i klartext."""

    nyckel = models.CharField("nyckel", max_length=100, primary_key=True)
    fonster = models.DateTimeField("fönstrets början")
    antal = models.PositiveIntegerField("antal")

    class Meta:
        verbose_name = "takt"
        verbose_name_plural = "takter"

    def __str__(self) -> str:
        return self.nyckel
