"""Pictures of what benches measured, as SVG for the docs: python bench/pictures.py NAME."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

KEPT = Path(__file__).parent.parent / "docs" / "speed"
INK, TOOLS = "#444444", {"truckkit": "#d9480f", "polars": "#1971c2", "pandas": "#868e96"}
# The same figures give the same bytes, and text stays text.
mpl.rcParams |= {"svg.hashsalt": "truckkit", "svg.fonttype": "none", "font.size": 9, "text.color": INK}

Figures = list[dict[str, object]]


def analyst(figures: Figures) -> dict[str, Figure]:
    """CPU and memory of each task by each tool, side by side."""
    said = {str(each["name"]): float(str(each["value"])) for each in figures}
    tasks = [name for name in said if f"{name}, polars" in said]
    made = {}
    for kind, words, suffix in (("cpu", "CPU s", ""), ("memory", "peak memory, MB", ", peak memory")):
        figure = Figure(figsize=(7, 3), layout="constrained")
        axes = figure.subplots()
        for number, (tool, colour) in enumerate(TOOLS.items()):
            named = [f"{task}{'' if tool == 'truckkit' else f', {tool}'}{suffix}" for task in tasks]
            places = [at + (number - 1) * 0.27 for at in range(len(tasks))]
            axes.bar(places, [said[name] for name in named], 0.25, color=colour, label=tool)
        axes.set_xticks(range(len(tasks)), tasks)
        axes.set(ylabel=words, yscale="log" if kind == "cpu" else "linear")
        axes.legend(frameon=False)
        made[kind] = figure
    return made


def growth(figures: Figures) -> dict[str, Figure]:
    """Cost against size, both as logarithms."""
    curves: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for each in figures:
        if found := re.match(r"(.+), (\d+) (trucks|days)$", str(each["name"])):
            curves[found[3]][found[1]][int(found[2])] = float(str(each["value"]))
    made = {}
    for axis, costs in curves.items():
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        colours = dict(zip(costs, mpl.color_sequences["tab10"], strict=False))
        # In the order in which the lines end, so that one finds a line's name beside it.
        for name, by_size in sorted(costs.items(), key=lambda told: -[*told[1].values()][-1]):
            axes.plot(
                list(by_size), list(by_size.values()), "o-", ms=3, lw=1.2, color=colours[name], label=name
            )
        sizes = sorted({size for by_size in costs.values() for size in by_size})
        least = min(min(by_size.values()) for by_size in costs.values())
        # Nothing may be steeper: twice the size, twice the cost.
        axes.plot(sizes[-2:], [least, least * sizes[-1] / sizes[-2]], ":", color="#adb5bd", label="linear")
        axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="CPU ms")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        axes.minorticks_off()
        axes.grid(axis="y", color="#e9ecef", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        made[axis] = figure
    return made


PICTURES: dict[str, Callable[[Figures], dict[str, Figure]]] = {"analyst": analyst, "growth": growth}


def main() -> None:
    """Draw what there is to draw of a bench."""
    name = sys.argv[1]
    if name not in PICTURES:
        return
    figures = json.loads((KEPT / f"{name}.json").read_text("utf-8"))["figures"]
    for kind, figure in PICTURES[name](figures).items():
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(KEPT / f"{name}-{kind}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
