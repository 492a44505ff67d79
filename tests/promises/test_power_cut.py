"""A power cut loses nothing that was acknowledged.

What a power cut leaves is what the block device holds: a store lies on ext4 in a file behind a loop device,
and that file is copied while a writer publishes. The writer is stopped meanwhile, and the copy taken until
two are alike, so that it is of one instant; what the file system still held in memory is not in it. A cut in
the middle of an fsync is thus not tried. The copy is mounted, its journal recovered, and the store opened.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import processes
from promises import breaking, system


def cuts(folder: Path, count: int, seed: int) -> None:
    """Cut the power so many times; each store must open and hold what was acknowledged by then."""
    chance = random.Random(seed)
    device, acknowledged = folder / "device", folder / "acknowledged"
    acknowledged.touch()
    with device.open("wb") as empty:
        empty.truncate(96 << 20)
    if said := system.ran("mkfs.ext4", "-q", "-F", device):
        system.missing(f"no ext4 can be made here ({said})")
    with system.mounted(folder / "disk", "-o", "loop", device) as disk:
        store = disk / "store"
        writer = processes.context().Process(
            target=breaking.load_many, args=(store, folder / "files", 0, acknowledged)
        )
        writer.start()
        assert writer.pid
        try:
            for number in range(count):
                writer.join(chance.uniform(0.05, 1.5))
                assert writer.exitcode is None, "the writer failed"
                os.kill(writer.pid, signal.SIGSTOP)
                loads = acknowledged.read_text().split()
                # A new name each time: a loop device may outlive its mount, and would show what was before.
                copy = folder / f"copy{number}"
                _copy(device, copy)
                os.kill(writer.pid, signal.SIGCONT)
                with system.mounted(folder / "after", "-o", "loop", copy) as after:
                    told = [int(load) for load in loads]
                    code = processes.run(breaking.holds, after / "store", folder / "again", told)
                assert code == 0, f"cut {number} lost what was acknowledged"
                copy.unlink()
        finally:
            writer.kill()
            writer.join()
        assert loads, "the writer acknowledged nothing"


def _copy(device: Path, copy: Path) -> None:
    known = b""
    while True:
        shutil.copyfile(device, copy)
        with copy.open("rb") as content:
            found = hashlib.file_digest(content, "blake2b").digest()
        if found == known:
            return
        known = found


def test_a_power_cut_loses_nothing_that_was_acknowledged(
    tmp_path: Path, seed: int, count: Callable[[int, int], int]
) -> None:
    cuts(tmp_path, count(4, 200), seed)
