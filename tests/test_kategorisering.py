"""Kategoriseringen: tabellen i `doman.md` 3.1, ordagrant, i kod och i databas (R9, R10, R12–R14)."""

from itertools import combinations, product

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from insatser import kategorier
from insatser.kategorier import Deltagarregistrering, Inriktning, Malgrupp, PreciseradInriktning, Samverkansform

# Tabellen så som specifikationen skriver den, skild från koden.
TABELL = {
    ("finsam", "individ"): (
        "Rehabilitering mot arbete/utbildning · Förberedande insats · Kartläggning av individer · Förebyggande insats",
        "Kvinnor · Män · Unga · Ej tillämpliga målgrupper",
    ),
    ("finsam", "struktur"): (
        "Utbildning · Dialog och kommunikation · Kartläggning",
        "Myndighetspersonal i samverkan · Samhället i övrigt · Ej tillämpliga målgrupper",
    ),
    ("tvapart", "individ"): (
        "Kartläggning av individer · Team på vårdenheten · Annan inriktning",
        "Kvinnor · Män · Unga · Ej tillämpliga målgrupper",
    ),
    ("tvapart", "struktur"): (
        "Utbildning · Dialog och kommunikation · Kartläggning · Annan inriktning",
        "Läkare · Övrig vårdpersonal · Personal på Försäkringskassan · Annan myndighetspersonal "
        "· Ej tillämpliga målgrupper",
    ),
    ("handlingsplan", "individ"): ("Rehabilitering till arbete och utbildning", ""),
}


def etiketter(val):
    return " · ".join(ett.label for ett in val)


@pytest.mark.parametrize(("form", "inriktning"), list(product(Samverkansform.values, Inriktning.values)))
def test_tabellen_ar_specifikationens(form, inriktning):
    mojliga = kategorier.val(form, inriktning)

    assert (etiketter(mojliga.preciserade), etiketter(mojliga.malgrupper)) == TABELL.get((form, inriktning), ("", ""))


def uppsattningar():
    """Alla uppsättningar med högst tre målgrupper, och några i fel ordning eller med dubbletter."""
    koder = Malgrupp.values
    for antal in range(4):
        yield from (list(u) for u in combinations(koder, antal))
    yield from (["unga", "kvinnor"], ["unga", "unga"], ["ej_tillampliga", "unga"], ["samhallet", "myndighetspersonal"])


def tillaten(form, inriktning, preciserad, registrering, malgrupper):
    """Oberoende av koden: som en människa läser tabellen."""
    if form in {"af", "fk"}:
        return (inriktning, preciserad, registrering, malgrupper) == ("", "", "", [])
    if (form, inriktning) not in TABELL or registrering not in {"personuppgifter", "antal"}:
        return False
    preciserade, grupper = (text.split(" · ") if text else [] for text in TABELL[form, inriktning])
    if preciserad not in PreciseradInriktning.values or PreciseradInriktning(preciserad).label not in preciserade:
        return False
    namn = [Malgrupp(kod).label for kod in malgrupper]
    if namn != [g for g in grupper if g in namn]:
        return False
    if bool(grupper) != bool(namn) or {"Kvinnor", "Män"} <= set(namn):
        return False
    return "Ej tillämpliga målgrupper" not in namn or len(namn) == 1


@pytest.mark.django_db
def test_databasen_tar_exakt_tabellens_kombinationer():
    with connection.cursor() as markor:
        markor.execute(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint "
            "WHERE conname = 'kategoriseringen_finns_i_tabellen'"
        )
        (villkor,) = markor.fetchone()
        markor.execute(
            f"""
            SELECT samverkansform, inriktning, preciserad_inriktning, deltagarregistrering, malgrupper
            FROM unnest(%s::text[]) samverkansform, unnest(%s::text[]) inriktning,
                 unnest(%s::text[]) preciserad_inriktning, unnest(%s::text[]) deltagarregistrering,
                 (SELECT string_to_array(m, ';')::varchar(40)[] AS malgrupper FROM unnest(%s::text[]) m) g
            WHERE {villkor}
            """,
            [
                Samverkansform.values,
                ["", *Inriktning.values],
                ["", *PreciseradInriktning.values],
                ["", *Deltagarregistrering.values],
                [";".join(u) for u in uppsattningar()],
            ],
        )
        i_databasen = {(f, i, p, r, tuple(m)) for f, i, p, r, m in markor.fetchall()}
    alla = product(
        Samverkansform.values,
        ["", *Inriktning.values],
        ["", *PreciseradInriktning.values],
        ["", *Deltagarregistrering.values],
        uppsattningar(),
    )
    vantade = {(f, i, p, r, tuple(m)) for f, i, p, r, m in alla if tillaten(f, i, p, r, m)}

    assert i_databasen == vantade
    # 4·6·2 + 3·4·2 + 3·6·2 + 4·15·2 (fyra målgrupper: 14 uppsättningar med högst tre, och Ej tillämpliga) + 1·1·2 + 2
    assert len(vantade) == 48 + 24 + 36 + 120 + 2 + 2


def prova(**falt):
    grund = {
        "form": "finsam",
        "inriktning": "individ",
        "preciserad_inriktning": "forberedande",
        "deltagarregistrering": "personuppgifter",
        "malgrupper": ["unga"],
        "beskrivning": "",
    }
    kategorier.kontrollera(**{**grund, **falt})


@pytest.mark.parametrize(
    ("falt", "vid"),
    [
        ({"inriktning": ""}, "inriktning"),
        ({"form": "handlingsplan", "inriktning": "struktur"}, "inriktning"),
        ({"preciserad_inriktning": ""}, "preciserad_inriktning"),
        ({"preciserad_inriktning": "dialog"}, "preciserad_inriktning"),
        ({"deltagarregistrering": ""}, "deltagarregistrering"),
        ({"deltagarregistrering": "bada"}, "deltagarregistrering"),
        ({"malgrupper": []}, "malgrupper"),
        ({"malgrupper": ["lakare"]}, "malgrupper"),
        ({"malgrupper": ["kvinnor", "man"]}, "malgrupper"),
        ({"malgrupper": ["kvinnor", "ej_tillampliga"]}, "malgrupper"),
        ({"malgrupper": ["unga", "unga"]}, "malgrupper"),
        ({"malgrupper": ["hittepa"]}, "malgrupper"),
        ({"form": "tvapart", "preciserad_inriktning": "annan"}, "beskrivning"),
        ({"form": "fk"}, "inriktning"),
    ],
)
def test_fel_star_vid_sitt_falt(falt, vid):
    with pytest.raises(ValidationError) as fel:
        prova(**falt)

    assert vid in fel.value.message_dict


def test_alla_tillatna_kombinationer_gar():
    for form, per_inriktning in kategorier.KATEGORIER.items():
        for inriktning, mojliga in per_inriktning.items():
            for preciserad, registrering, malgrupper in product(
                mojliga.preciserade,
                Deltagarregistrering.values,
                kategorier.malgruppskombinationer(mojliga.malgrupper),
            ):
                prova(
                    form=form,
                    inriktning=inriktning,
                    preciserad_inriktning=preciserad,
                    deltagarregistrering=registrering,
                    malgrupper=malgrupper,
                    beskrivning="Vad som görs.",
                )


def test_struktur_forvaljer_endast_antal_och_varnar_for_personuppgifter():
    assert kategorier.FORVALD_REGISTRERING == {Inriktning.STRUKTUR: Deltagarregistrering.ANTAL}
    assert kategorier.varning(inriktning="struktur", deltagarregistrering="personuppgifter")
    assert kategorier.varning(inriktning="struktur", deltagarregistrering="antal") is None
    assert kategorier.varning(inriktning="individ", deltagarregistrering="personuppgifter") is None


def test_malgrupper_visas_i_tabellens_ordning():
    assert kategorier.malgruppstext(["unga", "kvinnor"]) == "Kvinnor, Unga"
