"""Panelerna med dem som har uppdrag: på samverkansorganisationens sida, på insatsens och på kontorets."""

from dataclasses import dataclass

from django.urls import reverse

from behorighet.models import Anvandare
from behorighet.roller import Rattighet, Roll
from insatser.models import RATT_ATT_GE, Insats, Samverkansorganisation, Uppdrag, Uppdragslage
from insatser.uppdrag_tjanster import har_samverkansadministrator, roller_i_organisation, roller_pa_insats


@dataclass(frozen=True, slots=True)
class Uppdragspanel:
    """Vilka som har en roll på en plats. `lagg_till` och `avsluta` är tomma för den som inte får."""

    rubrik: str
    kod: str
    organisation: int
    nuvarande: list[Uppdrag]
    tidigare: list[Uppdrag]
    tomt: str
    lagg_till: str = ""
    avsluta: str = ""


def _dela(uppdrag: list[Uppdrag], roll: Roll) -> tuple[list[Uppdrag], list[Uppdrag]]:
    """Rollens: de som gäller eller ska gälla, och de som har slutat, det senaste först."""
    rollens = [ett for ett in uppdrag if ett.behorighet.roll == roll]
    tidigare = [ett for ett in rollens if ett.lage == Uppdragslage.AVSLUTAT]
    kvar = [ett for ett in rollens if ett.lage != Uppdragslage.AVSLUTAT]
    return kvar, sorted(tidigare, key=lambda ett: ett.sista_dag or ett.fran, reverse=True)


def paneler_for_insats(insats: Insats, anvandare: Anvandare) -> list[Uppdragspanel]:
    """Panelen *Deltagaransvariga för insatsen*; på ett kontor också *Insatsansvariga för kontoret*."""
    vad = "kontoret" if insats.ar_kontor else "insatsen"
    rubriker = {
        Roll.INSATSANSVARIG: f"Insatsansvariga för {vad}",
        Roll.DELTAGARANSVARIG: f"Deltagaransvariga för {vad}",
    }
    uppdrag = list(Uppdrag.objects.filter(insats=insats).att_visa())
    return [
        Uppdragspanel(
            rubriker[roll],
            "insatsansvariga" if roll == Roll.INSATSANSVARIG else "deltagaransvariga",
            insats.samverkansorganisation_id,
            *_dela(uppdrag, roll),
            _tomt_pa(insats, roll),
            *_far_pa(insats, roll, anvandare),
        )
        for roll in roller_pa_insats(insats)
    ]


def _tomt_pa(insats: Insats, roll: Roll) -> str:
    if insats.ar_volyminsats:
        return "En volyminsats behöver ingen deltagaransvarig: där registreras bara antal."
    return f"Ingen har uppdrag som {roll.label.lower()}."


def _far_pa(insats: Insats, roll: Roll, anvandare: Anvandare) -> tuple[str, str]:
    """Panelens `lagg_till` och `avsluta` för den som ger rollen på insatsen; tomma för andra."""
    if not Insats.objects.synliga_for(anvandare, RATT_ATT_GE[roll]).filter(pk=insats.pk).exists():
        return "", ""
    if roll == Roll.INSATSANSVARIG:
        return reverse("uppdrag:valj_pa_kontor", args=[insats.pk]), "uppdrag:avsluta_i_organisation"
    valj = "" if insats.ar_volyminsats else reverse("uppdrag:valj_pa_insats", args=[insats.pk])
    return valj, "uppdrag:avsluta_pa_insats"


def paneler_for_organisation(organisation: Samverkansorganisation, anvandare: Anvandare) -> list[Uppdragspanel]:
    """Panelerna *Samverkansadministratörer* och *Insatsansvariga*."""
    ratt = Rattighet.GE_UPPDRAG_I_ORGANISATION
    far = Samverkansorganisation.objects.synliga_for(anvandare, ratt).filter(pk=organisation.pk).exists()
    uppdrag = list(Uppdrag.objects.filter(samverkansorganisation=organisation).att_visa())
    rubriker = {Roll.SAMVERKANSADMINISTRATOR: "Samverkansadministratörer", Roll.INSATSANSVARIG: "Insatsansvariga"}
    har = roller_i_organisation(organisation)
    return [
        Uppdragspanel(
            rubrik,
            roll.value,
            organisation.pk,
            *_dela(uppdrag, roll),
            tomt=(
                f"Ingen har uppdrag som {roll.label.lower()}."
                if roll in har
                else "I Af/FK-samarbetet har insatsansvariga sina uppdrag på kontoren."
            ),
            lagg_till=_lagg_till(organisation, roll, anvandare, far=far) if roll in har else "",
            avsluta="uppdrag:avsluta_i_organisation" if far else "",
        )
        for roll, rubrik in rubriker.items()
    ]


def _lagg_till(organisation: Samverkansorganisation, roll: Roll, anvandare: Anvandare, *, far: bool) -> str:
    if far:
        return reverse("uppdrag:valj_i_organisation", args=[organisation.pk, roll.value])
    forsta = roll == Roll.SAMVERKANSADMINISTRATOR and anvandare.far(Rattighet.ADMINISTRERA_SYSTEMET)
    if forsta and not har_samverkansadministrator(organisation):
        return reverse("uppdrag:valj_forsta", args=[organisation.pk])
    return ""
