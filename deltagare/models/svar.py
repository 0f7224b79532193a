"""Svaren på kompletterande frågor (`doman.md` 4). De står kvar som statistik; fritext går med identiteten."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject, Now

from deltagare.models.deltagande import Deltagande
from insatser.models import Fraga, Saknas, Svarsalternativ, Svarstyp, Tillfalle
from insatser.models.fraga import HOGST_I_FRITEXT

Svarsvarde = str | Decimal | date | list[int] | Saknas

KOLUMN: Final[Mapping[str, str]] = {
    Svarstyp.FRITEXT: "fritext",
    Svarstyp.EN: "alternativ",
    Svarstyp.FLERA: "alternativ",
    Svarstyp.TAL: "tal",
    Svarstyp.DATUM: "datum",
}
KOLUMNERNA: Final = ("fritext", "alternativ", "tal", "datum", "saknas")
"""Det i raden som en rättelse ändrar."""


def som_kolumner(fraga: Fraga, varde: Svarsvarde) -> dict[str, Any]:
    """Svaret på `fraga` som radens kolumner, de tomma också."""
    tomt = {"fritext": "", "alternativ": None, "tal": None, "datum": None, "saknas": varde is Saknas.UPPGIFT}
    return tomt if varde is Saknas.UPPGIFT else {**tomt, KOLUMN[fraga.svarstyp]: varde}


class SvarQuerySet(models.QuerySet["Svar"]):
    """Svar, inom radskyddet."""

    def med_fragor(self) -> list["Svar"]:
        """Svaren, vart och ett med sin fråga och frågans alternativ som `fraga.val`: en fråga till databasen."""
        alternativ = Svarsalternativ.objects.filter(fraga=OuterRef("fraga")).order_by("ordning", "pk")
        val = ArraySubquery(alternativ.values(alternativ=JSONObject(id="pk", text="text")))
        svaren = list(self.select_related("fraga").annotate(val=val))
        for ett in svaren:
            ett.fraga.val = ett.val  # type: ignore[attr-defined]  # som `med_alternativ` ger den
        return svaren

    def satt(self, *, deltagande: Deltagande, tillfalle: Tillfalle, svar: Iterable[tuple[Fraga, Svarsvarde]]) -> None:
        """Sparar svaren med en sats, över dem som redan finns."""
        rader = [
            Svar(deltagande=deltagande, fraga=fraga, tillfalle=tillfalle, **som_kolumner(fraga, varde))
            for fraga, varde in svar
        ]
        nyckel = ("deltagande", "fraga", "tillfalle")
        if rader:
            self.bulk_create(rader, update_conflicts=True, unique_fields=nyckel, update_fields=KOLUMNERNA)

    def lagg_till(
        self, *, deltagande: Deltagande, tillfalle: Tillfalle, svar: Iterable[tuple[Fraga, Svarsvarde]]
    ) -> list[int]:
        """Sparar svaren med en sats och returnerar frågornas id.

        En fråga som saknar svar är inte med. Fritext sparas inte för ett deltagande utan identitet.
        """
        rader = [
            Svar(deltagande=deltagande, fraga=fraga, tillfalle=tillfalle, **som_kolumner(fraga, varde))
            for fraga, varde in svar
            if not (deltagande.avidentifierat and fraga.svarstyp == Svarstyp.FRITEXT)
        ]
        if rader:
            self.bulk_create(rader)
        return [rad.fraga_id for rad in rader]


def _bara(kolumn: str) -> Q:
    tomt = {"fritext": Q(fritext=""), **{namn: Q(**{namn: None}) for namn in ("alternativ", "tal", "datum")}}
    tomt["saknas"] = Q(saknas=False)
    villkor = ~tomt.pop(kolumn)
    for annan in tomt.values():
        villkor &= annan
    return villkor


class Svar(models.Model):
    """Ett svar på en fråga vid ett tillfälle, eller att uppgiften saknas. Utan rad är frågan obesvarad."""

    # Utan eget index: den unika nyckeln börjar med deltagandet.
    deltagande = models.ForeignKey(Deltagande, on_delete=models.PROTECT, related_name="svar", db_index=False)
    fraga = models.ForeignKey(Fraga, on_delete=models.PROTECT, related_name="svar")
    tillfalle = models.CharField("tillfälle", max_length=10, choices=Tillfalle)
    fritext = models.CharField("fritext", max_length=HOGST_I_FRITEXT, blank=True)
    alternativ = ArrayField(models.BigIntegerField(), verbose_name="valda alternativ", null=True, blank=True)
    tal = models.DecimalField("tal", max_digits=12, decimal_places=2, null=True, blank=True)
    datum = models.DateField("datum", null=True, blank=True)
    saknas = models.BooleanField("uppgift saknas", default=False, db_default=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = SvarQuerySet.as_manager()

    class Meta:
        verbose_name = "svar"
        verbose_name_plural = "svar"
        constraints = [
            models.UniqueConstraint(fields=["deltagande", "fraga", "tillfalle"], name="ett_svar_per_fraga"),
            models.CheckConstraint(name="svarets_tillfalle_finns", condition=Q(tillfalle__in=Tillfalle.values)),
            models.CheckConstraint(
                name="svaret_har_ett_varde",
                condition=_bara("fritext") | _bara("alternativ") | _bara("tal") | _bara("datum") | _bara("saknas"),
            ),
        ]

    def __str__(self) -> str:
        return f"Svar {self.pk}"

    @property
    def varde(self) -> Svarsvarde:
        """Det svarade, så som frågans typ lagras, eller `Saknas`."""
        varde: Svarsvarde = Saknas.UPPGIFT if self.saknas else getattr(self, KOLUMN[self.fraga.svarstyp])
        return varde
