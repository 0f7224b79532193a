"""Databasens nej som en svensk rad. Texten har aldrig med värden ur raden (P7)."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError

from behorighet.databasfel import som_valideringsfel
from deltagare.overforing.filformat import (
    ANONYMA,
    BUDGET,
    BUDGETPOSTER,
    DELTAGANDEN,
    INSATSER,
    ORGANISATIONER,
    VOLYMANTAL,
)

_FIL: Final = {
    "insatser_samverkansorganisation": ORGANISATIONER,
    "insatser_samverkansorganisation_kommuner": ORGANISATIONER,
    "insatser_insats": INSATSER,
    "insatser_budget": BUDGET,
    "insatser_budgetpost": BUDGETPOSTER,
    "deltagare_volymantal": VOLYMANTAL,
    "deltagare_anonym": ANONYMA,
}
_KRAVDE_OMSTART: Final = ("40001", "40P01", "55P03")


def pa_svenska(fel: DatabaseError) -> tuple[str, str]:
    """Filen som satsen skrev och vad som är fel. Okända fel nämner bara villkorets namn eller felkoden."""
    diag = getattr(fel.__cause__, "diag", None)
    kod = getattr(diag, "sqlstate", None) or ""
    if kod in _KRAVDE_OMSTART:
        return DELTAGANDEN, "Någon annan ändrade samma uppgifter samtidigt. Kör importen igen."
    if not kod or kod.startswith(("08", "53", "57", "58")):
        raise fel  # databasen svarar inte eller är full: inte filernas fel
    fil = _FIL.get(getattr(diag, "table_name", None) or "", DELTAGANDEN)
    if isinstance(fel, IntegrityError):
        try:
            return fil, " ".join(som_valideringsfel(fel).messages)
        except (IntegrityError, ValidationError):
            pass
    villkor = getattr(diag, "constraint_name", None)
    return (
        fil,
        f"Databasen tar inte emot raderna (villkor {villkor})."
        if villkor
        else f"Databasen tar inte emot raderna ({kod}).",
    )
