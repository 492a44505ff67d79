"""What a mapping makes of a source's values, and what is said of those that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from inputs import HEADER, POSITIONS, bring, holds, refused, row, told

from truckkit.convert.units import conversion
from truckkit.errors import BadMapping
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.store import Load, Store

STATES = """
name = "states"
[site]
name = "Mine"
[[file]]
match = "*"
[[file.table]]
into = "states"
[file.table.columns]
truck = "Truck"
source = { value = "fms" }
start = "Start"
stop = "Stop"
state = "State"
"""

PLAIN = POSITIONS.replace('time_zone = "America/Santiago"', 'time_zone = "UTC"')


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def at(said: str) -> str:
    """A row of a truck at a time, as the file says it."""
    return row(at=said)


def instants(store: Path) -> list[datetime]:
    return open_site(store).positions.order_by("at")["at"].to_pyarrow().to_pylist()


def faults(store: Path) -> list[str | None]:
    return open_site(store).positions.order_by("truck", "at").fault.to_pyarrow().to_pylist()


def sums(load: Load) -> tuple[int, int, int, int]:
    return load.rows_in, load.kept, load.rejected, load.duplicates


def is_a_column(said: str) -> str:
    """A mapping for positions whose time is said so."""
    return PLAIN.replace('at = "Time"', f"at = {said}")


# Times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["infinity", "-infinity", "1969-12-31 23:59:59", "2100-01-01", "290000-01-01"]
)
def test_a_time_of_a_clock_that_was_never_set_is_refused_with_what_it_said(store, said):
    [load] = bring(store, PLAIN, a_csv=HEADER + at(said) + row())
    assert sums(load) == (2, 1, 1, 0)
    assert refused(store) == [(1, "positions", f'Time "{said}" is not a time of 1970 to 2100')]


def test_the_first_time_that_a_truck_can_have_lived_is_kept_and_a_clock_that_was_reset_is_refused(store):
    bring(
        store, PLAIN, a_csv=HEADER + at("1970-01-01 00:00:00") + at("1999-12-31 23:59:59") + at("2000-01-01")
    )
    assert instants(store) == [datetime.fromisoformat("2000-01-01 00:00:00")]
    assert [reason for _line, _table, reason in refused(store)] == [
        "at is 1970-01-01 00:00:00: a clock that was reset",
        "at is 1999-12-31 23:59:59: a clock that was reset",
    ]


def test_a_clock_that_is_an_hour_ahead_is_believed_and_one_that_is_days_ahead_is_refused(store):
    soon, later = (f"{datetime.now(UTC) + timedelta(hours=each):%Y-%m-%d %H:%M:%S}" for each in (1, 50))
    [load] = bring(store, PLAIN, a_csv=HEADER + at(soon) + at(later))
    assert (load.kept, load.rejected) == (1, 1)
    assert refused(store)[0][2] == f"at is {later}: a clock that is ahead"


@pytest.mark.parametrize("said", ["-1", "4102444800000", "1e300", "nan", "soon"])
def test_an_epoch_that_no_truck_has_lived_is_refused(store, said):
    mapping = is_a_column('{ from = "Time", epoch = "ms" }')
    [load] = bring(store, mapping, a_csv=HEADER + at(said) + at("1667818800250"))
    assert (load.kept, load.rejected) == (1, 1)
    assert instants(store) == [datetime.fromisoformat("2022-11-07 11:00:00.250")]


def test_a_time_in_a_form_of_its_own_that_does_not_fit_it_is_refused_and_stops_nothing(store):
    mapping = is_a_column('{ from = "Time", format = "%m/%d/%Y %H:%M" }')
    [load] = bring(store, mapping, a_csv=HEADER + at("13/45/2022 08:00") + at("11/07/2022 08:00"))
    assert (load.kept, load.rejected) == (1, 1)
    assert refused(store)[0][2] == 'Time "13/45/2022 08:00" is not a time of 1970 to 2100'


@pytest.mark.parametrize(
    "said", ["08:00Z", "08:00:00z", "08:00:00.0 UTC", "05:00-03:00", "05:00:00-03", "05:00:00-0300"]
)
def test_a_time_that_brings_its_offset_is_read_by_it_and_not_by_the_zone_of_the_site(store, said):
    bring(store, POSITIONS, a_csv=HEADER + at(f"2022-11-07 {said}"))
    assert instants(store) == [datetime.fromisoformat("2022-11-07 08:00")]


def test_a_date_alone_is_midnight_of_the_site_and_no_offset(store):
    bring(store, POSITIONS, a_csv=HEADER + at("2022-11-07"))
    assert instants(store) == [datetime.fromisoformat("2022-11-07 03:00")]


def test_numbers_that_are_to_be_times_want_an_epoch(store, tmp_path):
    table = pa.table({"Truck": ["T1"], "Time": [1667818800], "X": [1.0], "Y": [2.0], "Speed": [3.0]})
    parquet.write_table(table, tmp_path / "given.parquet")
    with pytest.raises(BadMapping, match='column "Time" holds numbers, not times; say epoch = "s"'):
        bring(store, PLAIN, a_parquet=(tmp_path / "given.parquet").read_bytes())
    assert holds(store) == {}


# What must be there ------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["", " ", "\t"])
@pytest.mark.parametrize("column", ["Truck", "Time"])
def test_a_row_without_what_it_must_have_is_refused(store, nothing, column):
    values = {"Truck": "T1", "Time": "2022-11-07 08:00", column: nothing}
    line = f"{values['Truck']},{values['Time']},1,2,3\n"
    [load] = bring(store, PLAIN, a_csv=HEADER + line + row("T2"))
    assert sums(load) == (2, 1, 1, 0)
    assert refused(store) == [(1, "positions", f"{column} is empty")]


def test_a_value_that_stands_for_nothing_is_refused_where_something_must_be(store):
    mapping = PLAIN.replace('truck = "Truck"', 'truck = { from = "Truck", missing = ["-", "n/a"] }')
    [load] = bring(store, mapping, a_csv=HEADER + row("-") + row(" n/a ") + row("T1"))
    assert (load.kept, load.rejected) == (1, 2)
    assert [why for _line, _table, why in refused(store)] == [
        'Truck "-" means nothing here', 'Truck " n/a " means nothing here',
    ]  # fmt: skip


def test_blanks_around_a_value_do_not_matter(store):
    bring(store, PLAIN, a_csv=HEADER + row(" T1") + row("T1 ", 1) + row("\tT1\t", 2))
    assert {truck for truck, *_ in told(store)} == {"T1"}


def test_all_that_is_wrong_with_a_row_is_told_at_once(store):
    bring(store, PLAIN, a_csv=HEADER + row(" ", at="soon"))
    assert refused(store) == [(1, "positions", 'Truck is empty; Time "soon" is not a time of 1970 to 2100')]


def test_of_a_value_that_is_refused_the_first_eighty_letters_are_shown(store):
    bring(store, PLAIN, a_csv=HEADER + at("x" * 200))
    assert refused(store)[0][2] == f'Time "{"x" * 80}" is not a time of 1970 to 2100'


# Numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["nan", "inf", "-Infinity", "fast", "1e39"])
def test_a_number_that_is_none_is_empty_and_the_row_says_so(store, said):
    [load] = bring(store, PLAIN, a_csv=HEADER + row(speed=said) + row(second=1))
    assert sums(load) == (2, 2, 0, 0)
    assert told(store)[0][-1] is None
    assert faults(store) == [f'Speed "{said}" is not a number', None]


def test_what_is_not_a_number_in_a_parquet_file_is_empty_too(store, tmp_path):
    moments = [datetime.fromisoformat(f"2022-11-07 11:00:0{second}") for second in range(3)]
    values = pa.array([float("nan"), float("inf"), 10.0])
    table = pa.table({"Truck": ["T1"] * 3, "Time": moments, "X": [1.0] * 3, "Y": [2.0] * 3, "Speed": values})
    parquet.write_table(table, tmp_path / "given.parquet")
    bring(store, PLAIN, a_parquet=(tmp_path / "given.parquet").read_bytes())
    assert [speed for *_, speed in told(store)] == [None, None, 36.0]
    assert faults(store) == ['Speed "nan" is not a number', 'Speed "inf" is not a number', None]


def test_a_value_out_of_its_bounds_is_empty_and_the_row_says_so(store):
    bring(store, PLAIN, a_csv=HEADER + row(speed=100))
    assert (told(store)[0][-1], faults(store)) == (None, ["speed_kmh 360.0 is not within 0 to 120"])


def test_missing_values_are_met_as_they_are_written_or_counted(store, tmp_path):
    mapping = PLAIN.replace('x_m = "X"', 'x_m = { from = "X", missing = [0] }')
    moments = [datetime.fromisoformat(f"2022-11-07 11:00:0{second}") for second in range(2)]
    table = pa.table(
        {"Truck": ["T1"] * 2, "Time": moments, "X": [0.0, 5.0], "Y": [2.0] * 2, "Speed": [1.0] * 2}
    )
    parquet.write_table(table, tmp_path / "given.parquet")
    bring(store, mapping, a_parquet=(tmp_path / "given.parquet").read_bytes())
    assert ([x for _truck, _at, x, *_ in told(store)], faults(store)) == ([None, 5.0], [None, None])


@pytest.mark.parametrize(
    "unit",
    ["9**9**9**9", "9⁹⁹⁹⁹", "m²²", "9⁹", "m**99", "m^9^9", "9^9", "km/", "(m", "m" * 99, "m\nkg", "__m"],
)
def test_what_is_no_unit_is_refused_at_once_and_in_a_sentence(unit):
    with pytest.raises(BadMapping, match="the unit"):
        conversion(unit, "km/h")


def test_units_may_have_powers_and_signs():
    assert conversion("m^2", "cm**2") == (10_000.0, 0.0)
    assert conversion("m^2*kg", "kg*m**2") == conversion("m²*kg", "kg*m^2") == (1.0, 0.0)
    assert conversion("µm/s", "m/s") == (1e-06, 0.0)


def test_units_are_held_to_the_schema_before_a_file_is_read(store):
    mapping = PLAIN.replace('unit = "m/s"', 'unit = "kg"').replace(
        'x_m = "X"', 'x_m = { from = "X", unit = "t" }'
    )
    with pytest.raises(BadMapping) as fault:
        bring(store, mapping, a_csv="no positions")
    said = str(fault.value)
    assert 'positions.x_m: the unit "t" cannot be turned into "m"' in said
    assert 'positions.speed_kmh: the unit "kg" cannot be turned into "km/h"' in said
    assert holds(store) == {}


# Words -------------------------------------------------------------------------------------------

INTERVALS = "Truck,Start,Stop,State\nT1,2022-11-07 08:00Z,2022-11-07 08:05Z,{}\n"


def test_a_value_that_is_no_word_of_its_column_is_refused(store):
    [load] = bring(
        store, STATES, a_csv=INTERVALS.format("haul") + "T1,2022-11-07 08:05Z,2022-11-07 08:06Z,QUE\n"
    )
    assert (load.kept, load.rejected) == (1, 1)
    assert refused(store) == [(2, "states", 'State "QUE" is no state')]


def test_a_word_that_a_mapping_does_not_know_is_refused_where_one_must_be(store):
    mapping = STATES.replace('state = "State"', 'state = { from = "State", words = { H = "haul" } }')
    [load] = bring(
        store, mapping, a_csv=INTERVALS.format("H") + "T1,2022-11-07 08:05Z,2022-11-07 08:06Z,QUE\n"
    )
    assert (load.kept, load.rejected) == (1, 1)
    assert refused(store) == [(2, "states", 'State "QUE" means nothing here')]


def test_an_interval_that_stops_before_it_starts_is_refused(store):
    bring(store, STATES, a_csv=INTERVALS.format("haul") + "T1,2022-11-07 08:05Z,2022-11-07 08:04Z,load\n")
    assert refused(store) == [(2, "states", "it stops at 2022-11-07 08:04:00, before it starts")]


# Trucks ------------------------------------------------------------------------------------------


def test_trucks_that_are_unknown_here_can_be_refused(store):
    bring(store, PLAIN, a_csv=HEADER + row("T1"))
    strict = 'unknown_trucks = "refuse"\n' + PLAIN
    [load] = bring(store, strict, b_csv=HEADER + row("T1", 1) + row("T70", 1) + row("T71", 1))
    assert sums(load) == (3, 1, 2, 0)
    assert [why for *_, why in refused(store)] == [
        'no truck "T70" is known here',
        'no truck "T71" is known here',
    ]
    assert open_site(store).truck_names == ("T1",)


def test_a_file_may_name_the_trucks_that_it_tells_of(store):
    naming = (
        PLAIN
        + '[[file.table]]\ninto = "trucks"\n[file.table.columns]\ntruck = "Truck"\ngiven = { value = true }\n'
    )
    [load] = bring(store, 'unknown_trucks = "refuse"\n' + naming, a_csv=HEADER + row("T1") + row("T2"))
    assert sums(load) == (2, 2, 0, 0)
    assert open_site(store).truck_names == ("T1", "T2")


def test_a_row_that_was_refused_keeps_all_that_it_said(store):
    bring(store, PLAIN, a_csv=HEADER + row("T1", at="soon", x=7))
    [content] = open_site(store).rejects.content.to_pyarrow().to_pylist()
    assert content == '{"Truck":"T1","Time":"soon","X":"7","Y":"2","Speed":"10"}'


# What cannot be ----------------------------------------------------------------------------------

GLOBE = """
name = "globe"
[[file]]
match = "*"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "Truck"
at = { from = "Time", epoch = "s" }
lon = "Lon"
lat = "Lat"
speed_kmh = "Speed"
"""


def globe(store: Path, *rows: str, crs: str = "") -> list[dict[str, object]]:
    """Positions on the globe, as the store holds them."""
    site = f'[site]\ncrs = "{crs}"\n' if crs else ""
    mapping = GLOBE.replace("[[file]]", f"{site}[[file]]", 1)
    bring(store, mapping, a_csv="Truck,Time,Lon,Lat,Speed\n" + "".join(f"{each}\n" for each in rows))
    return open_site(store).positions.order_by("truck", "at").to_pyarrow().to_pylist()


def crs(store: Path) -> str | None:
    return Store(store).newest().tables["site"].select("crs").to_pyarrow()["crs"].to_pylist()[0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("T1,1700000000,0,0,10", "lon 0 and lat 0 are what a receiver says that has no fix"),
        ("T1,1700000000,-33.1,-170.6,10", "lat -170.6 is not within -90 to 90"),
        ("T1,1700000000,-500,10,10", "lon -500.0 is not within -180 to 180"),
        ("T1,1700000000,-70,-33,900", "speed_kmh 900.0 is not within 0 to 150"),
        ("T1,1700000000,-70,-33,nan", 'Speed "nan" is not a number'),
        ("T1,1700000000,inf,-33,10", 'Lon "inf" is not a number'),
    ],
)
def test_a_value_that_cannot_be_is_emptied_and_its_row_says_so(store, row, fault):
    [told] = globe(store, row)
    assert told["fault"] == fault
    assert None in (told["lon"], told["lat"], told["speed_kmh"])


def test_points_of_the_globe_are_projected_into_the_sites_grid(store):
    [told] = globe(store, "T1,1700000000,-70,-30,10", crs="EPSG:32719")
    assert (round(told["x_m"]), round(told["y_m"])) == (403550, 6680794)
    assert (told["lon"], told["lat"]) == (-70, -30)
    assert crs(store) == "EPSG:32719"


def test_a_mapping_that_says_utm_takes_the_zone_of_the_first_points_and_keeps_it(store):
    globe(store, "T1,1700000000,-70,-30,10", crs="utm")
    told = globe(store, "T1,1700000001,-66.5,-30,10", crs="utm")
    assert crs(store) == "EPSG:32719"
    # Some 338 km east of the first, and beyond the zone's own bound: one grid, whatever comes later.
    assert 330_000 < told[1]["x_m"] - told[0]["x_m"] < 340_000


def test_a_grid_that_nobody_knows_is_said_so(store):
    with pytest.raises(BadMapping, match='the site\'s grid "EPSG:0" is no coordinate reference system'):
        globe(store, "T1,1700000000,-70,-30,10", crs="EPSG:0")


def test_where_the_site_has_no_grid_the_globe_is_all_there_is(store):
    [told] = globe(store, "T1,1700000000,-70,-30,10")
    assert (told["x_m"], told["y_m"]) == (None, None)


@pytest.mark.parametrize(
    "name", ["é😀" * 2500, "<script>alert(1)</script>", "'; DROP TABLE trucks; --", "T\x1b[31m1"]
)
def test_a_truck_of_any_name_is_kept_by_its_name(store, name):
    [told] = globe(store, f'"{name}",1700000000,-70,-30,10')
    assert told["truck"] == name
    assert open_site(store).truck(name).positions.count().execute() == 1


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_name_that_goes_over_lines_is_two_rows_that_a_quote_joined_and_is_refused(store, line_break):
    lines = ['"T1,1700000000,-70,-30,10', '"T2,1700000000,-70,-30,10', "T3,1700000000,-70,-30,10"]
    [told] = globe(store, line_break.join(lines))
    assert told["truck"] == "T3"
    [(line, about, reason)] = refused(store)
    assert (line, about) == (1, "positions")
    assert reason.startswith('Truck "T1,1700000000,-70,-30,10')
    assert reason.endswith("holds a line break: a quote that nothing closes joins two lines")


def test_more_trucks_than_any_mine_has_are_kept_and_nothing_is_detected_of_them(store, tmp_path):
    many, said = 20_000, []
    rows = "".join(f"T{number},1700000000,-70,-30,10\n" for number in range(many))
    (tmp_path / "many.csv").write_text("Truck,Time,Lon,Lat,Speed\n" + rows)
    (tmp_path / "globe.toml").write_text(GLOBE)
    [load] = ingest(store, tmp_path / "many.csv", str(tmp_path / "globe.toml"), remark=said.append)
    assert load.kept == many
    assert open_site(store).trucks.count().execute() == many
    assert said[0].startswith("20,000 trucks came at once, so nothing was detected of them")


def test_an_empty_mine_has_no_rows(store):
    assert globe(store) == []


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/Santiago"])
def test_an_instant_that_no_calendar_reaches_is_refused_and_stops_nothing(store, unit, zone):
    ticks = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    at = pa.array([2**63 - 1, 1 - 2**63, 1_700_000_000 * ticks], pa.int64()).cast(pa.timestamp(unit, zone))
    table = pa.table({"Truck": ["T1"] * 3, "Time": at, "X": [1.0] * 3, "Y": [1.0] * 3, "Speed": [1.0] * 3})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    [load] = bring(store, PLAIN, a_parquet=sink.getvalue().to_pybytes())
    assert (load.kept, load.rejected) == (1, 2)
