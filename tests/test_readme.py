"""What the README says holds."""

from __future__ import annotations

import re
from pathlib import Path

import truckkit as tk
from truckkit import mapping
from truckkit.cli import app


def blocks(root: Path, language: str) -> list[str]:
    return re.findall(
        rf"```{language}\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )


def test_every_public_name_is_named(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert [name for name in tk.__all__ if f"`tk.{name}`" not in text] == []


def test_every_verb_of_the_command_line_is_named(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    verbs = [
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    ]
    assert [verb for verb in verbs if f"`truckkit {verb}" not in text] == []


def test_its_python_runs(root: Path) -> None:
    for block in blocks(root, "python"):
        exec(compile(block, "README.md", "exec"), {})


def test_its_mapping_is_one(root: Path, tmp_path: Path) -> None:
    [block] = blocks(root, "toml")
    (tmp_path / "our-fms.toml").write_text(block)
    assert mapping.read(str(tmp_path / "our-fms.toml")).site_name == "Our mine"
