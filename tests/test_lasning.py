"""Låset på kategoriseringen (R11, P14) och det som är samtidigt (P15, P16)."""

import random
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from behorighet.skydd import satt_sammanhang
from deltagare import tjanster
from deltagare.models import Deltagande, Identitet, Volymantal
from deltagare.tjanster import Anonymrad, Arsantal
from deltagare.uppgifter import Kon
from insatser.models import Insats, Lasorsak
from insatser.tjanster import andra_insats, las_kategorisering
from tests import fabriker
from tests.databas import som_agare
from tests.samtidigt import flikar, posta, samtidigt
from tests.test_sidor import indata

ANDRINGAR = [
    "inriktning = 'struktur', preciserad_inriktning = 'dialog', malgrupper = '{samhallet}'",
    "preciserad_inriktning = 'forebyggande'",
    "deltagarregistrering = 'antal'",
    "malgrupper = '{unga}'",
    "kategorisering_last_vid = NULL, last_av = ''",
    "kategorisering_last_vid = now() + interval '1 day'",
    "last_av = 'anonym'",
]


@pytest.mark.django_db
@pytest.mark.parametrize("andring", ANDRINGAR)
def test_last_kategorisering_andras_inte_av_ra_sql(andring):
    insats = fabriker.insats()
    las_kategorisering(insats=insats, orsak=Lasorsak.DELTAGARE, av=None)

    with pytest.raises(IntegrityError, match="låst"), som_agare(), connection.cursor() as markor:
        markor.execute("SET LOCAL pgtrigger.ignore = '{*}'")
        markor.execute(f"UPDATE insatser_insats SET {andring} WHERE id = %s", [insats.pk])
    with pytest.raises(IntegrityError, match="registreringar"), som_agare(), connection.cursor() as markor:
        markor.execute("DELETE FROM insatser_insats WHERE id = %s", [insats.pk])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sats", "sort"),
    [
        ("INSERT INTO deltagare_anonym (insats_id, ar, kon, antal) VALUES (%s, 2025, 'man', 1)", "personuppgifter"),
        ("INSERT INTO deltagare_volymantal (insats_id, ar, antal, version) VALUES (%s, 2025, 1, 1)", "antal"),
    ],
)
def test_registrering_kraver_las_och_ratt_sort(sats, sort):
    ratt = fabriker.insats() if sort == "personuppgifter" else fabriker.volyminsats()
    fel = fabriker.volyminsats() if sort == "personuppgifter" else fabriker.insats()

    def lagg_in(insats):
        with som_agare(), connection.cursor() as markor:
            markor.execute(sats, [insats.pk])

    with pytest.raises(IntegrityError, match="låsas innan"):
        lagg_in(ratt)
    for insats in (ratt, fel):
        las_kategorisering(insats=insats, orsak=Lasorsak.ANONYM, av=None)
    with pytest.raises(IntegrityError, match=r"registreras|deltagare"):
        lagg_in(fel)
    lagg_in(ratt)


@pytest.mark.django_db
def test_kontor_tar_anonyma_utan_las_men_inget_annat():
    kontor = fabriker.insats(
        fabriker.organisation(samverkansform="fk"),
        inriktning="",
        preciserad_inriktning="",
        deltagarregistrering="",
        malgrupper=[],
    )
    konto = fabriker.deltagaransvarig(kontor)

    tjanster.registrera_anonyma(insats=kontor, ar=2025, rader=[Anonymrad(Kon.MAN, 2)], av=konto)

    kontor.refresh_from_db()
    assert not kontor.last
    for forsok in (
        lambda: fabriker.inregistrera(kontor, konto),
        lambda: tjanster.registrera_antal(insats=kontor, ar={2025: Arsantal(1, 0)}, av=konto),
    ):
        with pytest.raises(ValidationError):
            forsok()


@pytest.mark.django_db
def test_laset_star_kvar_nar_registreringen_tas_bort():
    volym = fabriker.volyminsats()
    konto = fabriker.insatsansvarig(volym.samverkansorganisation)
    tjanster.registrera_antal(insats=volym, ar={2025: Arsantal(3, 0)}, av=konto)
    tjanster.registrera_antal(insats=volym, ar={2025: Arsantal(None, 1)}, av=konto)

    volym.refresh_from_db()
    assert volym.last
    assert not Volymantal.objects.exists()


def test_200_kapplopningar_mot_den_forsta_registreringen(egen_databas):
    """Antingen hinner ändringen före, eller så nekas den. Aldrig en ändrad kategorisering under en registrering."""
    slump = random.Random(11)
    org = fabriker.organisation()
    insatsansvarig = fabriker.insatsansvarig(org)
    brutna, utfall = 0, {"ändrad": 0, "nekad": 0}
    for varv in range(200):
        sort = varv % 3
        insats = (fabriker.volyminsats if sort == 2 else fabriker.insats)(org)
        konto = insatsansvarig if sort == 2 else fabriker.deltagaransvarig(insats)
        nya = {"preciserad_inriktning": "dialog" if sort == 2 else "forebyggande"}
        if slump.random() < 0.5:
            nya = {"deltagarregistrering": "personuppgifter" if sort == 2 else "antal"}

        def andra(insats=insats, nya=nya):
            falt = (
                "namn beskrivning startdatum slutdatum inriktning preciserad_inriktning deltagarregistrering malgrupper"
            )
            uppgifter = {namn: getattr(insats, namn) for namn in falt.split()}
            return andra_insats(insats=insats, version=1, **{**uppgifter, **nya}, av=insatsansvarig)

        def registrera(insats=insats, konto=konto, sort=sort):
            with transaction.atomic():
                satt_sammanhang(konto)
                if sort == 0:
                    return fabriker.inregistrera(insats, konto)
                if sort == 1:
                    return tjanster.registrera_anonyma(insats=insats, ar=2025, rader=[Anonymrad(Kon.MAN, 1)], av=konto)
                return tjanster.registrera_antal(insats=insats, ar={2025: Arsantal(1, 0)}, av=konto)

        handlingar = [andra, registrera] if slump.random() < 0.5 else [registrera, andra]
        resultat = dict(zip((h.__name__ for h in handlingar), samtidigt(*handlingar), strict=True))

        efter = Insats.objects.get(pk=insats.pk)
        registrerat = not isinstance(resultat["registrera"], Exception)
        andrad = any(getattr(efter, falt) != getattr(insats, falt) for falt in nya)
        utfall["ändrad" if andrad else "nekad"] += 1
        assert andrad is not isinstance(resultat["andra"], Exception)
        assert registrerat == efter.last
        # Bruten: en registrering i en insats av fel sort, eller en ändring efter låset.
        if registrerat and andrad and "deltagarregistrering" in nya:
            brutna += 1
    assert brutna == 0
    assert min(utfall.values()) > 0, f"kapplöpningen gick bara åt ett håll: {utfall}"


def antal_rader(modell, **villkor):
    with transaction.atomic(), som_agare():
        return modell.objects.filter(**villkor).count()


def test_tio_samtidiga_inregistreringar_av_samma_person_ger_en(egen_databas):
    insats = fabriker.insats()
    konto = fabriker.deltagaransvarig(insats)
    nummer = fabriker.nytt_nummer()

    svar = posta(flikar(konto), reverse("deltagare:registrera"), *(indata(insats, nummer) for _ in range(10)))

    assert sorted(ett.status_code for ett in svar) == [200] * 9 + [302]
    assert antal_rader(Deltagande) == 1
    assert all("redan inregistrerad" in ett.content.decode() for ett in svar if ett.status_code == 200)


def test_samma_identitet_tas_bort_i_tva_insatser_samtidigt(egen_databas):
    """Den som kommer sist ser att ingen längre bär identiteten, och tar bort den (P10)."""
    insatser = [fabriker.insats(), fabriker.insats()]
    konto = fabriker.deltagaransvarig(*insatser)
    for _ in range(10):
        nummer = fabriker.nytt_nummer()
        with transaction.atomic():
            deltaganden = [fabriker.inregistrera(insats, konto, nummer=nummer) for insats in insatser]

        def aterta(deltagande):
            with transaction.atomic():
                satt_sammanhang(konto)
                tjanster.utregistrera(
                    deltagande=deltagande,
                    version=1,
                    utregistrering=deltagande.inregistrering,
                    avslutningsanledning="atertaget_samtycke",
                    efter={},
                    av=konto,
                )

        assert samtidigt(*(partial(aterta, ett) for ett in deltaganden)) == [None, None]
        with transaction.atomic(), som_agare():
            assert not Identitet.objects.filter(person=deltaganden[0].person_id).exists()
