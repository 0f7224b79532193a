"""Af/FK-samarbetet: en persons ärende hos två kontor, och dess väg genom insatstyperna (`doman.md` 6, R26–R32)."""

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Func, Q
from django.db.models.functions import Now

from behorighet.models import Anvandare, med_historik
from behorighet.roller import Rattighet
from deltagare.models.person import Person
from deltagare.overgangar import AVSLUTANDE, PAGAENDE, Insatstyp, Myndighet, Orsak
from deltagare.uppgifter import Kon
from insatser.models import Insats, Kommun, Stadsdel


class Overgangsregel(models.Model):
    """En ruta i övergångsmatrisen. Tomt `fran` är övergången som börjar samarbetet."""

    fran = models.CharField("från", max_length=30, choices=Insatstyp, blank=True)
    till = models.CharField("till", max_length=30, choices=Insatstyp)
    myndighet = models.CharField("registreras normalt av", max_length=2, choices=Myndighet)
    oppen = models.BooleanField("öppen", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "övergångsregel"
        verbose_name_plural = "övergångsregler"
        constraints = [
            models.UniqueConstraint(fields=["fran", "till"], name="en_ruta_per_overgang"),
            models.CheckConstraint(
                name="rutan_finns_i_matrisen",
                condition=(Q(fran="", till=Insatstyp.BEGARAN) | Q(fran__in=PAGAENDE) & ~Q(till=Insatstyp.BEGARAN))
                & Q(till__in=Insatstyp.values)
                & ~Q(fran=F("till")),
            ),
            models.CheckConstraint(name="samarbetet_gar_att_borja", condition=~Q(fran="") | Q(oppen=True)),
            models.CheckConstraint(
                name="samtycket_gar_att_aterta",
                condition=~Q(till=Insatstyp.AVBRUTET) | Q(oppen=True),
                violation_error_message=(
                    "Övergången till Avbrutet samarbete är alltid öppen: samtycket ska gå att återta."
                ),
            ),
            models.CheckConstraint(name="overgangens_myndighet_finns", condition=Q(myndighet__in=Myndighet.values)),
        ]

    def __str__(self) -> str:
        return f"{self.fran or 'start'} → {self.till}"


class SamarbeteQuerySet(models.QuerySet["Samarbete"]):
    """Vilka samarbeten en användare når."""

    def synliga_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """De som är eller har varit hos ett kontor som användaren når med rättigheten (R28)."""
        kontor = Insats.objects.synliga_for(anvandare, rattighet)
        varit = Samarbetskontor.objects.filter(Q(af_kontor__in=kontor) | Q(fk_kontor__in=kontor))
        return self.filter(Q(af_kontor__in=kontor) | Q(fk_kontor__in=kontor) | Q(pk__in=varit.values("samarbete")))

    def hos(self, kontor: Insats) -> Self:
        """De som nu är, eller slutade, hos kontoret."""
        return self.filter(Q(af_kontor=kontor) | Q(fk_kontor=kontor))

    def hos_kontor_for(self, anvandare: Anvandare, rattighet: Rattighet) -> Self:
        """De som nu är, eller slutade, hos ett kontor som användaren når: inte de som har flyttat därifrån (R29)."""
        kontor = Insats.objects.synliga_for(anvandare, rattighet)
        return self.filter(Q(af_kontor__in=kontor) | Q(fk_kontor__in=kontor))

    def pagaende(self) -> Self:
        """De som inte har avslutats."""
        return self.filter(slut=None)


@med_historik(exclude=["fingeravtryck"])
class Samarbete(models.Model):
    """Ett samarbete. Början, slut, insatstyp och kontor är de senaste, och sätts av databasen ur raderna under."""

    nyckel = models.CharField("samarbetets id", max_length=60, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="samarbeten")
    initierad_av = models.CharField("initierad av", max_length=2, choices=Myndighet)
    borjan = models.DateField("början")
    slut = models.DateField("slut", null=True, blank=True)
    insatstyp = models.CharField("insatstyp", max_length=30, choices=Insatstyp)
    # Ett kontor tas aldrig bort: databasen nekar, utan fyra frågor för varje insats som tas bort.
    af_kontor = models.ForeignKey(
        Insats, on_delete=models.DO_NOTHING, related_name="+", verbose_name="Arbetsförmedling"
    )
    fk_kontor = models.ForeignKey(Insats, on_delete=models.DO_NOTHING, related_name="+", verbose_name="FK-kontor")
    # Kopior av personens, som på ett deltagande.
    kon = models.CharField("kön", max_length=10, choices=Kon)
    alder = models.PositiveSmallIntegerField("ålder det år samarbetet började")
    samtycke = models.DateField("samtycke", null=True, blank=True)
    samtycke_arkiverat = models.DateField("samtycke arkiverat", null=True, blank=True)
    avidentifierat = models.BooleanField("utan identitet", default=False)
    fingeravtryck = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    objects = SamarbeteQuerySet.as_manager()

    class Meta:
        verbose_name = "samarbete"
        verbose_name_plural = "samarbeten"
        constraints = [
            ExclusionConstraint(
                name="ett_oppet_samarbete_per_person",
                # Tiden är halvöppen: nästa får börja den dag det förra slutade.
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (
                        Func(F("borjan"), F("slut"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                # En fil skjuter upp den: samarbetena läggs in före deras övergångar.
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message=(
                    "Personen har redan ett samarbete under den tiden. "
                    "Avsluta det först, och börja nästa tidigast den dag det slutade."
                ),
            ),
            models.CheckConstraint(
                name="slutet_foljer_insatstypen",
                condition=Q(slut=None, insatstyp__in=PAGAENDE) | Q(slut__gte=F("borjan"), insatstyp__in=AVSLUTANDE),
            ),
            models.CheckConstraint(
                name="samtycke_finns_fore_samarbetet",
                condition=Q(samtycke__isnull=False, samtycke__lte=F("borjan")) | Q(samtycke=None, avidentifierat=True),
                violation_error_message=(
                    "Samtycket ska vara lämnat senast den dag samarbetet börjar. "
                    "Utan samtycke registreras deltagaren som anonym."
                ),
            ),
            models.CheckConstraint(
                name="samarbetets_samtycke_arkiverat_efterat",
                condition=Q(samtycke_arkiverat=None) | Q(samtycke=None) | Q(samtycke_arkiverat__gte=F("samtycke")),
                violation_error_message="Samtycket kan inte vara arkiverat innan det lämnades.",
            ),
            models.CheckConstraint(name="samarbetets_kon_finns", condition=Q(kon__in=Kon.values)),
            models.CheckConstraint(name="initierad_av_af_eller_fk", condition=Q(initierad_av__in=Myndighet.values)),
        ]

    def __str__(self) -> str:
        return f"Samarbete {self.pk}"


class Samarbetsavtryck(models.Model):
    """Ett fingeravtryck som ett samarbete utan identitet känns igen på i en fil; flera om numret har bytts (R27).

    Ägarens, som deltagandenas `Avtryck`.
    """

    avtryck = models.BinaryField("fingeravtryck", max_length=32, primary_key=True)
    samarbete = models.ForeignKey(Samarbete, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "samarbetets fingeravtryck"
        verbose_name_plural = "samarbetenas fingeravtryck"

    def __str__(self) -> str:
        return f"Avtryck för samarbete {self.samarbete_id}"


class Samarbetskontor(models.Model):
    """Samarbetets två kontor från och med en dag (R29)."""

    samarbete = models.ForeignKey(Samarbete, on_delete=models.CASCADE, related_name="kontor", db_index=False)
    datum = models.DateField("från och med")
    af_kontor = models.ForeignKey(
        Insats, on_delete=models.DO_NOTHING, related_name="+", verbose_name="Arbetsförmedling"
    )
    fk_kontor = models.ForeignKey(Insats, on_delete=models.DO_NOTHING, related_name="+", verbose_name="FK-kontor")

    class Meta:
        verbose_name = "samarbetets kontor"
        verbose_name_plural = "samarbetets kontor"
        constraints = [
            models.UniqueConstraint(
                fields=["samarbete", "datum"],
                name="kontoren_byts_en_gang_om_dagen",
                violation_error_message="Kontoren byttes redan den dagen. Välj en senare dag.",
            ),
        ]

    def __str__(self) -> str:
        return f"Samarbetskontor {self.pk}"


class Samarbetsfolkbokforing(models.Model):
    """Kommun och stadsdel när samarbetet började. Tas bort med identiteten."""

    samarbete = models.OneToOneField(
        Samarbete, on_delete=models.CASCADE, primary_key=True, related_name="folkbokforing"
    )
    kommun = models.ForeignKey(Kommun, on_delete=models.PROTECT, related_name="+")
    stadsdel = models.ForeignKey(Stadsdel, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name = "samarbetets folkbokföring"
        verbose_name_plural = "samarbetenas folkbokföring"

    def __str__(self) -> str:
        return f"Samarbetsfolkbokföring {self.samarbete_id}"


class Overgang(models.Model):
    """En övergång, och vistelsen som den börjar. `fran` och `lamnad` sätts av databasen ur grannarna."""

    samarbete = models.ForeignKey(Samarbete, on_delete=models.CASCADE, related_name="overgangar", db_index=False)
    ordning = models.PositiveSmallIntegerField("ordning")
    till = models.CharField("till", max_length=30, choices=Insatstyp)
    datum = models.DateField("datum")
    orsak = models.CharField("orsak", max_length=20, choices=Orsak, blank=True)
    registrerad_av = models.CharField("registrerad av", max_length=2, choices=Myndighet, blank=True, db_default="")
    fran = models.CharField("från", max_length=30, choices=Insatstyp, blank=True, db_default="", editable=False)
    lamnad = models.DateField("lämnad", null=True, editable=False)
    skapad_vid = models.DateTimeField("skapad", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "övergång"
        verbose_name_plural = "övergångar"
        ordering = ["samarbete", "ordning"]
        constraints = [
            models.UniqueConstraint(fields=["samarbete", "ordning"], name="overgangen_har_en_plats"),
            models.CheckConstraint(name="overgangens_typ_finns", condition=Q(till__in=Insatstyp.values)),
            models.CheckConstraint(
                name="orsak_vid_avbrutet",
                condition=Q(till=Insatstyp.AVBRUTET, orsak__in=Orsak.values)
                | (~Q(till=Insatstyp.AVBRUTET) & Q(orsak="")),
                violation_error_message="Ange orsak när samarbetet avbryts, och bara då.",
            ),
        ]

    def __str__(self) -> str:
        return f"Övergång {self.pk}"


class Samarbetsuppgift(models.Model):
    """Situationen direkt före samarbetet, eller efter det (R30). Uppgifter som saknas är tomma."""

    class Tillfalle(models.TextChoices):
        FORE = "fore", "Direkt före"
        EFTER = "efter", "Efter"

    samarbete = models.ForeignKey(Samarbete, on_delete=models.CASCADE, related_name="uppgifter", db_index=False)
    tillfalle = models.CharField("tillfälle", max_length=10, choices=Tillfalle)
    anstalld = models.BooleanField("anställd", null=True, blank=True)
    eget_foretag = models.BooleanField("eget företag", null=True, blank=True)
    inskriven_af = models.BooleanField("inskriven hos Arbetsförmedlingen", null=True, blank=True)
    arbete = models.PositiveSmallIntegerField("andel av arbete", null=True, blank=True)
    arbetstyp = ArrayField(models.CharField(max_length=40), verbose_name="typ av arbete", default=list, blank=True)
    studier = models.PositiveSmallIntegerField("andel av studier", null=True, blank=True)
    forsorjning = ArrayField(models.CharField(max_length=40), verbose_name="försörjning", default=list, blank=True)
    tid_i_forsorjning = models.CharField("tid i offentlig försörjning", max_length=40, blank=True)
    utbildning = models.CharField("högsta slutförda utbildning", max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "uppgifter om samarbetet"
        verbose_name_plural = "uppgifter om samarbeten"
        constraints = [
            models.UniqueConstraint(fields=["samarbete", "tillfalle"], name="uppgifterna_en_gang_per_tillfalle"),
            models.CheckConstraint(
                name="samarbetets_andelar_ar_procent",
                condition=(Q(arbete=None) | Q(arbete__range=(0, 100))) & (Q(studier=None) | Q(studier__range=(0, 100))),
                violation_error_message="Andel anges i procent, 1–100 (0 om personen inte arbetar eller studerar).",
            ),
            models.CheckConstraint(
                name="samarbetets_forsorjning_utesluter",
                condition=~Q(forsorjning__contains=["ingen"]) | Q(forsorjning__len=1),
                violation_error_message="Ingen offentlig försörjning kan inte väljas tillsammans med annan.",
            ),
            models.CheckConstraint(
                name="tid_och_utbildning_bara_fore",
                condition=Q(tillfalle="fore") | Q(tid_i_forsorjning="", utbildning=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Samarbetsuppgift {self.pk}"
