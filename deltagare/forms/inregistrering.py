"""Inregistrering på *Registrera deltagare*, med eller utan det som *Hämta* gav."""

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from crispy_forms.layout import Div, Field, Layout, Row, Submit
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from deltagare import folkbokforing
from deltagare.folkbokforing import Svar
from deltagare.forms import avslut
from deltagare.forms.avslut import Avslutsdel
from deltagare.forms.falt import Insatsfalt, Kodval, Personnummerfalt, ett_av, redan_lasta
from deltagare.forms.fragor import byt_fragor
from deltagare.forms.registrering import Registreringsform
from deltagare.forms.situation import svarsfalt, svarslayout
from deltagare.uppgifter import HJALP, Kodverk
from fkui.falt import Datumfalt, Tokenfalt, marka, modellfalt
from fkui.layout import Forvald, Knapprad, Lank, Panel
from insatser.models import Insats, Kommun, Stadsdel, Tillfalle

MED_STADSDELAR: Final = ("0180", "1480")
"""Stockholm och Göteborg, de enda kommunerna med stadsdelar (R8)."""
FOLKBOKFORT: Final = ("fornamn", "efternamn", "kommun", "stadsdel")


class Hamtat(NamedTuple):
    """Det som *Hämta* gav, så som formuläret visar det och bär det vidare."""

    svar: Svar
    forseglat: str
    insats: Insats | None
    kommun: Kommun | None
    stadsdel: Stadsdel | None
    varningar: Callable[[], list[str]]
    nyss: bool
    """Hämtat med det här anropet: då flyttas fokus dit."""


class Hamtruta:
    """Det hämtade, som text, och varningen om den som redan är inregistrerad (formulärets `redan_inne`)."""

    def __init__(self, hamtat: Hamtat) -> None:
        self._hamtat = hamtat

    def render(self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Namn, kommun och stadsdel, eller att personen saknas i folkbokföringen."""
        return render_to_string("deltagare/_hamtat.html", {"hamtat": self._hamtat, "form": form})


class Stadsdelsruta:
    """Påminnelsen vid *Stadsdel* så länge ingen är vald (utan skript: alltid)."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render(self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Rutan som HTML."""
        return render_to_string("deltagare/_valj_stadsdel.html", {"text": self._text})


class Skyddruta:
    """Beskedet om den som har skyddade personuppgifter (R19)."""

    def __init__(self, insats: Insats) -> None:
        self._insats = insats

    def render(self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        """Att personen ska registreras som anonym, och länken dit."""
        return render_to_string("deltagare/_skyddad.html", {"insats": self._insats})


def _samtycke() -> Datumfalt:
    return Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})


class Hamtform(forms.Form):
    """Det som *Hämta* kräver: insats inom räckhåll, dagen för samtycket och ett nummer (R19)."""

    insats = Insatsfalt()
    samtycke = _samtycke()
    personnummer = Personnummerfalt()

    def __init__(self, *args: Any, insatser: QuerySet[Insats], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        modellfalt(self, "insats").queryset = insatser
        if "hamta" in self.data:
            redan_lasta(self, insatser)  # listan behövs ändå: formuläret visas igen


class Folkbokforingsdel(forms.Form):
    """Namn, kommun och stadsdel: hämtade ur folkbokföringen, och för resten skrivna för hand."""

    hamtat: Hamtat | None
    varfor_stadsdel = ""
    """Läggs till i påminnelsen vid *Stadsdel*."""
    kontrollera_namnet = False
    """*Spara* hämtade ett namn som användaren inte har sett: det visas först, och sparas nästa gång."""

    fornamn = forms.CharField(label="Förnamn", max_length=100, error_messages={"required": "Ange förnamn."})
    efternamn = forms.CharField(label="Efternamn", max_length=100, error_messages={"required": "Ange efternamn."})
    kommun = forms.ModelChoiceField(
        Kommun.objects.none(),
        label="Folkbokföringskommun",
        empty_label="Välj kommun",
        error_messages={"required": "Välj kommun.", "invalid_choice": "Välj en kommun i listan."},
    )
    stadsdel = forms.ModelChoiceField(
        Stadsdel.objects.none(),
        label="Stadsdel",
        required=False,
        empty_label="Ingen stadsdel",
        help_text="Anges för den som är folkbokförd i Stockholm eller Göteborg.",
    )

    def ta_emot(self, hamtat: Hamtat | None) -> None:
        """Ger kommun och stadsdel sina val, och låter det hämtade följa med."""
        self.hamtat = hamtat
        kommun, stadsdel = modellfalt(self, "kommun"), modellfalt(self, "stadsdel")
        kommun.queryset, stadsdel.queryset = Kommun.objects.all(), Stadsdel.objects.filter(giltig_till=None)
        kommun.choices, stadsdel.choices = cache(kommunval), cache(stadsdelsval)
        marka(stadsdel, dolj_valfritt=True)
        if hamtat:
            self.fields["hamtat"] = forms.CharField(widget=forms.HiddenInput, required=False)
            self._bar_vidare(hamtat.forseglat)
            redan_lasta(self, [hamtat.insats] if hamtat.insats else [])

    def _bar_vidare(self, forseglat: str) -> None:
        self.initial["hamtat"] = forseglat
        if self.is_bound:
            self.data = data = self.data.copy()  # type: ignore[attr-defined]  # QueryDict
            data["hamtat"] = forseglat

    def folkbokforingen(self) -> list[Any]:
        """Namn, kommun och stadsdel: det som inte är hämtat frågas."""
        hamtat = self.hamtat
        stadsdel = Div(
            "stadsdel",
            Stadsdelsruta(
                "Bor personen i Stockholm eller Göteborg: välj stadsdel innan du sparar, om du vet den."
                + self.varfor_stadsdel
            ),
            data_visas_om=f"kommun={'|'.join(MED_STADSDELAR)}",
        )
        if hamtat is None or not hamtat.svar.hittad:
            return [Row("fornamn", "efternamn"), Row("kommun", stadsdel)]
        for namn in ("fornamn", "efternamn"):
            del self.fields[namn]
        if hamtat.kommun is None:
            return [Row("kommun", stadsdel)]
        del self.fields["kommun"]
        if hamtat.stadsdel or hamtat.kommun.pk not in MED_STADSDELAR:
            del self.fields["stadsdel"]
            return []
        falt = modellfalt(self, "stadsdel")
        falt.queryset = Stadsdel.objects.filter(giltig_till=None, kommun=hamtat.kommun).order_by("namn")
        falt.help_text = f"Stadsdelen i {hamtat.kommun.namn} framgår inte av folkbokföringen."
        return [
            Field("stadsdel", wrapper_class="sus-narrow"),
            Stadsdelsruta("Välj stadsdel innan du sparar, om du vet den." + self.varfor_stadsdel),
        ]

    def bara_hamtas_fel(self) -> None:
        """Glömmer felen i det som *Hämta* inte behöver."""
        for namn in set(self.errors) - set(Hamtform.base_fields):
            del self.errors[namn]

    def annat_namn(self) -> bool:
        """Om det som skrevs som namn är ett annat än det hämtade. Det som inte skrevs är inget annat."""
        svar = self.hamtat.svar if self.hamtat else None
        if svar is None or not svar.hittad:
            return False
        hamtade = {"fornamn": svar.fornamn, "efternamn": svar.efternamn}
        skrivna = {falt: jamforbart(self.data.get(falt, "")) for falt in hamtade}
        return any(skrivet and skrivet != jamforbart(hamtade[falt]) for falt, skrivet in skrivna.items())

    def namnet_ar_osett(self) -> bool:
        """Om någon hittades utan att hela namnet var skrivet: numret kan då vara en annans än den man menar."""
        hittad = self.hamtat is not None and self.hamtat.svar.hittad
        return hittad and not all(jamforbart(self.data.get(falt, "")) for falt in ("fornamn", "efternamn"))

    def folkbokfort(self) -> dict[str, Any]:
        """Namn, kommun och stadsdel att spara: det hämtade, och för resten det som skrevs."""
        data = {falt: self.cleaned_data.get(falt) for falt in FOLKBOKFORT}
        if self.hamtat is None or not self.hamtat.svar.hittad:
            return data
        svar, kommun, stadsdel = self.hamtat.svar, self.hamtat.kommun, self.hamtat.stadsdel
        return {
            "fornamn": svar.fornamn,
            "efternamn": svar.efternamn,
            "kommun": kommun or data["kommun"],
            "stadsdel": stadsdel or data["stadsdel"],
        }


class Inregistreringsform(Registreringsform, Folkbokforingsdel, Avslutsdel):
    """In: samtycke, namn, folkbokföring och situationen direkt före."""

    tillfalle = "fore"
    varfor_stadsdel = " Den frågas inte vid utregistreringen."

    samtycke = _samtycke()
    inregistrering = Datumfalt(label="Datum för inregistrering")
    token = Tokenfalt()

    def __init__(self, *args: Any, hamtat: Hamtat | None = None, skyddad: Insats | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.redan_inne = SafeString()  # varningen om den som redan är inregistrerad: sidan vet det
        kodval = self._lagg_till_falten()
        self.ta_emot(hamtat)
        avslutet = self.fraga_om_avslutet(kodval) if self._avslutet_fragas() else []
        hamta = folkbokforing.finns()
        rutor: list[Any] = [Skyddruta(skyddad)] if skyddad else []
        if hamtat:
            self.helper.osparat = True
            rutor = [Hamtruta(hamtat)]
        forsorjning, *resten = svarslayout("fore")
        self.helper.layout = Layout(
            # Innan något är hämtat är Hämta den första knappen, och retur i ett fält trycker på den.
            *([Forvald()] if hamtat else []),
            self.forsta_panel(fore=[Field("samtycke", wrapper_class="sus-date")], hamta=hamta, efter=rutor),
            Panel(
                "Inregistrering",
                Field("inregistrering", wrapper_class="sus-date"),
                *self.folkbokforingen(),
                "token",
                *(["hamtat"] if hamtat else []),
                css_id="in",
                ingress=(
                    "Hämta ger namn och kommun. Skriv dem själv bara om personen saknas i folkbokföringen."
                    if hamta and not hamtat
                    else ""
                ),
            ),
            Panel(
                "Situationen direkt före",
                forsorjning,
                Row("tid_i_forsorjning", "utbildning"),
                *resten,
                css_id="fore",
                ingress="Lämna en fråga tom om uppgift saknas.",
            ),
            self.stall_for(self.inom_rackvidd, Tillfalle.IN),
            *avslutet,
            Knapprad(Submit("spara", "Spara"), Lank("Avbryt", reverse("start"))),
        )

    def _avslutet_fragas(self) -> bool:
        given = str(self._inmatat(avslut.FALT) or "")
        nummer = str(self._inmatat("personnummer") or "")
        self._annans_avslut = bool(given) and avslut.galler_annat(
            given, personnummer=nummer, insats_id=self._vald_insats()
        )
        return bool(given) and not self._annans_avslut

    def _lagg_till_falten(self) -> Kodval:
        kodval, falt = Kodval(), self.fields
        marka(
            falt["samtycke"],
            hjalp="Skriftligt samtycke ska finnas innan personuppgifter registreras. Ett nytt behövs för varje "
            "inregistrering. Utan samtycke registreras deltagaren som anonym.",
        )
        falt["tid_i_forsorjning"] = ett_av("Tid i offentlig försörjning", kodval[Kodverk.TID_I_FORSORJNING])
        falt["utbildning"] = ett_av("Högsta slutförda utbildning", kodval[Kodverk.UTBILDNING])
        for namn in ("tid_i_forsorjning", "utbildning"):
            marka(falt[namn], hjalp=HJALP[namn])
        falt.update(svarsfalt("fore", kodval))
        for namn in ("insats", "inregistrering"):
            falt[namn].widget.attrs |= byt_fragor(Tillfalle.IN)
        return kodval

    def clean(self) -> dict[str, Any]:
        """Stadsdelen hör till kommunen."""
        data = super().clean()
        kommun, stadsdel = data.get("kommun"), data.get("stadsdel")
        if kommun and stadsdel and stadsdel.kommun_id != kommun.pk:
            self.add_error("stadsdel", f"{stadsdel.namn} ligger inte i {kommun.namn}.")
        self.prova_avslutet(data)
        if self._annans_avslut and avslut.nagot_ifyllt(self.data):
            self.add_error(None, avslut.GALLDE_ETT_ANNAT)
        return data


def jamforbart(text: str) -> str:
    """Ett namn att jämföra med ett annat: skiftläge och mellanrum gör det inte till ett annat namn."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


# Funktioner, inte listor: de läses bara när formuläret visas, inte när det sparas.
def kommunval() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[str, str]]] = {}
    for kommun in Kommun.objects.select_related("lan"):
        grupper.setdefault(kommun.lan.namn, []).append((kommun.pk, kommun.namn))
    return [("", "Välj kommun"), *grupper.items()]


def stadsdelsval() -> list[tuple[str, Any]]:
    grupper: dict[str, list[tuple[int, str]]] = {}
    for stadsdel in Stadsdel.objects.filter(giltig_till=None).select_related("kommun").order_by("kommun", "namn"):
        grupper.setdefault(stadsdel.kommun.namn, []).append((stadsdel.pk, stadsdel.namn))
    return [("", "Ingen stadsdel"), *grupper.items()]
