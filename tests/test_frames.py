"""Frames come out of the logs of a CAN bus with an instant each, and a line that is none says why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truckkit.errors import BadInput
from truckkit.sources import frames
from truckkit.sources.frames import Frame, NoFrame

BEGUN = datetime(2024, 3, 1, 6, tzinfo=UTC).timestamp()
HEAD = "date Fri Mar 1 06:00:00.000 am 2024\nbase hex  timestamps absolute\ninternal events logged\n"
FRAME = "0.5 1  CF00400x       Rx   d 8 FF 7D 7D E0 2E FF FF FF\n"
DATA = bytes.fromhex("FF7D7DE02EFFFFFF")


def read(folder: Path, name: str, content: str | bytes, zone: str = "UTC") -> list[Frame | NoFrame]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(frames.frames(path, zone))


@pytest.mark.parametrize("name", ["T1.blf", "T1.log", "T1.asc"])
@given(
    told=st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 2**29 - 1), st.binary(max_size=8)),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_what_a_recorder_wrote_is_read_back(tmp_path_factory, name: str, told):
    path = tmp_path_factory.mktemp("log") / name
    told = sorted(told)
    with can.Logger(str(path)) as writer:
        for micros, number, data in told:
            writer(can.Message(BEGUN + micros / 1e6, number, data=data, channel=0))
    back = list(frames.frames(path, "UTC"))
    whole = [each for each in back if isinstance(each, Frame)]
    assert [(each.id, each.data) for each in whole] == [(number, data) for _at, number, data in told]
    assert not [each for each in back if isinstance(each, NoFrame) and each.text]
    if name != "T1.asc":  # its writer names a start in the machine's own zone
        for each, (micros, *_) in zip(whole, told, strict=True):
            assert each.at == pytest.approx(BEGUN + micros / 1e6, abs=1e-3)


def test_both_manners_of_candump_say_the_same(tmp_path: Path):
    short = f"({BEGUN:.6f}) can0 0CF00400#FF7D7DE02EFFFFFF\n"
    wide = f" ({BEGUN:.6f})  can0  0CF00400   [8]  FF 7D 7D E0 2E FF FF FF\n"
    assert read(tmp_path, "a.log", short) == read(tmp_path, "a.log", wide) == [
        Frame(1, BEGUN, 0x0CF00400, DATA)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("garbage", "the line is no frame of candump"),
        ("(1709272800.0) can0 123#00", frames.STANDARD),
        ("(1709272800.0) can0 0CF00400##100", frames.FLEXIBLE),
        ("(1709272800.0) can0 0CF00400#R", frames.REMOTE),
        ("(1709272800.0) can0 0CF00400#0", "the line is no frame of candump"),
        ("(1709272800.0) can0 20000080#0000000000000000", frames.OTHER),
        ("(1709272800.0) can0 0CF00400#" + "00" * 9, frames.LONG),
        ("(9999999999999.0) can0 0CF00400#00", "its time is 1e+13 s since 1970"),
        (" (1709272800.0)  can0  0CF00400   [8]  FF 7D", "it has 2 bytes and says 8"),
        ("x" * 100_000, "the line is no frame of candump"),
    ],
)
def test_a_line_that_is_no_frame_says_why_and_the_next_is_read(tmp_path: Path, line: str, why: str):
    first, second = read(tmp_path, "a.log", f"{line}\n(1709272800.0) can0 0CF00400#00\n")
    assert isinstance(first, NoFrame)
    assert first.why == why
    assert second == Frame(2, BEGUN, 0x0CF00400, b"\0")


@pytest.mark.parametrize(
    ("date", "zone", "at"),
    [
        ("Fri Mar 1 06:00:00.000 am 2024", "UTC", BEGUN),
        ("Fri Mar 1 06:00:00 2024", "UTC", BEGUN),
        ("Fre Mär 1 02:00:00.000000000 pm 2024", "Australia/Perth", BEGUN),
    ],
)
def test_the_date_of_an_asc_log_is_of_the_zone_that_the_mapping_says(
    tmp_path: Path, date: str, zone: str, at: float
):
    head = f"date {date}\nbase hex  timestamps absolute\n"
    assert read(tmp_path, "a.asc", head + FRAME, zone) == [Frame(3, at + 0.5, 0x0CF00400, DATA)]


def test_times_that_count_from_the_line_before_are_added_up(tmp_path: Path):
    head = HEAD.replace("absolute", "relative")
    told = read(tmp_path, "a.asc", head + FRAME + "0.25 1 ErrorFrame\n" + FRAME)
    assert [each.at for each in told if isinstance(each, Frame)] == [BEGUN + 0.5, BEGUN + 1.25]


def test_an_asc_log_may_be_decimal(tmp_path: Path):
    content = HEAD.replace("hex", "dec") + "0.5 1 217056256x Rx d 2 255 16\n0.5 1 217056256x Rx d 1 256\n"
    good, bad = read(tmp_path, "a.asc", content)
    assert good == Frame(4, BEGUN + 0.5, 0x0CF00400, b"\xff\x10")
    assert isinstance(bad, NoFrame)
    assert bad.why == "a number is not of base 10 or no byte"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.log", "", "is empty"),
        ("a.asc", FRAME, "counts its times from a start that it does not name"),
        ("a.log", "(12.5) can0 0CF00400#00\n", "counts its times from a start that it does not name"),
        ("a.asc", "date yesterday at noon\n" + FRAME, "is no date of an .asc log"),
        ("a.blf", b"LOGG", "is no whole .blf"),
        ("a.blf", b"x" * 400, "is no whole .blf"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, name: str, content: str | bytes, words: str
):
    with pytest.raises(BadInput, match=words):
        read(tmp_path, name, content)


def test_a_blf_that_is_cut_off_is_refused(tmp_path: Path):
    path = tmp_path / "a.blf"
    with can.BLFWriter(str(path)) as writer:
        for number in range(1000):
            writer(can.Message(BEGUN + number, 0x0CF00400, data=DATA, channel=0))
    with pytest.raises(BadInput, match="is cut off: it says"):
        read(tmp_path, "b.blf", path.read_bytes()[:-50])


def test_a_library_that_is_not_there_is_named_with_what_brings_it(tmp_path: Path):
    with pytest.raises(BadInput, match=r"pip install 'truckkit\[can\]'"):
        frames.needed("no_such_library", tmp_path / "a.blf")
