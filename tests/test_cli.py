"""The command line names each verb before it is imported, and imports it when it is meant."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import cleandoc

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from truckkit.cli import VERBS, app


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_listed_by_the_first_line_of_what_it_says_of_itself(verb):
    errand, line = VERBS[verb]
    command = get_group(import_module(f"truckkit.cli.{errand}").verbs).commands[verb]
    assert cleandoc(command.help).splitlines()[0] == line
    assert verb in CliRunner().invoke(app, ["--help"]).output
    assert line in " ".join(CliRunner().invoke(app, [verb, "--help"]).output.split())


def test_every_verb_that_there_is_stands_in_the_list():
    errands = {errand for errand, _ in VERBS.values()}
    verbs = [get_group(import_module(f"truckkit.cli.{errand}").verbs).commands for errand in errands]
    assert {name for commands in verbs for name in commands} == set(VERBS)


def test_a_misspelt_verb_is_told_its_nearest():
    told = CliRunner().invoke(app, ["ingets"])
    assert told.exit_code == 2
    assert "ingest" in told.output


@pytest.mark.parametrize("begun", ["import truckkit", "from truckkit.cli import app"])
def test_beginning_imports_neither_ibis_nor_panel(begun):
    """What needs them comes when it is meant, so that help and notebooks begin at once."""
    heavy = "{'ibis', 'panel', 'duckdb', 'pyarrow', 'pandas', 'fastapi'}"
    said = subprocess.run(
        [sys.executable, "-c", f"import sys; {begun}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "[]\n"
