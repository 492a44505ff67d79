"""The page of trust as a reader meets it: coverage, findings with their list, the ledger of loads."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from stores import write
from strips import haul_cycle, intervals

from truckkit.store import Facts

pytestmark = pytest.mark.browser

READY = ".sheet[data-ready=true]"
HOSTILE = "<img src=x onerror=\"window.fired='name'\">"


@pytest.fixture(scope="session")
def doubtful(tmp_path_factory, serve):
    """Three days of a truck with a hostile name that is silent half the time and whose cycles overlap."""
    strip = ("R" * 6 + "." * 6) * 6
    store = write(
        tmp_path_factory.mktemp("doubtful") / "mine",
        Facts(name="Doubtful mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": HOSTILE, "given": True}],
        states=intervals({HOSTILE: strip}, minute=timedelta(hours=1)),
        cycles=[haul_cycle(HOSTILE, at, complete=False) for at in (2900, 2910, 3100)],
    )
    return serve(store)


def opened(page, url):
    page.goto(url)
    page.locator(READY).wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_opens_in_light_and_dark_and_nothing_is_cut(open_page, address, width, scheme):
    page = opened(
        open_page(viewport={"width": width, "height": 900}, color_scheme=scheme), f"{address}/quality"
    )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator(".coverage tbody tr").count() == 6
    assert page.locator(".kinds .why", has_text="Nothing is wrong with the data of this time").count() == 1
    assert "rows in = " in page.locator(".loads .told").inner_text()


def test_a_truck_leads_to_its_timeline(page, address):
    opened(page, f"{address}/quality")
    page.locator(".coverage a", has_text="T03").click()
    page.locator("canvas.strips[data-drawn]").wait_for()
    assert "truck=T03" in page.url


def test_of_a_long_time_the_newest_day_is_shown_and_another_is_chosen_and_shared(open_page, doubtful):
    page = opened(open_page(), f"{doubtful}/quality")
    page.get_by_role("heading", name="Data quality, 2026-11-24").wait_for()
    assert page.locator(".coverage .hour.none").count() == 12
    page.get_by_label("Shift or day").select_option("2026-11-22")
    page.get_by_role("heading", name="Data quality, 2026-11-22").wait_for()
    page.locator(READY).wait_for()
    assert parse_qs(urlsplit(page.url).query)["when"] == ["2026-11-22"]
    other = opened(open_page(), page.url)
    other.get_by_role("heading", name="Data quality, 2026-11-22").wait_for()


def test_a_kind_of_findings_lists_them_with_the_way_to_the_replay(open_page, doubtful):
    page = opened(open_page(), f"{doubtful}/quality")
    page.locator(".kinds .mark", has_text="overlap: cycles.start").click()
    behind = page.locator(".behind")
    behind.locator("tbody tr").first.wait_for()
    assert behind.locator("tbody td").first.inner_text() == HOSTILE
    link = behind.get_by_role("link", name=re.compile("^Replay of"))
    assert parse_qs(urlsplit(link.first.get_attribute("href")).query)["truck"] == [HOSTILE]
    page.wait_for_function("location.search.includes('mark=')")
    other = opened(open_page(), page.url)
    other.locator(".behind tbody tr").first.wait_for()
    for each in (page, other):
        assert each.evaluate("window.fired") is None
        assert each.locator("img").count() == 0
