"""Det som granskas: behörigheterna en gång om året (`doman.md` 1.1) och åtkomstloggen varje månad (P8)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from behorighet.models.konto import Anvandare, Behorighet
from behorighet.models.organisation import Organisation


class Genomgang(models.Model):
    """En genomgång av alla behörigheter i en organisation, när den är gjord. Ändras aldrig."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="genomgangar")
    gjord_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    gjord_vid = models.DateTimeField("gjord", db_default=Now())

    class Meta:
        verbose_name = "genomgång av behörigheter"
        verbose_name_plural = "genomgångar av behörigheter"
        indexes = [models.Index(fields=["organisation", "-gjord_vid"], name="genomgang_senast")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.gjord_vid:%Y-%m-%d}"


class Genomgangsrad(models.Model):
    """Vad genomgången kom fram till om en behörighet."""

    class Beslut(models.TextChoices):
        BEHALL = "behall", "Behåll"
        AVSLUTA = "avsluta", "Avsluta"

    genomgang = models.ForeignKey(Genomgang, on_delete=models.PROTECT, related_name="rader")
    behorighet = models.ForeignKey(Behorighet, on_delete=models.PROTECT, related_name="+")
    beslut = models.CharField("beslut", max_length=10, choices=Beslut)

    class Meta:
        verbose_name = "rad i genomgång"
        verbose_name_plural = "rader i genomgång"
        constraints = [
            models.UniqueConstraint(fields=["genomgang", "behorighet"], name="behorigheten_en_gang_i_genomgangen"),
            models.CheckConstraint(name="genomgangens_beslut_finns", condition=Q(beslut__in=["behall", "avsluta"])),
        ]

    def __str__(self) -> str:
        return f"{self.behorighet}: {self.get_beslut_display()}"


class Loggkontroll(models.Model):
    """Ett slumpmässigt urval av en månads läsningar, gjorda av en organisations personal. Dras en gång."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="loggkontroller")
    manad = models.DateField("månad")  # den första dagen
    antal_handelser = models.PositiveIntegerField("läsningar under månaden")
    dragen_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    dragen_vid = models.DateTimeField("dragen", db_default=Now())

    class Meta:
        verbose_name = "loggkontroll"
        verbose_name_plural = "loggkontroller"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "manad"], name="en_loggkontroll_per_manad"),
            models.CheckConstraint(name="manaden_ar_dess_forsta_dag", condition=Q(manad__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.manad:%Y-%m}"


class Loggkontrollrad(models.Model):
    """En händelse i urvalet och vad granskningen kom fram till. Det granskade ändras aldrig."""

    class Utfall(models.TextChoices):
        I_ORDNING = "i_ordning", "I ordning"
        FOLJ_UPP = "folj_upp", "Följ upp"

    kontroll = models.ForeignKey(Loggkontroll, on_delete=models.PROTECT, related_name="rader")
    handelse_id = models.BigIntegerField("händelse")
    utfall = models.CharField("utfall", max_length=10, choices=Utfall, blank=True)
    kommentar = models.CharField("kommentar", max_length=500, blank=True)
    granskad_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True)
    granskad_vid = models.DateTimeField("granskad", null=True)

    class Meta:
        verbose_name = "rad i loggkontroll"
        verbose_name_plural = "rader i loggkontroll"
        constraints = [
            models.UniqueConstraint(fields=["kontroll", "handelse_id"], name="handelsen_en_gang_i_kontrollen"),
            models.CheckConstraint(
                name="granskad_rad_har_utfall_vem_och_nar",
                condition=Q(utfall="", granskad_av=None, granskad_vid=None, kommentar="")
                | Q(utfall="i_ordning", granskad_av__isnull=False, granskad_vid__isnull=False)
                | (Q(utfall="folj_upp", granskad_av__isnull=False, granskad_vid__isnull=False) & ~Q(kommentar="")),
                violation_error_message="Skriv en kommentar om det som ska följas upp.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kontroll} {self.handelse_id}"
