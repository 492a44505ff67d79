"""A site narrows: which rows a window holds, and which files are read for it."""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest
from inputs import HEADER, bring, row

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


def test_a_window_over_midnight_is_read_from_every_day(site):
    # Days are those of UTC; Santiago is three hours behind.
    over_midnight = site.between("2022-11-07 20:00", "2022-11-07 22:00")
    assert '"memory"."main"."positions"' in ibis.to_sql(over_midnight.positions)
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
