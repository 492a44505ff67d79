"""What the OpenAPI document says holds: schemathesis asks every operation in ways that nobody thought of.

No answer is a fault of the server, and each has a status, a type, headers and a body that are documented.
The service stands over a store of its own with a key that may write, so that its few writes are tried too.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks
from stores import copied_sample

import truckkit as tk
from truckkit import schema
from truckkit.api.aemp.sections import SERIES
from truckkit.api.app import create_app
from truckkit.api.formats import FORMATS
from truckkit.api.measures import MEASURES
from truckkit.api.moving_features.properties import PROPERTIES
from truckkit.api.settings import Settings
from truckkit.site import open_site
from truckkit.store import keys

EXAMPLES = 40
"""Of each operation; there are some seventy of them, and CI has a minute for all."""

HELD = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, in a store of its own that may be written."""
    return copied_sample(tmp_path_factory.mktemp("schema") / "mine")


@pytest.fixture(scope="module")
def document(folder: Path) -> BaseSchema:
    """The service's own document, over a site that has a work order and an annotation to change."""
    key = keys.add(folder, "schemathesis", "write")
    app = create_app(open_site(folder))
    client = TestClient(app, headers={"Authorization": f"Bearer {key}"})
    for resource, said in RECORDS.items():
        made = client.post(f"/api/v1/{resource}", json=said, headers={"Idempotency-Key": resource})
        assert made.status_code == 201, made.text
        NAMED[f"/api/v1/{resource}/{{record}}"] = [made.headers["location"].rpartition("/")[2]]
        NAMED[f"/api/v1/{resource}/{{record}}/close"] = NAMED[f"/api/v1/{resource}/{{record}}"]
        MEANT["If-Match"].append(made.headers["etag"])
    project = ProjectConfig(
        headers={"Authorization": f"Bearer {key}"},
        generation=GenerationConfig(with_security_parameters=False),
    )
    return schemathesis.openapi.from_asgi(
        "/api/openapi.json",
        app,
        config=SchemathesisConfig(projects=ProjectsConfig(default=project)),
        headers={"Authorization": f"Bearer {key}"},
    )


RECORDS = {
    "maintenance": {"work_order": "W1", "truck": "T01", "start": "2026-11-22T12:00:00Z"},
    "annotations": {"start": "2026-11-22T12:00:00Z", "remark": "blast"},
}

NAMED: dict[str, list[str]] = {}
"""Of a path, the names that are there."""

MEANT: dict[str, list[Any]] = {
    "If-Match": [],
    "Idempotency-Key": ["maintenance", "another"],
    "truck": ["T01", "T02"],
    "start": ["2026-11-22T12:00:00Z", "2026-11-22T14:00:00.250+02:00", "1970-01-01T00:00:00Z"],
    "stop": ["2026-11-22T13:00:00Z", "2122-11-07T13:00:00Z"],
    "source": list(schema.SOURCES),
    "state": list(schema.STATES),
    "place": ["Crusher", "Dump 1"],
    "bbox": ["-1000,-1000,100000,100000"],
    "min_duration_s": [0, 60],
    "columns": ["truck", "truck,at", "at"],
    "limit": [1, 7, 1000],
    "format": list(FORMATS),
    "points": [2, 50],
    "metric": list(MEASURES),
    "by": ["truck", "shift", "hour"],
    "every": ["1h"],
    "longer": ["10min"],
    "window": ["4h"],
    "at": ["2026-11-22T12:30:00Z"],
    "resource": list(SERIES),
    "page": [1],
    "speed": [60],
}
"""What may be meant: text made at random is a time, a truck or a format in no lifetime."""

# The document is the same over every store, so that tests are named before there is one.
OPERATIONS = [
    (method, path)
    for path, methods in create_app(tk.sample, settings=Settings(open=True)).openapi()["paths"].items()
    for method in methods
]


def meaning(
    draw: Callable[[st.SearchStrategy[Any]], Any], said: MutableMapping[str, Any], path: str = ""
) -> None:
    """Leave some parameters as they are, take out some, and let others be what somebody may mean.

    Those of a path are not taken out, and are mostly meant: one may have five of them.
    """
    for name in sorted(said):
        means = draw(st.sampled_from(["as it is", *(["meant"] * 5 if path else ["meant", "none"])]))
        of_path = list(PROPERTIES) if "tproperties" in path and name == "tproperty" else NAMED.get(path)
        known = of_path or MEANT.get(name)
        if means == "none":
            del said[name]
        elif means == "meant" and known:
            value = draw(st.sampled_from(known))
            said[name] = [value] if isinstance(said[name], list) else value


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda said: said)
def test_every_answer_is_one_that_is_documented(document: BaseSchema, method: str, path: str) -> None:
    @given(document[path][method].as_strategy(), st.data())
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def holds(case: schemathesis.Case, data: st.DataObject) -> None:
        meaning(data.draw, case.query)
        meaning(data.draw, case.path_parameters, path)
        for name in MEANT.keys() & {"If-Match", "Idempotency-Key"}:
            if MEANT[name] and name in case.headers and data.draw(st.booleans()):
                case.headers[name] = data.draw(st.sampled_from(MEANT[name]))
        statuses.add(case.call_and_validate(checks=HELD).status_code)

    statuses: set[int] = set()
    holds()
    # What refuses everything holds to its document too, and would be worth nothing.
    assert method != "get" or min(statuses) < 300, statuses


def test_every_route_is_in_the_document(document: BaseSchema) -> None:
    said = {(method, path) for path in document for method in document[path]}
    assert {(method, path) for method, path in OPERATIONS} == said
    assert len(said) > 30
