"""Den andra muren: databasen visar personer bara genom ett gällande uppdrag (P2, P6, P9)."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from behorighet.logg import logga
from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare.models import Deltagande, Folkbokforing, Identitet, Person
from insatser.models import Uppdrag
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db

TABELLER = (Deltagande, Person, Identitet, Folkbokforing)


@pytest.fixture
def tva():
    """Två insatser med var sin deltagaransvarig och var sin deltagare."""
    par = []
    for _ in range(2):
        insats = fabriker.insats()
        konto = fabriker.deltagaransvarig(insats)
        par.append((insats, konto, fabriker.inregistrera(insats, konto)))
    return par


def antal():
    return [modell.objects.count() for modell in TABELLER]


def test_tillampningens_roll_ager_inget_och_star_under_radskyddet():
    with connection.cursor() as markor:
        markor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert markor.fetchone() == ("sus_app", False, False, False)
        markor.execute("SELECT count(*) FROM pg_class c WHERE pg_get_userbyid(c.relowner) = 'sus_app'")
        assert markor.fetchone() == (0,)
        markor.execute("SELECT pg_has_role('sus_app', 'sus_agare', 'MEMBER')")
        assert markor.fetchone() == (False,)


def test_utan_sammanhang_syns_inget(tva):
    satt_sammanhang(None)

    assert antal() == [0, 0, 0, 0]


def test_bara_uppdragets_rader_syns(tva):
    for _, konto, deltagande in tva:
        satt_sammanhang(konto)

        assert antal() == [1, 1, 1, 1]
        assert Deltagande.objects.get() == deltagande
        assert Identitet.objects.get().person_id == deltagande.person_id


@pytest.mark.parametrize("vad", ["uppdrag", "behorighet", "konto"])
def test_det_som_avslutas_visar_inget_langre(tva, vad):
    _, konto, _ = tva[0]
    igar = timezone.now() - timedelta(seconds=1)
    if vad == "uppdrag":
        Uppdrag.objects.filter(behorighet__anvandare=konto).update(avslutad_vid=igar)
    elif vad == "behorighet":
        konto.behorigheter.update(avslutad_vid=igar)
    else:
        type(konto).objects.filter(pk=konto.pk).update(is_active=False)

    satt_sammanhang(konto)

    assert antal() == [0, 0, 0, 0]


def test_insatsansvarig_ser_ingen_person(tva):
    insats, _, _ = tva[0]
    satt_sammanhang(fabriker.insatsansvarig(insats.samverkansorganisation))

    assert antal() == [0, 0, 0, 0]


def test_en_annans_rad_gar_inte_att_andra_eller_lagga_till(tva):
    (_, konto, egen), (_, _, annans) = tva
    satt_sammanhang(konto)

    assert Deltagande.objects.filter(pk=annans.pk).update(utregistrering=None) == 0
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Deltagande.objects.create(
            person_id=egen.person_id,
            insats_id=annans.insats_id,
            inregistrering=egen.inregistrering,
            kon=egen.kon,
            alder=40,
            samtycke=egen.inregistrering,
        )


def test_ett_eget_deltagande_ar_ingen_vag_till_en_framlings_identitet(tva):
    """Bara personen som person_for nyss gav får ett nytt deltagande, även i en egen insats."""
    (insats, konto, _), (_, _, annans) = tva
    satt_sammanhang(konto)

    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Deltagande.objects.create(
            person_id=annans.person_id,
            insats=insats,
            inregistrering=annans.inregistrering,
            kon=annans.kon,
            alder=40,
            samtycke=annans.inregistrering,
        )


def test_vem_som_far_ett_nytt_deltagande_star_inte_i_en_installning(tva):
    (insats, konto, _), (_, _, annans) = tva
    satt_sammanhang(konto)

    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SELECT set_config('sus.person', %s, true)", [str(annans.person_id)])
        markor.execute(
            "INSERT INTO deltagare_deltagande (person_id, insats_id, inregistrering, lopnr, avslutningsanledning, kon, "
            "alder, samtycke, avidentifierat, utbildning, tid_i_forsorjning, forsorjning_fore, forsorjning_efter, "
            "arbetstyp_fore, arbetstyp_efter, version) VALUES "
            "(%s, %s, '2025-03-01', 1, '', 'man', 40, '2025-03-01', false, '', '', '{}', '{}', '{}', '{}', 1)",
            [annans.person_id, insats.pk],
        )


def test_person_for_utan_insats_nekas(tva):
    satt_sammanhang(tva[0][1])

    with pytest.raises(DatabaseError, match="Uppdrag saknas"), transaction.atomic(), connection.cursor() as markor:
        markor.execute("SELECT person_for(NULL, ''::bytea, ''::bytea, ''::bytea, ''::bytea, '1', 'x', 'man', 1980)")


@pytest.mark.parametrize(
    "sats",
    [
        "UPDATE deltagare_deltagande SET kon = 'man'",
        "UPDATE deltagare_deltagande SET alder = 1",
        "UPDATE deltagare_deltagande SET avidentifierat = false",
        "UPDATE deltagare_folkbokforing SET deltagande_id = 1",
        "UPDATE insatser_insats SET nyckel = 'X'",
        "UPDATE insatser_insats SET samverkansorganisation_id = 1",
        "DELETE FROM deltagare_anonym",
        "DELETE FROM behorighet_inskick",
        "TRUNCATE insatser_insats CASCADE",
    ],
)
def test_tillampningen_far_bara_andra_det_den_behover(tva, sats):
    satt_sammanhang(tva[0][1])

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(sats)


def test_det_som_ar_avidentifierat_forblir_det(tva):
    _, konto, deltagande = tva[0]
    satt_sammanhang(konto)
    with connection.cursor() as markor:
        markor.execute("SELECT avidentifiera_deltagande(%s, %s)", [deltagande.pk, [b"x" * 32]])

    with pytest.raises(DatabaseError, match="kommer inte tillbaka"), som_agare(), connection.cursor() as markor:
        markor.execute("UPDATE deltagare_deltagande SET avidentifierat = false WHERE id = %s", [deltagande.pk])


@pytest.mark.parametrize("tabell", ["deltagare_person", "deltagare_identitet"])
def test_personer_skapas_bara_genom_person_for(tabell):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as markor:
        markor.execute(f"INSERT INTO {tabell} DEFAULT VALUES")


def test_rapportens_roll_raknar_alla_men_nar_ingen_identitet(tva):
    satt_sammanhang(None)
    with connection.cursor() as markor:
        markor.execute("SET LOCAL ROLE sus_rapport")
        markor.execute("SELECT count(*) FROM deltagare_deltagande")
        assert markor.fetchone() == (2,)
        for tabell in ("person", "identitet", "folkbokforing"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                markor.execute(f"SELECT * FROM deltagare_{tabell}")
        for sats in ("SELECT * FROM behorighet_anvandare", "SELECT * FROM behorighet_handelse"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                markor.execute(sats)
        markor.execute("SET LOCAL ROLE sus_app")


def test_insatsansvarig_far_granser_men_inga_rader(tva):
    insats, _, deltagande = tva[0]
    satt_sammanhang(None)
    with connection.cursor() as markor:
        markor.execute("SELECT forsta, oppna, antal FROM registreringsgranser(%s)", [insats.pk])
        assert markor.fetchone() == (deltagande.inregistrering, 1, 1)


def test_inget_personnummer_eller_namn_ligger_i_klartext():
    insats = fabriker.insats()
    nummer = fabriker.nytt_nummer()
    fabriker.inregistrera(
        insats, fabriker.deltagaransvarig(insats), nummer=nummer, fornamn="Kanariefågel", efternamn="Zzyzx"
    )
    with som_agare(), connection.cursor() as markor:
        markor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (tabell,) in markor.fetchall():
            markor.execute(f'SELECT t::text FROM "{tabell}" t')
            innehall = "\n".join(rad for (rad,) in markor.fetchall())
            for hemligt in (nummer.nummer, nummer.nummer[2:], nummer.utskrivet, "Kanariefågel", "Zzyzx"):
                assert hemligt not in innehall, tabell


@pytest.mark.parametrize("sats", ["UPDATE {} SET typ = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("agare", [False, True])
def test_loggen_gar_inte_att_andra(sats, agare):
    logga(Handelse.Typ.EXPORTERAT, av=None)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as markor:
        if agare:
            markor.execute("SET LOCAL ROLE sus_agare")
            markor.execute("SET LOCAL pgtrigger.ignore = '{*}'")
        markor.execute(sats.format("behorighet_handelse"))

    assert Handelse.objects.filter(typ="exporterat").count() == 1


# Tabellerna som bär en person eller ett deltagande utan eget radskydd, och varför det går bra.
UTAN_RADSKYDD = {
    "behorighet_handelse": "åtkomstloggen: id:n men ingen identitet; läses bara på sidorna för granskning",
    "deltagare_avtryck": "ägarens: varken sus_app eller sus_rapport har någon rättighet på den",
    "deltagare_personpass": "ägarens: varken sus_app eller sus_rapport har någon rättighet på den",
}


def test_varje_tabell_om_personer_star_under_radskydd():
    """En ny tabell med person_id eller deltagande_id, eller som pekar på en sådan tabell, ska ha radskydd."""
    with connection.cursor() as markor:
        markor.execute(
            """
            SELECT DISTINCT c.relname, c.relrowsecurity
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
            LEFT JOIN pg_class m ON m.oid = k.confrelid
            WHERE c.relkind IN ('r', 'p') AND (
                a.attname ~ '(^|_)(person|deltagande|identitet)(_id)?$' OR c.relname ~ '_(person|deltagande)'
                OR m.relname IN ('deltagare_person', 'deltagare_deltagande', 'deltagare_identitet'))
            """
        )
        tabeller = dict(markor.fetchall())

    assert {"deltagare_deltagande", "deltagare_person", "deltagare_identitet", "deltagare_folkbokforing"} <= set(
        tabeller
    )
    assert {tabell for tabell, skyddad in tabeller.items() if not skyddad} == set(UTAN_RADSKYDD)


HELA = ("deltagare_samarbete", "rapporter_bestallning")


def test_varje_policy_for_tillampningen_fragar_efter_uppdraget():
    """Ingen tabell om personer har en policy för sus_app som släpper igenom allt."""
    with connection.cursor() as markor:
        markor.execute(
            "SELECT tablename, policyname, coalesce(qual, with_check) FROM pg_policies WHERE 'sus_app' = ANY (roles)"
        )
        policyer = markor.fetchall()

    assert len(policyer) >= 6
    for tabell, namn, villkor in policyer:
        # Samarbetets och beställningens rader frågar genom tabellen som de hör till, som har sin egen policy.
        genom = any(f"FROM {hel} " in villkor and tabell != hel for hel in HELA)
        assert "sus_mina_insatser" in villkor or "sus_anvandare" in villkor or genom, (tabell, namn)


def test_rapportens_roll_laser_bara_det_som_raknas():
    """Varken identitet, historik, logg eller konton, och inget går att ändra."""
    with connection.cursor() as markor:
        markor.execute(
            """
            SELECT c.relname, ratt FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS ratt
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
              AND has_table_privilege('sus_rapport', c.oid, ratt)
            """
        )
        ratter = set(markor.fetchall())

    assert {ratt for _, ratt in ratter} == {"SELECT"}
    assert not [
        tabell
        for tabell, _ in ratter
        if tabell.startswith("behorighet_")
        or re.search(r"historik|person|identitet|folkbokforing|inlasning|session|svar$", tabell)
    ]
    assert {"deltagare_deltagande", "deltagare_anonym", "insatser_insats"} <= {tabell for tabell, _ in ratter}


AVSLUT = {
    "uppdrag": lambda konto: Uppdrag.objects.filter(behorighet__anvandare=konto).update(avslutad_vid=TransactionNow()),
    "behorighet": lambda konto: konto.behorigheter.update(avslutad_vid=TransactionNow()),
    "konto": lambda konto: type(konto).objects.filter(pk=konto.pk).update(is_active=False),
}
# (anrop, svaret medan rätten gäller, svaret efter per sätt att avsluta). Ett konto som inte är aktivt är utloggat.
ANROP = {
    "sida": ("get", "deltagare:ta_bort_anonyma", {}, 200, {"uppdrag": 404, "behorighet": 403, "konto": 302}),
    "htmx": (
        "post", "deltagare:registrera", {"HX-Request": "true"}, 200, {"uppdrag": 200, "behorighet": 403, "konto": 302}
    ),
    "formulär": ("post", "deltagare:registrera", {}, 302, {"uppdrag": 200, "behorighet": 403, "konto": 403}),
}  # fmt: skip


@pytest.mark.parametrize("anrop", ANROP)
@pytest.mark.parametrize("vad", AVSLUT)
def test_ratt_som_avslutats_har_ingen_verkan_vid_nasta_anrop(client, anrop, vad):
    """P4: sidan, htmx-anropet och det ifyllda formuläret, i samma session."""
    metod, namn, huvuden, fore, efter = ANROP[anrop]
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    klar = fabriker.inregistrera(insats, konto, nummer=(nummer := fabriker.nytt_nummer()), fornamn="Kanariefågel")
    client.force_login(konto)
    adress = reverse(namn, args=[insats.pk] if namn.endswith("ta_bort_anonyma") else [])
    data = {
        "insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut", "hamta": "1",
    } if anrop == "htmx" else {
        "insats": insats.pk, "personnummer": fabriker.nytt_nummer().utskrivet, "registrering": "in", "fornamn": "Bo",
        "efternamn": "Ek", "kommun": "1283", "samtycke": "2025-03-01", "inregistrering": "2025-03-01",
        "token": str(uuid4()), "spara": "Spara",
    }  # fmt: skip

    def gor() -> HttpResponse:
        return getattr(client, metod)(adress, data if metod == "post" else {}, headers=huvuden)

    def sparade() -> int:
        with som_agare():
            return Deltagande.objects.filter(insats=insats).count()

    with transaction.atomic():
        forst = gor()
        transaction.set_rollback(True)
    assert forst.status_code == fore
    assert ("Kanariefågel" in forst.content.decode()) == (anrop == "htmx")

    AVSLUT[vad](konto)
    svar = gor()

    assert svar.status_code == efter[vad]
    assert "Kanariefågel" not in svar.content.decode()
    assert sparade() == 1
    satt_sammanhang(konto)
    assert not Deltagande.objects.filter(pk=klar.pk).exists()
