"""Påhittade uppgifter och demokonton."""

import csv
import io
import re
from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from behorighet.models import Anvandare
from behorighet.roller import Rattighet, Roll
from deltagare.kryptering import personindex
from deltagare.management.commands import generera as kommandot
from deltagare.management.commands.demokonton import KONTON
from deltagare.models import Registerpost
from deltagare.overforing.filformat import FILER
from deltagare.overforing.generatorn.folk import Folk
from deltagare.overforing.generatorn.folkbokforing import PROVA, UTANFOR
from deltagare.overforing.generatorn.skalor import SKALOR, Skala
from deltagare.overforing.generatorn.varlden import skriv
from deltagare.overgangar import Insatstyp
from deltagare.personnummer import tolka
from insatser.models import Insats, Samverkansorganisation, Uppdrag
from tests.databas import kopia
from tests.importkatalog import importera, sql

IDAG = date(2026, 10, 31)


def generera(*argument):
    ut = io.StringIO()
    call_command("generera", *argument, stdout=ut)
    return ut.getvalue()


@pytest.fixture
def demo(egen_databas):
    generera("--skala=demo", "--fro=1", "--idag=2026-10-31")


def test_samma_fro_ger_samma_filer(tmp_path):
    for namn, fro in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / namn).mkdir()
        skriv(tmp_path / namn, SKALOR["demo"], fro=fro, idag=IDAG)

    for fil in FILER:
        assert (tmp_path / "a" / fil).read_bytes() == (tmp_path / "b" / fil).read_bytes()
    assert (tmp_path / "a" / "deltaganden.csv").read_bytes() != (tmp_path / "c" / "deltaganden.csv").read_bytes()


@pytest.mark.parametrize("idag", [date(2026, 10, 31), date(2026, 11, 1), date(2031, 2, 28)])
def test_filerna_beror_inte_pa_dagen(tmp_path, monkeypatch, idag):
    monkeypatch.setattr(kommandot, "localdate", lambda: idag)
    (tmp_path / "fast").mkdir()
    skriv(tmp_path / "fast", SKALOR["demo"], fro=1, idag=IDAG)

    generera("--skala=demo", "--fro=1", f"--till={tmp_path / 'ut'}")

    assert all((tmp_path / "ut" / fil).read_bytes() == (tmp_path / "fast" / fil).read_bytes() for fil in FILER)


@pytest.mark.parametrize(
    ("argument", "dag"),
    [
        (["--skala=demo"], date(2031, 2, 28)),
        (["--skala=stor"], IDAG),
        (["--skala=riket"], IDAG),
        (["--skala=riket10"], IDAG),
        (["--skala=riket", "--idag=2025-01-01"], date(2025, 1, 1)),
    ],
)
def test_bara_demon_foljer_kalendern(egen_databas, monkeypatch, argument, dag):
    dagar = []

    def skriver(katalog, skala, *, fro, idag):
        dagar.append(idag)
        raise CommandError("nog")

    monkeypatch.setattr(kommandot, "localdate", lambda: date(2031, 2, 28))
    monkeypatch.setattr(kommandot, "skriv", skriver)

    with pytest.raises(CommandError, match="nog"):
        generera(*argument, "--fro=1")
    assert dagar == [dag]


def test_demon_ar_ett_trovardigt_sverige_i_smatt(demo):
    former = sql("SELECT samverkansform, count(*) FROM insatser_samverkansorganisation GROUP BY 1 ORDER BY 1")
    assert former == [("af", 1), ("finsam", 12), ("fk", 1), ("handlingsplan", 1), ("tvapart", 2)]
    assert Insats.objects.using("agare").count() > 100
    ((antal, oppna, utan_senare),) = sql(
        "SELECT count(*), count(*) FILTER (WHERE utregistrering IS NULL), "
        "count(*) FILTER (WHERE inregistrering > %s OR utregistrering > %s) FROM deltagare_deltagande",
        [IDAG, IDAG],
    )
    assert antal == SKALOR["demo"].deltaganden
    assert 0.08 < oppna / antal < 0.3
    assert utan_senare == 0
    # Arbetet ökar och försörjningen minskar, men inte för alla.
    ((fore, efter, ingen_fore, ingen_efter),) = sql(
        "SELECT avg((arbete_fore > 0)::int)::float, avg((arbete_efter > 0)::int)::float, "
        "avg(('ingen' = ANY(forsorjning_fore))::int)::float, avg(('ingen' = ANY(forsorjning_efter))::int)::float "
        "FROM deltagare_deltagande WHERE avslutningsanledning = 'fullfoljd'"
    )
    assert fore < efter < 0.6
    assert ingen_fore < ingen_efter < 0.5
    # Årets utfall är inte känt än.
    assert sql("SELECT count(utfall) FROM insatser_budgetpost WHERE ar = 2026") == [(0,)]
    assert sql("SELECT count(*) - count(utfall) FROM insatser_budgetpost WHERE ar < 2026") == [(0,)]
    assert sql("SELECT max(slutdatum) FROM insatser_samverkansorganisation") == [(date(2013, 1, 31),)]


def test_demons_samarbeten_vantar_pagar_och_har_avslutats(demo):
    skala = SKALOR["demo"]
    former = dict(sql("SELECT samverkansform, count(*) FROM insatser_insats GROUP BY 1"))
    assert (former["af"], former["fk"]) == (skala.kontor, skala.kontor)
    assert sql("SELECT count(*) FROM deltagare_overgang") == [(skala.overgangar,)]
    lagen = dict(sql("SELECT insatstyp, count(*) FROM deltagare_samarbete GROUP BY 1"))
    assert set(lagen) == set(Insatstyp)
    assert lagen["begaran"] > 20
    assert lagen["avslutat"] > 100
    # De flesta har också deltagit i en insats, och några har bytt kontor eller återtagit sitt samtycke.
    ((alla, deltagare, anonymt, byten),) = sql(
        "SELECT count(*), count(*) FILTER (WHERE person_id IN (SELECT person_id FROM deltagare_deltagande)), "
        "count(*) FILTER (WHERE avidentifierat), (SELECT count(*) FROM deltagare_samarbetskontor) "
        "FROM deltagare_samarbete"
    )
    assert 0.4 < deltagare / alla < 0.95
    assert 0 < anonymt < 0.1 * alla
    assert 0 < byten - alla < 0.1 * alla
    assert sql(
        "SELECT count(DISTINCT i.id) FROM deltagare_anonym a JOIN insatser_insats i ON i.id = a.insats_id "
        "WHERE i.samverkansform IN ('af', 'fk')"
    ) == [(2 * skala.kontor,)]
    # De flesta har uppgifter, och några saknar: Att göra har något att visa.
    fore, efter = sql("SELECT count(*) FROM deltagare_samarbetsuppgift GROUP BY tillfalle ORDER BY tillfalle DESC")
    assert 0.75 * alla < fore[0] < 0.95 * alla
    assert 0.5 * lagen["avslutat"] < efter[0] < lagen["avslutat"]


def organisationernas_rader():
    """Det som filerna inte bär: kontakt, ingående organisationer och budget."""
    return sql(
        "SELECT o.organisationsnummer, o.adress, o.kontaktperson, o.telefon, "
        "(SELECT count(*) FROM insatser_ingaendeorganisation i WHERE i.samverkansorganisation_id = o.id), "
        "(SELECT sum(f.belopp) FROM insatser_finansieringspost f JOIN insatser_organisationsbudget b "
        " ON b.id = f.arsbudget_id WHERE b.samverkansorganisation_id = o.id), "
        "(SELECT sum(k.utfall) FROM insatser_administrativkostnad k JOIN insatser_organisationsbudget b "
        " ON b.id = k.arsbudget_id WHERE b.samverkansorganisation_id = o.id) "
        "FROM insatser_samverkansorganisation o WHERE samverkansform NOT IN ('af', 'fk') ORDER BY 1"
    )


def test_folkbokforingen_har_alla_som_deltar_och_nagra_till(demo):
    ((alla, skyddade, utanfor, utan_post),) = sql(
        "SELECT count(*), count(*) FILTER (WHERE r.skyddad), count(*) FILTER (WHERE i.person_id IS NULL), "
        "(SELECT count(*) FROM deltagare_identitet i WHERE NOT EXISTS "
        "(SELECT FROM deltagare_registerpost r WHERE r.personindex = i.personindex)) "
        "FROM deltagare_registerpost r LEFT JOIN deltagare_identitet i USING (personindex)"
    )
    assert (alla > 2000, utanfor, utan_post) == (True, UTANFOR + len(PROVA), 0)
    assert skyddade == UTANFOR // 10 + 1
    for en in PROVA:
        assert tolka(en.nummer, idag=IDAG).utskrivet == en.utskrivet
        post = Registerpost.objects.using("agare").get(personindex=personindex(en.nummer))
        assert (post.skyddad, post.kommun_id, post.stadsdel_id) == (en.skyddad, en.kommun, None)


def test_organisationerna_har_kontakt_parter_och_budget_som_gar_att_upprepa(demo, mall):
    rader = organisationernas_rader()

    assert len(rader) == 15
    assert all(adress and kontakt and telefon.startswith("070-174 06") for _, adress, kontakt, telefon, *_ in rader)
    assert all(parter >= 3 for *_, parter, _, _ in rader)
    assert sum(bool(finansiering) for *_, finansiering, _ in rader) == 14
    assert sum(bool(utfall) for *_, utfall in rader) == 12  # bara Finsam har administrativa kostnader
    # Årets utfall är inte känt än, och finansieringen räcker ungefär till kostnaderna.
    assert sql(
        "SELECT count(k.utfall) FROM insatser_administrativkostnad k "
        "JOIN insatser_organisationsbudget b ON b.id = k.arsbudget_id WHERE b.ar = 2026"
    ) == [(0,)]
    with kopia(mall):
        generera("--skala=demo", "--fro=1", "--idag=2026-10-31")
        assert organisationernas_rader() == rader


def test_en_databas_med_uppgifter_fylls_inte(demo):
    with pytest.raises(CommandError, match="Databasen är inte tom"):
        generera("--skala=demo", "--fro=1")


def test_filerna_gar_att_importera_och_katalogen_ska_vara_tom(egen_databas, tmp_path):
    generera("--skala=demo", "--fro=3", f"--till={tmp_path / 'ut'}", "--idag=2026-10-31")

    assert Samverkansorganisation.objects.using("agare").count() == 0
    with pytest.raises(CommandError, match="inte tom"):
        generera("--skala=demo", "--fro=3", f"--till={tmp_path / 'ut'}")
    assert importera(tmp_path / "ut", idag="2026-10-31").felrader == []
    assert " 0 nya, 0 ändrade" in importera(tmp_path / "ut", idag="2026-10-31").ut[-1]


@pytest.mark.parametrize("namn", ["demo", "riket"])
def test_personnumren_ar_ur_testserien_och_olika(namn):
    folk = Folk(SKALOR[namn], fro=1)
    prov = range(0, folk.antal, max(1, folk.antal // 3_000))
    nummer = [folk.person(i).nummer for i in prov]

    assert len(set(nummer)) == len(nummer)
    assert all(980 <= int(ett[8:11]) <= 999 for ett in nummer)
    for i, ett in zip(prov, nummer, strict=True):
        tolkat = tolka(ett, idag=IDAG)
        assert (tolkat.kon, tolkat.fodelsear) == (folk.person(i).kon, folk.person(i).fodelsear)


def test_alla_i_riket_far_plats_i_testserien():
    for skala in SKALOR.values():
        dagar = date(skala.fodda[1], 12, 31) - date(skala.fodda[0], 1, 1)
        assert skala.personer <= 20 * (dagar.days + 1)


def test_riket_ar_som_prestandamalen_sager(tmp_path):
    assert SKALOR["riket"][:2] == (80, 10_000)
    assert SKALOR["riket"].deltaganden == 1_000_000
    assert SKALOR["riket10"].deltaganden == 10_000_000
    assert SKALOR["riket"].overgangar == SKALOR["riket10"].overgangar == 500_000
    litet = Skala(80, 400, 10, 10_000, 4_000, (1953, 2000), 960, 20, 2_000)
    skriv(tmp_path, litet, fro=1, idag=IDAG)
    with (tmp_path / "deltaganden.csv").open(newline="") as fil:
        rader = list(csv.DictReader(fil))

    assert len(rader) == 4_000
    assert sum(not rad["utregistrering"] for rad in rader) / 4_000 == pytest.approx(0.12, abs=0.03)
    assert len((tmp_path / "overganger.csv").read_text().splitlines()) == 2_001


def test_trehundratusen_deltar_i_riket(tmp_path):
    """En tjugondel av riket: 50 000 deltaganden av 15 000 personer."""
    riket = SKALOR["riket"]
    litet = riket._replace(insatser=500, personer=riket.personer // 20, deltaganden=50_000, kontor=0, overgangar=0)
    skriv(tmp_path, litet, fro=1, idag=IDAG)
    with (tmp_path / "deltaganden.csv").open(newline="") as fil:
        personer = {rad["personnummer"] for rad in csv.DictReader(fil)}

    assert len(personer) == pytest.approx(15_000, rel=0.02)


def test_demokonton_har_behorigheter_och_uppdrag(demo, settings):
    settings.DEMO = True
    call_command("demokonton", stdout=io.StringIO())
    call_command("demokonton", stdout=io.StringIO())

    assert {konto.anvandarnamn for konto in KONTON} == {
        "insatsansvarig", "deltagaransvarig", "samverkansadministrator", "rapport", "bestallare", "systemadministrator",
        "deltagaransvarig_fk", "deltagaransvarig_af", "insatsansvarig_fk",
    }  # fmt: skip
    konton = {konto.username: konto for konto in Anvandare.objects.all()}
    assert len(konton) == 9
    for konto in KONTON:
        assert konton[konto.anvandarnamn].roller_nu == [konto.roll]
        assert konton[konto.anvandarnamn].check_password("demo")
        assert not re.search(r"\d", konton[konto.anvandarnamn].get_full_name())
    egna = Insats.objects.synliga_for(konton["deltagaransvarig"], Rattighet.REGISTRERA_DELTAGARE)
    assert 6 <= egna.count() <= 8
    ansvarigs = Insats.objects.synliga_for(konton["insatsansvarig"], Rattighet.REGISTRERA_INSATS)
    assert set(egna) <= set(ansvarigs)
    assert ansvarigs.values("samverkansorganisation").distinct().count() == 3
    assert Uppdrag.objects.filter(behorighet__roll=Roll.SAMVERKANSADMINISTRATOR).count() == 1
    assert {
        namn: list(Insats.objects.synliga_for(konton[namn], ratt).values_list("nyckel", flat=True))
        for namn, ratt in {
            "deltagaransvarig_fk": Rattighet.REGISTRERA_DELTAGARE,
            "deltagaransvarig_af": Rattighet.REGISTRERA_DELTAGARE,
            "insatsansvarig_fk": Rattighet.GE_UPPDRAG_PA_INSATS,
        }.items()
    } == {"deltagaransvarig_fk": ["FK001"], "deltagaransvarig_af": ["AF001"], "insatsansvarig_fk": ["FK001"]}


def test_demokonton_skapas_bara_i_demolaget(egen_databas, settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="demoläget"):
        call_command("demokonton")
    assert Anvandare.objects.count() == 0
