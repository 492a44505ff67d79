"""A site narrows: which rows a window holds, and which files are read for it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from engines import holding
from inputs import HEADER, bring, row
from strips import MIDNIGHT, intervals

from truckkit import schema
from truckkit.errors import BadRequest, BadTime, UnknownName
from truckkit.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Three days of one truck, a position an hour from eight in the morning of the site."""
    lines = [row(second=3600 * hour, x=hour) for hour in range(60)]
    bring(tmp_path / "store", a_csv=HEADER + "".join(lines))
    return open_site(tmp_path / "store")


def places(site: Site) -> list[float]:
    return site.positions.order_by("at").x_m.to_pyarrow().to_pylist()


def test_a_window_within_a_day_is_read_from_the_file_of_that_day_alone(site):
    an_hour = site.between("2022-11-08 10:00", "2022-11-08 11:00")
    assert 'FROM "file1"."main"."positions"' in ibis.to_sql(an_hour.positions)
    assert places(an_hour) == [26]


def test_a_window_over_midnight_is_read_from_the_files_of_its_two_days(site):
    # Days are those of UTC; Santiago is three hours behind.
    over_midnight = site.between("2022-11-07 20:00", "2022-11-07 22:00")
    read = re.findall(r'"(\w+)"\."main"\."positions"', ibis.to_sql(over_midnight.positions))
    assert read == ["file0", "file1"]
    assert places(over_midnight) == [12, 13]


def test_a_window_that_stops_at_midnight_belongs_to_the_day_before(site):
    before = site.between("2022-11-07 20:00", "2022-11-07 21:00")
    after = site.between("2022-11-07 21:00", "2022-11-07 22:00")
    assert '"file0"' in ibis.to_sql(before.positions)
    assert '"file1"' in ibis.to_sql(after.positions)
    assert [places(before), places(after)] == [[12], [13]]


def test_a_window_of_days_that_hold_nothing_has_no_rows(site):
    assert places(site.between("2021-01-01", "2021-01-02")) == []


@pytest.mark.parametrize("start", range(0, 60, 7))
def test_every_window_holds_the_rows_that_a_filter_of_all_would_keep(site, start):
    hours = [f"2022-11-{7 + (8 + hour) // 24:02d} {(8 + hour) % 24:02d}:00" for hour in range(61)]
    stop = min(start + 9, 60)
    assert places(site.between(hours[start], hours[stop])) == list(range(start, stop))


# What cannot be meant ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        ("0001-01-01 00:00Z", "0001-01-01 01:00Z"),
        ("9999-12-30", "9999-12-31 20:00"),
        ("1899-12-31T23:59Z", "1950-01-01"),
        ("2100-01-01", "2200-01-01T00:01Z"),
    ],
)
def test_a_window_at_an_end_of_the_calendar_is_refused(site, start, stop):
    with pytest.raises(BadTime, match="is outside of the years 1900 to 2200"):
        site.between(start, stop)


def test_a_window_from_1970_to_2200_holds_everything(site):
    assert places(site.between("1970-01-01T00:00Z", "2200-01-01T00:00Z")) == list(range(60))


def test_a_site_of_no_trucks_cannot_be_asked_for(site):
    with pytest.raises(BadRequest, match="name at least one"):
        site.truck()


@pytest.mark.parametrize("name", [5, None, [], {}])
def test_a_shift_that_is_no_text_is_not_there(site, name):
    with pytest.raises(UnknownName, match="no shift"):
        site.shift(name)


@pytest.mark.parametrize("event", [5, None, [], {}])
def test_an_event_that_is_no_text_is_not_there(site, event):
    with pytest.raises(UnknownName, match="no event"):
        site.event(event)


def test_a_connection_without_a_table_of_what_happens_has_no_period_and_one_with_some_has_theirs():
    rows = {
        schema.TRUCKS: [{"truck": "T01", "given": True, "load_id": 0}],
        schema.STATE_INTERVALS: intervals({"T01": "RRLL"}),
    }
    trucks, states = (
        pa.Table.from_pylist(
            [{name: row.get(name) for name in table.names} for row in each], schema=table.schema.to_pyarrow()
        )
        for table, each in rows.items()
    )
    assert Site(ibis.duckdb.connect()).period is None
    assert Site(holding({"trucks": trucks})).period is None
    found = Site(holding({"trucks": trucks, "states": states})).period
    assert found == (MIDNIGHT, MIDNIGHT + timedelta(minutes=4))
