"""A mapping is refused with all that is wrong with it, in one sentence of the words that TOML has."""

from __future__ import annotations

from pathlib import Path

import pytest
from inputs import written

from truckkit import mapping
from truckkit.convert.projection import Grid
from truckkit.errors import BadMapping, BadRequest, BadTime
from truckkit.ingest import ingest

GPS = """
[[measurement.table]]
into = "positions"
[measurement.table.columns]
truck = "truck"
at = "time"
x_m = { from = "x", scale = 1.0 }
y_m = "y"
"""
WHOLE = '[[measurement]]\nname = "gps"\n' + GPS


def why(folder: Path, text: str) -> str:
    """The sentence in which a mapping is refused."""
    with pytest.raises(BadMapping) as fault:
        mapping.read(written(folder, text))
    said = str(fault.value)
    assert said.count("\n") == 0
    assert said.endswith(".")
    return said


def test_the_whole_of_what_is_changed_below_is_a_mapping(tmp_path: Path):
    assert mapping.read(written(tmp_path, WHOLE)).kinds[0].section == "gps"


def test_a_measurement_is_said_once(tmp_path: Path):
    said = 'it has the [[measurement]] "gps" more than once; make them one'
    assert said in why(tmp_path, WHOLE + WHOLE)
    assert said in why(tmp_path, WHOLE + '[[measurement]]\nname = "gps"\nignore = true\n')


@pytest.mark.parametrize(
    ("ignore", "said"),
    [
        ("false", 'says ignore = false, which is not a list of names such as ["firmware"], or true'),
        ('"firmware"', 'says ignore = "firmware", which is not a list of names'),
        ("[1, true]", "says ignore = [1, true], which is not a list of names"),
        ('[""]', 'says ignore = [""], which is not a list of names'),
        ('["a", "x"]', 'both reads and ignores "x"; do one of them'),
        ("true", "says ignore = true, and has a [[measurement.table]]; leave one of them out"),
    ],
)
def test_what_is_ignored_is_a_list_of_names_that_nothing_reads(tmp_path: Path, ignore: str, said: str):
    assert said in why(tmp_path, f'[[measurement]]\nname = "gps"\nignore = {ignore}\n{GPS}')


@pytest.mark.parametrize("key", ["scale", "plus"])
@pytest.mark.parametrize("number", ["inf", "-inf", "nan"])
def test_a_scale_and_what_is_added_are_numbers(tmp_path: Path, key: str, number: str):
    said = why(tmp_path, WHOLE.replace("scale = 1.0", f"{key} = {number}"))
    assert f"positions.x_m says {key} = {number}, which is not a number" in said


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%Y-%m-%d %Q", 'in which "%Q" means nothing'),
        ("%Y %", 'in which "%" means nothing'),
        ("%Y-%-Q", 'in which "%-Q" means nothing'),
        ("YYYY-MM-DD", "which says no part of a time"),
        ("", "which says no part of a time"),
    ],
)
def test_the_form_of_a_time_has_parts_that_are_known(tmp_path: Path, form: str, said: str):
    text = WHOLE.replace('at = "time"', f'at = {{ from = "when", format = "{form}" }}')
    assert f'positions.at says format = "{form}", {said}' in why(tmp_path, text)


def test_the_time_of_a_point_needs_no_epoch(tmp_path: Path):
    text = WHOLE.replace('at = "time"', 'at = { from = "time", epoch = "ms" }')
    assert "positions.at says epoch for the time of a point, which is an instant as it is" in why(
        tmp_path, text
    )


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (
            'name = "day"\nhours = 12',
            'the [[shift]] "day" has no "start"; it needs a name, a start and hours',
        ),
        ("", 'a [[shift]] has no "name", "start", "hours"'),
        ('name = 5\nstart = "07:00"\nhours = 12', "a [[shift]] says name = 5, which is not text"),
        ('name = "day"\nstart = "7am"\nhours = 12', 'says start = "7am", which is no time of day'),
        ('name = "day"\nstart = 7\nhours = 12', "says start = 7, which is no time of day"),
        (
            'name = "day"\nstart = "07:00+01:00"\nhours = 12',
            "which is no time of day by the clocks of the site",
        ),
        ('name = "day"\nstart = 07:00:00\nhours = "12"', 'says hours = "12", which is not a number'),
        ('name = "day"\nstart = 07:00:00\nhours = 25', "says hours = 25, which is not from 0 to 24"),
        ('name = "day"\nstart = 07:00:00\nhours = nan', "says hours = nan, which is not a number"),
    ],
)
def test_a_shift_has_a_name_a_start_and_hours(tmp_path: Path, shift: str, said: str):
    sentence = why(tmp_path, WHOLE + f"[[shift]]\n{shift}\n")
    assert said in sentence
    assert not any(word in sentence for word in ("None", "True", "KeyError", "isoformat", "could not"))


@pytest.mark.parametrize(
    ("crs", "said"),
    [("EPSG:4326", "in degree"), ("EPSG:4978", "no plane"), ("EPSG:2229", "in US survey foot")],
)
def test_a_grid_is_a_plane_in_metres(crs: str, said: str):
    with pytest.raises(BadMapping, match=f'the site\'s grid "{crs}" is ".*", which is {said}'):
        Grid(crs)


@pytest.mark.parametrize("source", ["http://me:secret@127.0.0.1:8086/fleet", "s3://mine/a.csv"])
def test_an_address_of_something_else_is_told_how_a_server_is_written(tmp_path: Path, source: str):
    with pytest.raises(BadRequest, match='is no address that is read; write a server as "influx://') as fault:
        ingest(tmp_path / "mine", source, written(tmp_path, WHOLE))
    assert "secret" not in str(fault.value)


def test_what_is_read_of_a_server_starts_before_it_stops(tmp_path: Path):
    with pytest.raises(BadTime, match="runs backwards"):
        ingest(
            tmp_path / "mine",
            "influx://127.0.0.1:9/fleet",
            written(tmp_path, WHOLE),
            since="2024-03-02T00:00Z",
            until="2024-03-01T00:00Z",
        )
    assert not (tmp_path / "mine").exists()
