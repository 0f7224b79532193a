"""Hämtar FKUI och Inter från npm till static/vendor. Körs av en utvecklare; resultatet sparas i arkivet.

Behöver `npm` på den maskin där det körs, aldrig där SUS byggs eller används. Versionerna är låsta, och varje paket
kontrolleras mot sin sha512-summa innan något packas upp. Kör: python tools/vendor_ui.py
"""

import base64
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

MAL: Final = Path(__file__).resolve().parent.parent / "static" / "vendor"
HUVUD: Final = (
    "/* @fkui/theme-default {version}, MIT, © Försäkringskassan. Ljust och mörkt tema i en fil: tools/vendor_ui.py */\n"
)


class Paket(NamedTuple):
    """Ett låst npm-paket och de filer som tas ur det: sökväg i paketet -> sökväg under static/vendor."""

    version: str
    sha512: str
    licens: str
    filer: dict[str, str]


PAKET: Final = {
    "@fkui/design": Paket(
        "6.44.0",
        "hp8L1IVf6pRcGMBxqWQNaP0udTQ7qq/r96tBdGx3d/yZ5ui2z3H28d+Sr2enadhakbUDHK+0+oaDI4DQHljPJg==",
        "MIT",
        {"lib/fkui.min.css": "fkui/fkui.min.css", "LICENSE.md": "fkui/LICENSE"},
    ),
    "@fkui/theme-default": Paket(
        "6.44.0",
        "xg1XXKXhOiclHw4iToCTU+E7DjQBTYmAlVa/sq7GCOwmPe2gMaaYy01oecmFiXI+KM3vAtrepy7tNlGF6ZTVFw==",
        "MIT",
        {"dist/theme-light.css": "fkui/theme.css", "dist/theme-dark.css": "fkui/theme.css"},
    ),
    "@fkui/icon-lib-default": Paket(
        "6.44.0",
        "Dcjk8ZGfb7ekp9ZQ+NOTKUbqBVthg9VPShNseJmPyHAesDeNZ1j+5FPyUuaoEy/ha9CbgOggmY8fqkSeCr9c/g==",
        "MIT",
        {"dist/f/spritesheet.svg": "fkui/icons.svg"},
    ),
    "@fontsource-variable/inter": Paket(
        "5.3.0",
        "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext-wght-normal.woff2",
            "LICENSE": "inter/LICENSE",
        },
    ),
}


def hamta(namn: str, paket: Paket) -> bytes:
    """Paketets tar-fil. Avbryter körningen om summan inte är den låsta."""
    with tempfile.TemporaryDirectory() as katalog:
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", katalog, f"{namn}@{paket.version}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        innehall = next(Path(katalog).glob("*.tgz")).read_bytes()
    summa = base64.b64encode(hashlib.sha512(innehall).digest()).decode()
    if summa != paket.sha512:
        raise SystemExit(f"{namn} {paket.version}: sha512 är {summa}, väntad {paket.sha512}. Inget är ändrat.")
    return innehall


def las_filer(innehall: bytes, paket: Paket) -> dict[str, bytes]:
    """Sökväg i paketet -> filens innehåll, för de filer som paketet ska lämna."""
    filer = {}
    with tarfile.open(fileobj=io.BytesIO(innehall)) as arkiv:
        for fil in paket.filer:
            post = arkiv.extractfile(f"package/{fil}")
            if post is None:
                raise SystemExit(f"{fil} är ingen fil i paketet.")
            filer[fil] = post.read()
    return filer


def egenskaper(tema: bytes) -> list[str]:
    """Raderna med CSS-variabler i temats enda :root-block."""
    block = re.fullmatch(r"\s*:root\s*\{\n(.*)\n\}\s*", tema.decode(), re.DOTALL)
    if block is None:
        raise SystemExit("Temat har en annan form än väntat: ett enda :root-block.")
    return [rad.strip() for rad in block[1].split("\n")]


def sla_ihop_teman(ljust: bytes, morkt: bytes, version: str) -> bytes:
    """Båda temana i en fil. Det mörka blocket har bara det som skiljer, så att egna värden på :root gäller i båda."""
    ljusa = egenskaper(ljust)
    morka = [rad for rad in egenskaper(morkt) if rad not in ljusa]

    def block(valjare: str, rader: list[str], indrag: str = "") -> str:
        return f"{indrag}{valjare} {{\n" + "".join(f"{indrag}  {rad}\n" for rad in rader) + f"{indrag}}}\n"

    return (
        HUVUD.format(version=version)
        + block(":root", ["color-scheme: light;", *ljusa])
        + "@media screen and (prefers-color-scheme: dark) {\n"
        + block(":root:not([data-theme=light])", ["color-scheme: dark;", *morka], "  ")
        + "}\n@media screen {\n"
        + block(":root[data-theme=dark]", ["color-scheme: dark;", *morka], "  ")
        + "}\n"
    ).encode()


def main() -> None:
    """Hämtar allt först och skriver sedan, så att ett fel inte lämnar halva paket efter sig."""
    skriv: dict[str, bytes] = {}
    for namn, paket in PAKET.items():
        filer = las_filer(hamta(namn, paket), paket)
        if namn == "@fkui/theme-default":
            ljust, morkt = filer["dist/theme-light.css"], filer["dist/theme-dark.css"]
            skriv["fkui/theme.css"] = sla_ihop_teman(ljust, morkt, paket.version)
        else:
            skriv.update({paket.filer[fil]: data for fil, data in filer.items()})

    forteckning = {
        namn: {
            "version": paket.version,
            "licens": paket.licens,
            "integrity": f"sha512-{paket.sha512}",
            "filer": sorted(set(paket.filer.values())),
        }
        for namn, paket in PAKET.items()
    }
    skriv["VENDOR.json"] = (json.dumps(forteckning, indent=2, ensure_ascii=False) + "\n").encode()

    for fil, data in skriv.items():
        (MAL / fil).parent.mkdir(parents=True, exist_ok=True)
        (MAL / fil).write_bytes(data)


if __name__ == "__main__":
    main()
