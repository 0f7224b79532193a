"""Län, kommuner och stadsdelar (R8)."""

from django.db import models


class Lan(models.Model):
    """Ett av Sveriges 21 län."""

    kod = models.CharField("länskod", max_length=2, primary_key=True)
    namn = models.CharField("namn", max_length=60, unique=True)

    class Meta:
        verbose_name = "län"
        verbose_name_plural = "län"
        ordering = ["kod"]

    def __str__(self) -> str:
        return self.namn


class Kommun(models.Model):
    """En av Sveriges 290 kommuner, med SCB:s kod."""

    kod = models.CharField("kommunkod", max_length=4, primary_key=True)
    namn = models.CharField("namn", max_length=60, unique=True)
    lan = models.ForeignKey(Lan, on_delete=models.PROTECT, related_name="kommuner")

    class Meta:
        verbose_name = "kommun"
        verbose_name_plural = "kommuner"
        ordering = ["kod"]
        constraints = [
            models.CheckConstraint(
                name="kommunkoden_borjar_med_lanet", condition=models.Q(kod__startswith=models.F("lan_id"))
            ),
        ]

    def __str__(self) -> str:
        return self.namn


class Stadsdel(models.Model):
    """En stadsdel i Stockholm eller Göteborg; de som har ersatts har en sista giltighetsdag."""

    kommun = models.ForeignKey(Kommun, on_delete=models.PROTECT, related_name="stadsdelar")
    namn = models.CharField("namn", max_length=60)
    giltig_till = models.DateField("giltig till och med", null=True, blank=True)

    class Meta:
        verbose_name = "stadsdel"
        verbose_name_plural = "stadsdelar"
        constraints = [
            models.UniqueConstraint(fields=["kommun", "namn"], name="stadsdelens_namn_en_gang_i_kommunen"),
            models.CheckConstraint(
                name="stadsdelar_finns_i_stockholm_och_goteborg", condition=models.Q(kommun__in=["0180", "1480"])
            ),
        ]

    def __str__(self) -> str:
        return self.namn
