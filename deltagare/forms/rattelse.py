"""Att rätta en in- eller utregistrering, och att utregistrera ett deltagande som man redan har framme.

Fälten är de på *Registrera deltagare*. Reglerna står i tjänsten och i databasen.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Row, Submit
from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from behorighet.krock import Krock
from deltagare import visning
from deltagare.forms.falt import Kodval, ett_av
from deltagare.forms.fragor import MedFragor, byt_fragor
from deltagare.forms.inregistrering import MED_STADSDELAR, kommunval
from deltagare.forms.registrering import VILLKORENS_FALT
from deltagare.forms.situation import JA_NEJ, Svarsdel, svarsfalt, svarslayout
from deltagare.models import Deltagande, Kod, Svar
from deltagare.models.svar import Svarsvarde
from deltagare.uppgifter import ATERTAGET_SAMTYCKE, FELREGISTRERING, HJALP, Kodverk
from fkui.falt import Datumfalt, Tokenfalt, marka, modellfalt, valfalt
from fkui.layout import Forvald, Knapprad, Lank, Panel, Uppgift, uppdatera_val
from fkui.templatetags.fkui import utdata
from insatser.forms.fragefalt import BORTFALLNA, SAKNAS_EFTER, faltnamn, forval
from insatser.models import Fraga, Insats, Kommun, Stadsdel, Svarstyp, Tillfalle

TOMT: Final = ("", "Uppgift saknas")
UTAN_SVAR: Final = "Lämna en fråga tom om uppgift saknas."
Svaren = Mapping[tuple[int, str], Svar]


class KodvalMedSparade(Kodval):
    """Kodverkens val i dag, och de avslutade koderna som deltagandet redan har."""

    def __init__(self, deltagande: Deltagande) -> None:
        super().__init__()
        sparade = {
            (Kodverk.UTBILDNING, deltagande.utbildning),
            (Kodverk.TID_I_FORSORJNING, deltagande.tid_i_forsorjning),
            (Kodverk.AVSLUTNINGSANLEDNING, deltagande.avslutningsanledning),
            *((Kodverk.FORSORJNING, k) for k in (*deltagande.forsorjning_fore, *deltagande.forsorjning_efter)),
            *((Kodverk.ARBETSTYP, k) for k in (*deltagande.arbetstyp_fore, *deltagande.arbetstyp_efter)),
        }
        saknas = {(kodverk, kod) for kodverk, kod in sparade if kod and kod not in dict(self[kodverk])}
        if saknas:
            for kod in Kod.objects.filter(kod__in={kod for _, kod in saknas}).order_by("ordning"):
                if (kod.kodverk, kod.kod) in saknas:
                    self._val.setdefault(kod.kodverk, []).append((kod.kod, f"{kod.etikett} (används inte längre)"))


class Rattelseform(MedFragor, Svarsdel):
    """Det som in- och utregistreringen har gemensamt när de rättas."""

    nar: Tillfalle
    gar_att_tomma = True
    bortfallna = f"{BORTFALLNA} Svar som redan är sparade står kvar."
    villkorens_falt: Mapping[str, str] = VILLKORENS_FALT

    version = forms.IntegerField(widget=forms.HiddenInput)
    token = Tokenfalt()
    # Dit htmx frågar efter kompletterande frågor för en annan dag.
    insats = forms.CharField(widget=forms.HiddenInput, required=False)
    registrering = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, deltagande: Deltagande, svar: Svaren, avbryt: str, **kwargs: Any) -> None:
        self.deltagande, self.avbryt, self.sparade = deltagande, avbryt, svar
        self._inskickat: dict[str, Any] = kwargs.get("initial") or {}
        kwargs["initial"] = {**self._sparat(), **self._sparade_svar(), **self._inskickat}
        super().__init__(*args, **kwargs)
        self.fields.update(svarsfalt(self.tillfalle, self._lagg_till_falten()))
        for fraga in ("arbetar", "studerar", "arbetssokande"):
            # Ett svar som var fel ska gå att ta tillbaka.
            valfalt(self, f"{fraga}_{self.tillfalle}").choices = [*JA_NEJ, TOMT]
        self._tom_avkryssade(self.fields)
        self.helper = FormHelper()
        self.helper.form_id = "rattelse"
        self.helper.attrs = {"autocomplete": "off"}
        fragor = self.stall_for(Insats.objects.filter(pk=deltagande.insats_id), self.nar)
        self.helper.layout = Layout(Forvald(), *self._paneler(Div(fragor, *self._kvarstaende())), self._knappar())

    def _lagg_till_falten(self) -> Kodval:
        """Lägger till de egna fälten, och ger kodverkens val."""
        raise NotImplementedError

    def _paneler(self, fragor: Div) -> list[Any]:
        raise NotImplementedError

    def _sparat(self) -> dict[str, Any]:
        ett, till = self.deltagande, self.tillfalle
        varden: dict[str, Any] = {"version": ett.version, "insats": ett.insats_id, "registrering": self.nar.value}
        for fraga, andel in (("arbetar", "arbete"), ("studerar", "studier")):
            sparad = getattr(ett, f"{andel}_{till}")
            varden[f"{fraga}_{till}"] = "" if sparad is None else "ja" if sparad else "nej"
            varden[f"{andel}_{till}"] = sparad or None
        for falt in (f"forsorjning_{till}", f"arbetstyp_{till}"):
            varden[falt] = getattr(ett, falt)
        soker = getattr(ett, f"arbetssokande_{till}")
        varden[f"arbetssokande_{till}"] = {True: "ja", False: "nej"}.get(soker, "")
        return varden

    def _sparade_svar(self) -> dict[str, Any]:
        return {
            namn: varde
            for (_, nar), ett in self.sparade.items()
            if nar == self.nar
            for namn, varde in forval(ett.fraga, nar, ett.varde).items()
        }

    def _kvarstaende(self) -> list[Any]:
        """Svaren på frågor som inte ställs den dagen: de står kvar som text."""
        stallda = set(self.stallda)
        par = [
            (ett.fraga.text, visning.svarstext(ett))
            for (_, nar), ett in self.sparade.items()
            if nar == self.nar and faltnamn(ett.fraga, nar) not in stallda
        ]
        if not par:
            return []
        return [Panel("Frågor som inte längre ställs", Uppgift(*par, css_class="sus-outputs"), css_id="tidigare-svar")]

    def _knappar(self) -> Knapprad:
        return Knapprad(Submit("spara", "Spara"), Lank("Avbryt", self.avbryt))

    def _vald_insats(self) -> int | None:
        return self.deltagande.insats_id

    def stall(self, fragor: Iterable[Fraga], tillfalle: str) -> Div:
        """Som för den som registreras; fritext frågas inte om den som är utan identitet (P10)."""
        utan = self.deltagande.avidentifierat
        visade = {upplaga.partition(".")[0] for upplaga in str(self._inskickat.get("visade_fragor", "")).split()}
        fragor = [f for f in fragor if not (utan and f.svarstyp == Svarstyp.FRITEXT)]
        delen = super().stall(fragor, tillfalle)
        # En fråga som sidan inte visade har ingen hunnit svara på: där gäller det sparade.
        for namn, fraga in self.stallda.items():
            if str(fraga.pk) in visade:
                self._tom_avkryssade(ett for ett in (namn, namn + SAKNAS_EFTER) if ett in self.fields)
        return delen

    def _tom_avkryssade(self, namnen: Iterable[str]) -> None:
        """En ruta som inte är ikryssad skickas inte. Utan det här kryssades den i igen av *Uppdatera val*."""
        for namn in namnen if self._inskickat else ():
            if namn not in self._inskickat:
                if isinstance(self.fields[namn], forms.MultipleChoiceField):
                    self.initial[namn] = []
                elif isinstance(self.fields[namn], forms.BooleanField):
                    self.initial[namn] = False

    def clean(self) -> dict[str, Any]:
        """Prövar svaren mot varandra (`doman.md` 4)."""
        data = super().clean()
        if data.get("avslutningsanledning") != FELREGISTRERING:
            self.prova_svar(data)
        return data

    def fragornas_svar(self) -> list[tuple[Fraga, Svarsvarde | None]]:
        """Varje ställd fråga med sitt svar; None där det är tomt."""
        givna = {fraga.pk: varde for fraga, varde in self.fragesvar()}
        return [(fraga, givna.get(fraga.pk)) for fraga in self.stallda.values()]

    def efter_krock(
        self, deltagande: Deltagande, svar: Svaren, fel: Krock
    ) -> tuple["Rattelseform", list[tuple[str, str, str]]]:
        """Samma formulär mot det som nu är sparat, och vad som skiljer: (fält, sparat, inskrivet)."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(deltagande.version)
        argument: dict[str, Any] = {"deltagande": deltagande, "svar": svar, "avbryt": self.avbryt}
        nytt, sparat = type(self)(data, **argument), type(self)(**argument)
        nytt.is_valid()
        nytt.add_error(None, fel.messages)
        i_ordning = [pekare.name for pekare in nytt.helper.layout.get_field_names()]
        synliga = [namn for namn in i_ordning if namn in sparat.fields and not nytt[namn].is_hidden]
        par = [(_etikett(nytt, namn), utdata(sparat[namn]), utdata(nytt[namn])) for namn in synliga]
        return nytt, [(etikett, fore, efter) for etikett, fore, efter in par if fore != efter]


def _etikett(form: Rattelseform, namn: str) -> str:
    """Fältets etikett; rutan *Uppgift saknas* med frågan synlig."""
    fraga = namn.removesuffix(SAKNAS_EFTER)
    return str(form[namn].label) if fraga == namn else f"Uppgift saknas: {form[fraga].label}"


class RattaInregistrering(Rattelseform):
    """Rätta det som registrerades vid inregistreringen."""

    tillfalle, nar = "fore", Tillfalle.IN
    villkorens_falt: Mapping[str, str] = {
        **VILLKORENS_FALT,
        "utregistrering_inte_fore_inregistrering": "inregistrering",
        "samtycke_arkiverat_efter_samtycke": "samtycke_arkiverat",
    }

    inregistrering = Datumfalt(label="Datum för inregistrering")
    samtycke = Datumfalt(label="Datum för samtycke", error_messages={"required": "Ange när samtycket lämnades."})
    samtycke_arkiverat = Datumfalt(label="Samtycket arkiverat", required=False)

    def _sparat(self) -> dict[str, Any]:
        ett = self.deltagande
        egna = ("inregistrering", "samtycke", "samtycke_arkiverat", "utbildning", "tid_i_forsorjning")
        varden = {**super()._sparat(), **{falt: getattr(ett, falt) for falt in egna}}
        if not ett.avidentifierat:
            varden |= {"kommun": ett.folkbokforing.kommun_id, "stadsdel": ett.folkbokforing.stadsdel_id}
        return varden

    def _lagg_till_falten(self) -> Kodval:
        kodval, falt, ett = KodvalMedSparade(self.deltagande), self.fields, self.deltagande
        falt["samtycke"].required = not (ett.avidentifierat and ett.samtycke is None)
        falt["inregistrering"].widget.attrs |= byt_fragor(Tillfalle.IN, deltagande=ett.pk)
        marka(falt["samtycke_arkiverat"], hjalp="Den dag då det undertecknade samtycket skickades för arkivering.")
        if not ett.avidentifierat:
            self._lagg_till_folkbokforing(ett)
        falt["tid_i_forsorjning"] = ett_av("Tid i offentlig försörjning", kodval[Kodverk.TID_I_FORSORJNING])
        falt["utbildning"] = ett_av("Högsta slutförda utbildning", kodval[Kodverk.UTBILDNING])
        for namn in ("tid_i_forsorjning", "utbildning"):
            marka(falt[namn], hjalp=HJALP[namn])
        return kodval

    def _lagg_till_folkbokforing(self, ett: Deltagande) -> None:
        self.fields["kommun"] = forms.ModelChoiceField(
            Kommun.objects.all(),
            label="Folkbokföringskommun",
            empty_label="Välj kommun",
            error_messages={"required": "Välj kommun.", "invalid_choice": "Välj en kommun i listan."},
        )
        giltiga = Stadsdel.objects.filter(Q(giltig_till=None) | Q(pk=ett.folkbokforing.stadsdel_id))
        self.fields["stadsdel"] = forms.ModelChoiceField(
            giltiga.select_related("kommun").order_by("kommun", "namn"),
            label="Stadsdel",
            required=False,
            empty_label="Ingen stadsdel",
            help_text="Anges för den som är folkbokförd i Stockholm eller Göteborg.",
        )
        modellfalt(self, "kommun").choices = cache(kommunval)
        marka(self.fields["stadsdel"], dolj_valfritt=True)

    def _paneler(self, fragor: Div) -> list[Any]:
        datum = [Field(namn, wrapper_class="sus-date") for namn in ("inregistrering", "samtycke", "samtycke_arkiverat")]
        bosatt = []
        if not self.deltagande.avidentifierat:
            bosatt = [Row("kommun", Div("stadsdel", data_visas_om=f"kommun={'|'.join(MED_STADSDELAR)}"))]
        forsorjning, *resten = svarslayout("fore")
        return [
            Panel(
                "Inregistrering",
                Row(*datum),
                uppdatera_val(),
                *bosatt,
                "version",
                "token",
                "insats",
                "registrering",
                css_id="in",
            ),
            Panel(
                "Situationen direkt före",
                forsorjning,
                Row("tid_i_forsorjning", "utbildning"),
                *resten,
                css_id="fore",
                ingress=UTAN_SVAR,
            ),
            fragor,
        ]

    def clean(self) -> dict[str, Any]:
        """Stadsdelen hör till kommunen."""
        data = super().clean()
        kommun, stadsdel = data.get("kommun"), data.get("stadsdel")
        if kommun and stadsdel and stadsdel.kommun_id != kommun.pk:
            self.add_error("stadsdel", f"{stadsdel.namn} ligger inte i {kommun.namn}.")
        return data


class RattaUtregistrering(Rattelseform):
    """Rätta en utregistrering; för den som pågår: utregistrera."""

    tillfalle, nar = "efter", Tillfalle.UT
    villkorens_falt: Mapping[str, str] = {
        **VILLKORENS_FALT,
        **dict.fromkeys(("deltaganden_overlappar_inte", "krockar_med_en_senare"), "utregistrering"),
    }

    utregistrering = Datumfalt(label="Datum för utregistrering")

    def _sparat(self) -> dict[str, Any]:
        ett = self.deltagande
        egna = {"utregistrering": ett.utregistrering, "avslutningsanledning": ett.avslutningsanledning}
        return {**super()._sparat(), **egna}

    def _lagg_till_falten(self) -> Kodval:
        kodval, falt = KodvalMedSparade(self.deltagande), self.fields
        val = kodval[Kodverk.AVSLUTNINGSANLEDNING]
        if self.deltagande.avslutningsanledning == ATERTAGET_SAMTYCKE:
            val = [(kod, etikett) for kod, etikett in val if kod == ATERTAGET_SAMTYCKE]
        falt["avslutningsanledning"] = ett_av("Avslutningsanledning", val, required=True)
        marka(
            falt["avslutningsanledning"],
            hjalp="Felregistrering används när inregistreringen var fel: den räknas ingenstans, och situationen efter "
            "visas inte. "
            "Vid återtaget samtycke tas identiteten bort, och det går inte att ångra.",
        )
        falt["utregistrering"].widget.attrs |= byt_fragor(Tillfalle.UT, deltagande=self.deltagande.pk)
        return kodval

    def _paneler(self, fragor: Div) -> list[Any]:
        return [
            Panel(
                "Utregistrering",
                Uppgift(("Inregistrering", self.deltagande.inregistrering), css_class="sus-outputs"),
                Row(Field("utregistrering", wrapper_class="sus-date"), "avslutningsanledning"),
                uppdatera_val(),
                "version",
                "token",
                "insats",
                "registrering",
                css_id="ut",
            ),
            Div(
                Panel("Situationen efter", *svarslayout("efter"), css_id="efter", ingress=UTAN_SVAR),
                fragor,
                data_visas_om=f"avslutningsanledning!={FELREGISTRERING}",
            ),
        ]

    def clean(self) -> dict[str, Any]:
        """Vid felregistrering frågas inget annat, inte heller datumet (R22)."""
        data = super().clean()
        if data.get("avslutningsanledning") == FELREGISTRERING and not self.data.get("utregistrering"):
            self.errors.pop("utregistrering", None)
            data["utregistrering"] = self.deltagande.utregistrering or timezone.localdate()
        return data
