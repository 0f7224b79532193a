"""Beställningar, uppdrag och avslut som möts: en vinner, de andra får veta det, och inget hamnar mitt emellan (P15)."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.utils import timezone

from behorighet import tjanster
from behorighet.genomgang import att_granska, gor_genomgang, marken
from behorighet.models import Behorighet, Genomgang, Organisation
from behorighet.roller import Roll
from insatser.models import Uppdrag
from insatser.uppdrag_tjanster import avsluta_uppdrag, avsluta_uppdrag_for, ge_uppdrag
from tests import fabriker
from tests.samtidigt import samtidigt

IDAG = timezone.localdate()


def i_kapp(forst, sedan):
    """Svaret på `sedan`, vars transaktion började före `forst` men som prövar efter den."""
    borjat, klar, svar = threading.Event(), threading.Event(), []

    def den_andra():
        try:
            with transaction.atomic():
                Organisation.objects.exists()  # transaktionens klocka går nu
                borjat.set()
                klar.wait()
                svar.append(sedan())
        except ValidationError as fel:
            svar.append(fel)
        finally:
            connections.close_all()

    trad = threading.Thread(target=den_andra)
    trad.start()
    borjat.wait()
    forst()
    klar.set()
    trad.join()
    return svar[0]


@pytest.fixture
def org(egen_databas):
    return fabriker.organisation()


@pytest.fixture
def av(org):
    konto = fabriker.anvandare(Roll.SAMVERKANSADMINISTRATOR)
    fabriker.uppdrag(konto, Roll.SAMVERKANSADMINISTRATOR, org)
    return konto


@pytest.fixture
def vald(org):
    return fabriker.behorighet(fabriker.anvandare(), Roll.INSATSANSVARIG)


def ge(org, vald, av):
    return ge_uppdrag(roll=Roll.INSATSANSVARIG, behorighet=vald, pa=org, fran=IDAG, till=None, av=av)


def test_tio_samtidiga_lika_uppdrag_ger_ett_och_de_andra_far_veta_det(org, vald, av):
    svar = samtidigt(*[lambda: ge(org, vald, av)] * 10)

    assert Uppdrag.objects.filter(behorighet=vald).count() == 1
    fel = [ett for ett in svar if isinstance(ett, ValidationError)]
    assert len(fel) == 9
    assert all("Personen har redan uppdraget" in str(ett.message_dict["fran"]) for ett in fel)


def avsluta(vald, av):
    with transaction.atomic():
        tjanster.avsluta_behorighet(behorighet=vald, nu=True, av=av)
        avsluta_uppdrag_for(behorighet=vald, nu=True, av=av)


@pytest.mark.parametrize("varv", range(5))
def test_inget_uppdrag_overlever_behorigheten(org, vald, av, varv):
    samtidigt(lambda: ge(org, vald, av), lambda: avsluta(vald, av))

    assert not Uppdrag.objects.filter(behorighet=vald, avslutad_vid=None).exists()


def test_inget_uppdrag_ges_pa_en_behorighet_som_avslutades_medan_man_vantade(org, vald, av):
    svar = i_kapp(lambda: avsluta(vald, av), lambda: ge(org, vald, av))

    assert "har inte längre någon behörighet" in str(svar)
    assert not Uppdrag.objects.filter(behorighet=vald).exists()


def test_ett_uppdrag_avslutas_en_gang(org, vald, av):
    uppdrag = ge(org, vald, av)

    def slut():
        return avsluta_uppdrag(uppdrag=uppdrag, nu=True, av=av)

    assert "redan avslutat" in str(i_kapp(slut, slut))


@pytest.mark.parametrize("varv", range(5))
def test_tva_systemadministratorer_avslutar_inte_varandra(egen_databas, varv):
    ett, tva = (fabriker.anvandare(Roll.SYSTEMADMINISTRATOR) for _ in range(2))

    def slut(konto, av):
        return tjanster.avsluta_behorighet(behorighet=konto.behorigheter.get(), nu=True, av=av)

    svar = samtidigt(lambda: slut(ett, tva), lambda: slut(tva, ett))

    assert [isinstance(en, ValidationError) for en in svar].count(True) == 1
    assert Behorighet.objects.gallande().filter(roll=Roll.SYSTEMADMINISTRATOR).count() == 1


def test_tva_genomgangar_samtidigt_avslutar_en_gang(egen_databas):
    ett, tva = (fabriker.anvandare(Roll.BESTALLARE) for _ in range(2))
    konto = fabriker.anvandare(Roll.INSATSANSVARIG)
    organisation = konto.arbetsgivare
    rader = list(att_granska(organisation))
    beslut = {rad.pk: "avsluta" if rad.anvandare_id == konto.pk else "behall" for rad in rader}

    def gor(av):
        return gor_genomgang(organisation=organisation, visade=marken(rader), beslut=beslut, av=av)

    svar = samtidigt(lambda: gor(ett), lambda: gor(tva))

    assert Genomgang.objects.count() == 1
    fel = next(en for en in svar if isinstance(en, ValidationError))
    assert "Redan avslutad" in str(fel)
    assert Behorighet.objects.get(anvandare=konto).avslutad_vid < timezone.now() + timedelta(seconds=1)
