"""Every bench that has goals, one after the other: a page of tables and pictures in the docs.

    python bench/all.py --quick             the quick forms, in two minutes; nothing is written
    python bench/all.py                     everything, for hours: docs/speed.md and docs/speed/*.svg
    python bench/all.py analyst growth      these alone; the others stay in the page as they were
    python bench/all.py --page              the page alone, of what was measured before
    python bench/all.py --kept FOLDER       stores are kept there, and used again where they are there already

It fails where a bench fails, which is where an answer is broken. A time never fails it: whether a goal was
reached stands in the page, and why not, as ``docs/speed/reasons.toml`` says by bench and figure. What was
measured is kept beside the page as ``docs/speed/NAME.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
KEPT = DOCS / "speed"

Entries = list[dict[str, object]]


@dataclass(frozen=True)
class Script:
    """One bench: how it is called whole, how quickly, and what it needs besides truckkit."""

    name: str
    whole: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None
    """None: it has no form that is quick enough."""
    needs: tuple[str, ...] = ()
    """Modules without which it is left out."""
    run: str = ""
    """The file to run, where it is not called as the bench is."""
    keeps: str = ""
    """The option that names the folder of its stores."""

    @property
    def file(self) -> Path:
        return HERE / (self.run or f"{self.name}.py")

    @property
    def title(self) -> str:
        """The first line of what the bench says about itself."""
        return self.file.read_text("utf-8").partition('"""')[2].partition("\n")[0].rstrip(".")


SCRIPTS = (
    Script("startup", quick=("--quick",)),
    Script("tsbs_iot", quick=("--quick",), run="tsbs_iot/run.py"),
    Script("analyst", quick=("--quick",), needs=("polars", "movingpandas"), keeps="--store"),
    Script("growth", quick=("--quick",), needs=("httpx2",), keeps="--stores"),
    Script("detect", needs=("polars",)),
    Script("questions"),
    Script("road"),
    Script("ingest"),
    Script("simulate"),
    Script("rest"),
    Script("spark", needs=("pyspark",), keeps="--exported"),
    Script("timeline_frames", needs=("playwright",)),
    Script("replay", needs=("playwright",)),
)
"""In the order of the page. A line each: a bench with ``--json``, its arguments, its quick ones."""


def asked(names: Sequence[str]) -> list[Script]:
    known = {script.name: script for script in SCRIPTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f'no bench "{unknown[0]}"; there are {", ".join(known)}.')
    return [known[name] for name in names] if names else list(SCRIPTS)


def measured(script: Script, arguments: Sequence[str]) -> Entries | None:
    """What a bench measures; nothing where it fails, which it says itself."""
    missing = [name for name in script.needs if find_spec(name) is None]
    if missing:
        print(f"{script.name}: left out, for {missing[0]} is not installed", flush=True)
        return []
    print(f"{script.name} {' '.join(arguments)}", flush=True)
    begun = time.perf_counter()
    command = [sys.executable, str(script.file), *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    try:
        found: Entries = json.loads(done.stdout)
    except ValueError:
        found = []
    took = time.perf_counter() - begun
    if done.returncode or not found:
        print(f"{script.name}: failed after {took:.0f} s, with status {done.returncode}", flush=True)
        return None
    missed = [each for each in found if reached(each) is False]
    print(f"  {took:.0f} s; {len(found)} figures, {len(missed)} of them short of their goal", flush=True)
    return found


# A bound is a number, a peer, or some times a peer: "≤ 4", "≤ 3 ms", "≤ PostgreSQL", "≤ 1.2 × the best peer".
_BOUND = re.compile(r"(≤|≥|<|>) ?(?:([\d.]+)(?: ms)?)?(?: ?(?:× )?([A-Z]\w+|the best peer))?")


def reached(each: dict[str, object]) -> bool | None:
    """Whether a figure reached its goal; nothing where it has none that a program can read.

    >>> reached({"value": 1.1, "goal": "≤ 1.2 × the best peer", "peer": 1.0})
    True
    >>> reached({"value": 2.5, "goal": "≤ 3 ms, ≤ PostgreSQL", "peer": 0.4})
    False
    """
    value, goal, peer = each["value"], each["goal"], each["peer"]
    if not isinstance(value, int | float) or goal in ("", None):
        return None
    if isinstance(goal, int | float):
        return value <= goal
    if goal == "less than any peer":
        return value < peer if isinstance(peer, int | float) else None
    bounds = [_BOUND.fullmatch(part) for part in str(goal).split(", ")]
    parts = [_within(value, peer, bound) for bound in bounds]
    return None if None in parts else all(parts)


def _within(value: float, peer: object, bound: re.Match[str] | None) -> bool | None:
    if bound is None or (bound[3] and not isinstance(peer, int | float)) or not (bound[2] or bound[3]):
        return None
    most = float(bound[2] or 1) * (peer if bound[3] and isinstance(peer, int | float) else 1)
    return {"≤": value <= most, "≥": value >= most, "<": value < most, ">": value > most}[bound[1]]


# The page ----------------------------------------------------------------------------------------


def page(scripts: Sequence[Script]) -> str:
    """What was measured, by whichever run measured it last."""
    parts = [
        "# Speed",
        "",
        "Written by `make bench`; figures are of the machine that a section names, ratios of one run. CPU is",
        "user and system time with all threads. `✓` is a goal that was reached, `✗` one that was not.",
        "",
    ]
    for script in scripts:
        file = KEPT / f"{script.name}.json"
        if not file.exists():
            continue
        kept = json.loads(file.read_text("utf-8"))
        file = script.file.relative_to(HERE.parent)
        parts += [f"## {script.title}", "", f"`{file}`, {kept['when']}, {kept['where']}.", ""]
        pictures = sorted(KEPT.glob(f"{script.name}-*.svg"))
        parts += [f"![{each.stem}](speed/{each.name})" for each in pictures] + [""] * bool(pictures)
        told = [each for each in kept["figures"] if each["goal"] or each["peer"] is not None]
        parts += _table(told)
        if missed := _missed(script.name, told):
            parts += [f"- ✗ {name}: {why}" for name, why in missed] + [""]
        if more := len(kept["figures"]) - len(told):
            parts += [f"{more} more figures: [{script.name}.json](speed/{script.name}.json)", ""]
    return "\n".join(parts).rstrip() + "\n"


def _missed(bench: str, figures: Entries) -> list[tuple[str, str]]:
    """The figures short of their goals, each with the reason."""
    file = KEPT / "reasons.toml"
    known = tomllib.loads(file.read_text("utf-8")).get(bench, {}) if file.exists() else {}
    missed = [str(each["name"]) for each in figures if reached(each) is False]
    return [(name, known.get(name, "nobody has said why")) for name in missed]


def _table(figures: Entries) -> list[str]:
    head = ["| what | value | goal | peer | value / peer | |", "|---|--:|--:|--:|--:|---|"]
    return [*head, *map(_row, figures), ""] if figures else []


def _row(each: dict[str, object]) -> str:
    value, peer = each["value"], each["peer"]
    ratio = ""
    if isinstance(value, int | float) and isinstance(peer, int | float) and peer:
        ratio = f"{value / peer:.2f}"
    mark = {True: "✓", False: "✗", None: ""}[reached(each)]
    cells = (
        each["name"],
        f"{_figure(value)} {each['unit']}",
        _figure(each["goal"]),
        _figure(peer),
        ratio,
        mark,
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _figure(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)


def where() -> str:
    """The machine, in few words."""
    told = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", told.read_text()) if told.exists() else None
    cores = len(re.findall(r"^processor", told.read_text(), re.MULTILINE)) if told.exists() else 0
    named = model[1].strip() if model else platform.machine()
    return f"{cores} × {named}, Python {platform.python_version()}"


def main() -> None:
    """Measure, and write the page."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("names", nargs="*", help="benches; all of them where none is named")
    said.add_argument("--quick", action="store_true", help="the quick forms; writes nothing")
    said.add_argument("--kept", type=Path, help="a folder in which each bench keeps its stores")
    said.add_argument("--page", action="store_true", help="measure nothing, write the page again")
    told = said.parse_args()
    if told.page:
        (DOCS / "speed.md").write_text(page(SCRIPTS), "utf-8")
        return
    failed = []
    for script in asked(told.names):
        arguments = script.quick if told.quick else script.whole
        if arguments is None:
            continue
        if told.kept and script.keeps and not told.quick:
            arguments = (*arguments, script.keeps, str(told.kept / script.name))
        found = measured(script, arguments)
        if found is None:
            failed.append(script.name)
        elif found and not told.quick:
            KEPT.mkdir(exist_ok=True)
            (KEPT / f"{script.name}.json").write_text(kept_as(found), "utf-8")
            drawn(script.name)
            (DOCS / "speed.md").write_text(page(SCRIPTS), "utf-8")
    if failed:
        raise SystemExit(f"broken: {', '.join(failed)}")


def kept_as(figures: Entries) -> str:
    """What is kept of a run, a line for each figure."""
    told = {"when": time.strftime("%Y-%m-%d"), "where": where()}
    rows = ",\n".join(json.dumps(each, ensure_ascii=False) for each in figures)
    return f'{json.dumps(told, ensure_ascii=False)[:-1]}, "figures": [\n{rows}\n]}}\n'


def drawn(name: str) -> None:
    """The pictures of a bench, by a process of its own: matplotlib is wanted for nothing else."""
    if find_spec("matplotlib") is None:
        print("no pictures, for matplotlib is not installed", flush=True)
        return
    subprocess.run([sys.executable, str(HERE / "pictures.py"), name], check=True)


if __name__ == "__main__":
    main()
