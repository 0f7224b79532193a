"""Kompletterande frågor: samverkansorganisationens egna, vid in- och utregistrering (`doman.md` 4)."""

from datetime import date
from enum import Enum
from typing import Final, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Now

from behorighet.models import Anvandare
from behorighet.roller import Rattighet
from insatser.models.insats import Insats
from insatser.models.organisation import Samverkansorganisation

HOGST_I_FRITEXT: Final = 200


class Svarstyp(models.TextChoices):
    """Hur en fråga besvaras."""

    FRITEXT = "fritext", "Kort fritext"
    EN = "en", "En av flera"
    FLERA = "flera", "Flera av flera"
    TAL = "tal", "Tal"
    DATUM = "datum", "Datum"


class Saknas(Enum):
    """Svaret att uppgiften saknas. Frågan är då besvarad, och väntar inte på något."""

    UPPGIFT = "saknas"


MED_ALTERNATIV: Final = frozenset({Svarstyp.EN, Svarstyp.FLERA})


class Tillfalle(models.TextChoices):
    """När ett svar lämnas."""

    IN = "in", "Vid inregistrering"
    UT = "ut", "Vid utregistrering"


class Fragetillfalle(models.TextChoices):
    """När en fråga ställs."""

    IN = "in", "Vid inregistrering"
    UT = "ut", "Vid utregistrering"
    BADA = "bada", "Vid både in- och utregistrering"


class FragaQuerySet(models.QuerySet["Fraga"]):
    """Vilka frågor som ställs, och vilka en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Frågorna i samverkansorganisationerna som användaren når med rättigheten."""
        return self.filter(samverkansorganisation__in=Samverkansorganisation.objects.synliga_for(anvandare, rattighet))

    def i_ordning(self) -> Self:
        """I den ordning de ställs."""
        return self.order_by("ordning", "pk")

    def inte_slut(self, dag: date) -> Self:
        """De som gäller dagen eller längre fram."""
        return self.filter(Q(till=None) | Q(till__gte=dag))

    def att_stalla(self, *, tillfalle: str, dag: date) -> Self:
        """De som ställs vid tillfället den dagen, i ordning, med sina alternativ: en fråga till databasen."""
        return (
            self.inte_slut(dag)
            .filter(fran__lte=dag, tillfalle__in=[tillfalle, Fragetillfalle.BADA])
            .i_ordning()
            .med_alternativ()
        )

    def med_alternativ(self) -> Self:
        """Med alternativen som `val`: en lista av `{"id", "text"}` i ordning."""
        alternativ = Svarsalternativ.objects.filter(fraga=OuterRef("pk")).order_by("ordning", "pk")
        return self.annotate(val=ArraySubquery(alternativ.values(alternativ=JSONObject(id="pk", text="text"))))

    def for_insats(self, insatser: QuerySet[Insats], insats: int) -> Self:
        """De som insatsens samverkansorganisation ställer; inga för en insats utanför `insatser`."""
        return self.filter(samverkansorganisation__in=insatser.filter(pk=insats).values("samverkansorganisation"))


class Fraga(models.Model):
    """En fråga som ställs under en tid. Har den svar går den bara att avsluta och att flytta i ordningen."""

    samverkansorganisation = models.ForeignKey(Samverkansorganisation, on_delete=models.PROTECT, related_name="fragor")
    namn = models.CharField("namn", max_length=100)
    text = models.CharField("fråga", max_length=300)
    svarstyp = models.CharField("svarstyp", max_length=10, choices=Svarstyp)
    tillfalle = models.CharField("ställs", max_length=10, choices=Fragetillfalle)
    fran = models.DateField("från och med")
    till = models.DateField("till och med", null=True, blank=True)
    ordning = models.PositiveIntegerField("ordning")
    # Att frågan varken pekar ut någon eller frågar efter känsliga uppgifter.
    bekraftat_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+")
    bekraftat_vid = models.DateTimeField("innehållet bekräftat")
    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = FragaQuerySet.as_manager()

    class Meta:
        verbose_name = "kompletterande fråga"
        verbose_name_plural = "kompletterande frågor"
        constraints = [
            models.CheckConstraint(
                name="fragan_slutar_inte_fore_start",
                condition=Q(till=None) | Q(till__gte=F("fran")),
                violation_error_message="Till och med kan inte vara före från och med.",
            ),
            models.CheckConstraint(name="fragans_svarstyp_finns", condition=Q(svarstyp__in=Svarstyp.values)),
            models.CheckConstraint(name="fragans_tillfalle_finns", condition=Q(tillfalle__in=Fragetillfalle.values)),
            models.CheckConstraint(name="fragan_har_en_text", condition=~Q(text="") & ~Q(namn="")),
        ]

    def __str__(self) -> str:
        return self.namn

    @property
    def har_alternativ(self) -> bool:
        """Sant om svaret väljs bland alternativ."""
        return self.svarstyp in MED_ALTERNATIV

    @property
    def upplaga(self) -> str:
        """Frågan så som den lyder nu: id och version. Byts när någon ändrar den."""
        return f"{self.pk}.{self.version}"


class Svarsalternativ(models.Model):
    """Ett alternativ. Id:t är det som svaren bär, så att det står fast när frågan har svar."""

    fraga = models.ForeignKey(Fraga, on_delete=models.CASCADE, related_name="alternativ")
    text = models.CharField("alternativ", max_length=100)
    ordning = models.PositiveSmallIntegerField("ordning")

    class Meta:
        verbose_name = "svarsalternativ"
        verbose_name_plural = "svarsalternativ"
        ordering = ["ordning", "pk"]
        constraints = [
            models.UniqueConstraint(
                "fraga",
                Func("text", function="lower"),
                name="alternativet_en_gang_i_fragan",
                violation_error_message="Samma alternativ står två gånger.",
            ),
            models.CheckConstraint(name="alternativet_har_en_text", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return self.text
