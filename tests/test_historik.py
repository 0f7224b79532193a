"""Historiken: vem ändrade vad, före och efter, för dem som får se det (P8, P9, P10)."""

from datetime import date, timedelta

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from behorighet import historik
from behorighet.historik import KOMMANDO
from behorighet.models import Andringstyp, Behorighet, Handelse, Organisation
from behorighet.roller import Roll
from behorighet.skydd import satt_sammanhang
from behorighet.tjanster import avsluta_behorighet, bestall_behorighet
from deltagare import tjanster
from deltagare.historik import for_deltagande
from deltagare.models import Deltagande, Kod
from deltagare.overforing import staging
from deltagare.overforing.forbindelse import genom
from insatser.historik import for_anvandare, for_insats, for_organisation
from insatser.models import Insats, Uppdrag
from insatser.tjanster import andra_insats
from insatser.uppdrag_tjanster import avsluta_uppdrag, ge_uppdrag
from tests import fabriker
from tests.databas import som_agare

pytestmark = pytest.mark.django_db

IDAG = timezone.localdate()


@pytest.fixture
def insats():
    satt_sammanhang(None)
    return fabriker.insats(fabriker.organisation(namn="Samordningsförbundet Älven"), namn="Vägen vidare")


def falten(andring):
    return {falt.etikett: (falt.fore, falt.efter) for falt in andring.falt}


def text(svar):
    return " ".join(svar.content.decode().split())


def andra(insats, av, **nytt):
    satt_sammanhang(av)
    falt = ("namn", "beskrivning", "startdatum", "slutdatum", "inriktning", "preciserad_inriktning")
    varden = {namn: getattr(insats, namn) for namn in (*falt, "deltagarregistrering", "malgrupper")}
    return andra_insats(insats=insats, version=insats.version, **{**varden, **nytt}, av=av)


def test_insatsens_historik_visar_falt_for_falt_med_det_som_anvandaren_kanner(insats):
    av = fabriker.insatsansvarig(insats.samverkansorganisation)
    andra(insats, av, namn="Vägen fram", malgrupper=["kvinnor", "unga"], slutdatum=IDAG)

    andrad, ny = [en for en in historik.historik(for_insats(insats), sida=None) if en.vad == "Insatsen"]

    assert (andrad.typ, andrad.vem, andrad.arbetsgivare) == (
        Andringstyp.ANDRAD,
        av.get_full_name(),
        "Försäkringskassan",
    )
    assert falten(andrad) == {
        "Insatsnamn": ("Vägen vidare", "Vägen fram"),
        "Slutdatum": ("–", IDAG.isoformat()),
        "Specifik målgrupp": ("Ej tillämpliga målgrupper", "Kvinnor, Unga"),
    }
    assert (ny.typ, ny.vem, ny.utan_fore) == (Andringstyp.NY, KOMMANDO, False)
    assert falten(ny)["Inriktning"] == ("–", "Individinriktad")
    assert falten(ny)["Samverkansorganisation"] == ("–", "Samordningsförbundet Älven")
    assert "Slutdatum" not in falten(ny)  # det som var tomt sägs inte


def test_laset_star_i_historiken(insats):
    konto = fabriker.deltagaransvarig(insats)
    fabriker.inregistrera(insats, konto)

    senast = next(en for en in historik.historik(for_insats(insats), sida=None) if en.vad == "Insatsen")

    assert falten(senast)["Låst av"] == ("–", "en deltagare med personuppgifter")
    assert falten(senast)["Kategoriseringen låst"][1].startswith(IDAG.isoformat())
    assert senast.vem == konto.get_full_name()


def test_uppdrag_som_ges_och_avslutas_star_i_insatsens_historik(insats):
    av = fabriker.insatsansvarig(insats.samverkansorganisation)
    mottagare = fabriker.anvandare(Roll.DELTAGARANSVARIG, fornamn="Dag", efternamn="Ansvar")
    satt_sammanhang(av)
    uppdrag = ge_uppdrag(
        roll=Roll.DELTAGARANSVARIG, behorighet=mottagare.behorigheter.get(), pa=insats, fran=IDAG, till=None, av=av
    )
    avsluta_uppdrag(uppdrag=uppdrag, till=None, nu=True, av=av)

    slut, givet = [en for en in historik.historik(for_insats(insats), sida=None) if en.vad.startswith("Uppdrag")]

    assert slut.vad == "Uppdrag – Deltagaransvarig: Dag Ansvar"
    assert list(falten(slut)) == ["Avslutad genast"]
    assert falten(givet)["Givet av"] == ("–", av.get_full_name())
    assert falten(givet)["Från och med"] == ("–", IDAG.isoformat())


def test_det_som_togs_bort_visas_som_det_var(insats):
    uppdrag = fabriker.uppdrag(fabriker.anvandare(), Roll.DELTAGARANSVARIG, insats)
    fran = uppdrag.fran
    with som_agare():
        uppdrag.delete()

    (borttaget,) = [en for en in historik.historik(for_insats(insats), sida=None) if en.typ == Andringstyp.BORTTAGEN]

    assert falten(borttaget)["Från och med"] == (fran.isoformat(), "–")


def test_det_som_ar_aldre_an_historiken_sager_att_det_inte_har_bevarats(insats, client):
    with som_agare(), connection.cursor() as markor:
        markor.execute("ALTER TABLE insatser_insatshistorikrad DISABLE TRIGGER historiken_andras_aldrig")
        markor.execute("DELETE FROM insatser_insatshistorikrad")
        markor.execute("ALTER TABLE insatser_insatshistorikrad ENABLE TRIGGER historiken_andras_aldrig")
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))

    assert "Ingen historik finns" in text(client.get(reverse("insatser:historik", args=[insats.pk])))

    andra(insats, fabriker.insatsansvarig(insats.samverkansorganisation), namn="Nytt namn")
    forsta = historik.historik(for_insats(insats), sida=None)[0]

    assert forsta.utan_fore
    assert falten(forsta)["Insatsnamn"] == ("–", "Nytt namn")
    svar = text(client.get(reverse("insatser:historik", args=[insats.pk])))
    assert "Det som gällde före har inte bevarats." in svar


def test_varje_falt_som_har_historik_visas():
    """Ett nytt fält får sin egen rubrik utan att någon minns historiken; bara det interna är undantaget."""
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    kallor = [
        *for_insats(insats),
        *for_organisation(insats.samverkansorganisation),
        *for_anvandare(konto),
        *for_deltagande(fabriker.inregistrera(insats, konto)),
    ]
    for kalla in kallor:
        visas = {falt.name for falt in kalla.falt}
        finns = {
            falt.name
            for falt in kalla.rader.model._meta.concrete_fields
            if not falt.name.startswith("pgh_") and falt.name not in {"id", "av_id"}
        }
        assert finns - visas <= {"person", "lopnr", *kalla.galler, "insats", "samverkansorganisation", "anvandare"}
        for falt in kalla.falt:
            etikett = kalla.etiketter.get(falt.name) or falt.verbose_name
            assert "_" not in etikett, falt.name
            kod = falt.base_field if isinstance(falt, ArrayField) else falt
            assert kod.max_length != 40 or kod.choices or falt.name in kalla.koder, falt.name  # koder är aldrig text


def test_personens_historik_har_behorigheter_och_uppdrag_for_bestallaren_och_systemadministratoren(client, insats):
    bestallare = fabriker.anvandare(Roll.BESTALLARE, fornamn="Bengt", efternamn="Ställare")
    person = fabriker.anvandare()
    satt_sammanhang(bestallare)
    (behorighet,) = bestall_behorighet(
        anvandare=person, roller=[Roll.DELTAGARANSVARIG], fran=IDAG, till=None, av=bestallare
    )
    fabriker.uppdrag(person, Roll.DELTAGARANSVARIG, insats, fran=IDAG)
    avsluta_behorighet(behorighet=behorighet, nu=True, av=bestallare)
    system = fabriker.anvandare(Roll.SYSTEMADMINISTRATOR)

    for vem, namn in ((bestallare, "anvandares"), (system, "kontots")):
        client.force_login(vem)
        svar = text(client.get(reverse(f"uppdrag:{namn}_historik", args=[person.pk])))
        assert "Behörighet – Deltagaransvarig" in svar
        assert f"Uppdrag – Deltagaransvarig: {person} – Vägen vidare" in svar
        assert "Beställd av" in svar
        assert "Bengt Ställare" in svar


def test_personens_historik_nas_bara_inom_den_egna_organisationen(client):
    annan = fabriker.anvandare(arbetsgivare=Organisation.objects.create(namn="Regionen", typ="region"))
    egen = fabriker.anvandare()
    adress = "uppdrag:anvandares_historik"
    client.force_login(fabriker.anvandare(Roll.BESTALLARE))
    assert client.get(reverse(adress, args=[egen.pk])).status_code == 200
    assert client.get(reverse(adress, args=[annan.pk])).status_code == 404
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    assert client.get(reverse(adress, args=[egen.pk])).status_code == 403
    assert client.get(reverse("uppdrag:kontots_historik", args=[egen.pk])).status_code == 403


def test_samverkansorganisationens_historik_har_uppdragen_i_den(client, insats):
    konto = fabriker.insatsansvarig(insats.samverkansorganisation)
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))

    svar = text(client.get(reverse("uppdrag:historik", args=[insats.samverkansorganisation_id])))

    assert f"Uppdrag – Insatsansvarig: {konto}" in svar
    assert "Samverkansorganisationen" in svar
    assert "Organisationsnummer" in svar


def utregistrera(deltagande, av, anledning="fullfoljd", **efter):
    satt_sammanhang(av)
    return tjanster.utregistrera(
        deltagande=deltagande,
        version=deltagande.version,
        utregistrering=date(2025, 6, 1),
        avslutningsanledning=anledning,
        efter=efter,
        av=av,
    )


def test_deltagandets_historik_visar_svaren_men_aldrig_vem_och_loggas(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(
        insats,
        konto,
        nummer=nummer,
        fornamn="Kanariefågel",
        efternamn="Zzyzx",
        fore={"forsorjning_fore": ["sjukpenning", "annan"], "arbete_fore": 0, "arbetssokande_fore": True},
    )
    utregistrera(deltagande, konto, forsorjning_efter=["ingen"], arbete_efter=50)
    client.force_login(konto)

    sida = client.get(reverse("deltagare:historik", args=[deltagande.pk]))
    svar = text(sida)

    assert "Försörjning direkt före" in svar
    assert "Sjukpenning, Annan offentlig försörjning" in svar
    assert "Fullföljd insats" in svar
    assert "Ingen offentlig försörjning" in svar
    assert "no-store" in sida["Cache-Control"]
    for hemligt in (nummer.nummer, nummer.nummer[2:], nummer.utskrivet, "Kanariefågel", "Zzyzx"):
        assert hemligt not in svar
    rad = Handelse.objects.get(typ="historik_visad")
    uppdrag = Uppdrag.objects.get(behorighet__anvandare=konto)
    assert (rad.av_id, rad.uppdrag_id, rad.insats_id, rad.person_id, rad.detaljer) == (
        konto.pk,
        uppdrag.pk,
        insats.pk,
        deltagande.person_id,
        {"deltagande": deltagande.pk},
    )


def test_en_kod_som_har_avslutats_visas_med_sin_text(insats):
    konto = fabriker.deltagaransvarig(insats)
    deltagande = fabriker.inregistrera(insats, konto, fore={"utbildning": "gymnasium"})
    with som_agare():
        Kod.objects.filter(kod="gymnasium").update(giltig_till=date(2025, 12, 31))

    assert falten(historik.historik(for_deltagande(deltagande), sida=None)[0])["Högsta slutförda utbildning"] == (
        "–",
        "Gymnasium",
    )


def test_den_som_inte_nar_deltagandet_far_404_utan_att_nagot_loggas(client, insats):
    deltagande = fabriker.inregistrera(insats, fabriker.deltagaransvarig(insats))
    for konto in (fabriker.deltagaransvarig(fabriker.insats()), fabriker.anvandare(Roll.DELTAGARANSVARIG)):
        client.force_login(konto)
        assert client.get(reverse("deltagare:historik", args=[deltagande.pk])).status_code == 404
    client.force_login(fabriker.insatsansvarig(insats.samverkansorganisation))
    assert client.get(reverse("deltagare:historik", args=[deltagande.pk])).status_code == 403
    assert not Handelse.objects.filter(typ="historik_visad").exists()


def test_efter_att_identiteten_tagits_bort_star_historiken_kvar_och_sager_det(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    deltagande = fabriker.inregistrera(insats, konto)
    utregistrera(deltagande, konto, "atertaget_samtycke")
    client.force_login(konto)

    svar = text(client.get(reverse("deltagare:historik", args=[deltagande.pk])))

    assert "Identiteten är borttagen." in svar
    assert "Återtaget samtycke" in svar
    assert "Kim" not in svar
    assert "Påhittad" not in svar


def test_historiken_ligger_under_radskyddet(insats):
    konto = fabriker.deltagaransvarig(insats)
    deltagande = fabriker.inregistrera(insats, konto)

    satt_sammanhang(konto)
    assert historik.historik(for_deltagande(deltagande), sida=None).paginator.count == 1
    satt_sammanhang(fabriker.deltagaransvarig(fabriker.insats()))
    assert historik.historik(for_deltagande(deltagande), sida=None).paginator.count == 0


def test_ra_sql_star_i_historiken_med_den_som_gjorde_det(insats):
    av = fabriker.insatsansvarig(insats.samverkansorganisation)
    satt_sammanhang(av)
    with connection.cursor() as markor:
        markor.execute("UPDATE insatser_insats SET beskrivning = 'Tyst ändrad' WHERE id = %s", [insats.pk])

    senast = next(en for en in historik.historik(for_insats(insats), sida=None) if en.vad == "Insatsen")

    assert (senast.vem, falten(senast)) == (av.get_full_name(), {"Beskrivning": ("–", "Tyst ändrad")})


def test_ett_sparande_som_inte_andrar_nagot_ger_ingen_rad(insats):
    Insats.objects.filter(pk=insats.pk).update(version=7, namn=insats.namn)

    assert historik.historik(for_insats(insats), sida=None).paginator.count == 1


def test_hundra_rader_per_sida_och_lika_manga_fragor_for_alla(client, insats):
    client.force_login(fabriker.anvandare(Roll.SUS_RAPPORT))
    adress = reverse("insatser:historik", args=[insats.pk])
    for _ in range(2):
        fabriker.uppdrag(fabriker.anvandare(), Roll.DELTAGARANSVARIG, insats)
    andra(insats, fabriker.insatsansvarig(insats.samverkansorganisation), namn="Ett nytt namn")
    client.get(adress)
    with CaptureQueriesContext(connection) as fa:
        client.get(adress)
    for nummer in range(130):
        Insats.objects.filter(pk=insats.pk).update(beskrivning=f"Lydelse {nummer}")
    for _ in range(20):
        fabriker.uppdrag(fabriker.anvandare(), Roll.DELTAGARANSVARIG, insats)

    with CaptureQueriesContext(connection) as manga:
        forsta = text(client.get(adress))

    assert len(manga) <= len(fa)  # färre när sidan inte pekar på lika många slags rader
    assert "visar 1–100" in forsta
    andra_sidan = text(client.get(adress, {"sida": "2"}))
    # Raden före står på sidan före: skillnaden finns ändå.
    assert "Lydelse 20" in andra_sidan
    assert "har inte bevarats" not in forsta + andra_sidan
    assert client.get(adress, {"sida": "finns inte"}).status_code == 200


def test_samma_transaktion_visas_i_ordning(insats):
    with transaction.atomic():
        for nummer in range(3):
            Insats.objects.filter(pk=insats.pk).update(beskrivning=f"Lydelse {nummer}")

    efter = [falten(en)["Beskrivning"] for en in historik.historik(for_insats(insats), sida=None)[:3]]

    assert efter == [("Lydelse 1", "Lydelse 2"), ("Lydelse 0", "Lydelse 1"), ("–", "Lydelse 0")]


def test_det_som_raden_pekar_pa_kan_vara_borta(insats):
    konto = fabriker.anvandare()
    fabriker.uppdrag(konto, Roll.DELTAGARANSVARIG, insats)
    with som_agare():
        Insats.objects.filter(pk=insats.pk).delete()

    borttaget = next(en for en in historik.historik(for_anvandare(konto), sida=None) if "insats" in en.vad)

    assert borttaget.typ == Andringstyp.BORTTAGEN
    assert borttaget.vad == f"Uppdrag – Deltagaransvarig: {konto} – insats {insats.pk} (finns inte längre)"


def test_lankarna_till_historiken_finns(client, insats):
    konto = fabriker.deltagaransvarig(insats)
    nummer = fabriker.nytt_nummer()
    deltagande = fabriker.inregistrera(insats, konto, nummer=nummer)
    client.force_login(konto)
    hamtad = client.post(
        reverse("deltagare:registrera"),
        {"insats": insats.pk, "personnummer": nummer.utskrivet, "registrering": "ut", "hamta": "1"},
    )
    assert reverse("deltagare:historik", args=[deltagande.pk]) in text(hamtad)
    assert reverse("insatser:historik", args=[insats.pk]) in text(client.get(insats.get_absolute_url()))
    org = insats.samverkansorganisation
    assert reverse("uppdrag:historik", args=[org.pk]) in text(client.get(org.get_absolute_url()))
    client.force_login(fabriker.anvandare(Roll.BESTALLARE))
    assert reverse("uppdrag:anvandares_historik", args=[konto.pk]) in text(client.get(reverse("behorigheter")))
    client.force_login(fabriker.anvandare(Roll.SYSTEMADMINISTRATOR))
    sida = client.get(konto.arbetsgivare.get_absolute_url())
    assert reverse("uppdrag:kontots_historik", args=[konto.pk]) in text(sida)


def test_behorighetens_historik_ar_aldre_an_raden_som_star_kvar():
    """En behörighet som ändrats i efterhand syns, också när den inte längre är personens."""
    konto = fabriker.anvandare(Roll.SUS_RAPPORT)
    Behorighet.objects.filter(anvandare=konto).update(till=IDAG + timedelta(days=3))

    andrad, ny = historik.historik(for_anvandare(konto), sida=None)

    assert falten(andrad) == {"Till och med": ("–", (IDAG + timedelta(days=3)).isoformat())}
    assert ny.typ == Andringstyp.NY
    assert Deltagande.objects.count() == 0


def test_inlasningens_satser_planeras_for_sina_egna_rader():
    """En sparad plan för några rader tar kvadratisk tid för många (ADR 0014)."""
    with genom("default"), transaction.atomic(), connection.cursor() as markor:
        staging.skapa()
        markor.execute("SHOW plan_cache_mode")
        assert markor.fetchone() == ("force_custom_plan",)
