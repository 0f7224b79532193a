"""Panelerna med dem som har uppdrag: på samverkansorganisationens sida och på insatsens."""

from dataclasses import dataclass

from django.urls import reverse

from behorighet.models import Anvandare
from behorighet.roller import Rattighet, Roll
from insatser.models import RATT_ATT_GE, Insats, Samverkansorganisation, Uppdrag, Uppdragslage
from insatser.uppdrag_tjanster import har_samverkansadministrator


@dataclass(frozen=True, slots=True)
class Uppdragspanel:
    """Vilka som har en roll på en plats. `lagg_till` är tom och `far_avsluta` falsk för den som inte får."""

    rubrik: str
    kod: str
    organisation: int
    nuvarande: list[Uppdrag]
    tidigare: list[Uppdrag]
    tomt: str
    lagg_till: str = ""
    avsluta: str = ""


def _dela(uppdrag: list[Uppdrag]) -> tuple[list[Uppdrag], list[Uppdrag]]:
    """De som gäller eller ska gälla, och de som har slutat, det senaste först."""
    tidigare = [ett for ett in uppdrag if ett.lage == Uppdragslage.AVSLUTAT]
    kvar = [ett for ett in uppdrag if ett.lage != Uppdragslage.AVSLUTAT]
    return kvar, sorted(tidigare, key=lambda ett: ett.sista_dag or ett.fran, reverse=True)


def panel_for_insats(insats: Insats, anvandare: Anvandare) -> Uppdragspanel:
    """Panelen *Deltagaransvariga för insatsen*."""
    uppdrag = Uppdrag.objects.filter(insats=insats, behorighet__roll=Roll.DELTAGARANSVARIG).att_visa()
    kvar, tidigare = _dela(list(uppdrag))
    far = Insats.objects.synliga_for(anvandare, Rattighet.GE_UPPDRAG_PA_INSATS).filter(pk=insats.pk).exists()
    return Uppdragspanel(
        rubrik="Deltagaransvariga för insatsen",
        kod="deltagaransvariga",
        organisation=insats.samverkansorganisation_id,
        nuvarande=kvar,
        tidigare=tidigare,
        tomt=(
            "En volyminsats behöver ingen deltagaransvarig: där registreras bara antal."
            if insats.ar_volyminsats
            else "Ingen har uppdrag som deltagaransvarig."
        ),
        lagg_till=reverse("uppdrag:valj_pa_insats", args=[insats.pk]) if far and not insats.ar_volyminsats else "",
        avsluta="uppdrag:avsluta_pa_insats" if far else "",
    )


def paneler_for_organisation(organisation: Samverkansorganisation, anvandare: Anvandare) -> list[Uppdragspanel]:
    """Panelerna *Samverkansadministratörer* och *Insatsansvariga*."""
    ratt = Rattighet.GE_UPPDRAG_I_ORGANISATION
    far = Samverkansorganisation.objects.synliga_for(anvandare, ratt).filter(pk=organisation.pk).exists()
    uppdrag = list(Uppdrag.objects.filter(samverkansorganisation=organisation).att_visa())
    rubriker = {Roll.SAMVERKANSADMINISTRATOR: "Samverkansadministratörer", Roll.INSATSANSVARIG: "Insatsansvariga"}
    return [
        Uppdragspanel(
            rubrik,
            roll.value,
            organisation.pk,
            *_dela([ett for ett in uppdrag if ett.behorighet.roll == roll]),
            tomt=f"Ingen har uppdrag som {roll.label.lower()}.",
            lagg_till=_lagg_till(organisation, roll, anvandare, far=far),
            avsluta="uppdrag:avsluta_i_organisation" if far else "",
        )
        for roll, rubrik in rubriker.items()
        if RATT_ATT_GE[roll] == ratt
    ]


def _lagg_till(organisation: Samverkansorganisation, roll: Roll, anvandare: Anvandare, *, far: bool) -> str:
    if far:
        return reverse("uppdrag:valj_i_organisation", args=[organisation.pk, roll.value])
    forsta = roll == Roll.SAMVERKANSADMINISTRATOR and anvandare.far(Rattighet.ADMINISTRERA_SYSTEMET)
    if forsta and not har_samverkansadministrator(organisation):
        return reverse("uppdrag:valj_forsta", args=[organisation.pk])
    return ""
