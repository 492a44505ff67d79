"""docs/rest.md is what the service says of itself, and every example in it runs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from serving import serving
from stores import copied_sample
from system import missing, program

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.store import keys

DOCS = Path(__file__).parent.parent / "docs"

PRINTED = {
    "fleet": "T01",
    "hour": "3600",
    "notebook": "T01",
    "pages": str(tk.sample().truck("T01").cycles.count().execute()),
    "metric": "SH1",
    "unchanged": "304",
}
"""What stands in what each example prints."""
WRITTEN = {"hour": ("T01.csv", 3601), "pages": ("pages.json", 1)}
"""What curl writes into a file instead, with how many lines it has at least."""


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


EXAMPLES = module("rest_examples").EXAMPLES


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, where a key may be made."""
    return copied_sample(tmp_path_factory.mktemp("served") / "mine")


@pytest.fixture(scope="module")
def key(store: Path) -> str:
    return keys.add(store, "reader", "read")


@pytest.fixture(scope="module")
def origin(store: Path, key: str) -> Iterator[str]:
    with serving(create_app(tk.open(store))) as address:
        yield address


def run(command: list[str], code: str, origin: str, key: str, folder: Path) -> str:
    """What an example prints; it must not fail."""
    environment = {**os.environ, "TRUCKKIT_KEY": key, "PYTHONPATH": str(DOCS.parent)}
    done = subprocess.run(
        [*command, code.replace("https://mine.example", origin)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def of(language: str) -> list[object]:
    return [pytest.param(each, id=each.name) for each in EXAMPLES if getattr(each, language)]


def test_the_page_is_what_the_service_says_of_itself() -> None:
    made = module("make_rest")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run make docs"


@pytest.mark.parametrize("example", of("curl"))
def test_every_example_in_curl_runs(example, origin: str, key: str, tmp_path: Path) -> None:
    program("curl", "curl")
    printed = run(["sh", "-eu", "-c"], example.curl, origin, key, tmp_path)
    if example.name in WRITTEN:
        name, lines = WRITTEN[example.name]
        assert len((tmp_path / name).read_text("utf-8").splitlines()) >= lines
    else:
        assert PRINTED[example.name] in printed


@pytest.mark.parametrize("example", of("python"))
def test_every_example_in_python_runs(example, origin: str, key: str, tmp_path: Path) -> None:
    assert PRINTED[example.name] in run([sys.executable, "-c"], example.python, origin, key, tmp_path)


@pytest.mark.parametrize("example", of("r"))
def test_every_example_in_r_runs(example, origin: str, key: str, tmp_path: Path) -> None:
    rscript = program("Rscript", "r-base-core")
    for package in ("httr2", "jsonlite"):
        if subprocess.run(
            [rscript, "-e", f"library({package})"], capture_output=True, check=False
        ).returncode:
            missing(f"the R package {package} (apt-get install r-cran-{package})")
    assert PRINTED[example.name] in run([rscript, "-e"], example.r, origin, key, tmp_path)
