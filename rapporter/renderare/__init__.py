"""Rapporten som fil: en modul per format, alla med samma anrop och bara rapporten att läsa."""

from collections.abc import Callable, Mapping
from typing import Final

from rapporter.renderare import csv, excel, html, json, pdf
from rapporter.tabell import Rapport

FORMAT: Final[Mapping[str, Callable[[Rapport], bytes]]] = {
    "json": json.rendera,
    "csv": csv.rendera,
    "xlsx": excel.rendera,
    "pdf": pdf.rendera,
    "html": html.rendera,
}
INNEHALLSTYP: Final[Mapping[str, str]] = {
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
}


def rendera(rapport: Rapport, format: str) -> bytes:
    """Rapporten i ett av `FORMAT`."""
    return FORMAT[format](rapport)
