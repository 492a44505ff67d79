"""What a mine says of itself in ``site.toml``, and what the catalog holds afterwards."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
import stores

import truckkit as tk
from truckkit import description
from truckkit.errors import BadInput, BadRequest
from truckkit.store import Facts

SAID = """
name = "Our mine"
time_zone = "America/Santiago"

[trust]
coverage = 0.8

[[roster]]
name = "12 h"
shifts = [
    { word = "day", start = "06:00", hours = 12, crews = ["A", "B"], days_each = 7 },
    { word = "night", start = "18:00", hours = 12 },
]

[[limit]]
name = "Site"
kind = "speed"
most = 50

[[tyre]]
model = "930E"
position = "front"
rating_tkph = 900
empty_share = 0.25
loaded_share = 0.167

[[plan]]
shift = "2026-11-22 night"
planned_t = 30000
"""


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "mine"


def describe(store: Path, text: str = SAID, **files: str) -> list:
    """Ingests a ``site.toml`` with files beside it; ``_`` in their names stands for a dot."""
    folder = store.parent / "said"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
    path = folder / "site.toml"
    path.write_text(text, "utf-8")
    return tk.ingest(store, path)


def refused(store: Path, text: str, **files: str) -> str:
    with pytest.raises(BadInput) as fault:
        describe(store, text, **files)
    return str(fault.value)


def at(hour: int) -> datetime:
    """An hour of one day, as tables hold it."""
    return datetime(2026, 11, 20, hour, tzinfo=UTC).replace(tzinfo=None)


def rows(store: Path, table: str) -> list[dict]:
    found = tk.open(store).table(table)
    return found.order_by(found.columns[0]).to_pyarrow().to_pylist()


def test_a_site_says_its_name_zone_and_when_it_doubts(store):
    describe(store)
    site = tk.open(store)
    assert (site.name, site.zone.key, site.least_coverage) == ("Our mine", "America/Santiago", 0.8)


def test_its_own_word_wins_over_that_of_a_source(store):
    stores.write(store, Facts("mine", "UTC", None, simulated=True), trucks=[{"truck": "T01", "given": True}])
    describe(store)
    assert (tk.open(store).name, tk.open(store).simulated) == ("Our mine", True)


def test_the_ledger_counts_each_table_that_it_speaks_of(store):
    loads = describe(store)
    counted = {load.into: (load.rows_in, load.kept, load.rejected, load.duplicates) for load in loads}
    assert counted == {
        "rosters": (2, 2, 0, 0), "limits": (1, 1, 0, 0), "tyres": (1, 1, 0, 0), "plans": (1, 1, 0, 0),
        "site": (1, 1, 0, 0),
    }  # fmt: skip


def test_the_same_description_again_adds_nothing(store):
    describe(store)
    before = tk.open(store).generation
    assert all(load.known for load in describe(store))
    assert tk.open(store).generation == before


def test_what_is_no_longer_said_goes(store):
    describe(store)
    describe(store, SAID.replace('name = "Site"', 'name = "Everywhere"'))
    assert [row["limit_name"] for row in rows(store, "limits")] == ["Everywhere"]


def test_what_was_said_before_may_be_said_anew(store):
    describe(store)
    describe(store, SAID.replace("most = 50", "most = 40"))
    describe(store)
    assert [row["most"] for row in rows(store, "limits")] == [50]


def test_plans_are_added_to(store):
    describe(store)
    describe(store, SAID.replace("2026-11-22 night", "2026-11-23 day"))
    assert [row["shift"] for row in rows(store, "plans")] == ["2026-11-22 night", "2026-11-23 day"]


def test_a_planned_shift_is_in_the_calendar(store):
    describe(store)
    assert "2026-11-22 night" in [row["shift"] for row in rows(store, "shifts")]


def test_plans_may_stand_in_a_file_beside_it(store):
    text = 'plans = "plans.csv"\n' + SAID
    describe(store, text, plans_csv="shift,circuit,planned_t,planned_loads\n2026-11-24 day,SH1,1000,\n")
    assert [(row["shift"], row["circuit"], row["planned_t"]) for row in rows(store, "plans")] == [
        ("2026-11-22 night", "all", 30000),
        ("2026-11-24 day", "SH1", 1000),
    ]


def test_new_rosters_name_the_shifts_of_the_past_anew(store):
    stores.write(
        store,
        Facts("mine", "America/Santiago"),
        states=[
            {
                "truck": "T01", "source": "fms", "state": "haul",
                "start": at(12), "stop": at(13),
            }
        ],
        shifts=[{"shift": "2026-11-20 A", "start": at(10), "stop": at(22)}],
    )  # fmt: skip
    describe(store)
    names = [row["shift"] for row in rows(store, "shifts")]
    assert "2026-11-20 A" not in names
    assert "2026-11-20 day" in names


def test_a_usage_model_of_its_own_is_called_as_its_file_is(store):
    shipped = resources.files("truckkit").joinpath("usage_models/gmg.toml").read_text("utf-8")
    text = 'usage_models = ["ours.toml"]\n' + SAID
    describe(store, text, ours_toml=shipped)
    assert [row["model"] for row in rows(store, "usage_models")] == ["ours"]


def test_a_usage_model_that_leaves_a_state_out_is_refused(store):
    shipped = resources.files("truckkit").joinpath("usage_models/gmg.toml").read_text("utf-8")
    without = "\n".join(line for line in shipped.splitlines() if not line.startswith("standby"))
    said = refused(store, 'usage_models = ["ours.toml"]\n' + SAID, ours_toml=without)
    assert "standby" in said


def worked(store: Path) -> list[str]:
    return [row["shift"] for row in rows(store, "shifts")]


def written_around_noon(store: Path, **more: list[dict]) -> None:
    """A store in which one truck hauled from 12:00 to 13:00 UTC of 2026-11-20, and nothing else is known."""
    haul = {"truck": "T01", "source": "fms", "state": "haul", "start": at(12), "stop": at(13)}
    stores.write(store, Facts("mine", "America/Santiago"), states=[haul], **more)


PLAN = SAID[SAID.index("[[plan]]") :]


def test_a_plan_beyond_the_data_stands_in_the_way_of_no_later_word(store):
    written_around_noon(store)
    describe(store)
    describe(store, SAID.replace(PLAN, "").replace("days_each = 7", "days_each = 14"))
    describe(
        store, SAID.replace("2026-11-22 night", "2026-11-21 day").replace("days_each = 7", "days_each = 2")
    )
    assert [row["shift"] for row in rows(store, "plans")] == ["2026-11-21 day", "2026-11-22 night"]


def test_a_stored_plan_for_a_shift_that_is_no_more_is_to_be_said_anew(store):
    describe(store)
    renamed = SAID.replace('word = "night"', 'word = "late"')
    said = refused(store, renamed.replace(PLAN, ""))
    assert 'the store has plans for the shifts "2026-11-22 night", which the rosters no longer make' in said
    assert 'plan those days anew in this file, by the words that the rosters have ("day", "late")' in said
    describe(store, renamed.replace("2026-11-22 night", "2026-11-22 late"))
    assert [row["shift"] for row in rows(store, "plans")] == ["2026-11-22 late"]


def test_shifts_go_by_the_new_clock_where_the_zone_alone_is_mended(store):
    written_around_noon(store)
    describe(store)
    describe(store, 'name = "Our mine"\ntime_zone = "Australia/Perth"\n')
    starts = {row["shift"]: row["start"] for row in rows(store, "shifts")}
    assert starts["2026-11-20 night"] == at(10)
    assert {start.hour for start in starts.values()} == {10, 22}


def test_a_plan_names_the_shifts_of_its_own_day_alone(store):
    written_around_noon(store)
    describe(store, SAID.replace("2026-11-22 night", "2027-11-22 night"))
    assert worked(store) == ["2026-11-20 day", "2027-11-22 day", "2027-11-22 night"]


@pytest.mark.parametrize("day", ["2206-11-22", "0001-01-01", "9999-12-31"])
def test_a_plan_for_a_year_that_nobody_plans_is_refused(store, day):
    written_around_noon(store)
    said = refused(store, SAID.replace("2026-11-22", day))
    assert f'the plan for the shift "{day} night" is more than 10 years from today and from all data' in said


def test_a_plan_without_rosters_asks_for_them(store):
    bare = 'name = "Our mine"\ntime_zone = "America/Santiago"\n' + PLAN
    assert "the store has no rosters; say them as [[roster]]" in refused(store, bare)


# What it refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("hours = 12, crews", "hours = 11, crews"), 'roster "12 h" leaves "17:00-18:00" to no shift'),
        (("hours = 12, crews", "hours = 13, crews"), 'has its shifts "day" and "night" at once'),
        (("rating_tkph = 900", "rating_tkph = 0"), "tyre 1 says rating_tkph = 0: input should be greater"),
        (("planned_t = 30000", ""), "plan 1 plans neither planned_t nor planned_loads"),
        (("2026-11-22 night", "2026-11-22 nihgt"), 'the calendar has no shifts "2026-11-22 nihgt"'),
        (("2026-11-22 night", "night"), 'is for the shift "night"; name the local date'),
        (("America/Santiago", "America/Santago"), 'no time zone "America/Santago"'),
        (("most = 50", "most = 50\nunit = 'mph'"), 'is in "mph"; give a limit of kind "speed" in "km/h"'),
        (("most = 50", "most = 50\nroad = 'Ramp'"), 'limit "Site" holds on road "Ramp", and the store has'),
        (("most = 50", "moast = 50"), 'limit "Site" has no most'),
        (("coverage = 0.8", "coverage = 80"), "trust says coverage = 80: input should be less"),
        (("coverage = 0.8", "coverage = true"), "trust says coverage = true: write a number"),
        (("most = 50", "most = true"), 'limit "Site" says most = true: write a number'),
        (("rating_tkph = 900", "rating_tkph = true"), "tyre 1 says rating_tkph = true: write a number"),
        (("hours = 12 }", "hours = true }"), 'shifts "night" says hours = true: write a number'),
        (("hours = 12 }", "hours = 11.999 }"), "says hours = 11.999: write hours of whole minutes"),
        (('"06:00"', '"06:00:30"'), "says start = '06:00:30': write a time such as \"06:00\""),
        (('"06:00"', '"6:00"'), "says start = '6:00': write a time such as \"06:00\""),
        (('"06:00"', '"24:00"'), "says start = '24:00': write a time such as \"06:00\""),
        (("most = 50", "most = nan"), "says most = nan: input should be a finite number"),
        (('name = "12 h"', 'name = "12 h"\nfirst = 2026-11-23T10:00:00'),
         "first = 2026-11-23T10:00:00: write a date such as 2026-11-23"),
        (('"06:00"', "6"), 'says start = 6: write a time such as "06:00"'),
        (("days_each = 7", "days_each = 99999999999999999999"), "input should be less than or equal to 366"),
        (('name = "12 h"', 'name = "12 h"\nfirst = 20261123'), "20261123: write a date such as 2026-11-23"),
        (('name = "12 h"', 'name = "12 h"\nunmanned = ["08:00-09:00"]'),
         'names "08:00-09:00" as unmanned, when its shift "day" is worked'),
        (('kind = "speed"', 'kind = "Speed"'), "kind = 'Speed': did you mean \"speed\"? write speed"),
        (('kind = "speed"', 'kind = "colant_c"'), "says kind = 'colant_c': did you mean \"coolant_c\"?"),
        (("[trust]\n", 'crs = ""\n[trust]\n'), "it says crs = '': it must not be empty"),
        (("[trust]\n", 'plans = ""\n[trust]\n'), "it says plans = '': it must not be empty"),
        (("[trust]\n", 'usage_models = "x.toml"\n[trust]\n'), 'as in usage_models = ["…"]'),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(store, change, told):
    assert told in refused(store, SAID.replace(*change))
    assert not (store / "CURRENT").exists()


@pytest.mark.parametrize("kind", ["roster", "limit", "tyre", "plan"])
@pytest.mark.parametrize("told", ["5", "true", '"x"', "[5]", "{}"])
def test_what_is_no_list_of_entries_is_said_to_be_written_as_one(store, kind, told):
    said = refused(store, f'name = "Our mine"\ntime_zone = "UTC"\n{kind} = {told}\n')
    assert f"write [[{kind}]], and below it what it says" in said


def test_a_limit_may_be_on_a_channel(store):
    describe(store, SAID.replace('"speed"', '"coolant_c"'))
    assert [row["kind"] for row in rows(store, "limits")] == ["coolant_c"]


def test_a_faulty_shift_brings_one_clause(store):
    said = refused(store, SAID.replace("hours = 12, crews", "hours = 0, crews"))
    assert said.endswith('roster "12 h" shifts "day" says hours = 0: input should be greater than 0.')
    assert ";" not in said


def test_a_mark_of_byte_order_is_read_over(store):
    shipped = resources.files("truckkit").joinpath("usage_models/gmg.toml").read_text("utf-8")
    describe(store, '\ufeffusage_models = ["ours.toml"]\n' + SAID, ours_toml="\ufeff" + shipped)
    assert [row["definition"] for row in rows(store, "usage_models")] == [shipped]


def test_a_fault_of_a_usage_model_names_its_file(store):
    said = refused(store, 'usage_models = ["ours.toml"]\n' + SAID, ours_toml="levels = 5")
    assert (
        f'"{store.parent / "said" / "ours.toml"}" cannot be used: time usage model "ours": no levels' in said
    )


def test_a_usage_model_in_another_encoding_is_refused(store):
    folder = store.parent / "said"
    folder.mkdir()
    (folder / "ours.toml").write_bytes('title = "Ñ"'.encode("latin-1"))
    said = refused(store, 'usage_models = ["ours.toml"]\n' + SAID)
    assert "is not in UTF-8: byte 9 is 0xd1; save it as UTF-8" in said


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (
            ["ours.toml", "ours.toml"],
            'would be called "ours", as another that it names; rename one, or name it once',
        ),
        (["gmg.toml"], 'would be called "gmg", as one that truckkit brings; rename the file'),
    ],
)
def test_each_usage_model_has_a_name_of_its_own(store, named, told):
    shipped = resources.files("truckkit").joinpath("usage_models/gmg.toml").read_text("utf-8")
    text = f"usage_models = {named}\n" + SAID
    assert told in refused(store, text, ours_toml=shipped, gmg_toml=shipped)


def test_a_thousands_separator_is_told_as_such(store):
    said = refused(
        store, 'plans = "plans.csv"\n' + SAID, plans_csv='shift,planned_t\n2026-11-24 day,"26,700"\n'
    )
    assert "row 1 of plans.csv says planned_t = '26,700': write it without a thousands separator" in said


def test_a_mapping_with_nothing_to_read_is_refused(store):
    describe(store)
    with pytest.raises(BadRequest, match='the mapping "minez-fms" has nothing to read'):
        tk.ingest(store, store.parent / "said" / "site.toml", "minez-fms")


def test_all_faults_are_told_at_once(store):
    said = refused(
        store, SAID.replace("most = 50", "most = 0").replace("rating_tkph = 900", "rating_tkph = -1")
    )
    assert "most = 0" in said
    assert "rating_tkph = -1" in said


def test_a_row_of_a_file_is_named_by_its_number(store):
    text = 'plans = "plans.csv"\n' + SAID
    said = refused(store, text, plans_csv="shift,planned_t\n2026-11-24 day,1000\n2026-11-24 night,many\n")
    assert "row 2 of plans.csv says planned_t = 'many': write a number" in said


def test_a_file_that_is_not_there_is_named(store):
    assert 'there is no file "' in refused(store, 'plans = "plan.csv"\n' + SAID)


def test_a_mapping_is_told_from_a_description(store, tmp_path):
    mapping = resources.files("truckkit").joinpath("mappings/minez-fms.toml")
    with pytest.raises(BadInput, match="is a mapping, not what a site says of itself"):
        tk.ingest(store, Path(str(mapping)))
    with pytest.raises(BadInput, match="there is no file"):
        tk.ingest(store, tmp_path / "nowhere.toml")


def test_days_between_two_rosters_are_a_hole(store):
    roster = SAID[SAID.index("[[roster]]") : SAID.index("[[limit]]")]
    first = roster.replace('"12 h"', '"old"\nlast = 2026-06-30')
    second = roster.replace('"12 h"', '"new"\nfirst = 2026-07-05')
    said = refused(store, SAID.replace(roster, first + second))
    assert 'no roster holds from 2026-07-01 to 2026-07-04, between "old" and "new"' in said


def test_an_unmanned_stretch_that_is_named_is_no_hole(store):
    describe(
        store,
        SAID.replace("hours = 12, crews", "hours = 10, crews").replace(
            'name = "12 h"', 'name = "12 h"\nunmanned = ["16:00-18:00"]'
        ),
    )
    assert [row["lasts_h"] for row in rows(store, "rosters")] == [10, 12]


def test_files_without_a_mapping_are_refused(store, tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(BadRequest, match="cannot be read without a mapping"):
        tk.ingest(store, tmp_path / "x.csv")


def test_the_example_in_its_description_is_read(store, tmp_path):
    example = textwrap.dedent(description.__doc__.partition("\n\n")[2].partition("\n\n``plans``")[0])
    usage = resources.files("truckkit").joinpath("usage_models/gmg.toml").read_text("utf-8")
    folder = tmp_path / "said"
    folder.mkdir()
    (folder / "our-usage.toml").write_text(usage, "utf-8")
    roads = [
        {"road": "Ramp 1 to Ramp 2", "from_place": "Ramp 1", "to_place": "Ramp 2"},
    ]
    stores.write(
        store,
        Facts(),
        roads=roads,
        places=[{"place": f"Ramp {n}", "kind": "node", "given": True} for n in (1, 2)],
    )
    describe(store, example, plans_csv="shift,circuit,planned_t,planned_loads\n2026-11-24 day,all,1000,\n")
    site = tk.open(store)
    assert (site.name, site.usage_model("our-usage").name) == ("Our mine", "our-usage")
    assert [row["road"] for row in rows(store, "limits")] == ["Ramp 1 to Ramp 2"]
