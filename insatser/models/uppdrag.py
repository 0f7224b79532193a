"""Uppdrag knyter en behörighet till en samverkansorganisation, en insats eller ett kontor (`doman.md` 1.1)."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Self, Union

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from behorighet.models import Anvandare, Behorighet, Giltig, med_historik
from behorighet.models.konto import VARSEL_DAGAR, dagen_efter
from behorighet.roller import Rattighet, Roll, roller_med
from insatser.models.organisation import Samverkansorganisation

if TYPE_CHECKING:
    from insatser.models.insats import Insats

# Vad den som ger eller avslutar ett uppdrag i rollen behöver (`doman.md` 1.1).
RATT_ATT_GE: Final = {
    Roll.SAMVERKANSADMINISTRATOR: Rattighet.GE_UPPDRAG_I_ORGANISATION,
    Roll.INSATSANSVARIG: Rattighet.GE_UPPDRAG_I_ORGANISATION,
    Roll.DELTAGARANSVARIG: Rattighet.GE_UPPDRAG_PA_INSATS,
}


class Uppdragslage(models.TextChoices):
    """Var i sin giltighet ett uppdrag är."""

    GALLER = "galler", "Gäller"
    KOMMANDE = "kommande", "Kommande"
    AVSLUTAT = "avslutat", "Avslutat"


class UppdragQuerySet(models.QuerySet["Uppdrag"]):
    """Uppdrag som gäller."""

    def gallande(self) -> Self:
        """De som gäller nu, liksom behörigheten de vilar på."""
        return self.filter(giltighet__contains=Now(), behorighet__giltighet__contains=Now())

    def gallande_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Användarens gällande uppdrag i en roll som ger rättigheten."""
        return self.gallande().filter(behorighet__anvandare=anvandare, behorighet__roll__in=roller_med(rattighet))

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """Uppdragen som användaren får avsluta med rättigheten: de i rollerna som den ger, inom räckvidden (1.1)."""
        roller = [roll for roll, ratt in RATT_ATT_GE.items() if ratt == rattighet]
        egna = Uppdrag.objects.gallande_for(anvandare, rattighet)
        organisationer = egna.filter(insats=None).values("samverkansorganisation")
        return self.filter(behorighet__roll__in=roller).filter(
            Q(samverkansorganisation__in=organisationer)
            | Q(insats__samverkansorganisation__in=organisationer)
            | Q(insats__in=egna.filter(insats__isnull=False).values("insats"))
        )

    def inte_slut(self) -> Self:
        """De som gäller nu eller längre fram, liksom behörigheten de vilar på."""
        kvar = [
            Q(**{f"{falt}__isempty": False})
            & (Q(**{f"{falt}__upper_inf": True}) | Q(**{f"{falt}__endswith__gt": Now()}))
            for falt in ("giltighet", "behorighet__giltighet")
        ]
        return self.filter(*kvar)

    def slutar_snart(self) -> Self:
        """De som slutar inom `VARSEL_DAGAR` dagar utan att personen har fått samma uppdrag för tiden efter."""
        idag = timezone.localdate()
        samma = {falt: OuterRef(falt) for falt in ("behorighet__anvandare", "behorighet__roll")}
        fortsatter = Uppdrag.objects.filter(
            Q(insats=OuterRef("insats")) | Q(samverkansorganisation=OuterRef("samverkansorganisation")),
            **samma,
            avslutad_vid=None,
            fran=dagen_efter("till"),
        )
        slutar = self.filter(till__range=(idag, idag + timedelta(days=VARSEL_DAGAR)), avslutad_vid=None)
        return slutar.exclude(Exists(fortsatter))

    def att_visa(self) -> Self:
        """Med det som sidorna visar, i svensk namnordning."""
        return self.select_related(
            "behorighet__anvandare__arbetsgivare", "samverkansorganisation", "insats__samverkansorganisation"
        ).order_by(
            Func("behorighet__anvandare__efternamn", function="sus_sortnyckel"),
            Func("behorighet__anvandare__fornamn", function="sus_sortnyckel"),
            "-fran",
            "pk",
        )


@med_historik(exclude=["giltighet"])
class Uppdrag(Giltig):
    """Ett uppdrag under en tid. Rollen står i behörigheten."""

    behorighet = models.ForeignKey(Behorighet, on_delete=models.PROTECT, related_name="uppdrag")
    samverkansorganisation = models.ForeignKey(
        Samverkansorganisation, on_delete=models.PROTECT, related_name="uppdrag", null=True, blank=True
    )
    insats = models.ForeignKey(
        "insatser.Insats", on_delete=models.CASCADE, related_name="uppdrag", null=True, blank=True
    )
    given_av = models.ForeignKey(Anvandare, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = UppdragQuerySet.as_manager()

    class Meta:
        verbose_name = "uppdrag"
        verbose_name_plural = "uppdrag"
        constraints = [
            models.CheckConstraint(
                name="uppdrag_slutar_inte_fore_start",
                condition=Q(till=None) | Q(till__gte=F("fran")),
                violation_error_message="Till och med kan inte vara före från och med.",
            ),
            models.CheckConstraint(
                name="uppdrag_pa_organisation_eller_insats",
                condition=Q(samverkansorganisation=None, insats__isnull=False)
                | Q(samverkansorganisation__isnull=False, insats=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.behorighet} – {self.insats or self.samverkansorganisation}"

    @property
    def plats(self) -> Union[Samverkansorganisation, "Insats"]:
        """Samverkansorganisationen eller insatsen."""
        plats = self.insats or self.samverkansorganisation
        if plats is None:  # databasen kräver ett av dem
            raise ValueError(self.pk)
        return plats

    @property
    def lage(self) -> Uppdragslage:
        """Läget just nu, för uppdraget och behörigheten det vilar på. Båda ska vara lästa ur databasen."""
        nu = timezone.now()
        tider = (self.giltighet, self.behorighet.giltighet)
        if any(tid.isempty or (tid.upper and tid.upper <= nu) for tid in tider):
            return Uppdragslage.AVSLUTAT
        return Uppdragslage.KOMMANDE if any(tid.lower > nu for tid in tider) else Uppdragslage.GALLER

    @property
    def sista_dag(self) -> date | None:
        """Den sista dagen som uppdraget gäller eller gällde; None när inget slut är satt."""
        slut = [
            dag
            for rad in (self, self.behorighet)
            for dag in (rad.till, rad.avslutad_vid and timezone.localdate(rad.avslutad_vid))
            if dag
        ]
        return min(slut, default=None)
