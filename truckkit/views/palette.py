"""How a state looks: its colour, its pattern, its words on screen.

Colour is never alone: queues are striped, spotting is dotted, ``down`` is cross-hatched and
``no_data`` is outline only. The colours stay apart for every kind of sight; ``tests/test_palette.py``
holds them to that by simulation.

>>> STATE_COLOURS["haul"]
'#1771EA'
>>> STATE_PATTERNS["queue_load"], STATE_PATTERNS["haul"]
('striped', 'plain')
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from truckkit import schema

Pattern = Literal["plain", "striped", "dotted", "hatched", "outline"]

STATE_COLOURS: Mapping[str, str] = {
    "queue_load": "#FFD29D",
    "spot_load": "#9E5617",
    "load": "#C4AE46",
    "haul": "#1771EA",
    "queue_dump": "#FB989F",
    "spot_dump": "#621022",
    "dump": "#CC6E4C",
    "return": "#4EC3F0",
    "delay": "#EEFF11",
    "standby": "#97848A",
    "down": "#CC0293",
    "no_data": "#DFECF2",
}
"""The fill of each state; the same in light and dark."""

STATE_PATTERNS: Mapping[str, Pattern] = {
    "queue_load": "striped",
    "spot_load": "dotted",
    "load": "plain",
    "haul": "plain",
    "queue_dump": "striped",
    "spot_dump": "dotted",
    "dump": "plain",
    "return": "plain",
    "delay": "plain",
    "standby": "plain",
    "down": "hatched",
    "no_data": "outline",
}
"""What is drawn over the fill, so that nothing is said by colour alone."""

LOADED_STATES = ("haul", "queue_dump", "spot_dump", "dump")
"""States in which a truck carries its load: on the map it is filled, else outlined."""

UNKNOWN_COLOUR = "#8A939B"
"""The colour of a truck about whose state nobody says anything."""


RAMPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "density": {
        "light": ("#C3D7E4", "#8FB4CC", "#5B90B3", "#2F6C93", "#123F5E"),
        "dark": ("#274153", "#3A6480", "#558BAE", "#82B5D5", "#C0E2F8"),
    },
    # Cividis (Nuñez, Anderton and Renslow, 2018, doi:10.1371/journal.pone.0199239), without the end that a
    # ground of its own lightness would hide.
    "speed": {
        "light": ("#00204D", "#31446B", "#666970", "#958F78", "#CBBA69", "#E8D152"),
        "dark": ("#31446B", "#666970", "#958F78", "#CBBA69", "#FFEA46"),
    },
    "payload": {
        "light": ("#EFD2BC", "#DDA27A", "#C1733F", "#964A17", "#5C2606"),
        "dark": ("#54341F", "#86512B", "#B87440", "#E3A06C", "#FFD9B8"),
    },
}
"""From the least to the most of what the ground tells of; on a light ground and on a dark one.

Each grows darker or lighter all the way, so the order is seen by every kind of sight.
"""


def state_words(state: str) -> str:
    """A state as it stands on screen.

    >>> state_words("queue_load")
    'queue load'
    """
    return state.replace("_", " ")


def looks() -> dict[str, dict[str, str | bool]]:
    """Every state with its colour, pattern and words, in the order of a haul cycle."""
    return {
        state: {
            "colour": STATE_COLOURS[state],
            "pattern": STATE_PATTERNS[state],
            "words": state_words(state),
            "meaning": meaning,
            "loaded": state in LOADED_STATES,
        }
        for state, meaning in schema.STATES.items()
    }


def javascript() -> str:
    """The palette for the browser: ``STATES``, ``stateFill``, ``stateStroke`` and ``stateSwatch``.

    Both components put it before their own source, so that a state looks the same in each.
    """
    told = {
        "STATES": looks(),
        "UNKNOWN_COLOUR": UNKNOWN_COLOUR,
        "RAMPS": {k: dict(v) for k, v in RAMPS.items()},
    }
    head = "".join(f"const {name} = {json.dumps(what)};\n" for name, what in told.items())
    return head + files("truckkit.views").joinpath("palette.js").read_text("utf-8")
