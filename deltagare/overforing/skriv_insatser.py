"""Skriver samverkansorganisationer, insatser, budget och antal ur arbetstabellerna."""

from typing import Final

from psycopg import sql

from deltagare.overforing.forbindelse import ar_agarens
from deltagare.overforing.staging import hamta, kor, planera_om
from deltagare.overforing.tabeller import INSATS, ORGANISATION, Antal, Tabell, kolumner, lista

_VIDGA: Final = """
    UPDATE {tabell} t SET startdatum = least(t.startdatum, s.startdatum),
           slutdatum = CASE WHEN t.slutdatum IS NOT NULL AND s.slutdatum IS NOT NULL
                            THEN greatest(t.slutdatum, s.slutdatum) END
    FROM {arbets} s WHERE s.id = t.id AND (t.startdatum, t.slutdatum) IS DISTINCT FROM (s.startdatum, s.slutdatum)
"""
# Den som byter namn med en annan i samma fil: namnen släpps först.
_SLAPP_NAMN: Final = """
    UPDATE insatser_insats t SET namn = 'import ' || t.id || ' ' || gen_random_uuid()
    FROM imp_insats s WHERE s.id = t.id AND t.namn <> s.namn
"""
_SLAPP_BUDGET: Final = """
    UPDATE insatser_budget b SET planerat_antal = NULL, budgeterat_antal_volym = NULL
    FROM imp_budget s, insatser_insats t, imp_insats i
    WHERE b.id = s.id AND t.id = b.insats_id AND i.id = t.id AND t.deltagarregistrering <> i.deltagarregistrering
"""
_LAS: Final = """
    UPDATE insatser_insats i SET kategorisering_last_vid = now(), last_av = f.orsak{version}
    FROM (SELECT k.id, max(r.orsak) AS orsak
          FROM (SELECT lokal, 'deltagare' AS orsak FROM imp_deltagande GROUP BY lokal
                UNION ALL SELECT lokal, 'anonym' FROM imp_anonym
                UNION ALL SELECT lokal, 'antal' FROM imp_volymantal) r
          JOIN imp_kand k USING (lokal) GROUP BY k.id) f
    WHERE f.id = i.id AND i.kategorisering_last_vid IS NULL AND i.inriktning <> ''
    RETURNING i.id
"""


def skriv_organisationer(*, med_kommuner: bool) -> Antal:
    """Skriver organisationerna. Datumen vidgas här och dras ihop sist (`dra_ihop`): vakterna håller hela vägen."""
    organisationer = _andrade(ORGANISATION)
    if med_kommuner:
        organisationer |= _organisationer_med_andrat_omrade()
    nya_organisationer = kor(
        """
        INSERT INTO insatser_samverkansorganisation
            (id, organisationsnummer, namn, samverkansform, startdatum, slutdatum, beskrivning, version)
        SELECT id, organisationsnummer, namn, samverkansform, startdatum, slutdatum, beskrivning, 1
        FROM imp_organisation WHERE ny ORDER BY id
        """
    )
    _vidga(ORGANISATION)
    kor(
        """
        UPDATE insatser_samverkansorganisation t
        SET namn = s.namn, samverkansform = s.samverkansform, beskrivning = s.beskrivning, version = t.version + 1
        FROM imp_organisation s WHERE s.id = t.id AND t.id = ANY(%s)
        """,
        [list(organisationer)],
    )
    if med_kommuner:
        _skriv_omrade()
    return _antal("imp_organisation", nya_organisationer, len(organisationer))


def skriv_insatser() -> Antal:
    """Skriver insatserna, med datumen vidgade som för organisationerna."""
    insatser = _andrade(INSATS)
    _vidga(INSATS)
    kor(_SLAPP_NAMN)
    kor(_SLAPP_BUDGET)
    kor(
        """
        UPDATE insatser_insats t
        SET namn = s.namn, beskrivning = s.beskrivning, inriktning = s.inriktning,
            preciserad_inriktning = s.preciserad_inriktning, deltagarregistrering = s.deltagarregistrering,
            malgrupper = s.malgrupper, omrade = s.omrade, version = t.version + 1
        FROM imp_insats s WHERE s.id = t.id AND t.id = ANY(%s)
        """,
        [list(insatser)],
    )
    nya_insatser = kor(
        """
        INSERT INTO insatser_insats
            (id, nyckel, samverkansorganisation_id, samverkansform, namn, beskrivning, startdatum, slutdatum,
             inriktning, preciserad_inriktning, deltagarregistrering, malgrupper, omrade, last_av, version)
        SELECT s.id, s.nyckel, o.id, s.samverkansform, s.namn, s.beskrivning, s.startdatum, s.slutdatum,
               s.inriktning, s.preciserad_inriktning, s.deltagarregistrering, s.malgrupper, s.omrade, '', 1
        FROM imp_insats s JOIN insatser_samverkansorganisation o USING (organisationsnummer)
        WHERE s.ny ORDER BY s.id
        """
    )
    return _antal("imp_insats", nya_insatser, len(insatser))


def las_kategoriseringar() -> list[int]:
    """Låser kategoriseringen för insatserna som får sin första registrering (R11), och ger deras id:n."""
    # På webben kan någon ha Ändra öppen: den får veta att panelen är låst.
    version = sql.SQL("" if ar_agarens() else ", version = version + 1")
    planera_om()
    return [insats for (insats,) in hamta(sql.SQL(_LAS).format(version=version))]


def _vidga(tabell: Tabell) -> None:
    kor(sql.SQL(_VIDGA).format(tabell=sql.Identifier(tabell.namn), arbets=sql.Identifier(tabell.arbets)))


def dra_ihop(*tabeller: Tabell) -> None:
    """Sätter de datum som filerna säger, när allt annat är skrivet."""
    for tabell in tabeller:
        kor(
            sql.SQL(
                "UPDATE {} t SET startdatum = s.startdatum, slutdatum = s.slutdatum FROM {} s "
                "WHERE s.id = t.id AND (t.startdatum, t.slutdatum) IS DISTINCT FROM (s.startdatum, s.slutdatum)"
            ).format(sql.Identifier(tabell.namn), sql.Identifier(tabell.arbets))
        )


def _andrade(tabell: Tabell) -> set[int]:
    fraga = sql.SQL("SELECT t.id FROM {} t JOIN {} s ON s.id = t.id WHERE ROW({}) IS DISTINCT FROM ROW({})").format(
        sql.Identifier(tabell.namn),
        sql.Identifier(tabell.arbets),
        kolumner("t", (kolumn for kolumn, _, _ in tabell.varden)),
        kolumner("s", (kolumn for _, kolumn, _ in tabell.varden)),
    )
    return {rad[0] for rad in hamta(fraga)}


def _organisationer_med_andrat_omrade() -> set[int]:
    return {
        rad[0]
        for rad in hamta(
            """
            SELECT s.id FROM imp_organisation s WHERE NOT s.ny AND ARRAY(
                SELECT kommun_id::text FROM insatser_samverkansorganisation_kommuner k
                WHERE k.samverkansorganisation_id = s.id ORDER BY 1
            ) IS DISTINCT FROM ARRAY(SELECT unnest(s.kommuner) ORDER BY 1)
            """
        )
    }


def _skriv_omrade() -> None:
    kor(
        """
        DELETE FROM insatser_samverkansorganisation_kommuner k USING imp_organisation s
        WHERE s.id = k.samverkansorganisation_id AND NOT k.kommun_id = ANY(s.kommuner)
        """
    )
    kor(
        """
        INSERT INTO insatser_samverkansorganisation_kommuner (samverkansorganisation_id, kommun_id)
        SELECT s.id, unnest(s.kommuner) FROM imp_organisation s ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        """
    )


def skriv_per_ar(tabell: Tabell) -> Antal:
    """Skriver budget, budgetposter, anonyma eller volymantal."""
    alla = [(i_tabell, arbets) for i_tabell, arbets, _ in tabell.varden]
    namn = {"tabell": sql.Identifier(tabell.namn), "arbets": sql.Identifier(tabell.arbets)}
    version = sql.SQL(", version = t.version + 1" if tabell.versionerad else "")
    andrade = kor(
        sql.SQL(
            "UPDATE {tabell} t SET {satt}{version} FROM {arbets} s "
            "WHERE s.id = t.id AND ROW({fore}) IS DISTINCT FROM ROW({efter})"
        ).format(
            **namn,
            version=version,
            satt=lista(
                sql.SQL("{} = {}").format(sql.Identifier(i_tabell), sql.Identifier("s", arbets))
                for i_tabell, arbets in alla
            ),
            fore=kolumner("t", (i_tabell for i_tabell, _ in alla)),
            efter=kolumner("s", (arbets for _, arbets in alla)),
        )
    )
    nycklar, arbetsnycklar = zip(*tabell.nyckel[1:], strict=True)
    i_tabellen = ["insats_id", *nycklar, *(i_tabell for i_tabell, _ in alla)]
    uttryck = ["id", *arbetsnycklar, *(arbets for _, arbets in alla)]
    nya = kor(
        sql.SQL(
            "INSERT INTO {tabell} ({kolumner}{v}) SELECT k.{id}, {uttryck}{ett} FROM {arbets} s "
            "JOIN imp_kand k USING (lokal) WHERE s.id IS NULL ORDER BY k.id, s.rad"
        ).format(
            **namn,
            kolumner=lista(map(sql.Identifier, i_tabellen)),
            uttryck=kolumner("s", uttryck[1:]),
            id=sql.Identifier("id"),
            v=sql.SQL(", version" if tabell.versionerad else ""),
            ett=sql.SQL(", 1" if tabell.versionerad else ""),
        )
    )
    return _antal(tabell.arbets, nya, andrade)


def _antal(arbets: str, nya: int, andrade: int) -> Antal:
    alla = hamta(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(arbets)))[0][0]
    return Antal(nya, andrade, alla - nya - andrade)
