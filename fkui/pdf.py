"""HTML till PDF: taggad (PDF/UA-1), eget typsnitt, inget hämtas utifrån (`prestanda.md` 4)."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders

PANGO_SAKNAS: Final = (
    "PDF kan inte skapas: programbiblioteket Pango saknas på servern. "
    "Installera det, på Debian och Ubuntu med: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)
FAMILJ: Final = '"SUS Inter","SUS Inter Ext",sans-serif'
_TYPSNITT: Final = (("SUS Inter", "inter-latin"), ("SUS Inter Ext", "inter-latin-ext"))
# Stående A4 för dokument som läses uppifrån och ned. Foten är dokumentets titel och sidans nummer.
STAENDE: Final = f"""
@page{{size:A4;margin:20mm 20mm 22mm;
@bottom-left{{content:string(titel);font:8pt {FAMILJ};color:#4b4d50}}
@bottom-right{{content:"Sida " counter(page) " av " counter(pages);font:8pt {FAMILJ};color:#4b4d50}}}}
body{{font:10pt/1.45 {FAMILJ};color:#1b1e23;margin:0}}
h1{{font-size:20pt;line-height:1.2;margin:0 0 3mm;string-set:titel content()}}
h2{{font-size:14pt;margin:8mm 0 2mm;break-after:avoid}}h3{{font-size:11pt;margin:5mm 0 1.5mm;break-after:avoid}}
p{{margin:0 0 2mm}}ul{{margin:0 0 2mm;padding-left:5mm}}.liten{{font-size:8.5pt;color:#4b4d50}}
table{{border-collapse:collapse;width:100%;margin:0 0 3mm}}
th,td{{border-bottom:.4pt solid #bbbbbd;padding:1.2mm 1.5mm;text-align:left;vertical-align:top;
overflow-wrap:anywhere}}
thead th,.ord{{overflow-wrap:normal}}
thead{{display:table-header-group}}thead th{{background:#f0f0f1;border-bottom:.8pt solid #1b1e23;font-size:9pt}}
tbody th{{font-weight:600}}.uppgifter tbody th{{width:38%;font-weight:400;color:#3d3f42}}tr{{break-inside:avoid}}
.tal{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}}.hel{{white-space:nowrap}}
caption{{text-align:left;font-weight:600;margin-bottom:1mm}}
"""


class PdfSaknas(Exception):
    """Servern kan inte skapa PDF. Texten säger vad som ska installeras."""


class Mall:
    """En stilmall, med sina typsnitt, som läses en gång och gäller flera dokument. Ger PdfSaknas utan Pango."""

    def __init__(self, stil: str = "") -> None:
        krav()
        from weasyprint import CSS  # noqa: PLC0415 (tung, och behöver Pango som kan saknas)
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
        from weasyprint.urls import URLFetcher  # noqa: PLC0415

        # Utan den skriver fontTools klockslaget i typsnittet.
        os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
        # Typsnittet ligger i stilmallen, så inget annat än data: behöver kunna hämtas.
        self._hamtare = URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
        self._typsnitt = FontConfiguration()
        self._stilar = [CSS(string=stil, font_config=self._typsnitt, url_fetcher=self._hamtare)] if stil else []

    def skriv(self, html: str) -> bytes:
        """HTML-dokumentet som PDF; samma dokument ger samma byte."""
        from weasyprint import HTML  # noqa: PLC0415

        innehall = HTML(string=html, base_url=None, url_fetcher=self._hamtare).write_pdf(
            stylesheets=self._stilar,
            font_config=self._typsnitt,
            pdf_variant="pdf/ua-1",
            pdf_tags=True,
            pdf_identifier=hashlib.sha256(html.encode()).digest()[:16],
        )
        return bytes(innehall)


def krav() -> None:
    """Ger PdfSaknas utan Pango."""
    try:
        from weasyprint import HTML  # noqa: F401, PLC0415
    except OSError as fel:
        raise PdfSaknas(PANGO_SAKNAS) from fel


def skriv(html: str) -> bytes:
    """HTML-dokumentet, med sin egen stil, som PDF. Ger PdfSaknas utan Pango."""
    return Mall().skriv(html)


def typsnitt() -> str:
    """Typsnittet som stilmall. Två familjer: med samma namn blandas tecknen ihop."""
    return "".join(
        f'@font-face{{font-family:"{familj}";src:url(data:font/woff2;base64,{_base64(fil)}) format("woff2")}}'
        for familj, fil in _TYPSNITT
    )


def staende(html: str) -> bytes:
    """HTML-dokumentet, som har ett `</head>`, som PDF på stående A4. Ger PdfSaknas utan Pango."""
    return skriv(html.replace("</head>", f"<style>{typsnitt()}{STAENDE}</style></head>", 1))


def _base64(fil: str) -> str:
    sokvag = finders.find(f"vendor/inter/{fil}-wght-normal.woff2")
    if not sokvag:
        raise PdfSaknas("PDF kan inte skapas: typsnittet static/vendor/inter/ saknas.")
    return base64.b64encode(Path(sokvag).read_bytes()).decode()
