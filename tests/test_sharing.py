"""Addresses of a replay and its events: what is described is what is read, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from driven import along, mine
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT

from truckkit.errors import BadRequest, BadTime, NoSuchFormat, TruckkitError, UnknownName
from truckkit.views.address import Address
from truckkit.views.recording import MOST_FRAMES, Film
from truckkit.views.replay import Replay
from truckkit.views.sharing import Shown

MS = timedelta(milliseconds=1)
SITE = mine(along("T01", MIDNIGHT, 120), zone="America/Santiago", trucks=["T02"])

instants = some.integers(0, 4_000_000_000_000).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + ms * MS)
stretches = some.tuples(instants, some.integers(1, 10**11)).map(lambda at: (at[0], at[0] + at[1] * MS))
names = some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
metres = some.floats(-1e7, 1e7)
shown = some.builds(
    Shown,
    window=some.none() | stretches,
    only=some.lists(names, unique=True, max_size=4).map(tuple),
    truck=some.just("") | names,
    at=some.none() | instants,
    speed=some.none() | some.floats(0.1, 1000),
    source=some.sampled_from(["", "fms", "detected"]),
    paths=some.booleans(),
    backdrop=some.sampled_from(["", "speed", "state"]),
    period=some.sampled_from(["", "last_shift"]),
    compare=some.sampled_from(["", "previous_week", "2026-11-22T18:00Z/2026-11-22T19:00Z"]),
    trail=some.sampled_from(["", "0s", "3min", "1250ms"]),
    view=some.none() | some.tuples(metres, metres, some.floats(1e-7, 40)),
    range=some.none() | stretches,
    loop=some.none() | stretches,
)


def read(words: str) -> Shown:
    return Shown.read(Address(parse_qs(words, keep_blank_values=True)), SITE)


@given(shown)
def test_what_an_address_describes_is_what_is_read_from_it(state):
    assert read(state.words()) == state


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("start=2026-11-22", 'give both "start" and "stop"'),
        ("speed=fast", "not a number"),
        ("backdrop=mud", 'no backdrop "mud"'),
        ("compare=yesteryear", 'the compare "yesteryear" is not a stretch of time'),
        ("paths=perhaps", "paths=off or paths=on"),
        ("view=1,2", "not a place on the map"),
        ("view=1,2,nan", "not a place on the map"),
        ("view=inf,2,1", "not a place on the map"),
        ("loop=2026-11-22", "not a stretch of time"),
        ("range=2026-11-22/2026-11-21", "runs backwards"),
        ("trail=long", "not a length of time"),
        ("trail=20h", "longer than 12 h"),
        ("at=a&at=b", '"at" 2 times'),
        ("only=T01&truck=T01&truck=T02", "more than one truck"),
    ],
)
def test_what_an_address_cannot_mean_is_said_in_a_sentence(words, why):
    with pytest.raises(TruckkitError, match=why) as refused:
        read(words)
    assert "\n" not in str(refused.value)


def test_addresses_of_before_mean_what_they_meant():
    assert read("truck=T01").truck == "T01"
    assert read("truck=T01&truck=T02").only == ("T01", "T02")


# Events -----------------------------------------------------------------------------------------------

AT = MIDNIGHT + timedelta(seconds=60, milliseconds=350)


@pytest.fixture(scope="module")
def alarmed():
    event = {
        "event": "E7", "truck": "T01", "at": AT.replace(tzinfo=None), "kind": "overspeed", "measured": 61.25,
        "unit": "km/h", "load_id": 0,
    }  # fmt: skip
    return mine([*along("T01", MIDNIGHT, 120), *along("T02", MIDNIGHT, 120)], events=[event])


def test_a_site_narrowed_to_an_event_tells_what_happened(alarmed):
    happened = alarmed.event("E7").happened
    assert (happened.truck, happened.at, happened.words) == ("T01", AT, "overspeed 61.25 km/h")
    assert alarmed.happened is None
    assert alarmed.event("E7").between(MIDNIGHT, AT).happened is None


def test_a_replay_of_an_event_shows_what_led_to_it_at_its_own_speed(alarmed):
    replay = Replay(alarmed.event("E7"), before="20s", after="5s")
    assert (replay.truck, replay.speed) == ("T01", 1)
    assert replay._range() == (AT - timedelta(seconds=20), AT + timedelta(seconds=5))
    assert Replay(alarmed.event("E7"))._range()[0] == AT - timedelta(seconds=30)


def test_what_stands_around_no_event_is_refused(alarmed):
    with pytest.raises(BadRequest, match="around an event"):
        Replay(alarmed, before="20s")
    with pytest.raises(UnknownName, match="no event"):
        alarmed.event("E8")
    with pytest.raises(BadTime, match="not a length of time"):
        Replay(alarmed.event("E7"), before="soon")


# Films ------------------------------------------------------------------------------------------------


@given(
    some.integers(1, 100_000), some.sampled_from([1, 10, 24, 30, 60]), some.sampled_from([1, 2.5, 60, 600])
)
def test_a_film_has_the_frames_whose_moments_lie_before_its_stop(milliseconds, fps, speed):
    film = Film(MIDNIGHT, MIDNIGHT + milliseconds * MS, speed, fps)
    assert film.moment(0) == MIDNIGHT
    assert film.moment(film.frames - 1) < film.stop
    assert film.moment(film.frames) >= film.stop - timedelta(microseconds=1)


def test_a_film_that_would_not_end_is_refused():
    with pytest.raises(BadRequest, match=f"more than {MOST_FRAMES:,}"):
        Film(MIDNIGHT, MIDNIGHT + timedelta(days=1), 1, 30)


def test_a_film_of_another_kind_or_time_is_refused(alarmed, tmp_path):
    with pytest.raises(NoSuchFormat, match=r"ends in \.mp4 or \.gif"):
        Replay(alarmed).record(tmp_path / "shift.avi")
    with pytest.raises(BadTime, match="lies outside"):
        Replay(alarmed).record(tmp_path / "shift.mp4", "2020-01-01")
    assert not list(tmp_path.iterdir())
