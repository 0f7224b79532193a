"""Personer, och deras identitet i egna tabeller som ingen historik följer (R17, R19, P6, P10)."""

from typing import Any
from uuid import uuid4

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Q
from django.db.models.functions import Now

from deltagare.kryptering import dekryptera, personindex
from deltagare.personnummer import Personnummer
from deltagare.uppgifter import Kon
from insatser.models import Kommun, Stadsdel


def ny_personnyckel() -> str:
    """En nyckel som inte säger något om personen."""
    return uuid4().hex


class Person(models.Model):
    """En person, en rad i hela systemet: det som räknas. Vem det är står i Identitet, så länge det får stå."""

    nyckel = models.CharField("nyckel", max_length=60, unique=True, default=ny_personnyckel, editable=False)
    kon = models.CharField("kön", max_length=10, choices=Kon)
    fodelsear = models.PositiveSmallIntegerField("födelseår")
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "personer"
        constraints = [
            models.CheckConstraint(name="personens_kon_finns", condition=Q(kon__in=Kon.values)),
            models.CheckConstraint(name="fodelsear_rimligt", condition=Q(fodelsear__range=(1850, 2100))),
        ]

    def __str__(self) -> str:
        return f"Person {self.pk}"


class Identitet(models.Model):
    """Personnummer och namn, krypterade. Raden tas bort när identiteten ska bort; statistiken står kvar."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="identitet")
    personindex = models.BinaryField("nycklat index", max_length=32, unique=True)
    personnummer = models.BinaryField("personnummer, krypterat")
    fornamn = models.BinaryField("förnamn, krypterat")
    efternamn = models.BinaryField("efternamn, krypterat")
    nyckel_id = models.CharField("krypteringsnyckel", max_length=40)

    class Meta:
        verbose_name = "identitet"
        verbose_name_plural = "identiteter"

    def __str__(self) -> str:
        return f"Identitet {self.person_id}"

    def namn(self) -> str:
        """Förnamn och efternamn i klartext. Den som visar det loggar det (P8)."""
        return f"{self.klartext('fornamn')} {self.klartext('efternamn')}"

    def klartext(self, falt: str) -> str:
        """Ett av fälten personnummer, fornamn och efternamn i klartext."""
        return dekryptera(getattr(self, falt), falt=falt, nyckel_id=self.nyckel_id)

    def alla_nummer(self, *, using: str = DEFAULT_DB_ALIAS) -> list[str]:
        """Numren i klartext: det som gäller först, och sedan de som har bytts.

        Ger ProgrammingError (otillräcklig rättighet) för den som inte når personen.
        """
        with connections[using].cursor() as markor:
            markor.execute("SELECT personnummer, nyckel_id FROM personens_tidigare_nummer(%s)", [self.person_id])
            tidigare = [
                dekryptera(nummer, falt="personnummer", nyckel_id=nyckel_id) for nummer, nyckel_id in markor.fetchall()
            ]
        return [self.klartext("personnummer"), *tidigare]

    def har_nummer(self, nummer: str) -> bool:
        """Sant om numret (tolv siffror) är det som gäller, inte ett som har bytts."""
        return bytes(self.personindex) == personindex(nummer)

    def utskrivet_personnummer(self) -> str:
        """ååååmmdd-nnnn, i klartext: visas först när det är loggat (P7, P8)."""
        return Personnummer(self.klartext("personnummer"), 0, "", samordningsnummer=False).utskrivet

    def maskerat_personnummer(self) -> str:
        """Födelsedatum och fyra stjärnor."""
        return Personnummer(self.klartext("personnummer"), 0, "", samordningsnummer=False).maskerat


class TidigareNummer(models.Model):
    """Numret som personen hade före ett byte: en gammal fil, och en ny registrering, hittar samma person (R17, R20).

    Skrivs av databasen när numret byts, och tas bort med identiteten.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tidigare_nummer")
    personindex = models.BinaryField("nycklat index", max_length=32, unique=True)
    personnummer = models.BinaryField("personnummer, krypterat")
    nyckel_id = models.CharField("krypteringsnyckel", max_length=40)

    class Meta:
        verbose_name = "tidigare nummer"
        verbose_name_plural = "tidigare nummer"

    def __str__(self) -> str:
        return f"Tidigare nummer {self.pk}"


def personer_med(nummer: str) -> "models.QuerySet[Any, Any]":
    """Id för personen som har numret, nu eller före ett byte: en eller ingen. Att söka `person__in`."""
    index = personindex(nummer)
    nu = Identitet.objects.filter(personindex=index).values("person_id")
    return nu.union(TidigareNummer.objects.filter(personindex=index).values("person_id"))


class Folkbokforing(models.Model):
    """Kommun och stadsdel vid inregistreringen (R23). Tas bort med identiteten."""

    deltagande = models.OneToOneField(
        "deltagare.Deltagande", on_delete=models.CASCADE, primary_key=True, related_name="folkbokforing"
    )
    kommun = models.ForeignKey(Kommun, on_delete=models.PROTECT, related_name="+")
    stadsdel = models.ForeignKey(Stadsdel, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name = "folkbokföring"
        verbose_name_plural = "folkbokföringar"

    def __str__(self) -> str:
        return f"Folkbokföring {self.deltagande_id}"
