"""What the README says is so: its names, its Python, its mapping, its commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

import truckkit as tk
from truckkit.cli import app

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The one fenced block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)
    return found


def test_every_public_name_is_named_and_nothing_else_is():
    assert sorted(re.findall(r"^\| `tk\.(\w+)`", README, re.M)) == sorted(tk.__all__)


def test_every_verb_of_the_command_line_is_named_and_nothing_else_is():
    assert set(re.findall(r"^\| `truckkit (\w+)", README, re.M)) == set(get_command(app).commands)


def test_its_python_runs(capsys):
    exec(compile(block("python"), "README.md", "exec"), {})
    assert "Site Simulated mine" in capsys.readouterr().out


@pytest.fixture
def mine(tmp_path, monkeypatch) -> tk.Site:
    """A store made of the README's own file by its own mapping."""
    monkeypatch.chdir(tmp_path)
    Path("hauls.csv").write_text(block("csv"), encoding="utf-8")
    Path("ours.toml").write_text(block("toml"), encoding="utf-8")
    (load,) = tk.ingest("mine", ["hauls.csv"], "ours.toml")
    assert (load.rows_in, load.kept, load.rejected, load.duplicates) == (3, 3, 0, 0)
    return tk.open("mine")


def test_its_mapping_reads_its_file(mine):
    assert (mine.name, mine.zone.key, mine.truck_names) == ("Our mine", "Australia/Perth", ("T1", "T2"))
    first = mine.cycles.order_by("start").to_pyarrow().to_pylist()[0]
    assert first["start"].isoformat() == "2026-03-06T22:02:00"
    assert (first["truck"], first["loader"], first["dump_place"]) == ("T1", "SH1", "Crusher")
    assert (first["haul_min"], first["payload_t"]) == pytest.approx((14, 287.5))


def test_a_payload_out_of_bounds_is_empty_and_says_so(mine):
    (row,) = mine.truck("T2").cycles.to_pyarrow().to_pylist()
    assert row["payload_t"] is None
    assert "65527" in row["fault"]


def test_its_shifts_are_there(mine):
    assert mine.shift("2026-03-07 day").cycles.count().execute() == 3
