"""Fel från tjänsterna som fel i formuläret, vid sitt fält där det finns ett."""

from collections.abc import Mapping
from uuid import uuid4

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def visa_fel(form: forms.BaseForm, fel: ValidationError, *, falt: Mapping[str, str] | None = None) -> None:
    """Lägger felet i formuläret. `falt` säger vilket fält ett villkor i databasen (felets kod) hör till.

    Ett fel för ett fält som formuläret saknar visas i sammanfattningen, så att det aldrig tappas.
    """
    if getattr(fel, "code", "") == "redan_skickat":
        # En ny token, så att den som menar det kan spara igen.
        form.data = form.data.copy()  # type: ignore[attr-defined]  # QueryDict
        form.data["token"] = str(uuid4())  # type: ignore[index]
    delar = fel.error_dict if hasattr(fel, "error_dict") else {NON_FIELD_ERRORS: fel.error_list}
    for namn, lista in delar.items():
        for ett in lista:
            plats = (falt or {}).get(ett.code or "", namn)
            form.add_error(plats if plats in form.fields else None, ValidationError(ett.messages, code=ett.code))
