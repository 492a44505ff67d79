import re
from collections.abc import Callable

import ibis
import pytest

from truckkit import schema

TABLES = list(schema.TABLES.values())

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
    "tkph": "t km/h",
}

by_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def wrong(right: Callable[[schema.Column], bool]) -> list[str]:
    """The columns of all tables that are not right."""
    return [f"{table.name}.{column.name}" for table in TABLES for column in table if not right(column)]


@by_table
def test_a_column_stands_once_in_its_table(table):
    assert len(set(table.names)) == len(table.names)


@by_table
def test_key_columns_exist_and_are_required(table):
    assert table.key
    assert [name for name in table.key if not table[name].required] == []


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


def test_a_column_that_references_names_a_catalog_table_with_one_key():
    def right(column):
        if column.references is None:
            return True
        referred = schema.TABLES[column.references]
        return (
            referred.kind == "catalog"
            and len(referred.key) == 1
            and referred[referred.key[0]].type == column.type
        )

    assert wrong(right) == []


def test_a_unit_ends_the_name():
    def right(column):
        if column.name in ("lon", "lat"):
            return column.unit == "deg"
        ending = column.name.rpartition("_")[2] if "_" in column.name else None
        return column.unit == UNIT_OF_ENDING.get(ending)

    assert wrong(right) == []


def test_a_column_never_takes_the_name_of_a_table_method():
    assert wrong(lambda column: not hasattr(ibis.Table, column.name)) == []


def test_a_column_has_a_plain_name_and_a_sentence():
    assert wrong(lambda column: re.fullmatch(r"[a-z][a-z0-9_]*", column.name)) == []
    assert wrong(lambda column: re.fullmatch(r"\S.*\.", column.meaning)) == []


def test_instants_are_utc_to_the_microsecond():
    def named_as_an_instant(column):
        return column.name in ("at", "start", "stop") or column.name.endswith("_at")

    assert wrong(lambda column: not named_as_an_instant(column) or column.dtype.is_timestamp()) == []
    assert wrong(lambda column: not column.dtype.is_timestamp() or column.type == schema.INSTANT) == []
    assert (schema.AT.dtype.timezone, schema.AT.dtype.scale) == (None, 6)


def test_coordinates_are_kept_in_full_precision():
    where = ("x_m", "y_m", "lon", "lat")
    assert wrong(lambda column: column.name not in where or column.type == schema.NUMBER) == []


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
        "plans limits rosters tyres usage_models latest revisions findings loads rejects channels "
        "watermarks".split()
    )


def test_an_unknown_column_is_a_key_error():
    assert "payload_t" in schema.CYCLES
    assert "payload" not in schema.CYCLES
    with pytest.raises(KeyError):
        schema.CYCLES["payload"]
