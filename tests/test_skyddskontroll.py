"""Skydd som kommer senare: kommandot kontrollera_skydd (R19, P10)."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import kryptering, skyddskontroll
from deltagare.folkbokforing import Otillganglig, SvararFel
from deltagare.models import Deltagande, Identitet, Registerpost, TidigareNummer, Uppslag
from deltagare.personnummer import tolka
from deltagare.tjanster import skydda_person
from tests import fabriker
from tests.folkbokforing import lagg_in
from tests.importkatalog import ANNA, grund, importera, skriv


@pytest.fixture
def tre(egen_databas):
    """Tre deltagare, bekräftade i en egen databas."""
    with transaction.atomic():
        insats = fabriker.insats()
        konto = fabriker.deltagaransvarig(insats)
        numren = [fabriker.nytt_nummer() for _ in range(3)]
        for nummer in numren:
            fabriker.inregistrera(insats, konto, nummer=nummer, fornamn="Kanariefågel")
    return konto, numren


def kvar():
    index = {bytes(rad.personindex) for rad in Identitet.objects.using("agare")}
    return lambda nummer: kryptering.personindex(nummer.nummer) in index


def test_registret_provas_med_en_sats_och_statistiken_star_kvar(tre, settings, capsys):
    settings.SUS_FOLKBOKFORING = "register"
    konto, (forsta, andra, tredje) = tre
    lagg_in(forsta)
    lagg_in(andra, skyddad=True)
    utanfor = lagg_in(skyddad=True)
    for nummer in (forsta, utanfor):
        Uppslag.objects.using("agare").create(handelse_id=1, personindex=kryptering.personindex(nummer.nummer))

    call_command("kontrollera_skydd")

    assert capsys.readouterr().out == "3 prövade, 1 har fått skydd och är utan identitet.\n"
    finns = kvar()
    assert [finns(nummer) for nummer in (forsta, andra, tredje)] == [True, False, True]
    uppslagna = [bytes(rad.personindex) for rad in Uppslag.objects.using("agare")]
    assert uppslagna == [kryptering.personindex(forsta.nummer)]
    with transaction.atomic():
        satt_sammanhang(konto)
        assert Deltagande.objects.count() == 3
        assert Deltagande.objects.filter(avidentifierat=True).count() == 1
    assert Registerpost.objects.using("agare").filter(skyddad=True).count() == 2

    call_command("kontrollera_skydd")
    assert capsys.readouterr().out == "2 prövade, 0 har fått skydd och är utan identitet.\n"

    bytt = lagg_in(skyddad=True)
    TidigareNummer.objects.using("agare").create(
        person_id=Identitet.objects.using("agare").get(personindex=kryptering.personindex(forsta.nummer)).pk,
        personindex=kryptering.personindex(bytt.nummer),
        personnummer=kryptering.kryptera(bytt.nummer, falt="personnummer", nyckel_id=kryptering.aktuell_nyckel()),
        nyckel_id=kryptering.aktuell_nyckel(),
    )
    call_command("kontrollera_skydd")
    assert capsys.readouterr().out == "2 prövade, 1 har fått skydd och är utan identitet.\n"
    assert not kvar()(forsta)


def test_en_fil_ger_inte_en_skyddad_person_en_identitet(egen_databas, tmp_path):
    katalog = skriv(tmp_path / "in", grund())
    anna = lagg_in(tolka(ANNA, idag=timezone.localdate()), skyddad=True)

    svar = importera(katalog)

    assert svar.kod
    rader = [rad for rad in svar.felrader if rad.startswith("deltaganden.csv")]
    assert rader
    assert {rad.split(": ", 1)[1] for rad in rader} == {
        "Personen ska registreras som anonym deltagare. Ta bort raden ur filen."
    }
    # Den som blev av med identiteten sedan filen lästes in hindrar den inte från att läsas igen.
    Registerpost.objects.using("agare").update(skyddad=False)
    assert importera(katalog).kod == 0
    Registerpost.objects.using("agare").update(skyddad=True)
    person_id = Identitet.objects.using("agare").get(personindex=kryptering.personindex(anna.nummer)).person_id
    skydda_person(person_id=person_id, av=None, using="agare")
    assert importera(katalog).kod == 0
    assert not kvar()(anna)


class Tjanst:
    """Svarar på `hogst` frågor och går sedan sönder. Om dem i `inte_om` svarar den alltid `fel`."""

    def __init__(self, skyddade, hogst=99, inte_om=(), fel=SvararFel):
        self.skyddade, self.hogst, self.inte_om, self.fel, self.fragade = skyddade, hogst, inte_om, fel, []

    def skyddad(self, nummer):
        if len(self.fragade) == self.hogst:
            raise Otillganglig("Svarar inte.")
        self.fragade.append(nummer.nummer)
        if nummer in self.inte_om:
            raise self.fel("Duger inte.")
        return nummer in self.skyddade


@pytest.mark.parametrize("fel", [SvararFel, Otillganglig])
def test_den_som_tjansten_inte_kan_svara_om_hindrar_inte_de_andra(tre, settings, monkeypatch, capsys, fel):
    settings.SUS_FOLKBOKFORING = "tjanst"
    _, numren = tre
    tjanst = Tjanst(numren[1:], inte_om=numren[:1], fel=fel)
    monkeypatch.setattr(skyddskontroll, "folkbokforing", lambda: tjanst)

    with pytest.raises(CommandError, match="1 gick inte att få svar om"):
        call_command("kontrollera_skydd", "--per-sekund=1000")

    assert capsys.readouterr().out == "2 prövade, 2 har fått skydd och är utan identitet.\n"
    finns = kvar()
    assert [finns(nummer) for nummer in numren] == [True, False, False]
    # Nästa gång börjar från början
    assert skyddskontroll.kontrollera(per_sekund=1000) == (0, 0, 1, "")


def test_tre_utan_svar_i_rad_avbryter_men_felaktiga_svar_gor_det_inte(tre, settings, monkeypatch):
    settings.SUS_FOLKBOKFORING = "tjanst"
    _, numren = tre
    for fel, vantat in ((SvararFel, (0, 0, 3, "")), (Otillganglig, (0, 0, 3, "Duger inte."))):
        tjanst = Tjanst([], inte_om=numren, fel=fel)
        monkeypatch.setattr(skyddskontroll, "folkbokforing", lambda tjanst=tjanst: tjanst)
        assert skyddskontroll.kontrollera(per_sekund=1000) == vantat


def test_tjansten_fragas_i_lagom_takt_och_en_avbruten_kontroll_tas_upp_igen(tre, settings, monkeypatch, capsys):
    settings.SUS_FOLKBOKFORING = "tjanst"
    _, numren = tre
    monkeypatch.setattr(skyddskontroll, "PARTI", 1)
    monkeypatch.setattr(skyddskontroll, "TYSTA_I_RAD", 1)
    trasig, hel, pauser = Tjanst(numren[:1], hogst=2), Tjanst(numren[2:]), []
    monkeypatch.setattr(skyddskontroll, "folkbokforing", lambda: trasig)

    utfall = skyddskontroll.kontrollera(per_sekund=4, vanta=pauser.append)

    assert (utfall.provade, utfall.skyddade, utfall.fel, pauser) == (2, 1, "Svarar inte.", [0.25, 0.25])
    monkeypatch.setattr(skyddskontroll, "folkbokforing", lambda: hel)
    assert skyddskontroll.kontrollera(per_sekund=4, vanta=pauser.append) == (1, 1, 0, "")
    assert hel.fragade == [numren[2].nummer]
    finns = kvar()
    assert [finns(nummer) for nummer in numren] == [False, True, False]
    # När den är klar börjar nästa från början
    assert skyddskontroll.kontrollera(per_sekund=4, vanta=pauser.append) == (1, 0, 0, "")
    loggat = str(list(Handelse.objects.using("agare").values_list("detaljer", flat=True)))
    assert not any(nummer.nummer in loggat for nummer in numren)


def test_avbrottet_sags_med_antal_och_felkod(tre, settings, monkeypatch, capsys):
    settings.SUS_FOLKBOKFORING = "tjanst"
    monkeypatch.setattr(skyddskontroll, "folkbokforing", lambda: Tjanst([], hogst=0))

    with pytest.raises(CommandError, match="Nästa gång fortsätter den"):
        call_command("kontrollera_skydd")

    assert capsys.readouterr().out == "0 prövade, 0 har fått skydd och är utan identitet.\n"


def test_utan_folkbokforing_och_med_orimlig_takt_gor_kommandot_inget(settings):
    with pytest.raises(CommandError, match="Ingen folkbokföring"):
        call_command("kontrollera_skydd")
    settings.SUS_FOLKBOKFORING = "register"
    for takt in ("0", "-1", "nan"):
        with pytest.raises(CommandError, match="--per-sekund"):
            call_command("kontrollera_skydd", f"--per-sekund={takt}")
