"""TSBS's questions as expressions over a truckkit store, put into SQL once and asked with fresh values.

``SQL`` are what the benchmark's SQL asks, ``INFLUX`` what its InfluxQL asks; where the two differ, the
function says how. The facts are TSBS's (cmd/tsbs_generate_queries, its databases' ``iot.go``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa
from generated import Fleet
from ibis import _
from iot import QUESTIONS, Variant

import truckkit as tk

MAPPING = str(Path(__file__).parent / "trucks.toml")
TEN_S, DAY_S = 600, 86_400


class Truckkit:
    """A store, and the questions to it."""

    name = "truckkit"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked: dict[tuple[Variant, str], Callable[..., pa.Table]] = {}

    def load(self, name: str, within: Path) -> None:
        """Bring one day in."""
        tk.ingest(self.folder, within / f"{name}.lp", MAPPING, detection=False)

    def tags(self, fleet: Fleet, within: Path) -> None:
        """Bring in what a truck's samples do not say of it each time."""
        rows = ["event,truck,at,kind,measured,description"]
        for truck in fleet.tags.to_pylist():
            name = truck["name"]
            rows.append(f"driver of {name},{name},2024-03-01T00:00:00Z,driver,,{truck['driver']}")
            rows.append(
                f"nominal of {name},{name},2024-03-01T00:00:00Z,nominal_fuel_consumption,"
                f"{truck['nominal_fuel_consumption']},"
            )
        (within / "tags.csv").write_text("\n".join(rows))
        tk.ingest(self.folder, within / "tags.csv", MAPPING, detection=False)

    def loaded(self) -> None:
        """Nothing is left to do."""

    def open(self) -> None:
        """Make the questions; each is put into SQL when it is asked for the first time."""
        site = tk.open(self.folder)
        for variant, functions in (("sql", SQL), ("influx", INFLUX)):
            for name, function in functions.items():
                question = QUESTIONS[name]
                window = ("start", "stop") if question.kind == "short window" else None
                self._asked[variant, name] = site.prepared(function, question.takes, window)

    def ask(self, variant: Variant, name: str, values: dict[str, str | datetime]) -> pa.Table:
        """An answer, as Arrow."""
        return self._asked[variant, name](**values)

    def newest(self) -> pa.Table:
        """The last instant that the newest generation tells of."""
        latest = tk.open(self.folder).latest
        return latest.aggregate(at=latest.at.max()).to_pyarrow()

    def bytes(self) -> int:
        """Bytes of the files of the newest generation."""
        opened = tk.open(self.folder).opened
        assert opened
        own = [*opened.files, f"catalog-{opened.number:06d}.duckdb"]
        return sum((self.folder / file).stat().st_size for file in own)

    def server_s(self) -> float:
        """It answers in this process."""
        return 0.0

    @staticmethod
    def rows(answer: pa.Table) -> list[tuple[object, ...]]:
        """An answer's rows."""
        return [tuple(row.values()) for row in answer.to_pylist()]


# What a truck is -----------------------------------------------------------------------------------


def _named(site: tk.Site) -> ibis.Table:
    drivers = site.events.filter(_.kind == "driver").select("truck", driver=_.description)
    return site.trucks.join(drivers, "truck").select(
        "truck", "driver", "fleet", "model", capacity_t=_.target_payload_t
    )


def _of(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    return _named(site).filter(_.fleet == fleet)


def _by(samples: ibis.Table, site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    return samples.semi_join(site.trucks.filter(_.fleet == fleet), "truck")


def _tens(samples: ibis.Table, **asked: ibis.Value) -> ibis.Table:
    # As a number, which DuckDB makes and groups by in half the time of an instant.
    return samples.group_by("truck", ten=_.at.epoch_seconds() // TEN_S).aggregate(**asked)


_DAY = _.ten // (DAY_S // TEN_S)


def _as_day(rows: ibis.Table) -> ibis.Table:
    """Rows whose ``day`` is an instant again."""
    return rows.mutate(day=(_.day * DAY_S).as_timestamp("s"))


def _channel(site: tk.Site, name: str) -> ibis.Table:
    return site.table("channels").filter(_.channel == name)


# Last points ---------------------------------------------------------------------------------------


def last_loc(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """Where the trucks of a fleet are."""
    return site.latest.join(_of(site, fleet), "truck").select("truck", "driver", "lon", "lat")


def single_last_loc(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
    """Where a truck is."""
    named = _named(site).filter(_.truck == truck)
    return site.latest.join(named, "truck").select("truck", "driver", "lon", "lat")


def first_loc(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """Where the trucks of a fleet were first: the InfluxQL sorts the other way round."""
    return _first(site, _of(site, fleet))


def single_first_loc(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
    """Where a truck was first."""
    return _first(site, _named(site).filter(_.truck == truck))


def _first(site: tk.Site, named: ibis.Table) -> ibis.Table:
    known = site.positions.filter(_.lon.notnull() | _.lat.notnull()).semi_join(named, "truck")
    first = known.group_by("truck").aggregate(at=_.at.min())
    rows = known.semi_join(first, ["truck", "at"])
    return rows.join(named, "truck").select("truck", "driver", "lon", "lat")


def low_fuel(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """Trucks whose last row says less than a tenth of the tank; one without a level says nothing."""
    low = site.latest.filter(_.fuel_pct < 10, _.payload_at.isnull() | (_.fuel_at >= _.payload_at))
    return low.join(_of(site, fleet), "truck").select("truck", "driver", fuel_state=_.fuel_pct / 100)


def lately_low_fuel(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """When each truck had a tenth of the tank or less for the last time, however long ago."""
    low = _by(site.telemetry.filter(_.fuel_pct <= 10), site, fleet)
    last = low.group_by("truck").aggregate(fuel_pct=_.fuel_pct.argmax(_.at))
    return last.join(_named(site), "truck").select("truck", "driver", fuel_state=_.fuel_pct / 100)


def high_load(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """Trucks whose last row says more than nine tenths of what they may carry."""
    return _loaded(site, fleet, lambda payload, limit: payload > limit)


def high_load_or_at(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    """Trucks whose last row says nine tenths or more."""
    return _loaded(site, fleet, lambda payload, limit: payload >= limit)


def _loaded(
    site: tk.Site, fleet: ibis.Scalar, test: Callable[[ibis.Value, ibis.Value], ibis.Value]
) -> ibis.Table:
    told = site.latest.filter(_.fuel_at.isnull() | (_.payload_at >= _.fuel_at))
    both = told.join(_of(site, fleet), "truck")
    # Payload is kept in sensor precision, so its limit is rounded as it was.
    full = both.filter(test(both.payload_t, (both.capacity_t * 0.9).cast("float32")))
    return full.select("truck", "driver", current_load=(_.payload_t * 1000).round())


# Windows -------------------------------------------------------------------------------------------


def stationary(site: tk.Site, fleet: ibis.Scalar, start: ibis.Scalar, stop: ibis.Scalar) -> ibis.Table:
    """Trucks that hardly moved in ten minutes, from their first instant on."""
    return _stood(site, fleet, site.positions.filter(_.at >= start, _.at < stop))


def stationary_after(site: tk.Site, fleet: ibis.Scalar, start: ibis.Scalar, stop: ibis.Scalar) -> ibis.Table:
    """Trucks that hardly moved in ten minutes, without their first instant."""
    return _stood(site, fleet, site.positions.filter(_.at > start, _.at < stop))


def _stood(site: tk.Site, fleet: ibis.Scalar, samples: ibis.Table) -> ibis.Table:
    means = _by(samples, site, fleet).group_by("truck").aggregate(mean=_.speed_kmh.mean())
    return means.filter(_["mean"] < 1).join(_named(site), "truck").select("truck", "driver")


def long_sessions(most: int, *, after: bool) -> Callable[..., ibis.Table]:
    """Trucks that drove in more than so many tens of minutes; ``after``: the window is ``(start, stop]``."""

    def question(site: tk.Site, fleet: ibis.Scalar, start: ibis.Scalar, stop: ibis.Scalar) -> ibis.Table:
        rows = site.positions
        inside = (rows.at > start, rows.at <= stop) if after else (rows.at >= start, rows.at < stop)
        tens = _tens(_by(rows.filter(*inside), site, fleet), mean=_.speed_kmh.mean())
        driven = tens.filter(_["mean"] > 1).group_by("truck").aggregate(tens=_.count())
        return driven.filter(_.tens > most).join(_named(site), "truck").select("truck", "driver")

    return question


# Full history --------------------------------------------------------------------------------------


def avg_vs_projected(site: tk.Site) -> ibis.Table:
    """What the trucks of each fleet consume while they drive, and what they are said to."""
    driving = site.positions.filter(_.speed_kmh > 1).select("truck", "at")
    fuel = _channel(site, "fuel_consumption").select("truck", "at", "number")
    by_truck = driving.join(fuel, ["truck", "at"]).group_by("truck").aggregate(
        rows=_.count(), told=_.number.count(), total=_.number.sum()
    )  # fmt: skip
    said = site.events.filter(_.kind == "nominal_fuel_consumption").select("truck", nominal=_.measured)
    both = by_truck.join(said, "truck").join(site.trucks.select("truck", "fleet"), "truck")
    return both.group_by("fleet").aggregate(
        average=_.total.sum() / _.told.sum(), projected=(_.nominal * _.rows).sum() / _.rows.sum()
    )


def driving_duration(site: tk.Site) -> ibis.Table:
    """Whole hours that each truck drives in a day, on average over the days on which it drove."""
    tens = _tens(site.positions, mean=_.speed_kmh.mean()).filter(_["mean"] > 1)
    days = tens.group_by("truck", day=_DAY).aggregate(hours=_.count() // 6)
    by_truck = days.group_by("truck").aggregate(hours=_.hours.mean())
    return by_truck.join(_named(site), "truck").select("fleet", "truck", "driver", "hours")


def known_duration(site: tk.Site) -> ibis.Table:
    """Hours of which each truck's speed is known, by day: the InfluxQL asks for no driving."""
    tens = _tens(site.positions, known=_.speed_kmh.count()).filter(_.known > 0)
    days = tens.group_by("truck", day=_DAY).aggregate(hours=_.count() / 6)
    return _as_day(days.join(_named(site), "truck").select("fleet", "truck", "driver", "day", "hours"))


def driving_session(site: tk.Site) -> ibis.Table:
    """Minutes that each truck drives without a stop, on average by the day on which it sets off."""
    tens = _tens(site.positions, mean=_.speed_kmh.mean()).mutate(driving=_["mean"] > 5)
    in_order = ibis.window(group_by="truck", order_by="ten")
    changes = tens.mutate(before=_.driving.lag().over(in_order)).filter(_.driving != _.before)
    sessions = changes.mutate(stop=_.ten.lead().over(in_order)).filter(_.driving)
    return _as_day(sessions.group_by("truck", day=_DAY).aggregate(minutes=(_.stop - _.ten).mean() * 10))


def driving_session_until(site: tk.Site) -> ibis.Table:
    """The same by the day on which it stops, with driving from 10 km/h on."""
    tens = _tens(site.positions, mean=_.speed_kmh.mean()).mutate(driving=(_["mean"] >= 10).fill_null(False))
    in_order = ibis.window(group_by="truck", order_by="ten")
    changes = tens.mutate(before=_.driving.lag().over(in_order)).filter(_.driving != _.before)
    sessions = changes.mutate(since=_.ten.lag().over(in_order)).filter(~_.driving, _.since.notnull())
    return _as_day(sessions.group_by("truck", day=_DAY).aggregate(minutes=(_.ten - _.since).mean() * 10))


def avg_load(site: tk.Site) -> ibis.Table:
    """How full the trucks of each fleet and model are: the mean over trucks."""
    by_truck = site.telemetry.group_by("truck").aggregate(payload_t=_.payload_t.mean())
    both = by_truck.join(site.trucks, "truck").select(
        "fleet", "model", share=_.payload_t / _.target_payload_t
    )
    return both.group_by("fleet", "model").aggregate(share=_.share.mean())


def avg_load_of_rows(site: tk.Site) -> ibis.Table:
    """How full they are: the mean over rows."""
    by_truck = site.telemetry.group_by("truck").aggregate(
        payload_t=_.payload_t.sum(), told=_.payload_t.count()
    )
    both = by_truck.join(site.trucks, "truck")
    shares = both.select("fleet", "model", "told", share=_.payload_t / _.target_payload_t)
    return shares.group_by("fleet", "model").aggregate(share=_.share.sum() / _.told.sum())


def daily_activity(site: tk.Site) -> ibis.Table:
    """Rows of active tens of minutes by fleet, model and day, over 144."""
    tens = _tens(_channel(site, "status"), status=_.number.mean(), rows=_.count()).filter(_.status < 1)
    days = tens.group_by("truck", day=_DAY).aggregate(rows=_.rows.sum())
    both = days.join(site.trucks.select("truck", "fleet", "model"), "truck")
    return _as_day(both.group_by("fleet", "model", "day").aggregate(activity=_.rows.sum() / 144))


def daily_activity_of_model(site: tk.Site) -> ibis.Table:
    """Active tens of minutes of each fleet and model as a whole by day, over 144."""
    tens = _tens(_channel(site, "status"), total=_.number.sum(), told=_.number.count())
    both = tens.join(site.trucks.select("truck", "fleet", "model"), "truck")
    means = both.group_by("fleet", "model", "ten").aggregate(mean=_.total.sum() / _.told.sum())
    active = means.filter(_["mean"] < 1).group_by("fleet", "model", day=_DAY)
    return _as_day(active.aggregate(activity=_.count() / 144))


def breakdown_frequency(site: tk.Site) -> ibis.Table:
    """How often a model's trucks went from ten minutes that lack a status to some that lack none."""
    tens = _tens(_channel(site, "status"), told=_.number.count(), rows=_.count())
    broken = tens.select("truck", "ten", down=(_.told // _.rows) >= 0.5)
    then = _.down.lead().over(ibis.window(group_by="truck", order_by="ten"))
    breakdowns = broken.mutate(then=then).filter(~_.down, _.then)
    both = breakdowns.join(site.trucks.select("truck", "model"), "truck")
    return both.group_by("model").aggregate(breakdowns=_.count())


def breakdown_frequency_of_model(site: tk.Site) -> ibis.Table:
    """How often a model as a whole came to have a status other than 0 in at least half of its rows."""
    tens = _tens(_channel(site, "status"), other=(_.number != 0).sum(), told=_.number.count())
    both = tens.join(site.trucks.select("truck", "model"), "truck")
    shares = both.group_by("model", "ten").aggregate(share=_.other.sum() / _.told.sum())
    broken = shares.select("model", "ten", down=_.share >= 0.5)
    before = _.down.lag().over(ibis.window(group_by="model", order_by="ten"))
    return broken.mutate(before=before).filter(_.down, ~_.before).group_by("model").aggregate(
        breakdowns=_.count()
    )  # fmt: skip


FOUR_HOURS, A_DAY = 22, 35
"""Tens of minutes in four hours with five minutes of rest an hour, and in a day with thirty-five."""

SQL: dict[str, Callable[..., ibis.Table]] = {
    "last-loc": last_loc,
    "single-last-loc": single_last_loc,
    "low-fuel": low_fuel,
    "high-load": high_load,
    "stationary-trucks": stationary,
    "long-driving-sessions": long_sessions(FOUR_HOURS, after=False),
    "long-daily-sessions": long_sessions(A_DAY, after=False),
    "avg-vs-projected-fuel-consumption": avg_vs_projected,
    "avg-daily-driving-duration": driving_duration,
    "avg-daily-driving-session": driving_session,
    "avg-load": avg_load,
    "daily-activity": daily_activity,
    "breakdown-frequency": breakdown_frequency,
}

INFLUX: dict[str, Callable[..., ibis.Table]] = SQL | {
    "last-loc": first_loc,
    "single-last-loc": single_first_loc,
    "low-fuel": lately_low_fuel,
    "high-load": high_load_or_at,
    "stationary-trucks": stationary_after,
    "long-driving-sessions": long_sessions(FOUR_HOURS, after=True),
    "long-daily-sessions": long_sessions(A_DAY, after=True),
    "avg-daily-driving-duration": known_duration,
    "avg-daily-driving-session": driving_session_until,
    "avg-load": avg_load_of_rows,
    "daily-activity": daily_activity_of_model,
    "breakdown-frequency": breakdown_frequency_of_model,
}
