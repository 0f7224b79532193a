"""Krypteringsnycklarna och Djangos hemliga nyckel: från miljön, eller för den inbäddade databasen från SUS_DATA.

Nycklarna ligger utanför databasen (P6). Miljövariabeln SUS_NYCKLAR är JSON:
`{"aktuell": "1", "nycklar": {"1": "<32 byte, base64>"}, "index": "<32 byte, base64>"}`.
`python -m sus.nycklar` skriver en ny.
"""

import base64
import json
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sus.inbaddad.plats import skriv_hemlig

FIL: Final = "nycklar.json"
LANGD: Final = 32  # byte; AES-256 och HMAC-SHA-256


class NyckelFel(Exception):
    """Nycklarna saknas eller är felaktiga. Texten säger vad som ska rättas, aldrig en nyckels värde."""


@dataclass(frozen=True, slots=True)
class Nycklar:
    """`nycklar` är nyckel-id → base64 av 32 byte, `aktuell` id för ny kryptering, `index` nyckeln för HMAC-index."""

    aktuell: str
    nycklar: dict[str, str]
    index: str


def nya() -> Nycklar:
    """Slumpade nycklar."""
    return Nycklar("1", {"1": _slumpad()}, _slumpad())


def tolka(text: str, kalla: str) -> Nycklar:
    """Nycklarna i JSON-texten. Kastar NyckelFel som nämner `kalla` när den inte går att använda."""
    try:
        varde = json.loads(text)
        nycklar = Nycklar(str(varde["aktuell"]), dict(varde["nycklar"]), str(varde["index"]))
    except (ValueError, KeyError, TypeError) as fel:
        raise NyckelFel(
            f"{kalla} ska vara JSON med aktuell, nycklar och index. Skapa med: python -m sus.nycklar"
        ) from fel
    if nycklar.aktuell not in nycklar.nycklar:
        raise NyckelFel(f"{kalla}: den aktuella nyckeln finns inte bland nycklarna.")
    for namn, nyckel in [*nycklar.nycklar.items(), ("index", nycklar.index)]:
        if not _duger(nyckel):
            raise NyckelFel(f"{kalla}: nyckeln {namn} ska vara {LANGD} byte i base64.")
    return nycklar


def fran_katalog(data: Path) -> tuple[str, Nycklar]:
    """Djangos hemliga nyckel och krypteringsnycklarna i `data`, skapade (0600) första gången.

    Två processer som skapar dem samtidigt får samma.
    """
    fil = data / FIL
    if not fil.exists():
        _skapa(fil)
    try:
        text = fil.read_text(encoding="utf-8")
    except PermissionError as fel:
        raise NyckelFel(f"{fil} tillhör en annan användare. Sätt SUS_DATA till en egen katalog.") from fel
    return str(json.loads(text)["django"]), tolka(text, str(fil))


def _skapa(fil: Path) -> None:
    innehall = json.dumps({"django": secrets.token_urlsafe(50), **asdict(nya())}, indent=2) + "\n"
    ny = fil.with_name(f"{fil.name}.{secrets.token_hex(4)}")
    skriv_hemlig(ny, innehall)
    try:
        fil.hardlink_to(ny)  # till skillnad från rename skriver den inte över någon annans
    except FileExistsError:
        return
    finally:
        ny.unlink()


def _slumpad() -> str:
    return base64.b64encode(secrets.token_bytes(LANGD)).decode("ascii")


def _duger(nyckel: object) -> bool:
    try:
        return isinstance(nyckel, str) and len(base64.b64decode(nyckel, validate=True)) == LANGD
    except ValueError:
        return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(nya())) + "\n")
