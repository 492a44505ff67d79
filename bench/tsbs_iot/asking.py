"""Questions asked of each system in turn: first whether the answers agree, then how long they take."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from agreed import answer, differ
from generated import Fleet
from iot import QUESTIONS, Question, Values, Variant
from patience import LONG_S, PATIENCE_S, TookTooLong


class System(Protocol):
    """Something that holds the data and answers."""

    name: str

    def ask(self, variant: Variant, name: str, values: Values) -> Any:
        """An answer as the system's client gives it."""

    def server_s(self) -> float:
        """User and system seconds of its server so far; none where it answers in this process."""

    def rows(self, answer: Any) -> Any:
        """The rows of such an answer, to compare."""


@dataclass
class Times:
    """How long one system took for one question, and the CPU of its client and server together. [ms]"""

    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    cpu: float = 0.0
    gave_up: bool = False
    """Whether no answer came, and the only time is for how long it was waited for."""


def quantile(times: Sequence[float], share: float) -> float:
    """So many of the times are no longer."""
    return float(np.quantile(times, share))


@dataclass(frozen=True)
class Asking:
    """How much is asked.

    Parameters
    ----------
    fleet
        What the systems hold.
    count
        How often a question is asked of each system by one client.
    seconds
        For how long, at most; three times in any case.
    clients
        How many ask at once afterwards.
    """

    fleet: Fleet
    count: int
    seconds: float
    clients: int
    chance: random.Random

    def all(
        self, systems: dict[Variant, list[System]], tell: Any
    ) -> Iterator[tuple[Variant, Question, dict[str, Times]]]:
        """Each question in each of its variants, with what each system took."""
        for variant, of in systems.items():
            for question in QUESTIONS.values():
                found = self._one(variant, question, of)
                took = (
                    f"{system} {quantile(times.alone, 0.5):.2f} ms, CPU {times.cpu:.2f} ms"
                    for system, times in found.items()
                )
                tell(f"{question.name}, {variant}: {'; '.join(took)}")
                yield variant, question, found

    def _one(self, variant: Variant, question: Question, systems: list[System]) -> dict[str, Times]:
        found: dict[str, Times] = defaultdict(Times)
        for _ in range(3 if question.takes else 1):
            silent = self._hold_to_each_other(variant, question, systems)
            found |= {system.name: Times([PATIENCE_S * 1000], gave_up=True) for system in silent}
            systems = [system for system in systems if system not in silent]
        until = time.monotonic() + self.seconds
        slow: set[str] = set()
        before = {system.name: system.server_s() for system in systems}
        for turn in range(self.count):
            if turn >= 3 and time.monotonic() > until:
                break
            values = question.values(self.fleet, self.chance)
            # Each system goes first in its turn, so that none has the caches of another's question.
            for place in range(len(systems)):
                system = systems[(turn + place) % len(systems)]
                if system.name not in slow:
                    began = time.process_time()
                    found[system.name].alone.append(_timed(system, variant, question.name, values))
                    found[system.name].cpu += (time.process_time() - began) * 1000
                    if found[system.name].alone[-1] > LONG_S * 1000:
                        slow.add(system.name)
        for system in systems:
            spent = (system.server_s() - before[system.name]) * 1000
            found[system.name].cpu = (found[system.name].cpu + spent) / len(found[system.name].alone)
            if self.clients and system.name not in slow:
                found[system.name].together = self._together(system, variant, question)
        return found

    def _hold_to_each_other(
        self, variant: Variant, question: Question, systems: list[System]
    ) -> list[System]:
        """Ask all the same, and refuse to go on where answers differ; give those that do not answer."""
        values = question.values(self.fleet, self.chance)
        ours, *others = systems
        silent = []
        truth = answer(question.name, ours.rows(ours.ask(variant, question.name, values)))
        for system in others:
            try:
                theirs = answer(question.name, system.rows(system.ask(variant, question.name, values)))
            except TookTooLong:
                silent.append(system)
                continue
            fault = differ(truth, theirs)
            assert not fault, (variant, question.name, values, ours.name, system.name, fault)
        return silent

    def _together(self, system: System, variant: Variant, question: Question) -> list[float]:
        """What each of several clients waits, who ask without a pause."""
        until = time.monotonic() + self.seconds / 4

        def ask(of: list[float], chance: random.Random) -> None:
            while not of or time.monotonic() < until:
                of.append(_timed(system, variant, question.name, question.values(self.fleet, chance)))

        waited: list[list[float]] = [[] for _ in range(self.clients)]
        with ThreadPoolExecutor(self.clients) as clients:
            # A list, so that what a client fails with is raised here.
            list(clients.map(ask, waited, [random.Random(self.chance.random()) for _ in waited]))
        return [each for of in waited for each in of]


def _timed(system: System, variant: Variant, name: str, values: Values) -> float:
    began = time.perf_counter()
    with suppress(TookTooLong):  # which is a time as well
        system.ask(variant, name, values)
    return (time.perf_counter() - began) * 1000
