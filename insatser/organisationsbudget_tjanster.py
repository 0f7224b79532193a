"""Samverkansorganisationens budget per kalenderår (`doman.md` 2): finansiering och administrativa kostnader."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from insatser.kategorier import Samverkansform
from insatser.models import AdministrativKostnad, Finansieringspost, Organisationsbudget, Samverkansorganisation
from insatser.organisation_tjanster import last_organisation
from insatser.organisationsbudget import Finansieringsrad, Kostnadsrad, budgetaren, organisationsar


def spara_organisationsbudget(
    *,
    organisation: Samverkansorganisation,
    ar: int,
    version: int,
    finansiering: Sequence[Finansieringsrad],
    kostnader: Sequence[Kostnadsrad],
    av: Anvandare,
) -> bool:
    """Ersätter årets rader, om ingen annan har ändrat dem sedan `version` (0: inget är sparat). Sant om något ändrades.

    Ger PermissionDenied om `av` inte är samverkansadministratör där, Krock om någon annan hann före, och
    ValidationError om någon som inte finansierar står som finansiär, om året ligger utanför organisationens datum
    (R7) eller om det finns administrativa kostnader utanför Finsam.
    """
    with skriver():
        organisation = last_organisation(organisation, av=av)
        sparat = organisationsar(organisation, ar)
        krav_version(sparat.version, version)
        nya = [rad._replace(namn="") for rad in finansiering]
        if [rad._replace(namn="") for rad in sparat.finansiering] == nya and sparat.kostnader == tuple(kostnader):
            return False
        if ar not in budgetaren(organisation):
            raise ValidationError(f"Budgetåret {ar} ligger utanför samverkansorganisationens datum.")
        _krav_finansiarer(organisation, nya, {rad.organisation for rad in sparat.finansiering})
        if kostnader and organisation.samverkansform != Samverkansform.FINSAM:
            raise ValidationError("Administrativa kostnader registreras bara inom Finsam.")
        budget, ny = Organisationsbudget.objects.get_or_create(samverkansorganisation=organisation, ar=ar)
        if not ny:
            budget.version += 1
            budget.save(update_fields=["version"])
        _ersatt(budget, nya, kostnader)
        antal = {"finansiering": len(finansiering), "kostnader": len(kostnader)}
        logga(Handelse.Typ.BUDGET_ANDRAD, av=av, organisation=organisation.pk, ar=ar, rader=antal)
    return True


def _krav_finansiarer(organisation: Samverkansorganisation, rader: Sequence[Finansieringsrad], fore: set[int]) -> None:
    """Finansiärerna är bland dem som finansierar, eller stod redan i årets budget."""
    finansierar = organisation.ingaende_organisationer.filter(finansierar=True)
    okanda = {rad.organisation for rad in rader} - fore - set(finansierar.values_list("organisation", flat=True))
    if okanda:
        raise ValidationError(
            "En av finansiärerna är inte längre en ingående organisation som finansierar. "
            "Välj en annan, eller lägg till den bland de ingående organisationerna."
        )


def _ersatt(
    budget: Organisationsbudget, finansiering: Sequence[Finansieringsrad], kostnader: Sequence[Kostnadsrad]
) -> None:
    budget.finansieringsposter.all().delete()
    budget.administrativa_kostnader.all().delete()
    Finansieringspost.objects.bulk_create(
        Finansieringspost(
            arsbudget=budget, rad=nr, organisation_id=rad.organisation, belopp=rad.belopp, beskrivning=rad.beskrivning
        )
        for nr, rad in enumerate(finansiering, start=1)
    )
    AdministrativKostnad.objects.bulk_create(
        AdministrativKostnad(arsbudget=budget, rad=nr, **rad._asdict()) for nr, rad in enumerate(kostnader, start=1)
    )
