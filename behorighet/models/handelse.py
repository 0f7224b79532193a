"""Åtkomstloggen (R6, P8, P9)."""

from datetime import date, datetime, time, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from behorighet.models.konto import Anvandare
from behorighet.models.organisation import Organisation


class HandelseQuerySet(models.QuerySet["Handelse"]):
    """Urval ur loggen."""

    def av_personal(self, organisation: Organisation) -> Self:
        """De som organisationens personal har gjort."""
        return self.filter(av_id__in=Anvandare.objects.filter(arbetsgivare=organisation).values("pk"))

    def om_personer(self) -> Self:
        """De där uppgifter om en person lästes, söktes eller ändrades (P8).

        Den som inte finns i SUS, eller har skydd, har slagits upp eller sökts utan att raden pekar på någon.
        """
        utan_person = (Handelse.Typ.PERSON_HAMTAD, Handelse.Typ.PERSON_SOKT)
        return self.filter(Q(person_id__isnull=False) | Q(typ__in=utan_person))

    def mellan(self, fran: date | None, till: date | None) -> Self:
        """De från och med en dag till och med en annan, i svensk tid. None är ingen gräns."""
        urval = self.filter(tid__gte=_borjan(fran)) if fran else self
        return urval.filter(tid__lt=_borjan(till + timedelta(days=1))) if till else urval


def _borjan(dag: date) -> datetime:
    return timezone.make_aware(datetime.combine(dag, time.min))


class Handelse(models.Model):
    """En rad i åtkomstloggen (R6). Utan främmande nycklar: loggen hindrar inget och försvinner inte med något.

    Innehåller id:n och koder, aldrig namn eller personnummer (P7, P10).
    """

    class Typ(models.TextChoices):
        INSATS_REGISTRERAD = "insats_registrerad", "Insats registrerad"
        INSATS_ANDRAD = "insats_andrad", "Insats ändrad"
        KATEGORISERING_LAST = "kategorisering_last", "Kategorisering låst"
        ANTAL_REGISTRERAT = "antal_registrerat", "Antal i volyminsats registrerat"
        PERSON_SOKT = "person_sokt", "Person sökt eller skapad"
        PERSON_VISAD = "person_visad", "Person visad"
        DELTAGARE_INREGISTRERAD = "deltagare_inregistrerad", "Deltagare inregistrerad"
        DELTAGARE_UTREGISTRERAD = "deltagare_utregistrerad", "Deltagare utregistrerad"
        DELTAGARE_INLAST = "deltagare_inlast", "Deltagare inläst ur fil"
        AVIDENTIFIERAD = "avidentifierad", "Identitet borttagen"
        ANONYMA_REGISTRERADE = "anonyma_registrerade", "Anonyma deltagare registrerade"
        ANONYMA_BORTTAGNA = "anonyma_borttagna", "Anonyma deltagare borttagna"
        OMKRYPTERAT = "omkrypterat", "Identiteter omkrypterade"
        IMPORTERAT = "importerat", "Filer importerade"
        EXPORTERAT = "exporterat", "Filer exporterade"
        GENERERAT = "genererat", "Påhittade uppgifter skapade"
        INLOGGAD = "inloggad", "Inloggning"
        INLOGGNING_MISSLYCKAD = "inloggning_misslyckad", "Inloggning misslyckad"
        KONTO_SPARRAT = "konto_sparrat", "Konto spärrat efter misslyckade inloggningar"
        LOSENORD_VALT = "losenord_valt", "Lösenord valt med engångslänk"
        LOSENORD_BYTT = "losenord_bytt", "Lösenord bytt"
        LANK_SKAPAD = "lank_skapad", "Engångslänk skapad"
        KONTO_SKAPAT = "konto_skapat", "Konto skapat"
        BEHORIGHET_BESTALLD = "behorighet_bestalld", "Behörighet beställd"
        BEHORIGHET_AVSLUTAD = "behorighet_avslutad", "Behörighet avslutad"
        ORGANISATION_REGISTRERAD = "organisation_registrerad", "Organisation registrerad"
        SAMVERKANSORGANISATION_REGISTRERAD = "samverkansorganisation_registrerad", "Samverkansorganisation registrerad"
        UPPDRAG_GIVET = "uppdrag_givet", "Uppdrag givet"
        UPPDRAG_AVSLUTAT = "uppdrag_avslutat", "Uppdrag avslutat"
        TVA_STEG_TILLAGT = "tva_steg_tillagt", "Tvåstegsinloggning tillagd"
        TVA_STEG_BORTTAGET = "tva_steg_borttaget", "Tvåstegsinloggning borttagen"
        TVA_STEG_NOLLSTALLT = "tva_steg_nollstallt", "Tvåstegsinloggning nollställd av en systemadministratör"
        TVA_STEG_MISSLYCKAT = "tva_steg_misslyckat", "Fel kod i andra steget"
        EID_KOPPLAD = "eid_kopplad", "E-legitimation kopplad till kontot"
        FOR_MANGA_ANROP = "for_manga_anrop", "För många anrop, stoppade"
        GENOMGANG_GJORD = "genomgang_gjord", "Behörigheterna genomgångna"
        LOGGKONTROLL_DRAGEN = "loggkontroll_dragen", "Urval för loggkontroll draget"
        LOGGKONTROLL_GRANSKAD = "loggkontroll_granskad", "Loggkontroll granskad"
        LOGGEN_VISAD = "loggen_visad", "Åtkomstloggen visad"
        HISTORIK_VISAD = "historik_visad", "Deltagandets historik visad"
        KODVERK_ANDRAT = "kodverk_andrat", "Kodverk ändrat"
        INSATS_BORTTAGEN = "insats_borttagen", "Insats borttagen"
        BUDGET_ANDRAD = "budget_andrad", "Budget ändrad"
        SAMVERKANSORGANISATION_ANDRAD = "samverkansorganisation_andrad", "Samverkansorganisation ändrad"
        PAMINNELSE_SKICKAD = "paminnelse_skickad", "Påminnelse skickad"
        FRAGOR_ANDRADE = "fragor_andrade", "Kompletterande frågor ändrade"
        PERSON_HAMTAD = "person_hamtad", "Uppgifter hämtade ur folkbokföringen"
        PERSON_I_LISTA = "person_i_lista", "Person visad i en lista"
        PERSONNUMMER_VISAT = "personnummer_visat", "Personnummer visat"
        DELTAGANDE_RATTAT = "deltagande_rattat", "Deltagande rättat"
        UTREGISTRERING_ANGRAD = "utregistrering_angrad", "Utregistrering ångrad"
        SAMTYCKE_ARKIVERAT = "samtycke_arkiverat", "Samtycke markerat som arkiverat"
        NUMMER_BYTT = "nummer_bytt", "Samordningsnummer bytt mot personnummer"
        SKYDD_KONTROLLERAT = "skydd_kontrollerat", "Skyddade personuppgifter efterfrågade"
        DELTAGARE_EXPORTERAD = "deltagare_exporterad", "Person hämtad i en fil"
        REGISTERUTDRAG = "registerutdrag", "Registerutdrag framtaget"
        GALLRING_FORESLAGEN = "gallring_foreslagen", "Gallring föreslagen"
        GALLRING_GODKAND = "gallring_godkand", "Gallring godkänd"
        GALLRING_AVBRUTEN = "gallring_avbruten", "Gallring avbruten"
        GALLRAT = "gallrat", "Uppgifter gallrade"
        GALLRINGSREGEL_ANDRAD = "gallringsregel_andrad", "Gallringsregel ändrad"
        SAMARBETE_BORJAT = "samarbete_borjat", "Samarbete börjat"
        OVERGANG_REGISTRERAD = "overgang_registrerad", "Övergång registrerad"
        OVERGANG_ANGRAD = "overgang_angrad", "Övergång ångrad"
        KONTOR_BYTT = "kontor_bytt", "Kontor bytt"
        KONTORSBYTE_ANGRAT = "kontorsbyte_angrat", "Byte av kontor ångrat"
        BEGARAN_RATTAD = "begaran_rattad", "Begäran rättad"
        SAMARBETSUPPGIFTER_SPARADE = "samarbetsuppgifter_sparade", "Samarbetets uppgifter sparade"
        MATRISEN_ANDRAD = "matrisen_andrad", "Övergångsmatrisen ändrad"

    tid = models.DateTimeField("tid", db_default=Now())
    av_id = models.BigIntegerField("användare", null=True)
    uppdrag_id = models.BigIntegerField("uppdrag", null=True)
    typ = models.CharField("händelse", max_length=40, choices=Typ)
    insats_id = models.BigIntegerField("insats", null=True)
    person_id = models.BigIntegerField("person", null=True)
    detaljer = models.JSONField("detaljer", default=dict)

    objects = HandelseQuerySet.as_manager()

    class Meta:
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        indexes = [
            models.Index(fields=["person_id", "tid"], name="handelse_person", condition=Q(person_id__isnull=False)),
            models.Index(fields=["av_id", "tid"], name="handelse_av"),
        ]

    def __str__(self) -> str:
        return f"{self.tid:%Y-%m-%d %H:%M} {self.get_typ_display()}"
