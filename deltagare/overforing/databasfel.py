"""Databasens nej som en svensk rad. Texten har aldrig med värden ur raden (P7)."""

from collections.abc import Collection
from typing import Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError

from behorighet.databasfel import som_valideringsfel
from deltagare.overforing.filformat import (
    ANONYMA,
    BUDGET,
    BUDGETPOSTER,
    DELTAGANDEN,
    FILER,
    INSATSER,
    KONTORSBYTEN,
    ORGANISATIONER,
    OVERGANGER,
    SAMARBETEN,
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
    "deltagare_samarbete": SAMARBETEN,
    "deltagare_samarbetsfolkbokforing": SAMARBETEN,
    "deltagare_samarbetskontor": KONTORSBYTEN,
    "deltagare_overgang": OVERGANGER,
}
# Nejet har inget tabellnamn. De villkor som inte står här gäller deltaganden.
VAKTENS_FIL: Final = {
    "insatsen_borjar_inom_organisationen": INSATSER,
    "insatsen_byter_inte_organisation": INSATSER,
    "insatsen_slutar_inom_organisationen": INSATSER,
    "insatsens_sort_har_ratt_budget": INSATSER,
    "kategoriseringen_ar_last": INSATSER,
    "slutdatum_efter_registreringarna": INSATSER,
    "startdatum_fore_registreringarna": INSATSER,
    "administrativa_kostnader_inom_finsam": ORGANISATIONER,
    "organisationen_rymmer_sin_budget": ORGANISATIONER,
    "organisationen_rymmer_sina_insatser": ORGANISATIONER,
    "organisationen_rymmer_sina_registreringar": ORGANISATIONER,
    "stadsdelens_kommun_ar_i_omradet": ORGANISATIONER,
    "budgeten_har_insatsens_sort": BUDGET,
    "samarbetet_har_begaran_och_kontor": SAMARBETEN,
    "aterkallelsen_angras_inte": OVERGANGER,
    "begaran_star_kvar": OVERGANGER,
    "datum_gar_inte_baklanges": OVERGANGER,
    "inget_efter_slutet": OVERGANGER,
    "overgangarna_i_ordning": OVERGANGER,
    "overgangen_ar_oppen": OVERGANGER,
    "overgangen_inom_kontorets_tid": OVERGANGER,
    "slut_efter_kontorsbytet": OVERGANGER,
    "utan_identitet_oppnas_inget": OVERGANGER,
    "kontor_byts_medan_det_pagar": KONTORSBYTEN,
    "kontoren_ar_ett_av_varje": KONTORSBYTEN,
    "kontoren_inom_samarbetets_tid": KONTORSBYTEN,
    "kontorets_tid": KONTORSBYTEN,
    "kontorsbyten_i_ordning": KONTORSBYTEN,
}
"""Filen per villkor som en vakt i databasen säger nej med."""
_SAMARBETENAS: Final = (KONTORSBYTEN, OVERGANGER, SAMARBETEN)
_KRAVDE_OMSTART: Final = ("40001", "40P01", "55P03")


def pa_svenska(fel: DatabaseError, filer: Collection[str] = FILER) -> tuple[str, str]:
    """Filen som satsen skrev, en av `filer`, och vad som är fel. Okända fel nämner bara villkorets namn eller felkoden.

    Ger felet vidare när databasen inte svarar eller är full.
    """
    diag = getattr(fel.__cause__, "diag", None)
    kod = getattr(diag, "sqlstate", None) or ""
    if kod in _KRAVDE_OMSTART:
        return _vald(DELTAGANDEN, filer), "Någon annan ändrade samma uppgifter samtidigt. Kör importen igen."
    if not kod or kod.startswith(("08", "53", "57", "58")):
        raise fel  # databasen svarar inte eller är full: inte filernas fel
    villkor = getattr(diag, "constraint_name", None) or ""
    kand = _FIL.get(getattr(diag, "table_name", None) or "") or VAKTENS_FIL.get(villkor, DELTAGANDEN)
    fil = _vald(kand, filer)
    if isinstance(fel, IntegrityError):
        try:
            return fil, " ".join(som_valideringsfel(fel).messages)
        except (IntegrityError, ValidationError):
            pass
    return (
        fil,
        f"Databasen tar inte emot raderna (villkor {villkor})."
        if villkor
        else f"Databasen tar inte emot raderna ({kod}).",
    )


def _vald(kand: str, filer: Collection[str]) -> str:
    """Filen, eller den närmaste om den inte lästes in: ett byte av kontor kan falla på en registrerad övergång."""
    grannar = _SAMARBETENAS if kand in _SAMARBETENAS else ()
    return next((fil for fil in (kand, *grannar, DELTAGANDEN, *FILER) if fil in filer), kand)
