"""The served side cannot write, read other files or reach the network."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import inputs
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from promises import breaking, system

from truckkit.site import open_site

HOSTILE = (
    "COPY positions TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
    "COPY positions FROM '{folder}/secret.csv'",
    "COPY FROM DATABASE catalog TO memory",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/out.duckdb'",
    "ATTACH '{folder}/out.duckdb' AS other (READ_ONLY)",
    "ATTACH '{day}' AS again",
    "ATTACH 'https://127.0.0.1:9/x.duckdb'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('{folder}/secret.csv')",
    "SELECT * FROM sniff_csv('{folder}/secret.csv')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('{folder}/secret.csv')",
    "SELECT * FROM read_parquet('{folder}/secret.parquet')",
    "SELECT * FROM parquet_metadata('{folder}/secret.parquet')",
    "SELECT * FROM parquet_schema('{folder}/secret.parquet')",
    "SELECT * FROM read_duckdb('{folder}/secret.duckdb')",
    "SELECT * FROM read_duckdb('{folder}/secret.duckdb', table_name = 'a')",
    "ATTACH '{folder}/secret.duckdb' (READ_ONLY)",
    "SELECT * FROM '{folder}/secret.csv'",
    "SELECT * FROM '{folder}/secret.parquet'",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT * FROM query_table('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM read_csv('https://127.0.0.1:9/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "INSTALL httpfs",
    "INSTALL spatial FROM community",
    "FORCE INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/out.duckdb_extension'",
    "UPDATE EXTENSIONS",
    "SET enable_external_access = true",
    "SET GLOBAL enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET allowed_directories = ['/']",
    "SET allow_unsigned_extensions = true",
    "SET autoinstall_known_extensions = true",
    "SET python_enable_replacements = true",
    "SET memory_limit = '1GB'",
    "SET threads = 64",
    "SET temp_directory = '{folder}/out'",
    "SET home_directory = '{folder}'",
    "SET log_query_path = '{folder}/out.sql'",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA profiling_output = '{folder}/out.json'",
    "PRAGMA memory_limit = '1GB'",
    "CREATE SECRET hidden (TYPE s3, KEY_ID 'x', SECRET 'y')",
    "CREATE PERSISTENT SECRET kept (TYPE http)",
    "CREATE TABLE file0.other (a INTEGER)",
    "CREATE TABLE catalog.other (a INTEGER)",
    "CREATE OR REPLACE VIEW file0.positions AS SELECT 1",
    "INSERT INTO catalog.trucks (truck) VALUES ('T9')",
    "INSERT INTO positions SELECT * FROM positions",
    "INSERT INTO file0.positions SELECT * FROM file0.positions",
    "DELETE FROM positions",
    "DELETE FROM file0.positions",
    "UPDATE file0.positions SET x_m = 0",
    "TRUNCATE file0.positions",
    "DROP TABLE file0.positions",
    "DROP TABLE catalog.trucks CASCADE",
    "ALTER TABLE file0.positions ADD COLUMN a INTEGER",
    "CREATE INDEX i ON file0.positions (truck)",
    "MERGE INTO catalog.trucks USING (SELECT 'T9' AS truck) s USING (truck) WHEN NOT MATCHED THEN INSERT",
    "SELECT getenv('HOME')",
    "SELECT * FROM secret",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
)


HARMLESS = (
    "CHECKPOINT file0",
    "FORCE CHECKPOINT catalog",
    "VACUUM file0.positions",
    "ANALYZE file0.positions",
    "SELECT * FROM read_duckdb('{day}', table_name = 'positions')",
    "CALL enable_logging()",
    "CALL disable_logging()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_list",
)
"""Statements that DuckDB takes, and that change nothing and tell nothing of what lies outside."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shut")
    store = folder / "store"
    breaking.bring(store, [breaking.batch(folder / "files", 0)[0]])
    (folder / "secret.csv").write_text("a\nhidden\n")
    parquet.write_table(pa.table({"a": ["hidden"]}), folder / "secret.parquet")
    made = run(
        "import duckdb\nduckdb.connect(sys.argv[1]).execute('CREATE TABLE a AS SELECT 1')",
        folder / "secret.duckdb",
    )
    assert made.returncode == 0, made.stderr
    return store


def run(program: str, *arguments: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    command = [*before, sys.executable, "-c", "import sys\n" + textwrap.dedent(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def asked(store: Path, statement: str) -> object:
    """What a reader's connection answers, or what it raises; everything on the disk is as it was."""
    site = open_site(store)
    assert site.store is not None
    secret = pa.table({"a": ["hidden"]})  # nor does DuckDB take it for a table
    before = inputs.holds(store), breaking.told(store), sorted(store.parent.iterdir())
    try:
        day = next(store.glob("day-*"))
        con = site.store.newest().backend.con
        answer: object = con.execute(statement.format(folder=store.parent, day=day)).fetchall()
    except Exception as fault:
        answer = fault
    assert (inputs.holds(store), breaking.told(store), sorted(store.parent.iterdir())) == before
    assert secret.num_rows == 1
    return answer


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_hostile_statement_is_refused_and_leaves_everything_as_it_was(store: Path, statement: str) -> None:
    answer = asked(store, statement)
    assert type(answer).__module__.startswith(("duckdb", "_duckdb")), answer
    assert "hidden" not in str(answer)


@pytest.mark.parametrize("statement", HARMLESS)
def test_a_statement_that_is_taken_changes_nothing(store: Path, statement: str) -> None:
    assert "hidden" not in str(asked(store, statement))


def test_a_log_is_not_written_to_a_file_either(store: Path) -> None:
    program = """
        import truckkit as tk
        con = tk.open(sys.argv[1]).store.newest().backend.con
        con.execute(f"CALL enable_logging(storage = 'file', storage_path = '{sys.argv[2]}')")
        con.execute("SELECT count(*) FROM positions").fetchall()
    """
    before = inputs.holds(store)
    # DuckDB 1.5 takes the call and then fails at each statement: one more reason to take no SQL from outside.
    assert run(program, store, store.parent / "log").returncode != 0
    assert not (store.parent / "log").exists()
    assert inputs.holds(store) == before


def test_a_store_is_read_where_there_is_no_network(store: Path) -> None:
    program = """
        import socket
        import truckkit as tk
        from truckkit import schema
        try:
            socket.create_connection(("127.0.0.1", 9), 5)
            raise SystemExit("there is a network")
        except OSError as fault:
            assert fault.errno == 101, fault
        site = tk.open(sys.argv[1])
        for name in schema.ASKED:
            site.table(name).to_pyarrow()
        print(site.positions.count().execute())
    """
    if said := system.ran("unshare", "-n", "true"):
        system.missing(f"no process without a network can be made here ({said})")
    done = run(program, store, before=("unshare", "-n"))
    assert (done.returncode, done.stdout) == (0, "40\n"), done.stderr


def test_what_is_served_loads_no_source_and_no_ingest() -> None:
    done = run("""
        import truckkit.api.app, truckkit.api.panel, truckkit.served
        import truckkit.views.replay, truckkit.views.timeline, truckkit.views.shift, truckkit.views.quality
        never = ("sources", "ingest", "convert", "derive", "mapping", "simulated")
        loaded = [name for name in sys.modules if name.split(".")[:2][-1] in never and "truckkit" in name]
        assert not loaded, loaded
    """)
    assert done.returncode == 0, done.stderr
