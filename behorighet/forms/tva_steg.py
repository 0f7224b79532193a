"""Formulär för det andra steget: vid inloggningen, för att bekräfta vem man är, och för att lägga till sätt (P5)."""

from typing import Any, Final

from allauth.mfa.models import Authenticator
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.urls import reverse

from behorighet import tva_steg
from behorighet.inloggning import prova_losenord
from behorighet.models import Anvandare
from fkui.layout import Knapp, Knapprad, Lank

FEL_KOD: Final = (
    "Koden stämmer inte. En kod går bara att använda en gång: vänta på nästa i appen. "
    "Efter fem fel i följd är andra steget spärrat i 15 minuter."
)
FEL_NYCKEL: Final = "Säkerhetsnyckeln gick inte att använda. Försök igen, eller skriv en kod."
FEL_LOSENORD: Final = "Lösenordet stämmer inte. Efter fem misslyckade försök är kontot spärrat i 15 minuter."


def _kodfalt(etikett: str, hjalp: str = "") -> forms.CharField:
    return forms.CharField(
        label=etikett,
        max_length=20,
        help_text=hjalp,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": "Skriv koden.", "max_length": FEL_KOD},
    )


class _Svarsfalt(forms.JSONField):
    """Det dolda fältet som skriptet fyller. Visas alltid tomt: ett svar duger en gång."""

    def prepare_value(self, value: Any) -> str:
        """Inget av det som skickades."""
        return ""


class _Nyckelform(forms.Form):
    """Ett formulär som skriptet nyckel.js kan fylla med en säkerhetsnyckels svar."""

    svar = _Svarsfalt(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": FEL_NYCKEL, "required": "Välj Lägg till och följ webbläsarens frågor."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.utan_varning = True

    def erbjud_nyckel(self, val: str, *, gor: str) -> None:
        """`val` är det som webbläsaren behöver (JSON), `gor` är get eller create."""
        self.helper.attrs = {"data-webauthn": val, "data-webauthn-gor": gor}


class _Stegform(_Nyckelform):
    """Koden eller säkerhetsnyckeln, prövad med spärr. `steg` är sättet som användes."""

    kod = _kodfalt("Kod")
    steg: Authenticator | None = None

    def __init__(self, *args: Any, konto: Anvandare, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.konto = konto
        self.fields["kod"].required = not self.data.get("svar")
        self.fields["kod"].help_text = "Sex siffror ur din autentiseringsapp, eller en av dina reservkoder."

    def knappar(self, text: str, avbryt: str, nyckel: bool) -> tuple[Any, ...]:
        """Knapparna, uppifrån; den med säkerhetsnyckel bara när skript är på."""
        rad = Knapprad(Submit("fortsatt", text), Lank("Avbryt", avbryt))
        if not nyckel:
            return (rad,)
        return (rad, Div(Knapp("Använd säkerhetsnyckel", typ="button", data_nyckel=""), css_class="sus-kraver-skript"))

    def clean(self) -> dict[str, Any]:
        """Prövar säkerhetsnyckelns svar om det finns, annars koden."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data.get("svar"):
            self.steg = tva_steg.prova_nyckel(konto=self.konto, svar=data["svar"])
        else:
            self.steg = tva_steg.prova_kod(konto=self.konto, kod=data["kod"])
        if self.steg is None:
            self.add_error("kod", FEL_NYCKEL if data.get("svar") else FEL_KOD)
        return data


class AndraStegetForm(_Stegform):
    """Det andra steget vid inloggningen. Bär med sig det som den utloggade skickade, krypterat."""

    inskickat = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, nyckel: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper.form_action = reverse("mfa_authenticate")
        self.helper.form_error_title = "Du är inte inloggad"
        knappar = self.knappar("Logga in", reverse("logga_in"), nyckel)
        self.helper.layout = Layout("kod", "svar", "inskickat", *knappar)


class BekraftaForm(_Stegform):
    """Bekräftar att det är användaren som sitter där: med det andra steget, eller med lösenordet om det saknas."""

    losenord = forms.CharField(
        label="Lösenord",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Ange ditt lösenord.", "max_length": FEL_LOSENORD},
    )

    def __init__(self, *args: Any, nyckel: bool, med_steg: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        knappar = self.knappar("Fortsätt", reverse("start"), nyckel)
        if med_steg:
            del self.fields["losenord"]
            self.helper.layout = Layout("kod", "svar", *knappar)
        else:
            del self.fields["kod"], self.fields["svar"]
            self.helper.layout = Layout("losenord", *knappar)

    def clean(self) -> dict[str, Any]:
        """Prövar det som gäller, med samma spärr som inloggningen."""
        if "kod" in self.fields:
            return super().clean()
        data = self.cleaned_data
        if data.get("losenord") and not prova_losenord(self.konto, data["losenord"]):
            self.add_error("losenord", FEL_LOSENORD)
        return data


class AppForm(forms.Form):
    """Koden ur den app som ska kopplas."""

    kod = _kodfalt("Kod ur appen", "Sex siffror. Koden byts var trettionde sekund.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.utan_varning = True
        self.helper.layout = Layout(
            "kod", Knapprad(Submit("spara", "Lägg till appen"), Lank("Avbryt", reverse("tva_steg")))
        )


class NyckelForm(_Nyckelform):
    """En ny säkerhetsnyckel: dess namn, och svaret som skriptet fyller i."""

    namn = forms.CharField(
        label="Namn på nyckeln",
        max_length=60,
        help_text="Så att du känner igen den, till exempel Blå nyckeln eller Arbetsdatorn.",
        error_messages={"required": "Ge nyckeln ett namn.", "max_length": "Namnet får vara högst 60 tecken."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["svar"].required = True
        self.helper.layout = Layout(
            "namn",
            "svar",
            Div(
                Knapp("Lägg till nyckeln", typ="button", sort="primary", data_nyckel=""),
                Lank("Avbryt", reverse("tva_steg")),
                css_class="button-group sus-actions sus-kraver-skript",
            ),
        )


class NyckelnamnForm(forms.Form):
    """Ett annat namn på en säkerhetsnyckel."""

    namn = forms.CharField(
        label="Namn på nyckeln",
        max_length=60,
        error_messages={"required": "Ge nyckeln ett namn.", "max_length": "Namnet får vara högst 60 tecken."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout("namn", Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("tva_steg"))))
