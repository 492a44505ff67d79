"""The service's own documents in a browser: whoever comes may read them, and a key is typed in there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import serving
from stores import copied_sample

from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.site import open_site
from truckkit.store import keys

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return copied_sample(tmp_path_factory.mktemp("documents") / "mine")


@pytest.fixture(scope="module")
def key(folder) -> str:
    return keys.add(folder, "reader", "read")


@pytest.fixture(scope="module")
def origin(folder, key) -> Iterator[str]:
    with serving(create_app(open_site(folder), settings=Settings(open=False))) as origin:
        yield origin


def tried(page, operation: str) -> str:
    """What the documents show that the service answered to an operation."""
    block = page.locator(f"#operations-resources-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    return answer.inner_text()


def test_a_reader_with_a_key_types_it_in_and_is_answered(page, origin, key):
    assert page.goto(f"{origin}/api/docs").status == 200
    page.locator(".swagger-ui .info .title").wait_for()
    page.get_by_role("button", name="Authorize").click()
    page.locator(".modal-ux input").fill(key)
    page.locator(".modal-ux").get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux").get_by_role("button", name="Close").click()
    said = tried(page, "trucks")
    assert said.startswith("200")
    assert '"truck": "T01"' in said
    assert page.evaluate("localStorage.length") == 0


def test_a_reader_without_a_key_sees_the_documents_and_nothing_of_the_mine(page, origin, faults):
    assert page.goto(f"{origin}/api/docs").status == 200
    page.locator(".swagger-ui .info .title").wait_for()
    assert page.locator(".opblock").count() > 40
    assert faults == []
    said = tried(page, "trucks")
    assert said.startswith("401")
    assert "truckkit keys add" in said
    # The browser writes of itself that this was refused.
    assert [fault for fault in faults if "401" not in fault] == []
    faults.clear()
