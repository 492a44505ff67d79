"""Browsers take our components as they are written."""

from __future__ import annotations

import pytest
from panel.custom import JSComponent

from truckkit.views import index, page, quality, replay, shift, signals, state_strips

OURS = (
    index.IndexList,
    page.Sentence,
    quality.QualityPanes,
    replay.ReplayCanvas,
    shift.ShiftCharts,
    signals.SignalStrips,
    state_strips.StateStrips,
)


@pytest.mark.parametrize("component", OURS)
def test_a_component_is_not_translated_before_it_is_drawn(component):
    assert component().get_root().bundle


def test_a_component_that_says_nothing_is_translated():
    class Other(JSComponent):
        _esm = "export function render() {}"

    assert Other().get_root().bundle is None
