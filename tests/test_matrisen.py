"""Övergångsmatrisen: sidan, tjänsten, databasens vakt, loggen och krocken (R26, P9, P15)."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from behorighet.krock import Krock
from behorighet.models import Handelse
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare.models import Overgangsregel
from deltagare.overgangar import MATRISEN, PAGAENDE, Insatstyp, Myndighet
from deltagare.tjanster.matrisen import alltid_oppen, andra_overgangsregel, pagaende_per_insatstyp
from insatser.kategorier import Samverkansform
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db
TYP = Insatstyp


@pytest.fixture
def admin(client):
    konto = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)
    client.force_login(konto)
    satt_sammanhang(konto)
    return konto


def regel(fran, till):
    return Overgangsregel.objects.get(fran=fran, till=till)


def ruta(svar, fran, till):
    [rad] = [rad for rad in svar.context["rader"] if rad.insatstyp == fran]
    return dict(rad.rutor)[till]


def text(svar):
    return " ".join(svar.content.decode().split())


def skicka(client, en, **falt):
    varden = {"oppen": "ja" if en.oppen else "nej", "myndighet": en.myndighet, "version": en.version, **falt}
    return client.post(reverse("matris:andra", args=[en.pk]), varden)


def test_sidan_visar_domans_matris(client, admin):
    svar = client.get(reverse("matris:matris"))

    oppna = {(r.fran, r.till): r.myndighet for r in MATRISEN if r.fran}
    for fran in PAGAENDE:
        for till in TYP:
            if till == TYP.BEGARAN:
                continue
            if till == fran:
                assert ruta(svar, fran, till) is None
                continue
            visad = ruta(svar, fran, till)
            assert visad.regel.oppen == ((fran, till) in oppna)
            assert visad.skiljer == ""
            if visad.regel.oppen:
                assert visad.regel.myndighet == oppna[fran, till]
    assert svar.context["oppna"] == len(oppna)
    assert "Ingen ruta är ändrad" in text(svar)


def test_det_som_ar_andrat_marks(client, admin):
    with som_agare():
        Overgangsregel.objects.filter(fran=TYP.BEGARAN, till=TYP.GEMENSAM_KARTLAGGNING).update(oppen=False)
        Overgangsregel.objects.filter(fran=TYP.BEGARAN, till=TYP.AVSLUTAT).update(oppen=True)
        Overgangsregel.objects.filter(fran=TYP.ARBETSFORBEREDANDE, till=TYP.AVSLUTAT).update(myndighet=Myndighet.FK)
        Overgangsregel.objects.filter(fran=TYP.BEGARAN, till=TYP.KONSULTATIVT_STOD).update(myndighet=Myndighet.AF)

    svar = client.get(reverse("matris:matris"))

    assert ruta(svar, TYP.BEGARAN, TYP.GEMENSAM_KARTLAGGNING).skiljer == "öppen från början"
    assert ruta(svar, TYP.BEGARAN, TYP.AVSLUTAT).skiljer == "stängd från början"
    assert ruta(svar, TYP.ARBETSFORBEREDANDE, TYP.AVSLUTAT).skiljer == "Arbetsförmedlingen från början"
    assert ruta(svar, TYP.BEGARAN, TYP.KONSULTATIVT_STOD).skiljer == ""  # stängd: vem spelar ingen roll
    assert "<strong>3</strong> rutor är ändrade" in text(svar)


def test_en_ruta_stangs_och_oppnas_och_star_i_loggen(client, admin):
    en = regel(TYP.BEGARAN, TYP.GEMENSAM_KARTLAGGNING)

    svar = skicka(client, en, oppen="nej", myndighet="af")

    assert svar.url == reverse("matris:matris")
    en.refresh_from_db()
    assert (en.oppen, en.myndighet, en.version) == (False, "af", 2)
    assert Handelse.objects.get(typ=Handelse.Typ.MATRISEN_ANDRAD).detaljer == {
        "fran": "begaran",
        "till": "gemensam_kartlaggning",
        "oppen": False,
        "myndighet": "af",
        "var_oppen": True,
        "var_myndighet": "fk",
    }
    skicka(client, en, oppen="ja")
    en.refresh_from_db()
    assert en.oppen


def test_inget_andrat_ar_ingen_handelse(client, admin):
    en = regel(TYP.BEGARAN, TYP.GEMENSAM_KARTLAGGNING)

    svar = client.get(skicka(client, en).url)

    assert "Inget var ändrat" in text(svar)
    assert not Handelse.objects.filter(typ=Handelse.Typ.MATRISEN_ANDRAD).exists()


def test_krocken_sager_vad_som_skiljer(client, admin):
    en = regel(TYP.BEGARAN, TYP.GEMENSAM_KARTLAGGNING)
    andra_overgangsregel(regel=en, version=1, oppen=True, myndighet=Myndighet.AF, av=admin)

    svar = skicka(client, en, oppen="nej")

    assert svar.context["skillnader"] == [
        ("Övergången är", "Öppen", "Stängd"),
        ("Registreras normalt av", "Arbetsförmedlingen", "Försäkringskassan"),
    ]
    assert regel(en.fran, en.till).oppen
    with pytest.raises(Krock):
        andra_overgangsregel(regel=en, version=1, oppen=False, myndighet=Myndighet.AF, av=admin)


@pytest.mark.parametrize(("fran", "till"), [("", TYP.BEGARAN), *((fran, TYP.AVBRUTET) for fran in PAGAENDE)])
def test_att_borja_och_att_avbryta_gar_alltid(client, admin, fran, till):
    en = regel(fran, till)
    assert alltid_oppen(en)

    sidan = client.get(reverse("matris:andra", args=[en.pk]))
    assert "oppen" not in sidan.context["form"].fields
    assert "Alltid öppen" in text(sidan)
    with pytest.raises(ValidationError, match="Alltid öppen"):
        andra_overgangsregel(regel=en, version=1, oppen=False, myndighet=Myndighet.FK, av=admin)
    with (
        som_agare(),
        pytest.raises(IntegrityError, match=r"samtycket_gar_att_aterta|samarbetet_gar_att_borja"),
        transaction.atomic(),
    ):
        Overgangsregel.objects.filter(pk=en.pk).update(oppen=False)


@pytest.mark.parametrize(
    "sats",
    [
        "UPDATE deltagare_overgangsregel SET fran = 'begaran'",
        "UPDATE deltagare_overgangsregel SET till = 'avslutat'",
        "UPDATE deltagare_overgangsregel SET oppen = true",
        "DELETE FROM deltagare_overgangsregel",
        "INSERT INTO deltagare_overgangsregel (fran, till, myndighet, oppen, version) "
        "VALUES ('avslutat', 'avbrutet', 'fk', true, 1)",
    ],
)
def test_rutorna_sjalva_gar_inte_att_andra(sats):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats)


def test_bara_systemadministratoren_andrar_en_ruta_ocksa_i_ra_sql(admin):
    stangd = regel(TYP.BEGARAN, TYP.ARBETSLIVSINRIKTADE)
    fraga = "SELECT oppen FROM andra_overgangsregel(%s, 1, true, 'af')"
    satt_sammanhang(fabriker.deltagaransvarig(fabriker.kontor(Samverkansform.FK)))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as markor:
        markor.execute(fraga, [stangd.pk])
    assert not regel(TYP.BEGARAN, TYP.ARBETSLIVSINRIKTADE).oppen

    satt_sammanhang(admin)
    with connection.cursor() as markor:
        markor.execute(fraga, [stangd.pk])
        markor.execute(fraga, [stangd.pk])  # versionen är en annan: inget händer
    nu = regel(TYP.BEGARAN, TYP.ARBETSLIVSINRIKTADE)
    assert (nu.oppen, nu.version) == (True, 2)


@pytest.mark.parametrize(("falt", "varde"), [("myndighet", "xx"), ("fran", "avslutat"), ("till", "begaran")])
def test_inte_heller_agaren_lagger_in_en_ruta_som_inte_finns(falt, varde):
    with som_agare(), pytest.raises(IntegrityError), transaction.atomic():
        Overgangsregel.objects.filter(fran=TYP.BEGARAN, till=TYP.AVSLUTAT).update(**{falt: varde})


def test_hur_manga_som_star_dar_visas_som_antal(client, admin):
    af, fk = fabriker.kontor(Samverkansform.AF), fabriker.kontor(Samverkansform.FK)
    ansvarig = fabriker.deltagaransvarig(fk)
    fabriker.samarbete(af, fk, ansvarig)
    fabriker.samarbete(af, fk, ansvarig, (TYP.GEMENSAM_KARTLAGGNING, 5))
    fabriker.samarbete(af, fk, ansvarig, (TYP.AVBRUTET, 5))

    svar = client.get(reverse("matris:matris"))

    assert {rad.insatstyp: rad.pagaende for rad in svar.context["rader"] if rad.pagaende} == {
        TYP.BEGARAN: 1,
        TYP.GEMENSAM_KARTLAGGNING: 1,
    }
    sidan = client.get(reverse("matris:andra", args=[regel(TYP.BEGARAN, TYP.AVSLUTAT).pk]))
    assert "Pågående samarbeten där nu</dt> <dd>1</dd>" in text(sidan)


def test_bara_systemadministratoren_raknar_och_andrar(client):
    ansvarig = fabriker.deltagaransvarig(fabriker.kontor(Samverkansform.FK))
    satt_sammanhang(ansvarig)

    with pytest.raises(PermissionDenied):
        andra_overgangsregel(
            regel=regel(TYP.BEGARAN, TYP.AVSLUTAT), version=1, oppen=True, myndighet=Myndighet.FK, av=ansvarig
        )
    with pytest.raises(DatabaseError, match="systemadministratör"), transaction.atomic():
        pagaende_per_insatstyp()


def test_en_stangd_overgang_tas_inte_emot_och_en_oppnad_gor_det(client, admin):
    af, fk = fabriker.kontor(Samverkansform.AF), fabriker.kontor(Samverkansform.FK)
    ansvarig = fabriker.deltagaransvarig(fk)
    skicka(client, regel(TYP.BEGARAN, TYP.GEMENSAM_KARTLAGGNING), oppen="nej")
    skicka(client, regel(TYP.BEGARAN, TYP.AVSLUTAT), oppen="ja")

    with pytest.raises(ValidationError, match="inte öppen"), transaction.atomic():
        fabriker.samarbete(af, fk, ansvarig, (TYP.GEMENSAM_KARTLAGGNING, 5))
    assert fabriker.samarbete(af, fk, ansvarig, (TYP.AVSLUTAT, 5)).insatstyp == TYP.AVSLUTAT
