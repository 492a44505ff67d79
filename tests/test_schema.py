import re

import ibis
import pytest

from truckkit import schema

TABLES = list(schema.TABLES.values())
COLUMNS = [(table, column) for table in TABLES for column in table]

UNIT_OF_ENDING = {
    "t": "t",
    "m": "m",
    "km": "km",
    "kmh": "km/h",
    "deg": "deg",
    "s": "s",
    "min": "min",
    "h": "h",
    "l": "l",
    "lph": "l/h",
    "pct": "%",
    "c": "°C",
    "kpa": "kPa",
    "rpm": "rpm",
}

by_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
by_column = pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS]
)


@by_table
def test_a_column_stands_once_in_its_table(table):
    assert len(set(table.names)) == len(table.names)


@by_table
def test_key_columns_exist_and_are_required(table):
    assert table.key
    for name in table.key:
        assert table[name].required, f"{table.name}.{name} is in the key and may be empty"


@by_table
def test_a_day_table_says_when_its_rows_happened(table):
    if table.kind == "day":
        assert table[table.at].type == schema.INSTANT
        assert table[table.at].required
    else:
        assert table.at is None
    if table.stop is not None:
        assert (table.at, table.stop) == ("start", "stop")


@by_table
def test_an_empty_table_has_every_column_and_no_rows(table):
    assert table.empty().schema() == table.schema
    assert table.empty().count().execute() == 0


@by_table
def test_a_database_gives_back_the_types_it_was_given(table):
    con = ibis.duckdb.connect()
    assert con.create_table(table.name, schema=table.schema).schema() == table.schema


@by_column
def test_a_column_that_references_names_a_catalog_table_with_one_key(table, column):
    if column.references is not None:
        referred = schema.TABLES[column.references]
        assert referred.kind == "catalog"
        assert len(referred.key) == 1
        assert referred[referred.key[0]].type == column.type


@by_column
def test_a_unit_ends_the_name(table, column):
    ending = column.name.rpartition("_")[2] if "_" in column.name else None
    if column.name in ("lon", "lat"):
        assert column.unit == "deg"
    else:
        assert column.unit == UNIT_OF_ENDING.get(ending)


@by_column
def test_a_column_never_takes_the_name_of_a_table_method(table, column):
    assert not hasattr(ibis.Table, column.name)


@by_column
def test_a_column_has_a_plain_name_and_a_sentence(table, column):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert re.fullmatch(r"\S.*\.", column.meaning)


@by_column
def test_instants_are_utc_to_the_microsecond(table, column):
    if column.name in ("at", "start", "stop") or column.name.endswith("_at"):
        assert column.type == schema.INSTANT
    if column.dtype.is_timestamp():
        assert column.dtype.timezone is None
        assert column.dtype.scale == 6


@by_column
def test_coordinates_are_kept_in_full_precision(table, column):
    if column.name in ("x_m", "y_m", "lon", "lat"):
        assert column.type == schema.NUMBER


def test_the_words_for_states_stand_in_the_order_of_a_cycle():
    assert schema.CYCLE_STATES == (
        *("queue_load", "spot_load", "load", "haul"),
        *("queue_dump", "spot_dump", "dump", "return"),
    )
    assert tuple(schema.STATES)[8:] == ("delay", "standby", "down", "no_data")


def test_a_cycle_has_minutes_for_each_of_its_states():
    assert {f"{state}_min" for state in schema.CYCLE_STATES} <= set(schema.CYCLES.names)


def test_tables_are_asked_for_by_the_names_of_the_design():
    assert set(schema.ASKED) == set(
        "trucks positions telemetry places roads shifts states cycles events maintenance refuels annotations "
        "plans limits latest revisions findings loads rejects".split()
    )


def test_an_unknown_column_is_a_key_error():
    assert "payload_t" in schema.CYCLES
    assert "payload" not in schema.CYCLES
    with pytest.raises(KeyError):
        schema.CYCLES["payload"]
