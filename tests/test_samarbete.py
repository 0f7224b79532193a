"""Af/FK-samarbetet: matrisen mot tjänst och rå SQL, vägen, kontoren och vem som når dem (R26–R31)."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Identitet, Overgang, Overgangsregel, Samarbete, Samarbetskontor
from deltagare.overgangar import AVSLUTANDE, MATRISEN, PAGAENDE, Insatstyp, Myndighet, Orsak
from deltagare.tjanster import samarbete as tjanster
from deltagare.tjanster import samarbetskontor
from insatser.kategorier import Samverkansform
from insatser.models import Kommun
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db

DAG = date(2025, 3, 1)
AF, FK = Myndighet.AF, Myndighet.FK
# Ett sätt att komma till varje insatstyp.
VAGEN = {
    "": [],
    Insatstyp.BEGARAN: [],
    Insatstyp.GEMENSAM_KARTLAGGNING: [Insatstyp.GEMENSAM_KARTLAGGNING],
    **{
        typ: [Insatstyp.GEMENSAM_KARTLAGGNING, typ]
        for typ in Insatstyp
        if typ not in {"begaran", "gemensam_kartlaggning"}
    },
}


def kontor(form, **falt):
    tomt = {"inriktning": "", "preciserad_inriktning": "", "deltagarregistrering": "", "malgrupper": []}
    return fabriker.insats(fabriker.organisation(samverkansform=form, kommuner=[]), **{**tomt, **falt})


@pytest.fixture
def af():
    return kontor(Samverkansform.AF)


@pytest.fixture
def fk():
    return kontor(Samverkansform.FK)


@pytest.fixture
def av(fk):
    return fabriker.deltagaransvarig(fk)


def borja(af, fk, av, **falt):
    satt_sammanhang(av)
    dag = falt.get("datum", DAG)
    return tjanster.borja_samarbete(
        **{
            "kontor": {AF: af, FK: fk},
            "egen": FK,
            "nummer": fabriker.nytt_nummer(),
            "fornamn": "Kim",
            "efternamn": "Påhittad",
            "kommun": Kommun.objects.get(pk="1283"),
            "stadsdel": None,
            "samtycke": dag,
            "datum": dag,
            "initierad_av": FK,
            "av": av,
            **falt,
        }
    )


def ga(samarbete, till, kontor, av, *, dagar=0, **falt):
    grund = {"version": samarbete.version, "datum": DAG + timedelta(days=dagar), "myndighet": FK}
    if till == Insatstyp.AVBRUTET:
        grund["orsak"] = Orsak.EGET_INITIATIV
    return tjanster.registrera_overgang(
        **{**grund, "samarbete": samarbete, "till": till, "kontor": kontor, "av": av, **falt}
    )


def framme_i(typ, af, fk, av):
    samarbete = borja(af, fk, av)
    for till in VAGEN[typ]:
        samarbete = ga(samarbete, till, fk, av)
    return samarbete


def test_matrisen_i_databasen_ar_domans():
    oppna = {(r.fran, r.till, r.myndighet) for r in Overgangsregel.objects.filter(oppen=True)}
    assert oppna == {((r.fran or ""), r.till, r.myndighet) for r in MATRISEN}
    assert Overgangsregel.objects.count() == 1 + len(PAGAENDE) * 7 + 1


@pytest.mark.parametrize("till", Insatstyp)
@pytest.mark.parametrize("fran", Insatstyp)
def test_varje_par_provas_av_tjansten_och_av_databasen(af, fk, av, fran, till):
    oppen = any((r.fran, r.till) == (fran, till) for r in MATRISEN)
    samarbete = framme_i(fran, af, fk, av)
    ordning = Overgang.objects.filter(samarbete=samarbete).count() + 1
    orsak = Orsak.EGET_INITIATIV if till == Insatstyp.AVBRUTET else ""

    def ra_sql():
        with connection.cursor() as markor:
            markor.execute(
                "INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, registrerad_av) "
                "VALUES (%s, %s, %s, %s, %s, 'fk')",
                [samarbete.pk, ordning, till, DAG, orsak],
            )

    if oppen:
        with transaction.atomic():  # som tillämpningen
            ra_sql()
            transaction.set_rollback(True)
        with som_agare(), transaction.atomic():
            ra_sql()
            transaction.set_rollback(True)
        framling = fabriker.deltagaransvarig(kontor(Samverkansform.FK))
        satt_sammanhang(framling)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            ra_sql()
        satt_sammanhang(av)
        efter = ga(samarbete, till, fk, av)
        assert efter.insatstyp == till
        assert (efter.slut is not None) == (till in AVSLUTANDE)
    else:
        with pytest.raises(IntegrityError), transaction.atomic():
            ra_sql()
        with pytest.raises(IntegrityError), som_agare(), transaction.atomic():
            ra_sql()
        with pytest.raises(ValidationError, match=r"inte öppen|avslutat"):
            ga(samarbete, till, fk, av)


@pytest.mark.parametrize("roll", Roll)
def test_bara_deltagaransvarig_med_uppdrag_pa_kontoret_registrerar(af, fk, av, roll):
    samarbete = borja(af, fk, av)
    annan = fabriker.anvandare(roll)
    if roll in {Roll.INSATSANSVARIG, Roll.SAMVERKANSADMINISTRATOR}:
        fabriker.uppdrag(annan, roll, fk.samverkansorganisation)
    satt_sammanhang(annan)

    for gor in (
        lambda: ga(samarbete, Insatstyp.GEMENSAM_KARTLAGGNING, fk, annan),
        lambda: borja(af, fk, annan),
    ):
        with pytest.raises((PermissionDenied, Samarbete.DoesNotExist)), transaction.atomic():
            gor()
    satt_sammanhang(av)
    assert Overgang.objects.count() == 1


def test_databasen_satter_fran_och_lamnad(af, fk, av):
    samarbete = ga(borja(af, fk, av), Insatstyp.GEMENSAM_KARTLAGGNING, fk, av, dagar=7)
    samarbete = ga(samarbete, Insatstyp.AVSLUTAT, fk, av, dagar=7)

    vagen = list(samarbete.overgangar.values_list("fran", "till", "datum", "lamnad"))
    sedan = DAG + timedelta(days=7)
    assert vagen == [
        ("", "begaran", DAG, sedan),
        ("begaran", "gemensam_kartlaggning", sedan, sedan),
        ("gemensam_kartlaggning", "avslutat", sedan, None),
    ]
    assert (samarbete.borjan, samarbete.slut) == (DAG, sedan)


def test_en_stangd_ruta_galler_fran_nu_och_inte_bakat(af, fk, av):
    samarbete = ga(borja(af, fk, av), Insatstyp.GEMENSAM_KARTLAGGNING, fk, av)
    with som_agare():
        Overgangsregel.objects.filter(fran="begaran", till="gemensam_kartlaggning").update(oppen=False)

    ga(samarbete, Insatstyp.ARBETSFORBEREDANDE, fk, av)
    with pytest.raises(ValidationError, match="inte öppen"):
        ga(borja(af, fk, av), Insatstyp.GEMENSAM_KARTLAGGNING, fk, av)


@pytest.mark.parametrize(("dagar", "text"), [(-1, "före den förra"), ((date.today() - DAG).days + 1, "framtiden")])
def test_datum_gar_varken_baklanges_eller_in_i_framtiden(af, fk, av, dagar, text):
    with pytest.raises(ValidationError, match=text):
        ga(borja(af, fk, av), Insatstyp.GEMENSAM_KARTLAGGNING, fk, av, dagar=dagar)


def test_ett_oppet_samarbete_per_person_och_nytt_samtycke_for_nasta(af, fk, av):
    nummer = fabriker.nytt_nummer()
    forsta = borja(af, fk, av, nummer=nummer)
    with pytest.raises(ValidationError, match="redan ett pågående"):
        borja(af, fk, av, nummer=nummer, samtycke=DAG, datum=DAG + timedelta(days=1))
    ga(forsta, Insatstyp.AVBRUTET, fk, av, dagar=5)

    with pytest.raises(ValidationError, match="tidigare samarbete"):
        borja(af, fk, av, nummer=nummer, samtycke=DAG, datum=DAG + timedelta(days=5))
    with pytest.raises(ValidationError, match="förra samarbetet slutade"):
        borja(af, fk, av, nummer=nummer, samtycke=DAG + timedelta(days=4), datum=DAG + timedelta(days=4))
    andra = borja(af, fk, av, nummer=nummer, samtycke=DAG + timedelta(days=5), datum=DAG + timedelta(days=5))
    assert andra.person_id == forsta.person_id


def test_bara_den_senaste_overgangen_gar_att_angra(af, fk, av):
    samarbete = ga(ga(borja(af, fk, av), Insatstyp.GEMENSAM_KARTLAGGNING, fk, av), Insatstyp.AVSLUTAT, fk, av)

    with som_agare(), pytest.raises(IntegrityError, match="bara den senaste"), transaction.atomic():
        Overgang.objects.get(samarbete=samarbete, ordning=2).delete()
    samarbete = tjanster.angra_overgang(samarbete=samarbete, version=samarbete.version, kontor=fk, av=av)

    assert (samarbete.insatstyp, samarbete.slut) == ("gemensam_kartlaggning", None)
    samarbete = tjanster.angra_overgang(samarbete=samarbete, version=samarbete.version, kontor=fk, av=av)
    with pytest.raises(ValidationError, match="Begäran går inte att ångra"):
        tjanster.angra_overgang(samarbete=samarbete, version=samarbete.version, kontor=fk, av=av)


def test_tva_myndigheter_samtidigt_den_andra_far_veta(af, fk, av):
    samarbete = borja(af, fk, av)
    ga(samarbete, Insatstyp.GEMENSAM_KARTLAGGNING, fk, av)

    with pytest.raises(Krock):
        ga(samarbete, Insatstyp.AVBRUTET, fk, av)


def test_byt_kontor_haller_historiken_och_rackvidden(af, fk, av):
    nytt_fk = kontor(Samverkansform.FK)
    kollega = fabriker.deltagaransvarig(nytt_fk)
    samarbete = borja(af, fk, av)
    satt_sammanhang(kollega)
    assert not Samarbete.objects.exists()
    satt_sammanhang(av)

    samarbete = samarbetskontor.byt_kontor(
        samarbete=samarbete,
        version=samarbete.version,
        datum=DAG + timedelta(days=3),
        till={AF: af, FK: nytt_fk},
        kontor=fk,
        av=av,
    )

    assert samarbete.fk_kontor_id == nytt_fk.pk
    assert Samarbetskontor.objects.filter(samarbete=samarbete).count() == 2
    for konto in (av, kollega):  # är eller har varit vid kontoret (R28)
        satt_sammanhang(konto)
        assert Samarbete.objects.get().pk == samarbete.pk
        assert Identitet.objects.get().namn() == "Kim Påhittad"


def test_kontoren_ar_ett_av_varje(af, fk, av):
    with pytest.raises(ValidationError, match="ett hos Försäkringskassan"):
        borja(fk, fk, av)


def test_utan_uppdrag_pa_kontoret_syns_inget(af, fk, av):
    borja(af, fk, av)
    satt_sammanhang(fabriker.deltagaransvarig(kontor(Samverkansform.AF)))

    for modell in (Samarbete, Samarbetskontor, Overgang, Identitet):
        assert not modell.objects.exists()
    with pytest.raises(PermissionDenied):
        borja(af, fk, fabriker.deltagaransvarig(af))


def test_atertaget_samtycke_tar_identiteten_men_inte_vagen(af, fk, av):
    samarbete = ga(borja(af, fk, av), Insatstyp.AVBRUTET, fk, av, orsak=Orsak.SAMTYCKE_ATERTAS, dagar=4)

    assert samarbete.avidentifierat
    assert Overgang.objects.filter(samarbete=samarbete).count() == 2
    with som_agare():
        assert not Identitet.objects.exists()
    assert Handelse.objects.filter(typ="avidentifierad", detaljer__samarbete=samarbete.pk).exists()


@pytest.mark.parametrize(
    "sats",
    [
        "UPDATE deltagare_overgang SET datum = '2025-01-01'",
        "UPDATE deltagare_samarbete SET slut = '2025-01-01'",
        "UPDATE deltagare_samarbete SET person_id = 1",
        "UPDATE deltagare_samarbetskontor SET datum = '2025-01-01'",
        "DELETE FROM deltagare_samarbete",
        "DELETE FROM deltagare_overgangsregel",
        "INSERT INTO deltagare_overgang (samarbete_id, ordning, till, datum, orsak, fran) "
        "VALUES (1, 1, 'begaran', '2025-01-01', '', 'begaran')",
    ],
)
def test_tillampningen_far_bara_skriva_det_den_behover(af, fk, av, sats):
    borja(af, fk, av)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats)
