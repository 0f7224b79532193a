"""Af/FK-samarbetets listor: vem som väntar, på vad och sedan när, tidslinjen, loggen och filen (R28, P2, P7, P8)."""

import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from behorighet.models import Handelse
from behorighet.skydd import satt_sammanhang
from deltagare import samarbetslistor
from deltagare.listor import sortnyckel
from deltagare.models import Anonym, Samarbete, Samarbetsuppgift
from deltagare.overgangar import Insatstyp, Myndighet
from deltagare.samarbetsbrister import Samarbetsbrist, antal_med_samarbetsbrist
from deltagare.tidslinje import tidslinje, tidslinjer
from deltagare.tjanster.samarbetskontor import byt_kontor
from insatser.kategorier import Samverkansform
from insatser.models import Uppdrag
from sus.att_gora import att_gora
from sus.paminnelser import deltagaransvarigas
from tests import fabriker
from tests.test_logg import utan_logg

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
SIDAN = "/af-fk/"
TYP = Insatstyp
GK = TYP.GEMENSAM_KARTLAGGNING


def sedan(dagar):
    return IDAG - timedelta(days=dagar)


@pytest.fixture
def af():
    return fabriker.kontor(Samverkansform.AF, namn="Af Lund")


@pytest.fixture
def fk():
    return fabriker.kontor(Samverkansform.FK, namn="FK Malmö")


@pytest.fixture
def konto(client, fk):
    ansvarig = fabriker.deltagaransvarig(fk)
    client.force_login(ansvarig)
    return ansvarig


def text(svar):
    return " ".join(svar.content.decode().split())


def namnen(svar):
    return [rad.namn for rad in svar.context["rader"]]


@pytest.fixture
def blandat(af, fk, konto):
    """Fem i olika lägen. Örjan har väntat längst, Åsa är aktiv längst, Vera har flyttat, Zoe och Érik har slutat."""

    def ett(fornamn, efternamn, dagar, *vagen, **falt):
        return fabriker.samarbete(
            af, fk, konto, *vagen, fornamn=fornamn, efternamn=efternamn, datum=sedan(dagar), **falt
        )

    ett("Örjan", "Öst", 40)
    ett("Åsa", "Ärla", 300, (GK, 10))
    ett("Kim", "Bo", 50, (GK, 10), (TYP.PLANERAD_ARBETSLIVSINRIKTAD, 45))
    ett("Zoe", "Zander", 200, (GK, 10), (TYP.AVSLUTAT, 30))
    ett("Érik", "Ek", 100, (TYP.AVBRUTET, 5))
    vera = ett("Vera", "Vik", 60)
    byt_kontor(
        samarbete=vera, version=vera.version, datum=sedan(20), kontor=fk, av=konto,
        till={Myndighet.AF: af, Myndighet.FK: fabriker.kontor(Samverkansform.FK, namn="FK Kiruna")},
    )  # fmt: skip
    return konto


NU = ["Öst, Örjan", "Bo, Kim", "Ärla, Åsa"]
SLUT = ["Ek, Érik", "Zander, Zoe"]


def test_de_som_vantat_langst_star_forst_och_for_vad_och_sedan_nar(client, blandat):
    svar = client.get(SIDAN)

    assert namnen(svar) == NU
    assert [(rad.insatstyp, rad.vantar, rad.sedan, rad.dagar) for rad in svar.context["rader"]] == [
        (TYP.BEGARAN, True, sedan(40), 40),
        (TYP.PLANERAD_ARBETSLIVSINRIKTAD, True, sedan(5), 5),
        (GK, False, sedan(290), 290),
    ]
    assert "De som har väntat längst står först." in text(svar)
    assert namnen(client.get(SIDAN, {"form": "vantar"})) == NU[:2]


@pytest.mark.parametrize(
    ("sok", "vantat"),
    [
        ({"status": "okand"}, NU),
        ({"status": "avslutade"}, SLUT),
        ({"status": "flyttade"}, ["Vik, Vera"]),
        ({"status": "alla"}, ["Vik, Vera", *NU, *SLUT]),
        ({"status": "alla", "sortering": "-dagar"}, ["Ärla, Åsa", "Vik, Vera", "Öst, Örjan", "Bo, Kim", *SLUT]),
        ({"insatstyp": "begaran"}, ["Öst, Örjan"]),
        ({"insatstyp": "finns_inte"}, NU),
        ({"form": "aktiv"}, ["Ärla, Åsa"]),
        ({"form": "avslutar"}, []),
        ({"status": "alla", "form": "avslutar"}, SLUT),
        ({"brist": "vantat_lange"}, ["Öst, Örjan"]),
        ({"status": "alla", "brist": "utan_uppgifter_efter"}, ["Zander, Zoe"]),
        ({"brist": "samtycke_ej_arkiverat"}, NU),
        ({"kontor": "999999"}, NU),
        ({"sortering": "dagar"}, ["Bo, Kim", "Öst, Örjan", "Ärla, Åsa"]),
        ({"sortering": "-dagar"}, ["Ärla, Åsa", "Öst, Örjan", "Bo, Kim"]),
        ({"brist": "utan_uppgifter_fore"}, NU),
        ({"status": "alla", "brist": "utan_uppgifter_fore"}, ["Vik, Vera", *NU, "Zander, Zoe"]),
        ({"sortering": "namn"}, ["Bo, Kim", "Ärla, Åsa", "Öst, Örjan"]),
        ({"sortering": "-namn"}, ["Öst, Örjan", "Ärla, Åsa", "Bo, Kim"]),
        ({"sortering": "insatstyp"}, ["Öst, Örjan", "Ärla, Åsa", "Bo, Kim"]),
        ({"sortering": "-kontor"}, ["Ärla, Åsa", "Bo, Kim", "Öst, Örjan"]),
        ({"sortering": "person__identitet"}, NU),
        ({"sida": "99"}, NU),
    ],
)
def test_varje_urval_och_ordning(client, blandat, sok, vantat):
    assert namnen(client.get(SIDAN, sok)) == vantat


def test_kontoret_valjs_bland_de_egna(client, blandat, af, fk):
    andra = fabriker.kontor(Samverkansform.FK, namn="FK Ystad")
    fabriker.uppdrag(blandat, "deltagaransvarig", andra)
    fabriker.samarbete(af, andra, blandat, fornamn="Ny", efternamn="Nu", datum=sedan(1))

    assert namnen(client.get(SIDAN)) == ["Öst, Örjan", "Bo, Kim", "Nu, Ny", "Ärla, Åsa"]
    assert namnen(client.get(SIDAN, {"kontor": andra.pk})) == ["Nu, Ny"]
    assert namnen(client.get(SIDAN, {"kontor": fk.pk})) == NU


def test_bada_myndigheterna_ser_den_och_ingen_annan(blandat, af):
    for kontor, vantat in ((af, ["Vik, Vera", *NU]), (None, [])):
        annan = Client()
        annan.force_login(fabriker.deltagaransvarig(kontor or fabriker.kontor(Samverkansform.AF)))
        assert namnen(annan.get(SIDAN)) == vantat


def test_utan_kontor_sags_vem_man_fragar(client):
    client.force_login(fabriker.deltagaransvarig(fabriker.insats()))

    svar = text(client.get(SIDAN))

    assert "Du saknar uppdrag som deltagaransvarig" in svar
    assert client.get(reverse("samarbete:export")).status_code == 302


def test_var_och_en_i_listan_loggas_med_uppdraget(client, blandat, fk):
    client.get(SIDAN, {"status": "alla"})

    rader = Handelse.objects.filter(typ="person_i_lista")
    assert rader.count() == 6
    uppdrag = Uppdrag.objects.get(behorighet__anvandare=blandat)
    assert set(rader.values_list("av_id", "uppdrag_id", "insats_id")) == {(blandat.pk, uppdrag.pk, fk.pk)}


def test_kan_loggen_inte_skrivas_visas_ingen(blandat):
    client = Client(raise_request_exception=False)
    client.force_login(blandat)
    with utan_logg():
        svar = client.get(SIDAN)

    assert svar.status_code in {403, 500}
    assert "Ärla" not in text(svar)


def test_antalet_fragor_ar_detsamma_for_en_och_for_hundra(client, konto, af, fk):
    fabriker.samarbete(af, fk, konto, datum=sedan(40))
    client.get(SIDAN)
    with CaptureQueriesContext(connection) as en:
        client.get(SIDAN)
    for _ in range(20):
        fabriker.samarbete(af, fk, konto, datum=sedan(40))
    with CaptureQueriesContext(connection) as flera:
        svar = client.get(SIDAN)

    assert len(svar.context["rader"]) == 21
    assert len(flera) == len(en)
    assert len(flera) <= 12, [fraga["sql"][:90] for fraga in flera]


def test_numret_ar_dolt_och_visas_loggat(client, konto, af, fk):
    nummer = fabriker.nytt_nummer()
    ett = fabriker.samarbete(af, fk, konto, nummer=nummer)

    assert nummer.utskrivet not in text(client.get(SIDAN))
    adress = reverse("samarbete:personnummer", args=[ett.pk])
    assert nummer.utskrivet in text(client.post(adress, headers={"hx-request": "true"}))
    assert nummer.utskrivet in text(client.post(adress))
    assert Handelse.objects.filter(typ="personnummer_visat", person_id=ett.person_id).count() == 2


def test_filen_har_listans_rader_och_loggas_med_andamal(client, blandat, fk):
    adress = f"{reverse('samarbete:export')}?status=alla&sortering=-dagar"
    assert client.post(adress, {}).context["form"].errors["andamal"]
    svar = client.post(adress, {"andamal": "kontroll"})

    ark = load_workbook(io.BytesIO(svar.content)).active
    rader = list(ark.values)
    assert rader[0] == tuple(namn for namn, _ in samarbetslistor.KOLUMNER)
    assert [rad[0] for rad in rader[1:]] == ["Ärla, Åsa", "Vik, Vera", "Öst, Örjan", "Bo, Kim", *SLUT]
    assert rader[3][4:8] == ("Begäran om gemensam kartläggning", "I väntan på aktivitet", rader[3][6], 40)
    assert rader[3][6].date() == sedan(40)
    exporterade = Handelse.objects.filter(typ="deltagare_exporterad", insats_id=fk.pk)
    assert exporterade.count() == 6
    assert exporterade.first().detaljer["andamal"] == "kontroll"


def test_den_utan_identitet_visas_utan_namn_och_loggas_inte(client, konto, af, fk):
    fabriker.samarbete(af, fk, konto, fornamn="Kanariefågel", datum=sedan(9))
    ett = Samarbete.objects.get()
    fabriker.tjanster_samarbete.registrera_overgang(
        samarbete=ett, version=ett.version, till=TYP.AVBRUTET, datum=IDAG, orsak="samtycke_atertas", kontor=fk,
        myndighet=Myndighet.FK, av=konto,
    )  # fmt: skip

    svar = client.get(SIDAN, {"status": "alla"})

    assert namnen(svar) == ["Utan identitet"]
    assert "Kanariefågel" not in text(svar)
    assert not Handelse.objects.filter(typ="person_i_lista").exists()


# Tidslinjen


def test_tidslinjen_har_stegen_dagarna_och_kontoren(af, fk, konto):
    ett = fabriker.samarbete(af, fk, konto, (GK, 10), datum=date(2025, 1, 1))
    nytt = fabriker.kontor(Samverkansform.FK, namn="FK Ystad")
    fabriker.uppdrag(konto, "deltagaransvarig", nytt)
    ett = byt_kontor(
        samarbete=ett, version=ett.version, datum=date(2025, 1, 21), till={Myndighet.AF: af, Myndighet.FK: nytt},
        kontor=fk, av=konto,
    )  # fmt: skip
    fabriker.tjanster_samarbete.registrera_overgang(
        samarbete=ett, version=ett.version, till=TYP.PLANERAD_ARBETSFORBEREDANDE, datum=date(2025, 1, 31),
        kontor=nytt, myndighet=Myndighet.FK, av=konto,
    )  # fmt: skip

    linje = tidslinje(ett, idag=date(2025, 2, 10))

    assert [(s.insatstyp, s.fran, s.till, s.dagar, s.vantar) for s in linje.steg] == [
        (TYP.BEGARAN, date(2025, 1, 1), date(2025, 1, 11), 10, True),
        (GK, date(2025, 1, 11), date(2025, 1, 31), 20, False),
        (TYP.PLANERAD_ARBETSFORBEREDANDE, date(2025, 1, 31), None, 10, True),
    ]
    assert [[(k.fk_kontor, k.fran) for k in s.kontor] for s in linje.steg] == [
        [("FK Malmö", None)],
        [("FK Malmö", None), ("FK Ystad", date(2025, 1, 21))],
        [("FK Ystad", None)],
    ]
    assert (linje.dagar, linje.vantan, linje.slut) == (40, 20, None)
    assert [(s.plats, s.bredd) for s in linje.steg] == [("0.00%", "25.00%"), ("25.00%", "50.00%"), ("75.00%", "25.00%")]


def test_tidslinjen_visar_kontoren_som_byttes_i_dag(af, fk, konto):
    ett = fabriker.samarbete(af, fk, konto, (GK, 10), datum=sedan(30))
    nytt = fabriker.kontor(Samverkansform.FK, namn="FK Ystad")
    ett = byt_kontor(
        samarbete=ett, version=ett.version, datum=IDAG, till={Myndighet.AF: af, Myndighet.FK: nytt}, kontor=fk, av=konto
    )

    linje = tidslinje(ett, idag=IDAG)

    assert [[(k.fk_kontor, k.fran) for k in s.kontor] for s in linje.steg] == [
        [("FK Malmö", None)],
        [("FK Malmö", None), ("FK Ystad", IDAG)],
    ]


def test_tidslinjen_for_det_som_borjar_och_slutar_samma_dag(af, fk, konto):
    ett = fabriker.samarbete(af, fk, konto, (TYP.AVBRUTET, 0))

    linje = tidslinje(ett, idag=IDAG)

    assert (linje.dagar, linje.vantan, linje.slut) == (0, 0, date(2025, 3, 1))
    assert [(s.dagar, s.orsak) for s in linje.steg] == [(0, ""), (None, "Eget initiativ")]


def test_flera_tidslinjer_kostar_lika_manga_fragor_som_en(af, fk, konto):
    samarbeten = [fabriker.samarbete(af, fk, konto, (GK, 3)) for _ in range(5)]
    with CaptureQueriesContext(connection) as fragor:
        assert len(tidslinjer(samarbeten, idag=IDAG)) == 5
    assert len(fragor) == 2


def test_sidan_visar_tidslinjen_ocksa_som_text(client, blandat):
    ett = Samarbete.objects.get(insatstyp=TYP.PLANERAD_ARBETSLIVSINRIKTAD)

    svar = text(client.get(reverse("samarbete:samarbete", args=[ett.pk])))

    assert "Väntar: <strong>Planerad arbetslivsinriktad</strong>" in svar
    assert "<strong>50</strong> dagar, varav <strong>15</strong> i väntan" in svar
    assert Handelse.objects.filter(typ="person_visad", person_id=ett.person_id, detaljer__samarbete=ett.pk).exists()
    assert "style=" not in svar.split("<main", 1)[1]


# Historik enskild deltagare


def test_historiken_visar_samarbetena_inom_rackhall(client, konto, af, fk):
    nummer = fabriker.nytt_nummer()
    ett = fabriker.samarbete(af, fk, konto, (TYP.AVBRUTET, 5), nummer=nummer, datum=sedan(90))
    tva = fabriker.samarbete(af, fk, konto, nummer=nummer, datum=sedan(40))
    adress = reverse("deltagare:person")

    svar = client.post(adress, {"personnummer": nummer.utskrivet})

    assert [linje.samarbete_id for _, linje in svar.context["samarbeten"]] == [tva.pk, ett.pk]
    assert reverse("samarbete:samarbete", args=[tva.pk]) in text(svar)
    assert "Ingen registrering med det numret" not in text(svar)
    assert Handelse.objects.filter(typ="person_visad", person_id=ett.person_id).count() == 2
    assert not Handelse.objects.filter(typ="person_sokt", detaljer__utfall="utan_traff").exists()

    annan = Client()
    annan.force_login(fabriker.deltagaransvarig(fabriker.kontor(Samverkansform.FK)))
    frammande, finns_inte = (
        text(annan.post(adress, {"personnummer": n.utskrivet})) for n in (nummer, fabriker.nytt_nummer())
    )
    assert "Ingen registrering med det numret" in frammande
    assert frammande.count("<td") == finns_inte.count("<td") == 0


# Att göra


def test_att_gora_raknar_och_leder_till_listan(client, blandat):
    satt_sammanhang(blandat)
    rader = {rad.text: rad for rad in att_gora(blandat) if rad.adress.startswith(SIDAN)}

    assert {text: rad.antal for text, rad in rader.items()} == {
        "Deltagare som har väntat i över 30 dagar i Af/FK-samarbetet": 1,
        "Samtycken i Af/FK-samarbetet som inte är markerade som arkiverade": 5,
        "Samarbeten utan uppgifter före": 4,
        "Avslutade samarbeten utan uppgifter efter": 1,
    }
    for rad in rader.values():
        assert len(client.get(rad.adress).context["rader"]) == rad.antal


def test_veckobrevet_har_antalen_och_inga_namn(blandat):
    laget = deltagaransvarigas(blandat)

    assert laget.rader() == [
        "1 deltagare har väntat i över 30 dagar i Af/FK-samarbetet.",
        "5 samtycken i Af/FK-samarbetet är inte markerade som arkiverade.",
        "4 samarbeten saknar uppgifter före.",
        "1 avslutat samarbete saknar uppgifter efter.",
    ]
    assert not laget.nytt_sedan(laget.detaljer())
    assert laget.nytt_sedan({"deltaganden": {}})


def test_bristerna_forsvinner_nar_de_ar_atgardade(blandat):
    satt_sammanhang(blandat)
    zoe = Samarbete.objects.get(insatstyp=TYP.AVSLUTAT)
    for tillfalle in ("fore", "efter"):
        Samarbetsuppgift.objects.create(samarbete=zoe, tillfalle=tillfalle)
    Samarbete.objects.filter(pk=zoe.pk).update(samtycke_arkiverat=IDAG)

    antal = antal_med_samarbetsbrist(Samarbete.objects.filter(pk=zoe.pk), idag=IDAG)

    assert set(antal.values()) == {0}
    assert set(antal) == set(Samarbetsbrist)


# Samtycken


def test_samtyckena_hos_ett_kontor_markeras_som_arkiverade(client, blandat, fk):
    adress = reverse("deltagare:samtycken")
    svar = client.get(adress, {"insats": fk.pk, "sortering": "inregistrering"})
    rader = svar.context["form"].rader

    assert [rad.namn for rad in rader] == ["Ärla, Åsa", "Zander, Zoe", "Ek, Érik", "Bo, Kim", "Öst, Örjan"]
    valda = [f"{rad.post.pk}:{rad.post.version}" for rad in rader[:2]]
    fel = client.post(f"{adress}?insats={fk.pk}", {"rad": valda, "arkiverat": sedan(250).isoformat()})
    assert f"vars samarbete började {sedan(200)}" in text(fel)
    client.post(f"{adress}?insats={fk.pk}", {"rad": valda, "arkiverat": IDAG.isoformat()})

    satt_sammanhang(blandat)
    assert Samarbete.objects.filter(samtycke_arkiverat=IDAG).count() == 2
    assert Handelse.objects.filter(typ="samtycke_arkiverat", insats_id=fk.pk).count() == 2
    krock = client.post(f"{adress}?insats={fk.pk}&visas=alla", {"rad": valda, "arkiverat": IDAG.isoformat()})
    assert "Någon annan har ändrat" in text(krock)
    assert len(client.get(adress, {"insats": fk.pk}).context["form"].rader) == 3


# Anonyma


def test_anonyma_registreras_hos_ett_kontor(client, konto, fk):
    sidan = client.get(reverse("deltagare:anonyma"))
    assert sidan.context["form"].fields["insats"].label == "Kontor"

    client.post(
        reverse("deltagare:anonyma"),
        {"insats": fk.pk, "ar": IDAG.year, "antal_kvinnor": "3", "antal_man": "2", "spara": "Spara"},
    )

    assert set(Anonym.objects.filter(insats=fk).values_list("ar", "kon", "antal")) == {
        (IDAG.year, "kvinna", 3),
        (IDAG.year, "man", 2),
    }


def test_namnordningen_ar_svensk():
    assert sorted(["Öst", "Zander", "Ärla"], key=sortnyckel) == ["Zander", "Ärla", "Öst"]
