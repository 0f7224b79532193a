"""Fingeravtrycken som en registrering utan identitet känns igen på i en fil (R19, R25, R27)."""

from collections.abc import Iterable
from datetime import date

from deltagare import kryptering

Tid = tuple[int, str, date, int]
"""Deltagandets id, insatsens nyckel, inregistreringen och löpnumret, så som de är eller har varit."""


def rakna(tider: Iterable[Tid], nummer: Iterable[str]) -> tuple[list[int], list[bytes]]:
    """Deltagandena och avtrycken, i par: ett för varje tid och nummer, i den givna ordningen.

    Det första för ett deltagande är dess eget, om tiden och numret som gäller nu står först.
    """
    par = [
        (pk, kryptering.fingeravtryck(insats=insats, person=text, inregistrering=dag.isoformat(), lopnr=lopnr))
        for pk, insats, dag, lopnr in tider
        for text in nummer
    ]
    return [pk for pk, _ in par], [avtryck for _, avtryck in par]


def rakna_samarbeten(samarbeten: Iterable[tuple[int, str]], nummer: Iterable[str]) -> tuple[list[int], list[bytes]]:
    """Som `rakna`, för samarbeten (id, nyckel): ett avtryck för vart och ett av personens nummer."""
    par = [
        (pk, kryptering.samarbetets_avtryck(samarbete=nyckel, person=text))
        for pk, nyckel in samarbeten
        for text in nummer
    ]
    return [pk for pk, _ in par], [avtryck for _, avtryck in par]
