"""Gallring: regel per slag, förhandsvisning, en annan godkänner, intyg, historiken med (P12, P9)."""

import io
import json
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from behorighet.models import Handelse, Inskick
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from deltagare import gallring, tjanster
from deltagare.gallringsslag import SLAGEN, Slag
from deltagare.models import Deltagande, Folkbokforing, Gallring, Gallringsregel, Identitet, Svar, Uppslag
from deltagare.personnummer import tolka
from insatser.models import Tillfalle
from tests import fabriker
from tests.databas import som_agare

IDAG = timezone.localdate()
HISTORIK = Deltagande.pgh_event_model


def ar_sedan(ar, dagar=0):
    """Dagen för så många år sedan, och så många dagar till."""
    skott = (IDAG.month, IDAG.day) == (2, 29)
    return IDAG.replace(year=IDAG.year - ar, day=28 if skott else IDAG.day) - timedelta(days=dagar)


GRANS = ar_sedan(10)


def avslutat(insats, konto, slut, **falt):
    """Ett deltagande som började ett halvår före och slutade dagen `slut`, None för ett öppet."""
    start = (slut or IDAG) - timedelta(days=180)
    deltagande = fabriker.inregistrera(insats, konto, inregistrering=start, **falt)
    if slut:
        tjanster.utregistrera(
            deltagande=deltagande, version=deltagande.version, utregistrering=slut,
            avslutningsanledning="fullfoljd", efter={}, av=konto,
        )  # fmt: skip
    return deltagande


@pytest.fixture
def insats():
    satt_sammanhang(None)
    org = fabriker.organisation(startdatum=date(2010, 1, 1), namn="Förbundet Gallra")
    return fabriker.insats(org, startdatum=date(2010, 1, 1))


@pytest.fixture
def konto(insats):
    return fabriker.deltagaransvarig(insats)


def system():
    return fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)


def som(vem):
    satt_sammanhang(vem)
    return vem


def foreslagen(vem=None):
    som(vem or system())
    return Gallring.objects.get(pk=gallring.foresla())


def godkand(vem=None):
    forslag = foreslagen()
    som(vem or system())
    gallring.godkann(forslag)
    forslag.refresh_from_db()
    return forslag


def utford():
    en = godkand()
    gallring.utfor(en)
    en.refresh_from_db()
    return en


def tal(en, del_):
    return {rad.slag.value: getattr(rad, del_) for rad in gallring.for_gallring(en)}


def agarens(modell, **villkor):
    with som_agare():
        return modell.objects.filter(**villkor).count()


def logga_gammal(tid, **falt):
    with som_agare():
        return Handelse.objects.create(tid=tid, typ="person_visad", **falt)


def dygnets_borjan(dag):
    return timezone.make_aware(datetime.combine(dag, datetime.min.time()))


@pytest.mark.django_db
def test_identiteten_tas_bort_bara_for_den_som_ar_ute_ur_allt(insats, konto):
    annan = fabriker.insats(insats.samverkansorganisation, startdatum=date(2010, 1, 1))
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, annan)
    fraga = fabriker.fraga(insats.samverkansorganisation, fran=date(2010, 1, 1))
    kvar_nummer, bort_nummer, oppet_nummer = (fabriker.nytt_nummer() for _ in range(3))
    fore = avslutat(insats, konto, GRANS - timedelta(days=1), nummer=bort_nummer, svar=[(fraga, "Hemlig fritext")])
    aldre = avslutat(annan, konto, ar_sedan(12), nummer=bort_nummer)
    pa = avslutat(insats, konto, GRANS, nummer=kvar_nummer)
    avslutat(annan, konto, ar_sedan(13), nummer=kvar_nummer)
    avslutat(insats, konto, ar_sedan(11), nummer=oppet_nummer)
    avslutat(annan, konto, None, nummer=oppet_nummer)
    assert Svar.objects.filter(deltagande=fore, tillfalle=Tillfalle.IN).exists()
    versioner = dict(Deltagande.objects.values_list("pk", "version"))

    en = utford()

    assert {slag: tal(en, "foreslaget")[slag] for slag in ("identitet",)} == {"identitet": 2}
    assert en.utfall["borttaget"] | {"historik": 0} == {
        "identitet": 2, "personer": 1, "kommun": 2, "fritext": 1, "historik": 0,
    }  # fmt: skip
    som(konto)
    borta = Deltagande.objects.filter(avidentifierat=True)
    assert {ett.pk for ett in borta} == {fore.pk, aldre.pk}
    assert all(ett.fingeravtryck and ett.version == versioner[ett.pk] + 1 for ett in borta)
    assert agarens(Identitet) == 2
    assert agarens(Identitet, person_id=fore.person_id) == 0
    assert agarens(Folkbokforing, deltagande_id__in=[fore.pk, aldre.pk]) == 0
    assert agarens(Folkbokforing) == 4
    assert agarens(Svar, deltagande=fore) == 0
    assert Identitet.objects.filter(person_id=pa.person_id).exists()
    assert Handelse.objects.filter(typ="avidentifierad", detaljer__grund="gallring").count() == 2


@pytest.mark.django_db
def test_historiken_foljer_identiteten_och_den_egna_tiden(insats, konto):
    gammalt = avslutat(insats, konto, ar_sedan(11))
    Gallringsregel.objects.filter(slag="historik").update(ar=5)
    slutat = avslutat(insats, konto, ar_sedan(5, 1))
    nytt = avslutat(insats, konto, ar_sedan(5))
    oppet = avslutat(insats, konto, None)
    utan = avslutat(insats, konto, None)
    tjanster.utregistrera(
        deltagande=utan, version=utan.version, utregistrering=IDAG, avslutningsanledning="atertaget_samtycke",
        efter={}, av=konto,
    )  # fmt: skip
    rader = {ett.pk: agarens(HISTORIK, pgh_obj=ett) for ett in (gammalt, slutat, nytt, oppet, utan)}
    bort = [gammalt.pk, slutat.pk, utan.pk]

    en = utford()

    assert tal(en, "foreslaget")["historik"] == tal(en, "borttaget")["historik"] == sum(rader[pk] for pk in bort)
    assert agarens(HISTORIK, pgh_obj_id__in=bort) == 0
    assert {ett.pk: agarens(HISTORIK, pgh_obj=ett) for ett in (nytt, oppet)} == {
        ett.pk: rader[ett.pk] for ett in (nytt, oppet)
    }
    assert tal(en, "kvar") == dict.fromkeys(Slag.values, 0)


@pytest.mark.django_db
def test_loggen_och_uppslagen_har_sina_egna_tider(insats, konto):
    grans = dygnets_borjan(GRANS)
    aldre = logga_gammal(grans - timedelta(seconds=1), insats_id=insats.pk)
    pa = logga_gammal(grans)
    fem = dygnets_borjan(ar_sedan(5))
    with som_agare():
        for tid in (fem - timedelta(seconds=1), fem):
            Uppslag.objects.create(handelse_id=pa.pk, personindex=b"x" * 32, tid=tid)

    en = utford()

    assert tal(en, "borttaget") == {"identitet": 0, "historik": 0, "atkomstlogg": 1, "uppslag": 1}
    assert not Handelse.objects.filter(pk=aldre.pk).exists()
    assert Handelse.objects.filter(pk=pa.pk).exists()
    assert agarens(Uppslag) == 1
    assert gallring.per_organisation(en.antal) == [
        ("Förbundet Gallra", [0, 0, 1, 0]), ("Utan samverkansorganisation", [0, 0, 0, 1]),
    ]  # fmt: skip
    gallrat = Handelse.objects.filter(typ="gallrat").order_by("pk")
    assert [rad.detaljer for rad in gallrat] == [
        {"gallring": en.pk, "uppslag": 1},
        {"gallring": en.pk, "atkomstlogg": 1},
    ]


# Vem som får


def nekas(sats, *varden, roll=None):
    with pytest.raises(DatabaseError) as fel, transaction.atomic(), connection.cursor() as markor:
        if roll:
            markor.execute(f"SET LOCAL ROLE {roll}")
        markor.execute(sats, varden)
    return str(fel.value)


@pytest.mark.django_db
def test_den_som_foreslog_kan_inte_godkanna_ens_med_sql(insats, konto):
    avslutat(insats, konto, ar_sedan(11))
    vem = system()
    forslag = foreslagen(vem)

    with pytest.raises(ValidationError, match="Du har själv föreslagit"):
        gallring.godkann(forslag)
    with som_agare(), pytest.raises(IntegrityError, match="gallringen_godkanns_av_en_annan"), transaction.atomic():
        Gallring.objects.update(godkand_av=vem, godkand_vid=timezone.now())
    with pytest.raises(ValidationError, match="inte godkänd"), som_agare():
        gallring.utfor(forslag)
    assert not Deltagande.objects.filter(avidentifierat=True).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("roll", [roll for roll in Roll if roll != Roll.SYSTEMADMINISTRATOR])
def test_bara_en_systemadministrator_enligt_databasen(insats, konto, roll):
    avslutat(insats, konto, ar_sedan(11))
    forslag = foreslagen()
    som(fabriker.anvandare(roll))

    for sats in ("SELECT gallringens_antal('{}')", "SELECT foresla_gallring()"):
        assert "Bara en systemadministratör" in nekas(sats)
    with pytest.raises(PermissionDenied):
        gallring.godkann(forslag)
    som(None)
    assert "Bara en systemadministratör" in nekas("SELECT foresla_gallring()")


@pytest.mark.django_db
def test_en_som_inte_langre_ar_systemadministrator_nekas(insats, konto):
    vem = system()
    vem.behorigheter.update(avslutad_vid=timezone.now() - timedelta(seconds=1))
    som(vem)
    assert "Bara en systemadministratör" in nekas("SELECT foresla_gallring()")


@pytest.mark.django_db
def test_underlaget_och_utforandet_ar_for_den_som_godkande(insats, konto):
    avslutat(insats, konto, ar_sedan(11))
    en = godkand()
    for vem in (en.foreslagen_av, system()):
        som(vem)
        for sats in (
            "SELECT gallringens_underlag(%s, 10)",
            "SELECT utfor_gallring(%s, '{}', '{}')",
            "SELECT gallra_rader(%s, 'historik', 10)",
            "SELECT paborja_gallring(%s)",
            "SELECT avsluta_gallring(%s)",
        ):
            assert "Bara den som godkände" in nekas(sats, en.pk), sats
    som(system())
    for sats in (
        "UPDATE deltagare_gallring SET godkand_vid = now()",
        "DELETE FROM deltagare_gallring",
        "INSERT INTO deltagare_gallring (foreslagen_av_id, granser, antal, utfall) VALUES (1, '{}', '[]', '{}')",
        "UPDATE deltagare_gallringsregel SET slag = 'x'",
        "DELETE FROM deltagare_gallringsregel",
        "SELECT gallringens_grans('historik')",
        "SELECT rakna_gallrat(1, '{}')",
    ):
        assert "permission denied" in nekas(sats), sats


@pytest.mark.django_db
def test_vakterna_slapper_bara_fram_agaren_inom_en_pagaende_gallrings_granser(insats, konto):
    gammalt, nytt = avslutat(insats, konto, ar_sedan(11)), avslutat(insats, konto, ar_sedan(1))
    aldre, ny_rad = logga_gammal(dygnets_borjan(ar_sedan(11))), logga_gammal(dygnets_borjan(ar_sedan(1)))
    satser = {
        "bort": ("DELETE FROM deltagare_deltagandehistorikrad WHERE pgh_obj_id = %s", gammalt.pk),
        "kvar": ("DELETE FROM deltagare_deltagandehistorikrad WHERE pgh_obj_id = %s", nytt.pk),
        "logg_bort": ("DELETE FROM behorighet_handelse WHERE id = %s", aldre.pk),
        "logg_kvar": ("DELETE FROM behorighet_handelse WHERE id = %s", ny_rad.pk),
    }
    en = godkand()
    for sats, varde in satser.values():
        assert "permission denied" in nekas(sats, varde)
        assert "går inte att ändra" in nekas(sats, varde, roll="sus_agare")  # godkänd men inte påbörjad
    with connection.cursor() as markor:
        markor.execute("SELECT paborja_gallring(%s)", [en.pk])
    for namn, (sats, varde) in satser.items():
        assert "permission denied" in nekas(sats, varde)
        if namn.endswith("kvar"):
            assert "går inte att ändra" in nekas(sats, varde, roll="sus_agare")
    for tabell in ("deltagare_deltagandehistorikrad", "behorighet_handelse"):
        for sats in (f"UPDATE {tabell} SET av_id = NULL", f"TRUNCATE {tabell} CASCADE", f"DELETE FROM {tabell}"):
            assert "går inte att ändra" in nekas(sats, roll="sus_agare")
    gallring.utfor(en)
    for sats, varde in satser.values():
        assert "går inte att ändra" in nekas(sats, varde, roll="sus_agare")


@pytest.mark.django_db
def test_det_avgjorda_star_fast(insats, konto):
    for sats in ("DELETE FROM deltagare_gallring", "TRUNCATE deltagare_gallring"):
        assert "går inte att ändra" in nekas(sats, roll="sus_agare")
    avslutat(insats, konto, ar_sedan(11))
    forslag = foreslagen()
    assert "avgjord" in nekas("UPDATE deltagare_gallring SET granser = '{}'", roll="sus_agare")
    gallring.avbryt(forslag)
    assert "avgjord" in nekas("UPDATE deltagare_gallring SET utfall = '{}'", roll="sus_agare")
    with pytest.raises(ValidationError, match="redan avgjord"):
        gallring.godkann(forslag)
    utford()
    assert "avgjord" in nekas(
        "UPDATE deltagare_gallring SET utfall = '{}' WHERE utford_vid IS NOT NULL", roll="sus_agare"
    )


@pytest.mark.django_db
def test_en_gallring_i_taget_och_inget_tomt_forslag(insats, konto):
    som(system())
    with pytest.raises(ValidationError, match="inget att gallra"):
        gallring.foresla()
    avslutat(insats, konto, ar_sedan(11))
    foreslagen()
    som(system())
    with pytest.raises(ValidationError, match="En annan gallring väntar"):
        gallring.foresla()


@pytest.mark.django_db
def test_hela_personen_eller_ingen(insats, konto):
    nummer = fabriker.nytt_nummer()
    ett, annat = (avslutat(insats, konto, ar_sedan(ar), nummer=nummer) for ar in (13, 11))
    nytt = avslutat(insats, konto, ar_sedan(1))
    en = godkand()
    for deltaganden in ([ett.pk], [nytt.pk]):
        assert "hela personen" in nekas(
            "SELECT utfor_gallring(%s, %s::bigint[], %s::bytea[])", en.pk, deltaganden, [b"a" * 32]
        )
    assert "hela personen" in nekas(
        "SELECT utfor_gallring(%s, %s::bigint[], %s::bytea[])", en.pk, [ett.pk, annat.pk], [b"a" * 32, None]
    )


@pytest.mark.django_db
def test_det_som_andrats_sedan_forslaget_syns_och_granserna_ligger_fast(insats, konto):
    avslutat(insats, konto, ar_sedan(11))
    forslag = foreslagen()
    avslutat(insats, konto, ar_sedan(12))
    Gallringsregel.objects.filter(slag="identitet").update(ar=25)
    som(system())

    assert next(rad.skiljer for rad in gallring.for_gallring(forslag)) == "1 fler än i förslaget"
    gallring.godkann(forslag)
    gallring.utfor(forslag)
    forslag.refresh_from_db()
    (rad,) = [rad for rad in gallring.for_gallring(forslag) if rad.slag == Slag.IDENTITET]
    assert (rad.grans, rad.foreslaget, rad.fore, rad.borttaget, rad.kvar) == (GRANS, 1, 2, 2, 0)


# Sidorna

LISTA = "/administration/gallring/"


def text(svar):
    return " ".join(svar.content.decode().split())


def skicka(client, adress, **falt):
    return client.post(adress, {"token": str(uuid4()), **falt}, follow=True)


@pytest.mark.django_db
def test_fran_forslag_till_intyg(client, insats, konto):
    avslutat(insats, konto, ar_sedan(11))
    ena, andra = system(), system()
    client.force_login(ena)
    assert f'href="{LISTA}"' in text(client.get("/"))
    sida = text(client.get(f"{LISTA}ny/"))
    assert "1 registrering" in sida
    assert "Förbundet Gallra" in sida

    svar = skicka(client, f"{LISTA}ny/")
    adress = svar.redirect_chain[-1][0]
    assert "Du har själv föreslagit gallringen" in text(svar)
    assert 'value="godkann"' not in text(svar)
    assert client.get(f"{adress}intyg/").status_code == 404
    assert "Du har själv föreslagit" in text(skicka(client, adress, beslut="godkann"))
    assert not agarens(Deltagande, avidentifierat=True)

    client.force_login(andra)
    assert "Godkänn och gallra" in text(client.get(adress))
    svar = skicka(client, adress, beslut="godkann")
    assert "Gallringen är godkänd och utförd." in text(svar)
    assert agarens(Deltagande, avidentifierat=True) == 1
    intyg = client.get(f"{adress}intyg/")
    assert intyg.headers["Content-Disposition"].startswith('attachment; filename="gallringsintyg-')
    hela = " ".join(" ".join(sida.extract_text() for sida in PdfReader(io.BytesIO(intyg.content)).pages).split())
    for del_ in (ena.get_full_name(), andra.get_full_name(), GRANS.isoformat(), "Identitet (registreringar)"):
        assert del_ in hela, del_
    assert "Utförd" in text(client.get(LISTA))
    assert [rad.typ for rad in Handelse.objects.filter(typ__startswith="gallring").order_by("pk")] == [
        "gallring_foreslagen", "gallring_godkand",
    ]  # fmt: skip


@pytest.mark.django_db
def test_den_stora_godkanns_men_utfors_av_kommandot(client, insats, konto, monkeypatch):
    avslutat(insats, konto, ar_sedan(11))
    monkeypatch.setattr(gallring, "HOGST_DELTAGANDEN", 0)
    forslag = foreslagen()
    client.force_login(system())
    adress = f"{LISTA}{forslag.pk}/"

    assert "Godkänn, gallra i natt" in text(client.get(adress))
    svar = text(skicka(client, adress, beslut="godkann"))
    assert "Den utförs i natt." in svar
    assert not agarens(Deltagande, avidentifierat=True)
    svar = text(skicka(client, adress, beslut="avbryt"))
    assert "Gallringen är avbruten. Inget är borttaget." in svar
    assert "redan avgjord" in text(skicka(client, adress, beslut="godkann"))


@pytest.mark.django_db
def test_tva_som_godkanner_samtidigt_och_ett_dubbelklick(client, insats, konto):
    avslutat(insats, konto, ar_sedan(11))
    forslag = foreslagen()
    client.force_login(system())
    adress, token = f"{LISTA}{forslag.pk}/", str(uuid4())
    for _ in range(2):
        svar = client.post(adress, {"token": token, "beslut": "godkann"})
        assert (svar.status_code, svar.url) == (302, adress)
    assert Handelse.objects.filter(typ="gallring_godkand").count() == 1


@pytest.mark.django_db
def test_regeln_andras_inom_granser_och_loggas(client):
    client.force_login(system())
    adress = f"{LISTA}regel/identitet/"
    regel = Gallringsregel.objects.get(slag="identitet")

    for fel in ("1", "26", "", "tio"):
        assert "Fel: " in text(skicka(client, adress, ar=fel, grund="x", version=regel.version)), fel
    svar = text(skicka(client, adress, ar="12", grund="Nytt skäl", version=regel.version))
    assert "Regeln är ändrad." in svar
    assert "Nytt skäl" in svar
    assert Handelse.objects.get(typ="gallringsregel_andrad").detaljer == {"slag": "identitet", "fran": 10, "till": 12}
    krock = text(skicka(client, adress, ar="15", grund="Mitt", version=regel.version))
    assert "Det här skiljer." in krock
    assert "Någon annan har sparat" in krock
    regel.refresh_from_db()
    assert (regel.ar, regel.version) == (12, 2)
    assert client.get(f"{LISTA}regel/annat/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("slag", Slag)
def test_databasen_haller_regelns_granser(slag):
    slagets = SLAGEN[slag]
    assert Gallringsregel.objects.get(slag=slag).ar == slagets.ar
    for ar in (slagets.minst - 1, slagets.hogst + 1):
        with pytest.raises(IntegrityError, match="gallringsregeln_ar_rimlig"), transaction.atomic():
            Gallringsregel.objects.filter(slag=slag).update(ar=ar)


@pytest.mark.django_db
def test_sidorna_har_lika_manga_fragor_for_en_och_flera(client, insats, konto):
    client.force_login(system())

    def antal(adress):
        with CaptureQueriesContext(connection) as fragor:
            assert client.get(adress).status_code == 200
        return len([en for en in fragor if not en["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])

    avslutat(insats, konto, ar_sedan(11))
    forsta = foreslagen()
    client.force_login(system())
    sidor = (LISTA, f"{LISTA}ny/", f"{LISTA}{forsta.pk}/")
    en = [max(antal(adress), antal(adress)) for adress in sidor]
    for _ in range(3):
        annan = fabriker.insats(fabriker.organisation(startdatum=date(2010, 1, 1)), startdatum=date(2010, 1, 1))
        fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, annan)
        avslutat(annan, konto, ar_sedan(11))
        som(system())
        gallring.avbryt(Gallring.objects.get(oppen=True))
        foreslagen()
    assert all(antal(adress) <= forut for adress, forut in zip(sidor, en, strict=True))
    assert max(en) <= 12


# Hela vägen, bekräftat


@pytest.fixture
def bekraftat(egen_databas):
    """Tre personer att gallra, i varsin registrering, och en som är kvar."""
    with transaction.atomic():
        insats = fabriker.insats(
            fabriker.organisation(startdatum=date(2010, 1, 1), organisationsnummer="212000-0142"),
            startdatum=date(2010, 1, 1),
            namn="Vägen",
        )
        konto = fabriker.deltagaransvarig(insats)
        for ar in (11, 12, 13, 1):
            avslutat(insats, konto, ar_sedan(ar))
        en = godkand()
    return insats, konto, en


def agare(modell, **villkor):
    return modell.objects.using("agare").filter(**villkor).count()


def rapporten():
    ut = io.StringIO()
    call_command(
        "insatsrapport", f"--fran={IDAG.year - 14}-01", f"--till={IDAG.year}-{IDAG.month:02}",
        "--framtagen", "2026-11-01T08:00", stdout=ut,
    )  # fmt: skip
    return ut.getvalue()


def test_avbruten_halvvags_tas_upp_igen_och_rapporten_ar_densamma(bekraftat, monkeypatch):
    *_, en = bekraftat
    rapport = rapporten()
    assert json.loads(rapport)["rader"]
    rader = agare(HISTORIK)
    monkeypatch.setattr(gallring, "PERSONER_PER_PARTI", 1)
    monkeypatch.setattr(gallring, "RADER_PER_PARTI", 2)
    partier = []
    kor = gallring.identiteter

    def stromavbrott(*argument):
        if len(partier) == 2:
            raise KeyboardInterrupt
        partier.append(1)
        return kor(*argument)

    monkeypatch.setattr(gallring, "identiteter", stromavbrott)
    with pytest.raises(KeyboardInterrupt):
        call_command("gallra", stdout=io.StringIO())
    en.refresh_from_db()
    assert (en.utford_vid, en.utfall["borttaget"]["identitet"]) == (None, 2)
    with transaction.atomic():
        som(system())
        with pytest.raises(ValidationError, match="redan avgjord"):
            gallring.avbryt(en)

    monkeypatch.setattr(gallring, "identiteter", kor)
    ut = io.StringIO()
    call_command("gallra", stdout=ut)
    assert "Identitet: 3 registreringar borttagna, 0 kvar." in ut.getvalue()
    en.refresh_from_db()
    assert tal(en, "foreslaget") == tal(en, "fore") == tal(en, "borttaget")
    assert tal(en, "kvar") == dict.fromkeys(Slag.values, 0)
    assert agare(HISTORIK) == rader - tal(en, "borttaget")["historik"]
    assert agare(Identitet) == 1
    assert sum(rad.detaljer.get("identitet", 0) for rad in Handelse.objects.filter(typ="gallrat")) == 3
    assert rapporten() == rapport
    ut = io.StringIO()
    call_command("gallra", stdout=ut)
    assert ut.getvalue() == "Ingen godkänd gallring väntar.\n"


def test_en_gammal_fil_aterstaller_ingen_identitet(bekraftat, tmp_path):
    call_command("exportera", str(tmp_path), med_personuppgifter=True, stdout=io.StringIO())
    call_command("gallra", stdout=io.StringIO())
    rapport, identiteter = rapporten(), agare(Identitet)

    call_command("importera", str(tmp_path), tyst=True, stdout=io.StringIO())

    assert agare(Identitet) == identiteter == 1
    assert agare(Deltagande) == 4
    assert agare(Deltagande, avidentifierat=True) == 3
    assert rapporten() == rapport


def test_en_fil_fran_fore_en_rattelse_aterstaller_ingen_identitet(bekraftat, tmp_path):
    call_command("exportera", str(tmp_path), med_personuppgifter=True, stdout=io.StringIO())
    with transaction.atomic(using="agare"), connections["agare"].cursor() as markor:
        markor.execute(
            "UPDATE deltagare_deltagande SET lopnr = lopnr + 3 WHERE person_id IN "
            "(SELECT gallringens_personer((granser->>'identitet')::date) FROM deltagare_gallring)"
        )
    call_command("gallra", stdout=io.StringIO())
    identiteter = agare(Identitet)

    call_command("importera", str(tmp_path), tyst=True, stdout=io.StringIO())

    assert agare(Identitet) == identiteter == 1
    assert (agare(Deltagande), agare(Deltagande, avidentifierat=True)) == (4, 3)


def test_en_ny_registrering_hinner_fore_gallringen(bekraftat):
    """Den som börjar igen efter förslaget har en öppen registrering: identiteten står kvar."""
    insats, konto, en = bekraftat
    with transaction.atomic():
        som(konto)
        aldst = Deltagande.objects.order_by("inregistrering").first()
        nummer = aldst.person.identitet.klartext("personnummer")
        fabriker.inregistrera(insats, konto, nummer=tolka(nummer, idag=IDAG))

    call_command("gallra", stdout=io.StringIO())

    en.refresh_from_db()
    (rad,) = [rad for rad in gallring.for_gallring(en) if rad.slag == Slag.IDENTITET]
    assert (rad.foreslaget, rad.fore, rad.borttaget, rad.skiljer) == (3, 2, 2, "1 färre än i förslaget")
    assert agare(Identitet, person_id=aldst.person_id) == 1


def test_stada_tar_gamla_engangsnycklar(egen_databas):
    konto = fabriker.anvandare()
    for dagar in (31, 29):
        tid = timezone.now() - timedelta(days=dagar)
        Inskick.objects.create(token=uuid4(), anvandare=konto, innehall=b"x", skapad_vid=tid)
    ut = io.StringIO()
    call_command("stada", stdout=ut)
    assert "1 engångsnycklar" in ut.getvalue()
    assert Inskick.objects.count() == 1
