"""Kommandot paminn: vem som får brev, när, och vad som står i dem (P7)."""

import smtplib
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.utils import timezone

from behorighet.genomgang import nasta_genomgang
from behorighet.models import Behorighet, Genomgang, Handelse, Organisation, Organisationstyp
from behorighet.roller import Roll
from tests import fabriker

pytestmark = pytest.mark.django_db
IDAG = timezone.localdate()
OM_EN_VECKA = IDAG + timedelta(days=7)


@pytest.fixture(autouse=True)
def _epost(settings):
    settings.EPOST = True
    settings.DEFAULT_FROM_EMAIL = "sus@sus.example"
    settings.SUS_ADRESS = "https://sus.example"


@pytest.fixture
def kommun():
    return Organisation.objects.create(namn="Vänersnäs kommun", typ=Organisationstyp.KOMMUN)


@pytest.fixture
def bestallare(kommun):
    return fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun, epost="birgitta@kommun.example", efternamn="Ek")


def som_slutar(kommun, till=OM_EN_VECKA):
    konto = fabriker.anvandare(arbetsgivare=kommun, fornamn="Åsa", efternamn="Ärla", epost="asa@kommun.example")
    return fabriker.behorighet(konto, Roll.INSATSANSVARIG, till=till)


def paminn():
    mail.outbox.clear()
    ut = StringIO()
    call_command("paminn", stdout=ut)
    return ut.getvalue(), list(mail.outbox)


def skickad(konto, behorigheter=(), genomgang="", dagar=7):
    Handelse.objects.create(
        typ="paminnelse_skickad",
        tid=timezone.now() - timedelta(days=dagar),
        detaljer={"konto": konto.pk, "behorigheter": list(behorigheter), "genomgang": genomgang},
    )


def test_bestallaren_far_antal_och_adress_men_inga_namn(kommun, bestallare):
    rader = [som_slutar(kommun) for _ in range(2)]

    ut, brev = paminn()

    assert ut == "Skickade påminnelser: 1.\n"
    assert [(ett.to, ett.from_email) for ett in brev] == [(["birgitta@kommun.example"], "sus@sus.example")]
    text = f"{brev[0].subject}\n{brev[0].body}"
    assert "2 behörigheter i din organisation slutar inom 30 dagar." in text
    assert "https://sus.example" in text
    for namn in ("Åsa", "Ärla", "Ek", "Vänersnäs", "insatsansvarig"):
        assert namn not in text
    rad = Handelse.objects.get()
    assert (rad.typ, rad.av_id) == ("paminnelse_skickad", None)
    assert rad.detaljer == {"konto": bestallare.pk, "behorigheter": sorted(b.pk for b in rader), "genomgang": ""}


@pytest.mark.parametrize(
    ("fore", "besked"),
    [
        (340, "Genomgången av behörigheter ska vara gjord senast"),
        (400, "Genomgången av behörigheter skulle ha varit gjord senast"),
        (100, None),
    ],
)
def test_genomgangen(kommun, bestallare, fore, besked):
    dag = timezone.now() - timedelta(days=fore)
    Genomgang.objects.create(organisation=kommun, gjord_av=bestallare, gjord_vid=dag)

    _, brev = paminn()

    assert len(brev) == (1 if besked else 0)
    if besked:
        assert besked in brev[0].body
        assert "slutar inom" not in brev[0].body


def test_bara_bestallare_med_epost_och_egen_organisation(kommun, bestallare):
    som_slutar(kommun)
    fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun)  # utan e-post
    fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun, epost="x@kommun.example", is_active=False)
    slutat = fabriker.anvandare(arbetsgivare=kommun, epost="y@kommun.example")
    fabriker.behorighet(slutat, Roll.BESTALLARE, fran=IDAG - timedelta(days=9), till=fabriker.IGAR)
    fabriker.anvandare(Roll.BESTALLARE, epost="annan@fk.example")

    assert [ett.to for ett in paminn()[1]] == [["birgitta@kommun.example"]]


def test_inget_att_paminna_om(bestallare):
    assert paminn() == ("Skickade påminnelser: 0.\n", [])
    assert not Handelse.objects.exists()


@pytest.mark.parametrize(("dagar", "antal"), [(0, 0), (6, 0), (7, 1)])
def test_hogst_en_gang_i_veckan(kommun, bestallare, dagar, antal):
    som_slutar(kommun)
    skickad(bestallare, dagar=dagar)

    assert len(paminn()[1]) == antal


def test_den_forsenade_sags_inte_varje_vecka(kommun, bestallare):
    gjord = timezone.now() - timedelta(days=400)
    Genomgang.objects.create(organisation=kommun, gjord_av=bestallare, gjord_vid=gjord)
    skickad(bestallare, genomgang=f"forsenad {nasta_genomgang(kommun)}", dagar=20)

    assert paminn()[1] == []


def test_bara_nar_nagot_ar_nytt(kommun, bestallare):
    gammal, annan = som_slutar(kommun), som_slutar(kommun)
    skickad(bestallare, [gammal.pk, annan.pk], dagar=8)
    assert paminn()[1] == []

    Behorighet.objects.filter(pk=annan.pk).update(till=None)
    assert paminn()[1] == []

    som_slutar(kommun)
    assert len(paminn()[1]) == 1
    assert paminn()[1] == []


def test_en_forsenad_genomgang_ar_nytt_en_gang(kommun, bestallare):
    gjord = timezone.now() - timedelta(days=400)
    Genomgang.objects.create(organisation=kommun, gjord_av=bestallare, gjord_vid=gjord)
    skickad(bestallare, genomgang=str(timezone.localdate(gjord) + timedelta(days=365)), dagar=20)

    assert len(paminn()[1]) == 1

    forra = Handelse.objects.order_by("-pk").first().detaljer["genomgang"]
    assert forra.startswith("forsenad ")
    assert paminn()[1] == []


@pytest.mark.parametrize("saknas", ["EPOST", "DEFAULT_FROM_EMAIL", "SUS_ADRESS"])
def test_utan_installningar_sags_det(settings, kommun, bestallare, saknas):
    som_slutar(kommun)
    setattr(settings, saknas, "")

    with pytest.raises(CommandError, match=r"Inga påminnelser är skickade\. Sätt SUS_\w+ i miljön\."):
        paminn()
    assert mail.outbox == []


class Trasig(EmailBackend):
    """En server som vägrar en mottagare."""

    def send_messages(self, messages):
        if messages[0].to == ["birgitta@kommun.example"]:
            raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"nej")})
        return super().send_messages(messages)


def test_ett_brev_som_inte_gar_att_skicka_hindrar_inte_de_andra(settings, kommun, bestallare, capsys):
    som_slutar(kommun)
    annan = fabriker.anvandare(Roll.BESTALLARE, arbetsgivare=kommun, epost="annan@kommun.example")
    settings.EMAIL_BACKEND = "tests.test_paminnelser.Trasig"

    with pytest.raises(CommandError, match="1 gick inte att skicka"):
        paminn()

    assert [ett.to for ett in mail.outbox] == [["annan@kommun.example"]]
    assert [rad.detaljer["konto"] for rad in Handelse.objects.all()] == [annan.pk]
    assert "birgitta@" not in "".join(capsys.readouterr())


# Deltagaransvariga


def inregistrerad(insats, konto, dagar=40, **falt):
    return fabriker.inregistrera(insats, konto, inregistrering=IDAG - timedelta(days=dagar), **falt)


@pytest.fixture
def insats():
    return fabriker.insats(namn="Vägen vidare")


@pytest.fixture
def ansvarig(insats):
    konto = fabriker.deltagaransvarig(insats)
    konto.epost = "dag@kommun.example"
    konto.save(update_fields=["epost"])
    return konto


def test_deltagaransvarig_far_antal_men_inga_namn(insats, ansvarig):
    fabriker.fraga(insats.samverkansorganisation)
    gammal = inregistrerad(insats, ansvarig, 1200, fornamn="Kanariefågel", efternamn="Zzyzx")
    nyss = inregistrerad(insats, ansvarig, 3, fornamn="Kanariefågel", efternamn="Zzyzx")
    slut = fabriker.insats(namn="Slutet", slutdatum=IDAG - timedelta(days=1))
    fabriker.uppdrag(ansvarig, Roll.DELTAGARANSVARIG, slut)
    kvar = inregistrerad(slut, ansvarig)

    ut, brev = paminn()

    assert ut == "Skickade påminnelser: 1.\n"
    (ett,) = brev
    assert ett.to == ["dag@kommun.example"]
    assert ett.subject == "SUS: deltagare att se över"
    assert ett.body.splitlines()[:4] == [
        "1 deltagare är kvar i en insats som har slutat.",
        "1 deltagare har varit inregistrerad i över tre år.",
        "2 deltagare har obesvarade kompletterande frågor.",
        "2 samtycken är inte markerade som arkiverade.",
    ]
    assert "https://sus.example" in ett.body
    for namn in ("Kanariefågel", "Zzyzx", "Vägen", "Slutet"):
        assert namn not in ett.body
    assert Handelse.objects.get(typ="paminnelse_skickad").detaljer == {
        "konto": ansvarig.pk,
        "deltaganden": {
            "insatsen_slut": [kvar.pk],
            "over_tre_ar": [gammal.pk],
            "obesvarade_fragor": [gammal.pk, nyss.pk],
            "samtycke_ej_arkiverat": [gammal.pk, kvar.pk],
        },
    }
    assert not Handelse.objects.filter(typ="person_i_lista").exists()


def test_bara_den_egna_rackvidden_raknas(insats, ansvarig):
    annan = fabriker.insats()
    kollega = fabriker.deltagaransvarig(annan)
    inregistrerad(annan, kollega)

    assert paminn()[1] == []
    inregistrerad(insats, ansvarig)
    assert "1 samtycke är inte markerat som arkiverat." in paminn()[1][0].body


def test_deltagaransvarig_hogst_en_gang_i_veckan_och_bara_nar_nagot_ar_nytt(insats, ansvarig):
    forsta = inregistrerad(insats, ansvarig)
    laget = {"samtycke_ej_arkiverat": [forsta.pk]}

    def tidigare(dagar):
        Handelse.objects.create(
            typ="paminnelse_skickad",
            tid=timezone.now() - timedelta(days=dagar),
            detaljer={"konto": ansvarig.pk, "deltaganden": laget},
        )

    tidigare(20)
    assert paminn()[1] == []
    inregistrerad(insats, ansvarig)
    assert len(paminn()[1]) == 1
    inregistrerad(insats, ansvarig)
    assert paminn()[1] == []  # en vecka har inte gått


def test_ett_brev_av_annat_slag_raknas_i_veckan(insats, ansvarig):
    inregistrerad(insats, ansvarig)
    skickad(ansvarig, dagar=3)
    assert paminn()[1] == []


def test_utan_uppdrag_eller_epost_inget_brev(insats, ansvarig):
    inregistrerad(insats, ansvarig)
    ansvarig.epost = ""
    ansvarig.save(update_fields=["epost"])
    fabriker.anvandare(Roll.DELTAGARANSVARIG, epost="ulla@kommun.example")

    assert paminn()[1] == []
