"""Insatsbudgeten: tjänsten, fliken och sidan där året ändras (`doman.md` 3.2, P15)."""

from datetime import date
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from deltagare.models import Volymantal
from insatser.budget_tjanster import spara_budget
from insatser.insatsbudget import Arsbudget, Budgetrad, arsbudget, budgetaren
from insatser.models import Budget, Budgetpost, Lasorsak
from insatser.tjanster import las_kategorisering
from rapporter import fragor
from rapporter.urval import tolka
from tests import fabriker

pytestmark = pytest.mark.django_db
I_AR = timezone.localdate().year


@pytest.fixture
def org():
    return fabriker.organisation()


@pytest.fixture
def insats(org):
    return fabriker.insats(org, startdatum=date(I_AR - 2, 1, 1))


@pytest.fixture
def ansvarig(client, org):
    konto = fabriker.insatsansvarig(org)
    client.force_login(konto)
    return konto


def spara(insats, av, *rader, ar=I_AR, version=None, planerat=None):
    nu = arsbudget(insats, ar).version if version is None else version
    return spara_budget(insats=insats, ar=ar, version=nu, planerat=planerat, rader=rader, av=av)


def rad(budget=None, utfall=None, beskrivning="", typ="insatskostnad", nr=None):
    return Budgetrad(typ, budget, utfall, beskrivning, nr)


def data(*rader, version=0, planerat="", knapp="spara", varde="1"):
    """Det sidan skickar: `rader` är (budgettyp, budget, utfall, beskrivning, rad)."""
    falt = {"planerat": planerat, "version": version, "token": str(uuid4()), "antal_rader": len(rader), knapp: varde}
    for plats, varden in enumerate(rader):
        namn = ("budgettyp", "budget", "utfall", "beskrivning", "rad")
        falt |= {f"{n}_{plats}": v for n, v in zip(namn, [*varden, ""][:5], strict=True)}
    return falt


def text(svar):
    return svar.content.decode().replace("\xa0", " ")


# ---- Tjänsten ----


def test_rader_laggs_till_andras_och_tas_bort(insats, ansvarig):
    spara(insats, ansvarig, rad(100, None, "Lokal"), rad(50, 60, typ="esf_insatskostnad"), planerat=12)
    forsta, andra = arsbudget(insats, I_AR).rader

    spara(insats, ansvarig, andra._replace(utfall=-5), rad(7), planerat=12)

    assert arsbudget(insats, I_AR) == Arsbudget(12, (andra._replace(utfall=-5), rad(7, nr=3)))
    assert forsta.rad == 1
    logg = Handelse.objects.filter(typ=Handelse.Typ.BUDGET_ANDRAD).order_by("pk").last()
    assert (logg.insats_id, logg.detaljer) == (insats.pk, {"ar": I_AR, "rader": 2})
    assert logg.uppdrag_id


def test_tom_budget_lamnar_inga_rader(insats, ansvarig):
    spara(insats, ansvarig, rad(100), planerat=3)

    spara(insats, ansvarig)

    assert not Budget.objects.exists()
    assert not Budgetpost.objects.exists()


def test_ar_som_finns_utan_antal_far_det(insats, ansvarig):
    """Så kan en inläst fil ha lämnat det."""
    Budget.objects.create(insats=insats, ar=I_AR)

    spara(insats, ansvarig, planerat=3)
    spara(insats, ansvarig, planerat=4)

    assert arsbudget(insats, I_AR).planerat == 4


def test_oforandrat_sparas_och_loggas_inte(insats, ansvarig):
    spara(insats, ansvarig, rad(100), planerat=3)

    assert not spara(insats, ansvarig, *arsbudget(insats, I_AR).rader, planerat=3)
    assert Handelse.objects.filter(typ=Handelse.Typ.BUDGET_ANDRAD).count() == 1


def test_den_som_utgick_fran_en_aldre_budget_skriver_inte_over(insats, ansvarig):
    utgangslage = arsbudget(insats, I_AR).version
    spara(insats, ansvarig, rad(100))

    with pytest.raises(Krock):
        spara(insats, ansvarig, rad(200), version=utgangslage)


def test_ocksa_en_rad_som_skrivits_vid_sidan_om_ger_krock(insats, ansvarig):
    spara(insats, ansvarig, rad(100))
    utgangslage = arsbudget(insats, I_AR).version
    Budgetpost.objects.update(utfall=99)

    with pytest.raises(Krock):
        spara(insats, ansvarig, rad(200), version=utgangslage)


def test_aret_ska_vara_insatsens(org, ansvarig):
    insats = fabriker.insats(org, startdatum=date(2020, 5, 1), slutdatum=date(2021, 3, 1))
    Budgetpost.objects.create(insats=insats, ar=2018, rad=1, budgettyp="insatskostnad", budget=5)

    assert budgetaren(insats) == [2018, 2020, 2021]
    with pytest.raises(ValidationError, match="pågår inte 2022"):
        spara(insats, ansvarig, rad(1), ar=2022)
    assert spara(insats, ansvarig, ar=2018)  # det som finns går alltid att ta bort


def test_aret_ska_vara_inom_samverkansorganisationens_datum(ansvarig):
    """R7: också för en insats som pågår tills vidare."""
    org = fabriker.organisation(startdatum=date(2019, 3, 1), slutdatum=date(2020, 6, 30))
    insats = fabriker.insats(org, startdatum=date(2019, 5, 1), slutdatum=None)

    assert budgetaren(insats) == [2019, 2020]
    with pytest.raises(ValidationError, match="pågår inte 2021"):
        spara(insats, ansvarig, rad(1), ar=2021)


def test_kontor_har_ingen_budget(ansvarig):
    kontor = fabriker.insats(
        fabriker.organisation(samverkansform="af"),
        inriktning="",
        preciserad_inriktning="",
        deltagarregistrering="",
        malgrupper=[],
    )

    with pytest.raises(ValidationError, match="ingen insatsbudget"):
        spara(kontor, ansvarig, rad(1))


def test_volyminsats_far_sitt_eget_planerade_antal(org, ansvarig):
    volym = fabriker.volyminsats(org)

    spara(volym, ansvarig, planerat=40)

    budget = Budget.objects.get()
    assert (budget.planerat_antal, budget.budgeterat_antal_volym) == (None, 40)


def test_belopp_ar_exakta_heltal(insats, ansvarig):
    spara(insats, ansvarig, rad(999_999_999_999, -999_999_999_999), rad(1))

    summa = arsbudget(insats, I_AR).summa()
    assert (summa.budget, summa.utfall) == (1_000_000_000_000, -999_999_999_999)
    assert summa.skillnad == 1_999_999_999_999


# ---- Sidorna ----


def test_fliken_visar_summor_per_budgettyp(client, insats, ansvarig):
    spara(insats, ansvarig, rad(1_200_000, 900_000), rad(300_000, None, typ="esf_insatskostnad"), planerat=25)

    sida = text(client.get(reverse("insatser:budget", args=[insats.pk])))

    assert f"Insatsbudget {I_AR}" in sida
    assert "1 500 000" in sida
    assert "600 000" in sida
    assert "ESF-insatskostnad" in sida
    assert "Utfall saknas på en rad." in sida


def test_aret_valjs_med_lank(client, insats, ansvarig):
    spara(insats, ansvarig, rad(1), ar=I_AR - 1)

    svar = client.get(reverse("insatser:budget", args=[insats.pk]), {"ar": I_AR - 1})

    assert svar.context["ar"] == I_AR - 1
    assert client.get(reverse("insatser:budget", args=[insats.pk]), {"ar": "1812"}).context["ar"] == I_AR


def test_fliken_och_insatsrapporten_visar_samma_summor(client, org, insats, ansvarig):
    spara(insats, ansvarig, rad(100, 40), rad(50, -5, typ="esf_insatskostnad"), planerat=25)
    spara(insats, ansvarig, rad(7, 3), ar=I_AR - 1, planerat=5)
    koder = fragor.koder()

    for ar in (I_AR, I_AR - 1):
        visat = client.get(reverse("insatser:budget", args=[insats.pk]), {"ar": ar}).context
        urval = tolka({"fran": [f"{ar}-01"], "till": [f"{ar}-12"]}, koder=koder, idag=timezone.localdate())
        rapport = fragor.insatsrapport(urval, koder=koder, for_anvandare=ansvarig)
        namn = [kolumn.namn for kolumn in rapport.kolumner]
        varden = dict(zip(namn, rapport.rader[0].varden, strict=True))
        assert (visat["summa"].budget, visat["summa"].utfall, visat["budget"].planerat) == (
            varden["budgeterad_insatskostnad"],
            varden["utfall_insatskostnad"],
            varden["budgeterat_antal_deltagare"],
        )


@pytest.mark.parametrize("roll", [Roll.INSATSANSVARIG, Roll.SUS_RAPPORT])
def test_volyminsatsens_antal_star_bredvid_planen(client, org, ansvarig, roll):
    insats = fabriker.volyminsats(org)
    spara(insats, ansvarig, planerat=40)
    las_kategorisering(insats=insats, orsak=Lasorsak.ANTAL, av=ansvarig)
    for ar, antal in ((I_AR - 1, 35), (I_AR, 0)):
        Volymantal.objects.create(insats=insats, ar=ar, antal=antal)
    client.force_login(ansvarig if roll == Roll.INSATSANSVARIG else fabriker.anvandare(roll))

    svar = client.get(reverse("insatser:budget", args=[insats.pk]))

    rader = [(rad.ar, rad.planerat, rad.antal) for rad in svar.context["alla_ar"]]
    assert rader == [(I_AR, 40, 0), (I_AR - 1, None, 35)]
    assert 'data-label="Registrerat antal">35<' in text(svar)


def test_vem_som_nar_budgeten(client, org, insats, ansvarig):
    annan = fabriker.insats()
    for namn, arg in (("budget", []), ("andra_budget", [I_AR])):
        svar = client.get(reverse(f"insatser:{namn}", args=[annan.pk, *arg]))
        assert svar.status_code == (200 if namn == "budget" else 404)
    assert client.get(reverse("insatser:andra_budget", args=[insats.pk, I_AR])).status_code == 200
    assert client.get(reverse("insatser:andra_budget", args=[insats.pk, 1999])).status_code == 404

    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    svar = client.get(reverse("insatser:budget", args=[insats.pk]))
    assert svar.status_code == 200
    assert "Registrera budget" not in text(svar)
    assert client.post(reverse("insatser:andra_budget", args=[insats.pk, I_AR]), data()).status_code == 403


def test_sparar_svenskt_skrivna_tal(client, insats, ansvarig):
    svar = client.post(
        reverse("insatser:andra_budget", args=[insats.pk, I_AR]),
        data(
            ("insatskostnad", "1 250 000", "\u221212 500", "Lokal"),
            ("esf_insatskostnad", "70000", "", ""),
            ("insatskostnad", "", "", ""),
            planerat="1 200",
        ),
        follow=True,
    )

    assert svar.redirect_chain == [(f"/insatser/{insats.pk}/budget/?ar={I_AR}", 302)]
    assert arsbudget(insats, I_AR) == Arsbudget(
        1200, (rad(1_250_000, -12_500, "Lokal", nr=1), rad(70_000, typ="esf_insatskostnad", nr=2))
    )
    sida = text(client.get(reverse("insatser:andra_budget", args=[insats.pk, I_AR])))
    assert 'value="1 250 000"' in sida
    assert 'value="-12 500"' in sida or 'value="\u221212 500"' in sida


@pytest.mark.parametrize(
    ("falt", "besked"),
    [
        (("insatskostnad", "-1", "", ""), "Rad 2: budget kan inte vara negativ"),
        (("insatskostnad", "12,5", "", ""), "Rad 2: ange beloppet i hela kronor."),
        (("insatskostnad", "1000000000000", "", ""), "Rad 2: beloppet kan vara högst 999 999 999 999 kr."),
        (("insatskostnad", "", "tolv", ""), "Rad 2: ange beloppet i hela kronor."),
        (("insatskostnad", "", "", "Bara ord"), "Rad 2: ange budget eller utfall, eller ta bort raden."),
        (("annat", "5", "", ""), "Rad 2: välj budgettyp."),
    ],
)
def test_felet_star_vid_sin_rad_och_inget_sparas(client, insats, ansvarig, falt, besked):
    svar = client.post(
        reverse("insatser:andra_budget", args=[insats.pk, I_AR]), data(("insatskostnad", "5", "", "Rätt"), falt)
    )

    assert besked in text(svar)
    assert "<title>Fel: " in text(svar)
    assert 'value="Rätt"' in text(svar)
    assert not Budgetpost.objects.exists()


def test_planerat_antal_kan_inte_vara_negativt(client, insats, ansvarig):
    svar = client.post(reverse("insatser:andra_budget", args=[insats.pk, I_AR]), data(planerat="-3"))

    assert "Ange ett antal, 0 eller mer." in text(svar)


def test_lagg_till_och_ta_bort_rad_utan_skript_sparar_inget(client, insats, ansvarig):
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])
    rader = (("insatskostnad", "5", "", "Första"), ("esf_insatskostnad", "6", "x", "Andra"))

    fler = client.post(adress, data(*rader, knapp="lagg_till"))
    farre = client.post(adress, data(*rader, knapp="stryk", varde="0"))

    assert fler.context["form"].rader == 3
    assert 'value="Andra"' in text(fler)
    assert "Inget är sparat än." in text(fler)
    assert 'data-osparat="andrat"' in text(fler)
    assert not fler.context["form"].errors
    assert farre.context["form"].rader == 1
    assert farre.context["form"]["utfall_0"].value() == "x"
    assert 'value="Första"' not in text(farre)
    assert not Budgetpost.objects.exists()


def test_kopiera_fran_forra_aret_tar_med_plan_och_budget_men_inte_utfall(client, insats, ansvarig):
    spara(insats, ansvarig, rad(1000, 900, "Lokal"), rad(None, 3), ar=I_AR - 1, planerat=8)
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])
    assert f"Kopiera från {I_AR - 1}" in text(client.get(adress))

    svar = client.post(adress, data(("insatskostnad", "", "", ""), ("insatskostnad", "", "", ""), knapp="kopiera"))

    form = svar.context["form"]
    assert form.rader == 1
    assert form["beskrivning_0"].value() == "Lokal"
    assert form["budget_0"].value().replace("\xa0", " ") == "1 000"
    assert form["utfall_0"].value() is None
    assert form["planerat"].value() == "8"
    assert not Budgetpost.objects.filter(ar=I_AR).exists()
    assert f"Kopiera från {I_AR - 1}" not in text(svar)


def test_kopiera_dubblar_aldrig_raderna(client, insats, ansvarig):
    spara(insats, ansvarig, rad(1000, beskrivning="Lokal"), ar=I_AR - 1)
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])
    rader = (("insatskostnad", "1 000", "", "Lokal"), ("insatskostnad", "", "", ""))

    svar = client.post(adress, data(*rader, knapp="kopiera"))

    assert "Året har redan rader. Ta bort dem först." in text(svar)
    form = svar.context["form"]
    assert [form[f"beskrivning_{nr}"].value() for nr in range(form.rader)] == ["Lokal", ""]
    spara(insats, ansvarig, rad(0), ar=I_AR)
    assert "Kopiera från" not in text(client.get(adress))


def test_den_andra_far_veta_vad_som_skiljer(client, insats, ansvarig):
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])
    version = client.get(adress).context["form"]["version"].value()
    spara(insats, ansvarig, rad(100, beskrivning="Hennes"), planerat=4)

    svar = client.post(adress, data(("insatskostnad", "200", "", "Min"), version=version, planerat="9"))

    assert "Någon annan har sparat ändringar" in text(svar)
    assert ("Planerat antal", "4", "9") in svar.context["skillnader"]
    assert any("Hennes" in sparat for _, sparat, _ in svar.context["skillnader"])
    form = svar.context["form"]
    igen = data(("insatskostnad", "200", "", "Min"), version=form["version"].value(), planerat="9")
    assert client.post(adress, igen).status_code == 302
    assert arsbudget(insats, I_AR) == Arsbudget(9, (rad(200, beskrivning="Min", nr=2),))


def test_dubbelklick_sparar_en_gang(client, insats, ansvarig):
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])
    skickat = data(("insatskostnad", "5", "", ""))

    assert client.post(adress, skickat).url == client.post(adress, skickat).url
    assert Budgetpost.objects.count() == 1


def test_for_manga_rader_blir_ett_formular_med_hundra(client, insats, ansvarig):
    skickat = data(("insatskostnad", "5", "", "")) | {"antal_rader": "5000000", "lagg_till": "1"}
    del skickat["spara"]

    svar = client.post(reverse("insatser:andra_budget", args=[insats.pk, I_AR]), skickat)

    assert svar.context["form"].rader == 100


def test_fler_rader_an_sidan_rymmer_gar_inte_forlorade(client, insats, ansvarig):
    Budgetpost.objects.bulk_create(
        Budgetpost(insats=insats, ar=I_AR, rad=nr, budgettyp="insatskostnad", budget=1) for nr in range(1, 121)
    )
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])

    assert client.get(adress).status_code == 302
    nekat = client.post(adress, data(("insatskostnad", "5", "", "", ""), version=arsbudget(insats, I_AR).version))

    assert "fler än 100 budgetrader" in text(nekat)
    assert Budgetpost.objects.filter(insats=insats).count() == 120


def test_rader_som_ar_for_manga_for_sidan_tas_bort_pa_en_gang(client, insats, ansvarig):
    Budget.objects.create(insats=insats, ar=I_AR, planerat_antal=7)
    Budgetpost.objects.bulk_create(
        Budgetpost(insats=insats, ar=ar, rad=nr, budgettyp="insatskostnad", budget=1)
        for ar, antal in ((I_AR, 101), (I_AR - 1, 100))
        for nr in range(1, antal + 1)
    )
    adress = reverse("insatser:ta_bort_budgetrader", args=[insats.pk, I_AR])
    fliken = reverse("insatser:budget", args=[insats.pk])
    assert adress in text(client.get(fliken, {"ar": I_AR}))
    assert "Ta bort årets rader" not in text(client.get(fliken, {"ar": I_AR - 1}))
    form = client.get(adress).context["form"]
    skickat = {"version": form["version"].value(), "token": form["token"].value(), "ta_bort": "1"}

    krock = client.post(adress, {**skickat, "version": "1", "token": str(uuid4())})
    svar = client.post(adress, skickat, follow=True)

    assert "Någon annan har sparat ändringar" in text(krock)
    assert f"101 rader är borttagna ur budgeten för {I_AR}." in text(svar)
    assert arsbudget(insats, I_AR) == Arsbudget(7)
    assert Budgetpost.objects.filter(insats=insats).count() == 100
    logg = Handelse.objects.filter(typ=Handelse.Typ.BUDGET_ANDRAD).latest("pk")
    assert (logg.insats_id, logg.detaljer) == (insats.pk, {"ar": I_AR, "rader": 0})
    assert "Det finns inga rader att ta bort" in text(client.get(adress))


def test_ett_orimligt_antal_rader_ar_inget_fel_i_servern(client, insats, ansvarig):
    adress = reverse("insatser:andra_budget", args=[insats.pk, I_AR])

    for falt in ("antal_rader", "stryk"):
        assert client.post(adress, {falt: "9" * 5000}).status_code == 200
