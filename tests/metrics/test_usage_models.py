"""Time usage models as data: each fault is told, all of them at once."""

from __future__ import annotations

import pytest

from truckkit import schema
from truckkit.errors import BadInput, UnknownName
from truckkit.metrics import usage_models

STATES = "\n".join(f'{state} = {{ level = "all", category = "any" }}' for state in schema.STATES)
SOUND = f'levels = ["all", "worked"]\n[states]\n{STATES}\n'


def faults(text: str, name: str = "ours") -> str:
    with pytest.raises(BadInput) as fault:
        usage_models.read(text, name)
    return str(fault.value)


@pytest.mark.parametrize("name", usage_models.shipped())
def test_a_model_of_truckkit_covers_every_state_and_has_ratios_of_levels(name):
    model = usage_models.of_truckkit(name)
    assert set(model.states) == set(schema.STATES)
    assert "physical availability" in model.ratios
    assert "second-hand" in model.source or "second-hand" in model.title
    for ratio in model.ratios.values():
        assert model.depth(ratio.numerator) > model.depth(ratio.denominator)


def test_a_sound_model_is_read():
    model = usage_models.read(
        SOUND + '[ratios]\n"used" = { numerator = "worked", denominator = "all" }', "ours"
    )
    assert model.ratios["used"] == usage_models.Ratio("worked", "all")


def test_a_state_that_belongs_nowhere_is_named():
    assert 'states "haul" belong nowhere' in faults(
        SOUND.replace('haul = { level = "all"', '# { level = "all"')
    )


def test_all_faults_are_in_one_sentence():
    told = faults(
        SOUND.replace('load = { level = "all"', 'load = { level = "al"').replace("standby =", "sleep =")
        + '[ratios]\n"" = { numerator = "worked", denominator = "everything" }\n'
    )
    for fault in (
        '"al", which is none of "all", "worked"',
        'no states "sleep"',
        'states "standby" belong nowhere',
        "a ratio has an empty name",
        'denominator "everything"',
    ):
        assert fault in told
    assert told.count(".") == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("levels = [", "is no TOML"),
        ("", "no levels"),
        ('levels = ["a", "a"]', 'levels "a" stand twice'),
        ('levels = [""]', "a level has an empty name"),
        ('colour = "red"', '"colour" mean nothing here'),
        ("[states]\nhaul = 3", 'state "haul" needs a level and a category'),
        (
            'levels = ["all"]\n[states]\nhaul = { level = "all", category = "" }',
            'state "haul" has no category',
        ),
        (
            SOUND + '[states.haul.by_place]\nfuel = { level = "all", category = "x" }',
            "is no TOML",
        ),
        (
            'levels = ["a", "b"]\n[ratios]\nr = { numerator = "a", denominator = "b" }',
            "which is a part of it",
        ),
        ("[states.haul]\nby_work_order = { tyre = 3 }", 'only "down" goes by_work_order'),
        ("[states.haul]\nby_place = { moon = 3 }", 'no kinds of places "moon"'),
        ("[states.haul]\nby_place = 3", "by_place is no table"),
        ("states = 3", "no [states]"),
        ("ratios = 3", "ratios is no table"),
    ],
)
def test_each_fault_is_told(text, told):
    assert told in faults(text)


def test_a_model_without_a_name_is_refused():
    assert "its name is empty" in faults(SOUND, " ")


def test_a_model_that_truckkit_does_not_have_is_unknown():
    with pytest.raises(UnknownName, match='did you mean "gmg"'):
        usage_models.of_truckkit("gmgg")
