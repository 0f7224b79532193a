"""Det andra varvet i `.ci/run`: de test som en annan version av PostgreSQL kan ändra utgången för.

Sidorna ställer bara Djangos frågor, som Django håller lika för varje version det stöder. SQL som vi har skrivit själva
finns i migrationerna (vakter, radskydd) och i `rapporter/fragor.py`. En ny fil är med om den inte står här.
"""

import inspect
import re
from typing import Final

import pytest

# Hela filerna går bara i första varvet, utom de test i dem som rör databasen själv.
SIDOR: Final = frozenset(
    {
        "test_behorighet_sidor.py",
        "test_demo.py",
        "test_fkui.py",
        "test_folkbokforing.py",
        "test_geografi.py",
        "test_hjalp.py",
        "test_inloggning.py",
        "test_inloggning_eid.py",
        "test_inloggning_tva_steg.py",
        "test_konsekvens.py",
        "test_lackor.py",
        "test_meny.py",
        "test_nycklar.py",
        "test_personnummer.py",
        "test_rapporter_renderare.py",
        "test_rapporter_sida.py",
        "test_rapporter_urval.py",
        "test_sakerhetshuvuden.py",
        "test_sidor.py",
        "test_uppdrag_sidor.py",
        "test_utloggad.py",
        "test_vem_far_vad.py",
    }
)
EGNA_DATABASER: Final = frozenset({"egen_databas", "egen_databas_modul", "tom_databas"})
# Det som bara står i ett test som möter databasens vakter, roller eller lås.
DATABASORD: Final = re.compile(
    r"\b(som_agare|cursor|markor|psycopg|\w*(Integrity|Database|Internal|Programming)Error|samtidigt|flikar|sql)\b"
)


def galler_databasen(test: pytest.Function) -> bool:
    """Om testet går i andra varvet."""
    if test.path.parent.name == "webblasare":
        return False
    return (
        test.path.name not in SIDOR
        or not EGNA_DATABASER.isdisjoint(test.fixturenames)
        or DATABASORD.search(inspect.getsource(test.function)) is not None
    )
