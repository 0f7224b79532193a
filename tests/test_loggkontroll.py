"""Loggkontroll: en månads läsningar av personer granskas i ett slumpmässigt urval (P8)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from behorighet.granskning import Granskning, dra_urval, granska, manader, manadsnamn, ogranskade_manader
from behorighet.models import Anvandare, Handelse, Loggkontroll, Loggkontrollrad, Organisation
from behorighet.roller import Roll
from tests import fabriker

IDAG = timezone.localdate()
DENNA = IDAG.replace(day=1)
FORRA = (DENNA - timedelta(days=1)).replace(day=1)
LISTA = "/loggkontroll/"
I_ORDNING = Granskning("i_ordning", "")


def text(svar):
    return " ".join(svar.content.decode().split())


def klockan(dag, timme=12):
    return datetime(dag.year, dag.month, dag.day, timme, tzinfo=timezone.get_current_timezone())


def handelser(av, antal, *, dag=FORRA, timme=12, **falt):
    rader = [
        Handelse(
            **{"av_id": av.pk, "typ": "person_visad", "tid": klockan(dag, timme), "person_id": 100 + nr, **falt},
        )
        for nr in range(antal)
    ]
    return Handelse.objects.bulk_create(rader)


@pytest.fixture
def bestallare(client, db):
    konto = fabriker.anvandare(Roll.BESTALLARE, fornamn="Bengt", efternamn="Ställare")
    Anvandare.objects.filter(pk=konto.pk).update(skapad_vid=klockan(FORRA))
    client.force_login(konto)
    return konto


@pytest.fixture
def personal(bestallare):
    return fabriker.anvandare(fornamn="Dag", efternamn="Ansvar", username="dagans")


def dra(av, manad=FORRA):
    return dra_urval(organisation=av.arbetsgivare, manad=manad, av=av)


def posta(client, kontroll, **falt):
    return client.post(f"{LISTA}{kontroll.pk}/", {"token": str(uuid4()), "spara": "Spara", **falt})


# Urvalet


def test_urvalet_ar_tjugofem_av_den_egna_personalens_handelser_om_personer_den_manaden(bestallare, personal):
    ratt = {en.pk for en in handelser(personal, 40)}
    annan = fabriker.anvandare(arbetsgivare=Organisation.objects.create(namn="Regionen", typ="region"))
    handelser(annan, 3)
    handelser(personal, 3, person_id=None)
    handelser(personal, 3, dag=DENNA)
    handelser(personal, 3, dag=FORRA - timedelta(days=1), timme=23)

    kontroll = dra(bestallare)

    valda = set(kontroll.rader.values_list("handelse_id", flat=True))
    assert kontroll.antal_handelser == 40
    assert len(valda) == 25
    assert valda < ratt
    assert Handelse.objects.get(typ="loggkontroll_dragen").detaljer == {
        "kontroll": kontroll.pk,
        "manad": f"{FORRA:%Y-%m}",
        "handelser": 40,
        "urval": 25,
    }


def test_den_som_slogs_upp_utan_att_finnas_i_sus_kan_dras(bestallare, personal):
    hamtad, sokt = (
        handelser(personal, 1, typ=typ, person_id=None, detaljer={"utfall": utfall})[0]
        for typ, utfall in (("person_hamtad", "skyddad"), ("person_sokt", "utan_traff"))
    )

    assert set(dra(bestallare).rader.values_list("handelse_id", flat=True)) == {hamtad.pk, sokt.pk}


def test_manadens_granser_ar_i_svensk_tid(bestallare, personal):
    sista = DENNA - timedelta(days=1)
    med = {en.pk for en in [*handelser(personal, 1, timme=0), *handelser(personal, 1, dag=sista, timme=23)]}

    assert set(dra(bestallare).rader.values_list("handelse_id", flat=True)) == med


def test_urvalet_ar_slumpens(bestallare, personal, settings):
    """Tjugo urval om fem av fyrtio är inte alla lika, och inte alltid de första."""
    settings.SUS_LOGGKONTROLL_ANTAL = 5
    handelser(personal, 40)
    lottade = set()
    for _ in range(20):
        with connection.cursor() as markor:
            markor.execute("SAVEPOINT fore")
            lottade.add(tuple(dra(bestallare).rader.values_list("handelse_id", flat=True)))
            markor.execute("ROLLBACK TO SAVEPOINT fore")

    assert len(lottade) > 1


def test_urvalet_dras_en_gang(bestallare, personal):
    handelser(personal, 40)
    forsta = dra(bestallare)
    rader = set(forsta.rader.values_list("handelse_id", flat=True))

    igen = dra(fabriker.anvandare(Roll.BESTALLARE))

    assert igen == forsta
    assert igen.dragen_av == bestallare
    assert set(igen.rader.values_list("handelse_id", flat=True)) == rader
    assert Handelse.objects.filter(typ="loggkontroll_dragen").count() == 1


def test_en_manad_som_pagar_gar_inte_att_dra(client, bestallare):
    with pytest.raises(ValidationError, match="har inte slutat"):
        dra(bestallare, DENNA)

    svar = client.post(LISTA, {"manad": DENNA.isoformat(), "token": str(uuid4()), "dra": "Dra urval"})

    assert "Urvalet är redan draget. Välj en annan månad." in text(svar)
    assert not Loggkontroll.objects.exists()


def test_tio_drar_samtidigt_och_far_samma_urval(egen_databas):
    konton = [fabriker.anvandare(Roll.BESTALLARE) for _ in range(10)]
    handelser(fabriker.anvandare(), 60)
    grind = Barrier(len(konton))

    def en(konto):
        try:
            grind.wait()
            return dra(konto).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(len(konton)) as trad:
        svaren = set(trad.map(en, konton))

    assert len(svaren) == 1
    assert (Loggkontroll.objects.count(), Loggkontrollrad.objects.count()) == (1, 25)
    assert Handelse.objects.filter(typ="loggkontroll_dragen").count() == 1


def test_en_manad_utan_handelser_ar_granskad_nar_den_ar_dragen(client, bestallare):
    assert ogranskade_manader(bestallare.arbetsgivare, idag=IDAG) == 1

    svar = client.post(LISTA, {"manad": FORRA.isoformat(), "token": str(uuid4()), "dra": "Dra urval"}, follow=True)

    assert f"Inga uppgifter om personer lästes eller ändrades i {manadsnamn(FORRA)}." in text(svar)
    assert "Klar" in text(svar)
    assert ogranskade_manader(bestallare.arbetsgivare, idag=IDAG) == 0


# Månaderna


def test_manaderna_borjar_med_organisationens_forsta_konto_och_gar_hogst_tva_ar_bakat(bestallare, personal):
    handelser(personal, 3)
    handelser(personal, 2, dag=DENNA)

    lista = manader(bestallare.arbetsgivare, idag=IDAG)

    assert [(en.manad, en.antal, en.pagar, en.klar) for en in lista] == [
        (DENNA, 2, True, False),
        (FORRA, 3, False, False),
    ]
    Anvandare.objects.filter(pk=bestallare.pk).update(skapad_vid=klockan(date(2001, 1, 1)))
    assert len(manader(bestallare.arbetsgivare, idag=IDAG)) == 25
    assert ogranskade_manader(bestallare.arbetsgivare, idag=IDAG) == 24


def test_ogranskade_manader_raknas_tills_varje_handelse_ar_granskad(bestallare, personal):
    handelser(personal, 2)
    kontroll = dra(bestallare)
    forsta, nasta = kontroll.rader.order_by("pk")
    granska(kontroll=kontroll, utfall={forsta.pk: I_ORDNING}, av=bestallare)
    assert ogranskade_manader(bestallare.arbetsgivare, idag=IDAG) == 1

    granska(kontroll=kontroll, utfall={nasta.pk: I_ORDNING}, av=bestallare)

    assert ogranskade_manader(bestallare.arbetsgivare, idag=IDAG) == 0


# Granskningen


def test_hela_vagen_pa_sidan(client, bestallare, personal):
    insats = fabriker.insats(namn="Vägen vidare")
    uppdrag = fabriker.uppdrag(personal, Roll.DELTAGARANSVARIG, insats)
    handelser(personal, 2, insats_id=insats.pk, uppdrag_id=uppdrag.pk)
    handelser(personal, 3, person_id=None, typ="inloggad")

    svar = client.post(LISTA, {"manad": FORRA.isoformat(), "token": str(uuid4()), "dra": "Dra urval"}, follow=True)
    kontroll = Loggkontroll.objects.get()
    sidan = text(svar)

    assert svar.redirect_chain == [(f"{LISTA}{kontroll.pk}/", 302)]
    for vantat in ("Dag Ansvar", "Person visad", "Person 100", "<dd>Deltagaransvarig</dd>", "<dd>Vägen vidare</dd>"):
        assert vantat in sidan
    assert "<dd>4</dd>" in sidan  # andra händelser samma dag, också de utan person
    assert f"/logg/?anvandare=dagans&amp;fran={FORRA}&amp;till={FORRA}" in sidan

    forsta, nasta = kontroll.rader.order_by("pk")
    svar = posta(client, kontroll, **{f"utfall_{forsta.pk}": "i_ordning"})
    assert svar["Location"] == f"{LISTA}{kontroll.pk}/"
    sidan = text(client.get(svar["Location"]))
    assert "1 händelse är granskad. 1 återstår." in sidan
    assert f"utfall_{forsta.pk}" not in sidan

    folj_upp = {f"utfall_{nasta.pk}": "folj_upp", f"kommentar_{nasta.pk}": "Ovanligt många samma dag."}
    svar = posta(client, kontroll, **folj_upp)
    assert svar["Location"] == LISTA
    assert f"Loggkontrollen för {manadsnamn(FORRA)} är klar." in text(client.get(LISTA))
    assert "Ovanligt många samma dag." in text(client.get(f"{LISTA}{kontroll.pk}/"))
    nasta.refresh_from_db()
    assert (nasta.granskad_av, nasta.utfall) == (bestallare, "folj_upp")
    assert abs(timezone.now() - nasta.granskad_vid) < timedelta(minutes=5)
    senaste = Handelse.objects.filter(typ="loggkontroll_granskad").order_by("pk").last()
    assert senaste.detaljer == {"kontroll": kontroll.pk, "granskade": 1, "folj_upp": 1, "kvar": 0}


def test_folj_upp_kraver_en_kommentar_utan_personnummer(client, bestallare, personal):
    handelser(personal, 1)
    kontroll = dra(bestallare)
    rad = kontroll.rader.get()

    svar = posta(client, kontroll, **{f"utfall_{rad.pk}": "folj_upp"})
    assert "Skriv en kommentar om det som ska följas upp." in text(svar)
    nummer = fabriker.nytt_nummer()
    for skrivet in (nummer.nummer, nummer.utskrivet, nummer.nummer[2:], f"{nummer.nummer[2:8]} - {nummer.nummer[8:]}"):
        svar = posta(client, kontroll, **{f"utfall_{rad.pk}": "folj_upp", f"kommentar_{rad.pk}": f"Varför {skrivet}?"})
        assert "Skriv inget personnummer i kommentaren." in text(svar), skrivet
    assert "Ange utfall för minst en händelse." in text(posta(client, kontroll))
    rad.refresh_from_db()
    assert rad.utfall == ""


def test_ett_dubbelklick_granskar_en_gang(client, bestallare, personal):
    handelser(personal, 2)
    kontroll = dra(bestallare)
    rad = kontroll.rader.first()
    token = {"token": str(uuid4())}

    svaren = [posta(client, kontroll, **token, **{f"utfall_{rad.pk}": "i_ordning"}) for _ in range(2)]

    assert {svar["Location"] for svar in svaren} == {f"{LISTA}{kontroll.pk}/"}
    assert Handelse.objects.filter(typ="loggkontroll_granskad").count() == 1
    token = {"token": str(uuid4()), "manad": FORRA.isoformat()}
    Anvandare.objects.filter(pk=bestallare.pk).update(skapad_vid=klockan(FORRA - timedelta(days=40)))
    tidigare = {**token, "manad": (FORRA - timedelta(days=1)).replace(day=1).isoformat()}
    assert [client.post(LISTA, tidigare).status_code for _ in range(2)] == [302, 302]


def test_det_granskade_andras_aldrig_och_ingen_annans_svar_tappas(client, bestallare, personal):
    handelser(personal, 2)
    kontroll = dra(bestallare)
    forsta, nasta = kontroll.rader.order_by("pk")
    annan = fabriker.anvandare(Roll.BESTALLARE)
    granska(kontroll=kontroll, utfall={forsta.pk: Granskning("folj_upp", "Se över.")}, av=annan)

    with pytest.raises(ValidationError, match="Någon annan har granskat"):
        granska(kontroll=kontroll, utfall={forsta.pk: I_ORDNING, nasta.pk: I_ORDNING}, av=bestallare)

    forsta.refresh_from_db()
    nasta.refresh_from_db()
    assert (forsta.utfall, forsta.granskad_av, nasta.utfall) == ("folj_upp", annan, "")


def test_den_som_granskar_ser_att_nagon_hann_fore(client, bestallare, personal, monkeypatch):
    handelser(personal, 2)
    kontroll = dra(bestallare)
    forsta, nasta = kontroll.rader.order_by("pk")
    annan = fabriker.anvandare(Roll.BESTALLARE)

    def sparar_samtidigt(**varden):
        granska(kontroll=kontroll, utfall={forsta.pk: I_ORDNING}, av=annan)
        return granska(**varden)

    monkeypatch.setattr("behorighet.granskning.granska", sparar_samtidigt)
    svar = posta(client, kontroll, **{f"utfall_{forsta.pk}": "i_ordning", f"utfall_{nasta.pk}": "i_ordning"})

    sidan = text(svar)
    assert "Någon annan har granskat en eller flera av händelserna under tiden." in sidan
    assert f'name="utfall_{nasta.pk}" value="i_ordning"' in sidan


def test_det_gallrade_sags_och_raknas_inte_som_granskat(client, bestallare, personal):
    kontroll = dra(bestallare)
    adress = reverse("granskning:loggkontroll", args=[kontroll.pk])
    for nr in range(2):
        Loggkontrollrad.objects.create(kontroll=kontroll, handelse_id=10**9 + nr)  # står inte i loggen

    sida = text(client.get(adress))

    assert "2 av händelserna i urvalet är gallrade ur åtkomstloggen och visas inte. 2 av dem granskades aldrig." in sida
    assert "Alla händelser i urvalet är granskade." not in sida


def test_ingen_granskar_sina_egna_handelser(client, bestallare, personal):
    handelser(bestallare, 1)
    handelser(personal, 1)
    kontroll = dra(bestallare)
    egen = kontroll.rader.get(handelse_id__in=Handelse.objects.filter(av_id=bestallare.pk, person_id=100).values("pk"))

    sidan = text(client.get(f"{LISTA}{kontroll.pk}/"))
    assert "De här granskas av en annan beställare i organisationen." in sidan
    assert f"utfall_{egen.pk}" not in sidan
    posta(client, kontroll, **{f"utfall_{egen.pk}": "i_ordning"})
    with pytest.raises(ValidationError, match="en annan beställare"):
        granska(kontroll=kontroll, utfall={egen.pk: I_ORDNING}, av=bestallare)
    egen.refresh_from_db()
    assert egen.utfall == ""

    granska(kontroll=kontroll, utfall={egen.pk: I_ORDNING}, av=fabriker.anvandare(Roll.BESTALLARE))


def test_bara_den_egna_organisationens_kontroll_och_bara_for_bestallaren(client, bestallare, personal):
    handelser(personal, 1)
    kontroll = dra(bestallare)
    region = Organisation.objects.create(namn="Regionen", typ="region")
    client.force_login(fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=region))
    assert client.get(f"{LISTA}{kontroll.pk}/").status_code == 404
    assert posta(client, kontroll, **{f"utfall_{kontroll.rader.get().pk}": "i_ordning"}).status_code == 404
    for roll in set(Roll) - {Roll.BESTALLARE}:
        client.force_login(fabriker.anvandare(roll))
        for adress in (LISTA, f"{LISTA}{kontroll.pk}/"):
            assert client.get(adress).status_code == 403, roll
            assert client.post(adress).status_code == 403, roll
    assert kontroll.rader.get().utfall == ""


def test_att_urvalet_lases_star_i_loggen(client, bestallare, personal):
    handelser(personal, 1)
    kontroll = dra(bestallare)

    client.get(f"{LISTA}{kontroll.pk}/")

    rad = Handelse.objects.get(typ="loggen_visad")
    assert (rad.av_id, rad.detaljer) == (bestallare.pk, {"kontroll": kontroll.pk})


def test_lika_manga_fragor_for_en_handelse_och_for_tjugofem(client, bestallare, personal):
    insats = fabriker.insats()
    uppdrag = fabriker.uppdrag(personal, Roll.DELTAGARANSVARIG, insats)
    antal = []
    for hur_manga, manad in ((1, FORRA), (25, (FORRA - timedelta(days=1)).replace(day=1))):
        handelser(personal, hur_manga, dag=manad, insats_id=insats.pk, uppdrag_id=uppdrag.pk)
        kontroll = dra(bestallare, manad)
        client.get(f"{LISTA}{kontroll.pk}/")
        with CaptureQueriesContext(connection) as fragor:
            client.get(reverse("granskning:loggkontroll", args=[kontroll.pk]))
        antal.append(len(fragor))

    assert antal[0] == antal[1]


def test_att_gora_sager_hur_manga_manader_som_ar_kvar(client, bestallare):
    Anvandare.objects.filter(pk=bestallare.pk).update(skapad_vid=klockan(FORRA - timedelta(days=1)))

    start = text(client.get("/"))
    assert "Månader att granska i Loggkontroll" in start
    assert f'href="{LISTA}"' in start

    for manad in ((FORRA - timedelta(days=1)).replace(day=1), FORRA):
        dra(bestallare, manad)
    assert "Månader att granska i Loggkontroll" not in text(client.get("/"))
