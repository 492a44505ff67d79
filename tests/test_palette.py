"""States stay apart for every kind of sight, and by more than their colour."""

from __future__ import annotations

import itertools
import json
import warnings

import numpy as np
import pytest

from truckkit import schema
from truckkit.views import palette

with warnings.catch_warnings():
    # It warns of what it could do with packages that are not here.
    warnings.simplefilter("ignore")
    import colour

SIGHTS = ("normal", "Protanomaly", "Deuteranomaly", "Tritanomaly")
LEAST = 12.0


def seen(hexadecimal: str, sight: str) -> np.ndarray:
    """Where a colour lies in CAM02-UCS as someone sees it; severity 1 is protanopia and so on."""
    linear = colour.models.eotf_sRGB(colour.notation.HEX_to_RGB(hexadecimal))
    if sight != "normal":
        with warnings.catch_warnings():
            # It says that its tritanopia is an approximation, which is what we want of it.
            warnings.simplefilter("ignore")
            linear = colour.blindness.matrix_cvd_Machado2009(sight, 1.0) @ linear
    return colour.XYZ_to_CAM02UCS(colour.RGB_to_XYZ(linear.clip(0, 1), "sRGB", apply_cctf_decoding=False))


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_states_stay_apart_for_every_kind_of_sight(sight):
    where = {state: seen(colour_, sight) for state, colour_ in palette.STATE_COLOURS.items()}
    apart = {
        (one, other): float(np.linalg.norm(where[one] - where[other]))
        for one, other in itertools.combinations(where, 2)
    }
    nearest = min(apart, key=apart.__getitem__)
    assert apart[nearest] >= LEAST, (nearest, apart[nearest])


def test_every_state_of_the_schema_has_a_look_in_the_order_of_a_cycle():
    assert list(palette.looks()) == list(schema.STATES)
    assert palette.STATE_COLOURS.keys() == palette.STATE_PATTERNS.keys() == schema.STATES.keys()


def test_waiting_backing_up_standing_broken_and_unseen_differ_by_pattern_too():
    assert {
        "queue_load": "striped",
        "queue_dump": "striped",
        "spot_load": "dotted",
        "spot_dump": "dotted",
        "down": "hatched",
        "no_data": "outline",
    }.items() <= palette.STATE_PATTERNS.items()


def test_the_browser_gets_the_same_looks():
    first = palette.javascript().splitlines()[0]
    told = json.loads(first.removeprefix("const STATES = ").removesuffix(";"))
    assert {state: look["colour"] for state, look in told.items()} == dict(palette.STATE_COLOURS)
    assert [state for state, look in told.items() if look["loaded"]] == list(palette.LOADED_STATES)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", list(palette.RAMPS))
def test_the_order_of_a_ramp_is_seen_by_every_kind_of_sight(kind, theme, sight):
    where = [seen(colour_, sight) for colour_ in palette.RAMPS[kind][theme]]
    light = np.diff([place[0] for place in where])
    assert (light > 0).all() or (light < 0).all()
    assert min(np.linalg.norm(b - a) for a, b in itertools.pairwise(where)) >= 5
