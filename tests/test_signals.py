"""Signals are decoded as cantools decodes them, but for what J1939 keeps for values that are none."""

from __future__ import annotations

from pathlib import Path

import cantools.database
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truckkit import mapping
from truckkit.errors import BadInput
from truckkit.sources import signals

HERE = Path("a.log")
SHIPPED = mapping.read("j1939").dbc
ODD = """VERSION ""
BU_: T
BO_ 2566844672 ODD: 8 T
 SG_ Big : 7|16@0+ (0.5,1) [0|0] "" T
 SG_ Across : 20|10@0+ (1,0) [0|0] "" T
 SG_ Signed : 32|12@1- (0.1,-5) [0|0] "" T
 SG_ Flag : 44|1@1+ (1,0) [0|0] "" T
 SG_ Three : 45|3@1+ (1,0) [0|0] "" T
"""


def decoded(message: signals.Message, *data: bytes) -> dict[str, list[float | None]]:
    words = np.frombuffer(b"".join(each.ljust(8, b"\xff") for each in data), "<u8")
    return {signal.name: signal.values(words).to_pylist() for signal in message.signals}


@pytest.mark.parametrize("dbc", [SHIPPED, ODD], ids=["shipped", "odd"])
@given(data=st.binary(min_size=8, max_size=8))
def test_a_signal_is_what_cantools_says_or_none(dbc: str, data: bytes):
    ours = signals.messages(dbc, HERE)
    for message in cantools.database.load_string(dbc, "dbc").messages:
        theirs = message.decode(data, decode_choices=False)
        raw = message.decode(data, decode_choices=False, scaling=False)
        got = decoded(ours[signals.pgn(message.frame_id)], data)
        for signal in message.signals:
            (value,) = got[signal.name]
            if value is not None:
                assert value == pytest.approx(theirs[signal.name])
            most = 2**signal.length
            none = 0xFB * most // 256 if signal.length >= 8 else max(2, most - 2)
            assert (value is None) == (not signal.is_signed and raw[signal.name] >= none)


@pytest.mark.parametrize(
    ("pgn", "name", "data", "value"),
    [
        (61444, "EngineSpeed", "FF7D7DE02EFFFFFF", 1500.0),
        (61444, "EngineSpeed", "FF7D7DFFFFFFFFFF", None),
        (61444, "EngineSpeed", "FF7D7D00FEFFFFFF", None),
        (61444, "EngineSpeed", "FF7D7DFFFAFFFFFF", 8031.875),
        (61444, "ActualEnginePercentTorque", "FF7D7DE02EFFFFFF", 0.0),
        (65265, "WheelBasedVehicleSpeed", "FF0010FFFFFFFFFF", 16.0),
        (65265, "ParkingBrakeSwitch", "04FFFFFFFFFFFFFF", 1.0),
        (65265, "ParkingBrakeSwitch", "08FFFFFFFFFFFFFF", None),
        (65265, "BrakeSwitch", "FFFFFF10FFFFFFFF", 1.0),
        (65262, "EngineCoolantTemperature", "82FFFFFFFFFFFFFF", 90.0),
        (65262, "EngineOilTemperature1", "82FF202EFFFFFFFF", 96.0),
        (65263, "EngineOilPressure", "FFFFFF64FFFFFFFF", 400.0),
        (65276, "FuelLevel1", "FF7D", 50.0),
        (65253, "EngineTotalHoursOfOperation", "10270000", 500.0),
        (65253, "EngineTotalHoursOfOperation", "1027", None),
        (65248, "TotalVehicleDistance", "FFFFFFFF40420F00", 125000.0),
        (65266, "EngineFuelRate", "D007FFFFFFFFFFFF", 100.0),
        (65271, "BatteryPotential", "FFFFFFFFE001FFFF", 24.0),
        (61443, "EnginePercentLoadAtCurrentSpeed", "FFFF64FFFFFFFFFF", 100.0),
        (61443, "AcceleratorPedalPosition1", "FFFAFFFFFFFFFFFF", 100.0),
    ],
)
def test_the_public_parameters_lie_where_j1939_places_them(
    pgn: int, name: str, data: str, value: float | None
):
    (got,) = decoded(signals.messages(SHIPPED, HERE)[pgn], bytes.fromhex(data))[name]
    assert got == (None if value is None else pytest.approx(value))


@given(number=st.integers(0, 2**29 - 1), source=st.integers(0, 255), priority=st.integers(0, 7))
def test_who_sends_how_urgently_is_no_part_of_a_parameter_group(number: int, source: int, priority: int):
    other = (number & 0x03FFFF00) | source | priority << 26
    assert signals.pgn(other) == signals.pgn(number)
    if (number >> 16) & 0xFF < 240:
        assert signals.pgn(number ^ 0x5500) == signals.pgn(number)


@pytest.mark.parametrize(
    ("dbc", "words"),
    [
        ("no dbc", "cannot be read"),
        ('VERSION ""\n', "has no message of 29 bits"),
        (SHIPPED.replace("BO_ 2566847742 DD", "BO_ 2566840321 DD"), "two messages of PGN 65248"),
    ],
)  # fmt: skip
def test_a_dbc_that_cannot_be_used_is_refused_in_a_sentence(dbc: str, words: str):
    with pytest.raises(BadInput, match=words):
        signals.messages(dbc, HERE)
