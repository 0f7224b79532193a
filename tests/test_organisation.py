"""Samverkansorganisationen: uppgifter, område, ingående organisationer och budget (`doman.md` 2, R7, P1, P15)."""

import threading
from datetime import date, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Handelse, Organisation
from behorighet.roller import Roll
from insatser.models import (
    AdministrativKostnad,
    Budgetpost,
    Finansieringspost,
    IngaendeOrganisation,
    Insats,
    Organisationsbudget,
    Samverkansorganisation,
    Stadsdel,
)
from insatser.organisation_tjanster import (
    andra_samverkansorganisation,
    minska_omradet,
    spara_ingaende,
    ta_bort_ingaende,
    utoka_omradet,
)
from insatser.organisationsbudget import Finansieringsrad, Kostnadsrad, budgetaren, organisationsar
from insatser.organisationsbudget_tjanster import spara_organisationsbudget
from tests import fabriker
from tests.databas import som_agare

db = pytest.mark.django_db
IDAG = timezone.localdate()
AR = IDAG.year
NUMMER = f"222000-123{fabriker.kontrollsiffra('222000123')}"
KONTAKT = {"adress": "Storgatan 1", "postnummer": "123 45", "ort": "Ort", "kontaktperson": "Kim Ek",
           "telefon": "070-174 06 05", "epost": "kim@sus.example"}  # fmt: skip


@pytest.fixture
def org(db):
    return fabriker.organisation(namn="Samordningsförbundet Älven", organisationsnummer=NUMMER)


def administrator_i(org):
    konto = fabriker.anvandare(Roll.SAMVERKANSADMINISTRATOR)
    fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
    return konto


@pytest.fixture
def administrator(client, org):
    konto = administrator_i(org)
    client.force_login(konto)
    return konto


def part(org=None, namn="Region Älven", typ="region", **gor):
    organisation = Organisation.objects.create(namn=namn, typ=typ)
    if org:
        IngaendeOrganisation.objects.create(
            samverkansorganisation=org, organisation=organisation, **(gor or {"finansierar": True})
        )
    return organisation


def text(svar):
    return svar.content.decode()


def loggat(typ="samverkansorganisation_andrad"):
    return [rad.detaljer for rad in Handelse.objects.filter(typ=typ).order_by("pk")]


def adress(namn, *argument):
    return reverse(f"uppdrag:{namn}", args=argument)


# Ändra


def andra(org, av, **falt):
    return andra_samverkansorganisation(
        **{
            "organisation": org,
            "version": org.version,
            "namn": org.namn,
            "organisationsnummer": org.organisationsnummer,
            "samverkansform": org.samverkansform,
            "beskrivning": org.beskrivning,
            "slutdatum": org.slutdatum,
            "kontakt": {namn: getattr(org, namn) for namn in KONTAKT},
            "av": av,
            **falt,
        }
    )


def orgdata(org, **falt):
    return {
        "namn": org.namn,
        "organisationsnummer": org.organisationsnummer,
        "samverkansform": org.samverkansform,
        "beskrivning": org.beskrivning,
        "slutdatum": "",
        **KONTAKT,
        "version": org.version,
        "token": str(uuid4()),
        "spara": "Spara",
        **falt,
    }


def test_andra_sparar_loggar_och_syns(client, org, administrator):
    data = orgdata(org, namn="Samordningsförbundet Ån", postnummer="12345", samverkansform="tvapart")

    svar = client.post(adress("andra_organisation", org.pk), data, follow=True)

    assert svar.redirect_chain == [(org.get_absolute_url(), 302)]
    org.refresh_from_db()
    assert (org.namn, org.postnummer, org.samverkansform, org.version) == (
        "Samordningsförbundet Ån", "123 45", "tvapart", 2,
    )  # fmt: skip
    for varde in ("Storgatan 1", "123 45 Ort", "Kim Ek", "070-174 06 05", "kim@sus.example", "Tvåpartsfinans"):
        assert varde in text(svar)
    falt = ["namn", "samverkansform", *KONTAKT]
    assert loggat() == [{"organisation": org.pk, "falt": falt}]
    client.post(adress("andra_organisation", org.pk), data)  # dubbelklick
    assert len(loggat()) == 1


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        ({"namn": ""}, "Ange namn."),
        ({"organisationsnummer": f"{NUMMER[:-1]}{(int(NUMMER[-1]) + 1) % 10}"}, "Kontrollera organisationsnumret."),
        ({"slutdatum": "2014-12-31"}, "Slutdatum kan inte vara före startdatum."),
        ({"postnummer": "1234"}, "Ange postnumret med fem siffror, NNN NN."),
        ({"postnummer": "१२३४५"}, "Ange postnumret med fem siffror, NNN NN."),
        ({"telefon": "ring mig"}, "Ange telefonnumret med siffror"),
        ({"epost": "kim@"}, "Ange en e-postadress"),
        ({"samverkansform": "handlingsplan"}, "handlingsplan"),
    ],
)
def test_andra_med_fel_sparar_inget(client, org, administrator, falt, besked):
    svar = client.post(adress("andra_organisation", org.pk), orgdata(org, **falt))

    assert besked in text(svar)
    assert set(svar.context["form"].errors) == set(falt)
    org.refresh_from_db()
    assert org.version == 1


def test_upptaget_organisationsnummer_ar_ett_fel_vid_faltet(client, org, administrator):
    annat = f"222000-456{fabriker.kontrollsiffra('222000456')}"
    fabriker.organisation(organisationsnummer=annat)

    svar = client.post(adress("andra_organisation", org.pk), orgdata(org, organisationsnummer=annat))

    assert "En annan samverkansorganisation har redan det organisationsnumret." in text(svar)
    assert list(svar.context["form"].errors) == ["organisationsnummer"]


def test_samverkansformen_ar_fast_nar_det_finns_insatser(client, org, administrator):
    fabriker.insats(org)

    assert 'name="samverkansform"' not in text(client.get(adress("andra_organisation", org.pk)))
    client.post(adress("andra_organisation", org.pk), orgdata(org, samverkansform="tvapart"))
    org.refresh_from_db()
    assert (org.samverkansform, org.version) == ("finsam", 2)
    with pytest.raises(ValidationError, match="går inte att ändra"):
        andra(org, administrator, samverkansform="tvapart")


def test_handlingsplanssamverkan_valjs_bara_for_den_som_borjade_fore_2013(client, org, administrator):
    with pytest.raises(ValidationError, match="fanns före 2013-02-01"):
        andra(org, administrator, samverkansform="handlingsplan")
    gammal = fabriker.organisation(startdatum=date(2013, 1, 31))
    fabriker.uppdrag(administrator, Roll.SAMVERKANSADMINISTRATOR, gammal)

    assert andra(gammal, administrator, samverkansform="handlingsplan").samverkansform == "handlingsplan"
    assert "Handlingsplanssamverkan" not in text(client.get(adress("andra_organisation", org.pk)))


def test_startdatum_andras_inte_ens_av_sql(org):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Samverkansorganisation.objects.filter(pk=org.pk).update(startdatum=date(2016, 1, 1))


def test_den_andra_far_veta_vad_som_skiljer(client, org, administrator):
    data = orgdata(org, beskrivning="Min text")
    andra(org, administrator, beskrivning="Någon annans text")

    svar = client.post(adress("andra_organisation", org.pk), data)

    assert "Någon annan har sparat ändringar" in text(svar)
    assert ("Beskrivning", "Någon annans text", "Min text") in svar.context["skillnader"]
    assert "Min text" in svar.context["form"]["beskrivning"].value()
    svar = client.post(adress("andra_organisation", org.pk), data | {"version": "2", "token": str(uuid4())})
    assert svar.status_code == 302
    org.refresh_from_db()
    assert (org.beskrivning, org.version) == ("Min text", 3)


# Organisationens slut


def test_slutdatum_sager_vilka_insatser_som_ligger_efter(org, administrator):
    fabriker.insats(org, namn="Vägen", slutdatum=date(2027, 1, 1))
    fabriker.insats(org, namn="Bron", startdatum=date(2026, 6, 1))

    with pytest.raises(ValidationError, match=r"Vägen, Bron\. Ändra dem först"):
        andra(org, administrator, slutdatum=date(2025, 12, 31))
    assert andra(org, administrator, slutdatum=date(2028, 12, 31)).slutdatum == date(2028, 12, 31)


def test_slutdatum_rymmer_registreringarna_och_de_oppna(org, administrator):
    insats = fabriker.insats(org)
    fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats), inregistrering=date(2025, 3, 1))

    with pytest.raises(ValidationError, match="Den senaste är 2025-03-01"):
        andra(org, administrator, slutdatum=date(2025, 2, 28))
    with pytest.raises(ValidationError, match="1 deltagare är fortfarande inregistrerade"):
        andra(org, administrator, slutdatum=IDAG - timedelta(days=1))
    assert andra(org, administrator, slutdatum=IDAG).version == 2


def test_slutdatum_rymmer_budgeten(org, administrator):
    spara(org, administrator, [Finansieringsrad(part(org).pk, 1, "")], ar=AR)

    with pytest.raises(ValidationError) as fel:
        andra(org, administrator, slutdatum=date(AR - 1, 12, 31))
    assert fel.value.code == "organisationen_rymmer_sin_budget"
    org.refresh_from_db()
    spara(org, administrator, [], ar=AR, version=1)
    assert andra(org, administrator, slutdatum=date(AR - 1, 12, 31)).version == 2


# Rätt och räckvidd (P1)


def sidor(org, den):
    return {
        "organisation": org.get_absolute_url(),
        "budget": adress("organisationsbudget", org.pk),
        "budget_ar": adress("organisationsbudget_ar", org.pk, AR),
        "andra": adress("andra_organisation", org.pk),
        "omrade": adress("omrade", org.pk),
        "valj_part": adress("valj_part", org.pk),
        "part": adress("part", org.pk, den.pk),
        "andra_budget": adress("andra_organisationsbudget", org.pk, AR),
    }


OPPNA = {"organisation", "budget", "budget_ar"}


@pytest.mark.parametrize("egen", [True, False])
@pytest.mark.parametrize("roll", Roll)
def test_varje_sida_for_varje_roll(client, org, roll, egen):
    konto = fabriker.anvandare(roll)
    om = org if egen else fabriker.organisation()
    if roll in {Roll.SAMVERKANSADMINISTRATOR, Roll.INSATSANSVARIG}:
        fabriker.uppdrag(konto, roll, om)
    client.force_login(konto)
    far = {Roll.SAMVERKANSADMINISTRATOR: 200 if egen else 404}.get(roll, 403)
    alla = sidor(org, part(org))

    koder = {namn: client.get(ett).status_code for namn, ett in alla.items()}

    assert koder == {namn: 200 if namn in OPPNA else far for namn in alla}
    lankar = text(client.get(alla["organisation"])) + text(client.get(alla["budget"]))
    assert ("/andra/" in lankar, "/omrade/" in lankar) == (far == 200, far == 200)
    if far != 200:
        ta_bort = client.post(adress("ta_bort_ur_omradet", org.pk), {"kommun": "1283"})
        svar = {client.post(alla[namn], {"spara": "1"}).status_code for namn in ("andra", "part", "andra_budget")}
        assert {ta_bort.status_code, *svar} == {far}


def test_tjansterna_nekar_den_som_inte_ar_administrator_dar(org):
    annan, den = administrator_i(fabriker.organisation()), part(org)
    for gor in (
        lambda: andra(org, annan, namn="X"),
        lambda: utoka_omradet(organisation=org, kommuner=["1280"], stadsdelar=[], av=annan),
        lambda: minska_omradet(organisation=org, kommun="1283", av=annan),
        lambda: ingaende(org, den, annan),
        lambda: ta_bort_ingaende(samverkansorganisation=org, organisation=den, av=annan),
        lambda: spara(org, annan, []),
    ):
        with pytest.raises(PermissionDenied):
            gor()
    assert loggat() == []


# Området


def stadsdelen(namn="Farsta"):
    return Stadsdel.objects.get(namn=namn)


def test_valj_kommun_med_stjarna_och_lan(client, org, administrator):
    sida = adress("omrade", org.pk)
    assert "Stadsdelar finns för Stockholm och Göteborg." in text(client.get(sida))

    def val(**sokt):
        return [namn for _, namn in client.get(sida, sokt).context["form"].fields["kommuner"].choices]

    assert {"Göteborg", "Vänersborg"} <= set(val(namn="*borg"))
    assert val(lan="10") == ["Olofström", "Karlskrona", "Ronneby", "Karlshamn", "Sölvesborg"]
    ((kommun, stadsdelar),) = client.get(sida, {"namn": "Göteborg"}).context["form"].fields["stadsdelar"].choices
    assert (kommun, [namn for _, namn in stadsdelar][:5]) == (
        "Göteborg", ["Centrum", "Hisingen", "Nordost", "Sydväst", "Angered (till och med 2020-12-31)"],
    )  # fmt: skip
    assert "Inga fler kommuner matchar" in text(client.get(sida, {"namn": "finns inte"}))
    assert "Inga fler kommuner matchar" in text(client.get(sida, {"namn": "Helsingborg"}))


def test_flera_kommuner_och_stadsdelar_pa_en_gang(client, org, administrator):
    sida = f"{adress('omrade', org.pk)}?lan=01"
    farsta = stadsdelen()

    svar = client.post(
        sida, {"kommuner": ["0114", "0115"], "stadsdelar": [farsta.pk], "token": str(uuid4())}, follow=True
    )

    assert svar.redirect_chain == [(sida, 302)]
    assert set(org.kommuner.values_list("kod", flat=True)) == {"1283", "0114", "0115", "0180"}
    assert list(org.stadsdelar.all()) == [farsta]
    assert "4 tillagda." in text(svar)
    assert loggat() == [
        {
            "organisation": org.pk,
            "falt": ["omrade"],
            "tillagda": {"kommuner": ["0114", "0115", "0180"], "stadsdelar": [farsta.pk]},
        }
    ]
    assert "Farsta" in text(client.get(org.get_absolute_url()))
    assert "Välj minst en att lägga till." in text(client.post(sida, {"token": str(uuid4())}))


def test_ta_bort_ur_omradet(client, org, administrator):
    farsta, bromma = stadsdelen(), stadsdelen("Bromma")
    utoka_omradet(organisation=org, kommuner=[], stadsdelar=[farsta.pk, bromma.pk], av=administrator)
    sida = adress("ta_bort_ur_omradet", org.pk)

    client.post(sida, {"stadsdel": farsta.pk})
    assert list(org.stadsdelar.all()) == [bromma]
    svar = client.post(sida, {"kommun": "0180"}, follow=True)

    assert svar.redirect_chain == [(adress("omrade", org.pk), 302)]
    assert not org.stadsdelar.exists()
    assert [kommun.kod for kommun in org.kommuner.all()] == ["1283"]
    assert "Minst en kommun ska finnas kvar." in text(client.post(sida, {"kommun": "1283"}, follow=True))
    assert org.kommuner.count() == 1
    assert client.post(sida, {"stadsdel": "x"}).status_code == 404
    assert client.post(sida, {"kommun": "9999"}).status_code == 302
    assert client.get(sida).status_code == 405


def test_stadsdelar_som_ersattes_fore_starten_gar_inte_att_valja(client, administrator):
    ny = fabriker.organisation(startdatum=date(2024, 1, 1))
    fabriker.uppdrag(administrator, Roll.SAMVERKANSADMINISTRATOR, ny)

    val = client.get(adress("omrade", ny.pk), {"namn": "Stockholm"}).context["form"].fields["stadsdelar"].choices

    assert "Norrmalm" not in str(val)
    assert "Norra innerstaden" in str(val)


@db
def test_databasen_haller_stadsdelen_inom_omradet(org):
    with pytest.raises(IntegrityError, match="hör inte till samverkansorganisationens område"), transaction.atomic():
        org.stadsdelar.add(stadsdelen())


# Ingående organisationer


def ingaende(org, den, av, version=0, **gor):
    return spara_ingaende(
        samverkansorganisation=org, organisation=den, version=version, av=av,
        **{"deltar": True, "finansierar": False, "brukar": False, **gor},
    )  # fmt: skip


def test_lagg_till_andra_och_ta_bort_en_ingaende_organisation(client, org, administrator):
    den, sida = part(), None
    valj = adress("valj_part", org.pk)
    assert [rad.namn for rad in client.get(valj, {"namn": "region*", "typ": "region"}).context["sida"]] == [den.namn]
    sida = adress("part", org.pk, den.pk)
    assert f'href="{sida}"' in text(client.get(valj))

    data = {"gor": ["deltar", "finansierar"], "version": "0", "token": str(uuid4()), "spara": "Spara"}
    svar = [client.post(sida, data) for _ in range(2)]

    assert {ett.url for ett in svar} == {org.get_absolute_url()}
    assert loggat() == [
        {"organisation": org.pk, "falt": ["ingaende"], "part": den.pk,
         "deltar": True, "finansierar": True, "brukar": False}
    ]  # fmt: skip
    assert den.namn not in [rad.namn for rad in client.get(valj).context["sida"]]
    client.post(sida, data | {"gor": ["brukar"], "version": "1", "token": str(uuid4())})
    rad = IngaendeOrganisation.objects.get()
    assert (rad.deltar, rad.finansierar, rad.brukar, rad.version) == (False, False, True, 2)
    client.post(sida, {"ta_bort": "1", "token": str(uuid4())})
    assert not IngaendeOrganisation.objects.exists()
    assert loggat()[-1]["borttagen"] is True


def test_ingaende_utan_val_och_krock(client, org, administrator):
    den = part(org)
    sida = adress("part", org.pk, den.pk)

    svar = client.post(sida, {"gor": [], "version": "1", "spara": "Spara"})
    assert "Välj minst ett av deltar, finansierar och brukar." in text(svar)
    ingaende(org, den, administrator, version=1)
    svar = client.post(sida, {"gor": ["brukar"], "version": "1", "spara": "Spara"})

    assert svar.context["skillnader"] == [("Deltar", "Ja", "Nej"), ("Brukar", "Nej", "Ja")]
    with pytest.raises(Krock):
        ingaende(org, den, administrator)
    with pytest.raises(ValidationError, match="Välj minst ett"):
        ingaende(org, den, administrator, version=2, deltar=False)


# Budget


def spara(org, av, finansiering=(), kostnader=(), *, ar=AR, version=0):
    return spara_organisationsbudget(
        organisation=org, ar=ar, version=version, finansiering=finansiering, kostnader=kostnader, av=av
    )


def budgetdata(rader=(), kostnader=(), **falt):
    data = {"version": "0", "token": str(uuid4()), "spara": "Spara", "f-antal": len(rader), "k-antal": len(kostnader)}
    for slag, alla in (("f", rader), ("k", kostnader)):
        for nr, rad in enumerate(alla):
            data |= {f"{slag}-{nr}-{namn}": varde for namn, varde in rad.items()}
    return data | falt


def test_budgeten_sparas_visas_och_summeras(client, org, administrator):
    region, insats = part(org), fabriker.insats(org, namn="Bron")
    Budgetpost.objects.create(insats=insats, ar=AR, rad=1, budgettyp="insatskostnad", budget=600_000, utfall=550_000)
    Budgetpost.objects.create(insats=insats, ar=AR, rad=2, budgettyp="esf_insatskostnad", budget=100_000)
    Budgetpost.objects.create(insats=fabriker.insats(), ar=AR, rad=1, budgettyp="insatskostnad", budget=7)
    sida = adress("andra_organisationsbudget", org.pk, AR)
    rader = [
        {"organisation": region.pk, "belopp": "1 000 000", "beskrivning": ""},
        {"organisation": region.pk, "belopp": "50000", "beskrivning": "Eget kapital"},
        {"organisation": "", "belopp": "", "beskrivning": " "},
    ]
    kostnader = [
        {"kostnadstyp": "personal", "budget": "200\u00a0000", "utfall": "\u22125", "beskrivning": "Chef"},
        {"kostnadstyp": "kringkostnader", "budget": "", "utfall": "10", "beskrivning": ""},
    ]

    svar = client.post(sida, budgetdata(rader, kostnader), follow=True)

    assert svar.redirect_chain == [(adress("organisationsbudget_ar", org.pk, AR), 302)]
    aret = svar.context["budget"]
    assert [(rad.namn, rad.belopp, rad.beskrivning) for rad in aret.finansiering] == [
        ("Region Älven", 1_000_000, ""),
        ("Region Älven", 50_000, "Eget kapital"),
    ]
    assert (aret.finansierat, *aret.administration, aret.administration.skillnad) == (1_050_000, 200_000, 5, 199_995)
    assert (*aret.insatskostnader, aret.insatskostnader.skillnad) == (700_000, 550_000, 150_000)
    assert (*aret.kostnad, aret.kostnad.skillnad) == (900_000, 550_005, 349_995)
    assert tuple(aret.kvar) == (150_000, 499_995)
    for belopp in ("1\u00a0050\u00a0000", "349\u00a0995", "-5", "Utfall saknas för 0"):
        assert (belopp in text(svar)) == ("saknas" not in belopp)
    assert loggat("budget_andrad") == [{"organisation": org.pk, "ar": AR, "rader": {"finansiering": 2, "kostnader": 2}}]
    assert "har budget" in text(svar)


def test_rader_andras_och_tas_bort(client, org, administrator):
    den = part(org)
    spara(org, administrator, [Finansieringsrad(den.pk, 1, "a"), Finansieringsrad(den.pk, 2, "b")])
    sida = adress("andra_organisationsbudget", org.pk, AR)
    assert client.get(sida).context["form"].initial["version"] == 1

    client.post(sida, budgetdata([{"organisation": den.pk, "belopp": "3", "beskrivning": "b"}], version="1"))
    assert list(Finansieringspost.objects.values_list("rad", "belopp")) == [(1, 3)]
    svar = client.post(sida, budgetdata(version="2"), follow=True)

    assert "Ingen finansiering är registrerad" in text(svar)
    assert organisationsar(org, AR).version == 3
    assert spara(org, administrator, version=3) is False
    assert len(loggat("budget_andrad")) == 3


FEL = [
    ({"organisation": "", "belopp": "1"}, "f-0-organisation", "Finansiering 1: välj finansiär."),
    ({"belopp": ""}, "f-0-belopp", "Finansiering 1: ange finansiering i hela kronor."),
    ({"belopp": "1,5"}, "f-0-belopp", "Finansiering 1: ange hela kronor, utan decimaler."),
    ({"belopp": "-1"}, "f-0-belopp", "Finansiering 1: finansiering kan inte vara negativ."),
    ({"belopp": "9" * 30}, "f-0-belopp", "Finansiering 1: beloppet är för stort."),
    ({"organisation": "0"}, "f-0-organisation", "Finansiering 1: välj finansiär ur listan."),
]
KOSTNADSFEL = [
    ({"kostnadstyp": ""}, "k-0-kostnadstyp", "Kostnad 1: välj kostnadstyp."),
    ({"kostnadstyp": "resor"}, "k-0-kostnadstyp", "Kostnad 1: välj kostnadstyp ur listan."),
    ({"budget": ""}, "k-0-budget", "Kostnad 1: ange budget eller utfall"),
    ({"budget": "-1"}, "k-0-budget", "Kostnad 1: budget kan inte vara negativ."),
    ({"utfall": "1 000,5"}, "k-0-utfall", "Kostnad 1: ange hela kronor"),
]


@pytest.mark.parametrize(("falt", "namn", "besked"), [*FEL, *KOSTNADSFEL])
def test_fel_star_vid_sin_rad_och_sitt_falt(client, org, administrator, falt, namn, besked):
    den = part(org)
    rad = {"organisation": den.pk, "belopp": "1", "beskrivning": ""}
    kostnad = {"kostnadstyp": "personal", "budget": "1", "utfall": "", "beskrivning": ""}
    ratt, fel = ([rad | falt], [kostnad]) if namn[0] == "f" else ([rad], [kostnad | falt])

    svar = client.post(adress("andra_organisationsbudget", org.pk, AR), budgetdata(ratt, fel))

    assert list(svar.context["form"].errors) == [namn]
    assert besked in text(svar)
    assert f'href="#id_{namn}"' in text(svar)
    assert not Organisationsbudget.objects.exists()


def test_rader_laggs_till_och_tas_bort_utan_skript_och_utan_att_sparas(client, org, administrator):
    den = part(org)
    sida = adress("andra_organisationsbudget", org.pk, AR)
    rader = [{"organisation": den.pk, "belopp": "många", "beskrivning": "a"}]
    data = budgetdata(rader)
    del data["spara"]

    svar = client.post(sida, data | {"lagg_till": "f"})
    form = svar.context["form"]
    assert (form.antal["f"], form["f-0-belopp"].value()) == (2, "många")
    assert form.errors == {}
    assert 'data-osparat="andrat"' in text(svar)
    assert str(form["f-1-organisation"]).count("autofocus") == 1
    svar = client.post(sida, data | {"stryk": "f-0"})
    assert svar.context["form"].antal["f"] == 1
    assert svar.context["form"]["f-0-belopp"].value() is None
    for trasigt in ({"stryk": "f-9"}, {"stryk": "x-0"}, {"stryk": "f-"}, {"lagg_till": "x"}, {"f-antal": "99999999"}):
        assert client.post(sida, data | trasigt).status_code == 200
    assert not Organisationsbudget.objects.exists()


def test_en_orord_budget_sager_inte_att_raderna_ar_andrade(client, org, administrator):
    sida = adress("andra_organisationsbudget", org.pk, AR)

    oppnad = client.get(sida)
    andrad = client.post(sida, {"version": "0", "f-antal": "1", "k-antal": "1", "lagg_till": "f"})

    assert "Inget är sparat än." not in text(oppnad)
    assert 'data-osparat=""' in text(oppnad)
    assert "Inget är sparat än." in text(andrad)


def test_kopiera_fran_forra_aret_utan_utfall(client, org, administrator):
    den = part(org)
    spara(org, administrator, [Finansieringsrad(den.pk, 1000, "a")], [Kostnadsrad("personal", 5, 6, "b")], ar=AR - 1)
    sida = adress("andra_organisationsbudget", org.pk, AR)
    assert f"Kopiera från {AR - 1}" in text(client.get(sida))

    svar = client.post(sida, {"version": "0", "f-antal": "1", "k-antal": "1", "kopiera": "1"})
    form = svar.context["form"]

    assert (form["f-0-belopp"].value(), form["k-0-budget"].value(), form["k-0-utfall"].value()) == (
        "1\u00a0000",
        "5",
        None,
    )
    assert not Organisationsbudget.objects.filter(ar=AR).exists()
    assert "Inget är sparat än." in text(svar)
    assert "Kopiera från" not in text(svar)
    assert "Kopiera från" not in text(client.get(adress("andra_organisationsbudget", org.pk, AR - 1)))


def test_kopiera_dubblar_aldrig_raderna_och_tar_inte_med_eget_kapital(client, org, administrator):
    den = part(org)
    rader = [Finansieringsrad(den.pk, 1000, "a"), Finansieringsrad(den.pk, 7, "Eget kapital ")]
    spara(org, administrator, rader, [Kostnadsrad("personal", None, 6, "bara utfall")], ar=AR - 1)
    sida = adress("andra_organisationsbudget", org.pk, AR)

    kopia = client.post(sida, {"version": "0", "f-antal": "1", "k-antal": "1", "kopiera": "1"}).context["form"]
    assert [kopia[f"f-{nr}-beskrivning"].value() for nr in range(kopia.antal["f"])] == ["a"]
    assert kopia["k-0-beskrivning"].value() is None

    skickat = {"version": "0", "f-antal": "1", "k-antal": "1", "f-0-belopp": "5", "kopiera": "1"}
    svar = client.post(sida, skickat)
    assert "Året har redan rader. Ta bort dem först." in text(svar)
    assert (svar.context["form"].antal, svar.context["form"]["f-0-belopp"].value()) == ({"f": 1, "k": 1}, "5")
    spara(org, administrator, [Finansieringsrad(den.pk, 0, "")], [])
    assert "Kopiera från" not in text(client.get(sida))


def test_budgetens_krock_visar_raderna_som_skiljer(client, org, administrator):
    den = part(org)
    data = budgetdata([{"organisation": den.pk, "belopp": "2000", "beskrivning": ""}])
    spara(org, administrator, [Finansieringsrad(den.pk, 1000, ""), Finansieringsrad(den.pk, 5, "")])

    svar = client.post(adress("andra_organisationsbudget", org.pk, AR), data)

    assert svar.context["skillnader"] == [
        ("Finansiering 1", "Region Älven, 1\u00a0000", "Region Älven, 2\u00a0000"),
        ("Finansiering 2", "Region Älven, 5", "–"),
    ]
    assert svar.context["form"]["version"].value() == "1"
    assert organisationsar(org, AR).finansierat == 1005


def test_bara_de_som_finansierar_ar_finansiarer_men_gamla_star_kvar(client, org, administrator):
    den, brukar = part(org), part(org, "Brukarna", "ovriga", brukar=True)
    spara(org, administrator, [Finansieringsrad(den.pk, 1, "")])
    with pytest.raises(ValidationError, match="inte längre en ingående organisation som finansierar"):
        spara(org, administrator, [Finansieringsrad(brukar.pk, 1, "")], version=1)
    ta_bort_ingaende(samverkansorganisation=org, organisation=den, av=administrator)

    form = client.get(adress("andra_organisationsbudget", org.pk, AR)).context["form"]
    assert [en.namn for en in form.finansiarer] == [den.namn]
    assert spara(org, administrator, [Finansieringsrad(den.pk, 2, "")], version=1)
    with pytest.raises(ValidationError, match="finansierar"):
        spara(org, administrator, [Finansieringsrad(den.pk, 2, "")], ar=AR + 1)
    assert "Ingen ingående organisation finansierar" in text(
        client.get(adress("andra_organisationsbudget", org.pk, AR + 1))
    )


def test_administrativa_kostnader_bara_inom_finsam(client, administrator):
    org = fabriker.organisation(samverkansform="tvapart")
    fabriker.uppdrag(administrator, Roll.SAMVERKANSADMINISTRATOR, org)
    with pytest.raises(ValidationError, match="bara inom Finsam"):
        spara(org, administrator, kostnader=[Kostnadsrad("personal", 1, None, "")])
    budget = Organisationsbudget.objects.create(samverkansorganisation=org, ar=AR)
    with pytest.raises(IntegrityError, match="bara inom Finsam"), transaction.atomic():
        AdministrativKostnad.objects.create(arsbudget=budget, rad=1, kostnadstyp="personal", budget=1)
    assert "Administrativa kostnader" not in text(client.get(adress("organisationsbudget", org.pk)))
    # Och formen går inte att ändra bort när kostnaderna finns.
    finsam = fabriker.organisation()
    fabriker.uppdrag(administrator, Roll.SAMVERKANSADMINISTRATOR, finsam)
    spara(finsam, administrator, kostnader=[Kostnadsrad("personal", 1, None, "")])
    with pytest.raises(ValidationError, match="bara finns inom Finsam"):
        andra(finsam, administrator, samverkansform="tvapart")


def test_budgetaren_foljer_organisationens_datum(client, org, administrator):
    assert budgetaren(org)[0] == 2015
    assert client.get(adress("organisationsbudget_ar", org.pk, 2014)).status_code == 404
    assert client.get(adress("andra_organisationsbudget", org.pk, 2014)).status_code == 404
    with pytest.raises(ValidationError, match="ligger utanför samverkansorganisationens datum"):
        spara(org, administrator, [Finansieringsrad(part(org).pk, 1, "")], ar=2014)
    budget = Organisationsbudget.objects.create(samverkansorganisation=org, ar=2014)
    with pytest.raises(IntegrityError, match="utanför"), transaction.atomic():
        Finansieringspost.objects.create(arsbudget=budget, rad=1, organisation=part(namn="B"), belopp=1)
    slutad = fabriker.organisation(slutdatum=date(2020, 6, 30))
    svar = client.get(adress("organisationsbudget", slutad.pk))
    assert (svar.context["ar"], svar.context["aren"][0][0]) == (2020, 2020)


def test_budgetens_sida_tar_samma_antal_fragor_hur_manga_rader_det_an_ar(client, org, administrator):
    den, fragor = part(org), []
    client.get(adress("organisationsbudget", org.pk))  # sessionens första begäran kostar mer
    for antal in (1, 6):
        rader = [Finansieringsrad(den.pk, nr, "") for nr in range(antal)]
        kostnader = [Kostnadsrad("personal", nr, None, "") for nr in range(antal)]
        spara(org, administrator, rader, kostnader, version=organisationsar(org, AR).version)
        for nr in range(antal):
            insats = fabriker.insats(org)
            Budgetpost.objects.create(insats=insats, ar=AR, rad=1, budgettyp="insatskostnad", budget=nr)
        with CaptureQueriesContext(connection) as gjorda:
            client.get(adress("organisationsbudget", org.pk))
        fragor.append(len(gjorda))

    assert fragor[0] == fragor[1] < 25


# Samtidigt


def samtidigt(*gor):
    """Kör alla på en gång, var och en på en egen förbindelse; det de gav eller felet de fick."""
    start, svar = threading.Barrier(len(gor)), []

    def kor(ett):
        try:
            start.wait()
            svar.append(ett())
        except (ValidationError, DatabaseError) as fel:
            svar.append(fel)
        finally:
            connections.close_all()

    tradar = [threading.Thread(target=kor, args=(ett,)) for ett in gor]
    for trad in tradar:
        trad.start()
    for trad in tradar:
        trad.join()
    return svar


def test_tio_sparar_samma_budget_samtidigt_och_en_vinner(egen_databas):
    org = fabriker.organisation()
    av, den = administrator_i(org), part(org)

    svar = samtidigt(*(lambda nr=nr: spara(org, av, [Finansieringsrad(den.pk, nr, "")]) for nr in range(1, 11)))

    assert svar.count(True) == 1
    assert sum(isinstance(ett, Krock) for ett in svar) == 9
    assert (Finansieringspost.objects.count(), organisationsar(org, AR).version) == (1, 1)


def test_de_sista_tva_kommunerna_tas_inte_bort_samtidigt(egen_databas):
    for _ in range(5):
        org = fabriker.organisation(kommuner=["1280", "1283"])
        av = administrator_i(org)
        ta_bort = partial(minska_omradet, organisation=org, av=av)

        samtidigt(partial(ta_bort, kommun="1280"), partial(ta_bort, kommun="1283"))

        assert org.kommuner.count() == 1


def test_budget_och_slutdatum_samtidigt(egen_databas):
    for _ in range(5):
        org = fabriker.organisation()
        av, den = administrator_i(org), part(org, f"Region {org.pk}")

        samtidigt(
            partial(spara, org, av, [Finansieringsrad(den.pk, 1, "")]),
            partial(andra, org, av, slutdatum=date(AR - 1, 12, 31)),
        )

        org.refresh_from_db()
        assert (org.slutdatum is None) == organisationsar(org, AR).finns


# Historiken


@db
def test_kontaktpersonen_har_ingen_historik(org):
    with som_agare(), connection.cursor() as markor:
        markor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'insatser_samverkansorganisationhistorikrad'"
        )
        kolumner = {rad[0] for rad in markor.fetchall()}

    assert {"namn", "slutdatum", "adress"} <= kolumner
    assert not {"kontaktperson", "telefon", "epost"} & kolumner
    assert Insats.objects.count() == 0
