"""Det som ska gälla i hela projektet."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

ROT = Path(settings.BASE_DIR)
INLOGGNINGEN = {"logga_in", "account_login", "mfa_authenticate", "eid", "eid_svar", "valj_losenord", "logga_ut"}
# Det egna kontot når var och en, också utan roll.
KONTOT = {
    "byt_losenord",
    "bekrafta",
    "tva_steg",
    "tva_steg_app",
    "tva_steg_nyckel",
    "tva_steg_namn",
    "tva_steg_ta_bort",
}
OPPNA_VYER = {"halsa", "start", "tillganglighet", *INLOGGNINGEN, *KONTOT, "reservkoder", "nya_reservkoder"}


def vyer(uppslag: URLResolver, plats: str = "") -> Iterator[tuple[str, object]]:
    for post in uppslag.url_patterns:
        if isinstance(post, URLResolver):
            yield from vyer(post, f"{plats}{post.namespace}:" if post.namespace else plats)
        elif isinstance(post, URLPattern):
            yield f"{plats}{post.name}", post.callback


def test_varje_vy_kraver_en_rattighet():
    oskyddade = {namn for namn, vy in vyer(get_resolver()) if not hasattr(vy, "rattighet")}

    assert oskyddade == OPPNA_VYER


@pytest.mark.django_db
def test_bara_inloggning_och_halsa_ar_oppna_utan_inloggning(client):
    oppna = {namn for namn, vy in vyer(get_resolver()) if getattr(vy, "login_required", True) is False}

    assert oppna == {"halsa", "tillganglighet", *INLOGGNINGEN}


def test_varje_mall_anvands():
    mallar = {str(p.relative_to(ROT / "templates")) for p in (ROT / "templates").rglob("*.html")}
    kalla = "\n".join(
        p.read_text()
        for app in ("sus", "behorighet", "insatser", "deltagare", "rapporter", "fkui", "templates")
        for p in (ROT / app).rglob("*")
        if p.suffix in {".py", ".html"}
    )
    sjalvklara = {mall for mall in mallar if mall.startswith("fkui/") or re.fullmatch(r"\d{3}.*\.html", mall)}

    assert {mall for mall in mallar - sjalvklara if f'"{mall}"' not in kalla} == set()


def test_formular_med_falt_varnar_for_osparat():
    """Formulär genom crispy varnar av sig själva; de som är skrivna för hand och har något att fylla i säger det."""
    utan = []
    for mall in (ROT / "templates").rglob("*.html"):
        for inledning, innehall in re.findall(r'(<form[^>]*method="post".*?>)(.*?)</form>', mall.read_text(), re.S):
            if mall.is_relative_to(ROT / "templates" / "fkui") or "data-osparat" in inledning:
                continue
            if re.search(r'<select|<textarea|<input(?![^>]*type="hidden")|{% include|{% crispy', innehall):
                utan.append(str(mall.relative_to(ROT)))

    assert utan == []


def test_inga_skript_eller_stilar_i_mallarna():
    for mall in (ROT / "templates").rglob("*.html"):
        text = mall.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), mall
        assert "|safe" not in text or mall.is_relative_to(ROT / "templates" / "fkui"), mall


def test_regelregistret_har_varje_regel_och_filer_som_finns():
    text = (ROT / "docs" / "regler.md").read_text()
    rader = {m[1]: m[0] for m in re.finditer(r"^\|\s*\**(R\d+a?)\**\s*\|.*$", text, re.MULTILINE)}

    assert set(rader) == {f"R{n}" for n in range(1, 38)} | {"R1a"}
    for fil in set(re.findall(r"[\w/]+\.py", text)):
        assert (ROT / fil).exists(), fil
    for fil, namn in set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)):
        assert re.search(rf"def {namn}\b", (ROT / fil).read_text()), f"{fil}::{namn}"


SAMMANSATT = {"format", "format_map", "join", "replace", "__mod__", "__add__"}


def otillaten_sql(kod: str) -> list[str]:
    """Det i en fil som kan sätta ihop SQL av indata (P24), som ”rad: vad”.

    Ett namn följs till sina tilldelningar i filen. psycopgs `sql.SQL(…).format(…)` är tillåten: den citerar.
    """
    trad = ast.parse(kod)
    tilldelat: dict[str, list[ast.expr]] = {}
    for nod in ast.walk(trad):
        if isinstance(nod, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and nod.value is not None:
            for mal in nod.targets if isinstance(nod, ast.Assign) else [nod.target]:
                varde = ast.BinOp(mal, ast.Add(), nod.value) if isinstance(nod, ast.AugAssign) else nod.value
                tilldelat.setdefault(ast.unparse(mal), []).append(varde)

    def farlig(uttryck: ast.expr, sedda: frozenset[str] = frozenset()) -> bool:
        if isinstance(uttryck, ast.JoinedStr):
            return any(isinstance(del_, ast.FormattedValue) for del_ in uttryck.values)
        if isinstance(uttryck, ast.BinOp):
            return any(
                not isinstance(del_, ast.Constant | ast.JoinedStr) or farlig(del_, sedda) for del_ in delar(uttryck)
            )
        if isinstance(uttryck, ast.IfExp):
            return farlig(uttryck.body, sedda) or farlig(uttryck.orelse, sedda)
        if isinstance(uttryck, ast.Call) and isinstance(uttryck.func, ast.Attribute):
            return uttryck.func.attr in SAMMANSATT and not citerar(uttryck.func.value)
        if isinstance(uttryck, ast.Name | ast.Attribute) and (namn := ast.unparse(uttryck)) not in sedda:
            return any(farlig(varde, sedda | {namn}) for varde in tilldelat.get(namn, []))
        return False

    def delar(uttryck: ast.expr) -> list[ast.expr]:
        if isinstance(uttryck, ast.BinOp):
            return [*delar(uttryck.left), *delar(uttryck.right)]
        return [uttryck]

    def citerar(uttryck: ast.expr) -> bool:
        namn = ast.unparse(uttryck.func) if isinstance(uttryck, ast.Call) else ""
        return namn in {"sql.SQL", "SQL"} and not any(farlig(ett) for ett in uttryck.args)

    fel = []
    for nod in ast.walk(trad):
        if isinstance(nod, ast.Attribute | ast.Name | ast.alias):
            namn = nod.attr if isinstance(nod, ast.Attribute) else nod.id if isinstance(nod, ast.Name) else nod.name
            if namn == "RawSQL":
                fel.append(f"{nod.lineno}: RawSQL")
        if not isinstance(nod, ast.Call) or not isinstance(nod.func, ast.Attribute):
            continue
        if nod.func.attr in {"raw", "extra"}:
            fel.append(f"{nod.lineno}: .{nod.func.attr}()")
        satser = [*nod.args[:1], *(ett.value for ett in nod.keywords if ett.arg in {"query", "sql", "statement"})]
        if nod.func.attr in {"execute", "executemany", "copy", "mogrify"} and any(farlig(sats) for sats in satser):
            fel.append(f"{nod.lineno}: {nod.func.attr}() med sammansatt text")
    return fel


# Filerna där SQL sätts ihop, av delar som koden själv har skrivit och aldrig av indata.
SATTER_IHOP_SQL = {
    "rapporter/fragor.py": "rapportens sats, med psycopg.sql",
    "rapporter/samarbetsfragor.py": "Ledtiders, Statusens och Övergångarnas satser, med psycopg.sql",
    "deltagare/management/commands/generera.py": "VACUUM av en fast lista tabeller",
}


def test_sql_skrivs_bara_dar_den_hor_hemma():
    """P24: frågor sätts aldrig ihop av indata."""
    fel = {}
    for app in ("sus", "behorighet", "insatser", "deltagare", "rapporter", "fkui"):
        for fil in (ROT / app).rglob("*.py"):
            plats = str(fil.relative_to(ROT))
            if "/migrations/" not in plats and (funna := otillaten_sql(fil.read_text())):
                fel[plats] = funna
    assert {plats: funna for plats, funna in fel.items() if plats not in SATTER_IHOP_SQL} == {}
    assert set(SATTER_IHOP_SQL) - set(fel) <= {"rapporter/fragor.py", "rapporter/samarbetsfragor.py"}


@pytest.mark.parametrize(
    "kod",
    [
        "Modell.objects.raw(fraga)",
        "Modell.objects.extra(where=[x])",
        "from django.db.models.expressions import RawSQL",
        "q.annotate(x=expressions.RawSQL('a', []))",
        "m.execute(f'SELECT {x}')",
        "m.execute('SELECT %s' % x)",
        "m.execute('SELECT ' + x)",
        "m.execute('SELECT ' 'a' + 'b' + x)",
        "m.execute('SELECT {}'.format(x))",
        "m.execute(' '.join(delar))",
        "m.execute(MALL.replace('X', x))",
        "fraga = f'SELECT {x}'\nm.execute(fraga)",
        "def f(x):\n    a = 'SELECT ' + x\n    b = a\n    m.execute(b, [])",
        "s = 'SELECT'\ns += x\nm.execute(s)",
        "m.execute(query=f'SELECT {x}')",
        "m.executemany(f'INSERT {x}', rader)",
        "with m.copy(f'COPY {x} FROM STDIN') as k: pass",
        "m.execute('a' if b else f'{x}')",
        "m.execute(sql.SQL(f'SELECT {x}').format(y))",
        "self.sats = f'COPY {x}'\nm.copy(self.sats)",
    ],
)
def test_forbudet_biter(kod):
    assert otillaten_sql(kod) != []


@pytest.mark.parametrize(
    "kod",
    [
        "m.execute('SELECT %s', [x])",
        "m.execute('SELECT 1 ' 'WHERE a = %s', [x])",
        "m.execute('SELECT 1 ' + 'WHERE a = %s', [x])",
        "FRAGA = 'SELECT %s'\nm.execute(FRAGA, [f'{x}'])",
        "m.execute(sql.SQL('SELECT {}').format(sql.Identifier(x)))",
        "text = f'Hej {x}'\nm.execute('SELECT 1')",
    ],
)
def test_forbudet_slapper_igenom_det_som_ar_sakert(kod):
    assert otillaten_sql(kod) == []
