"""Which tables and columns exist, their types, units and meanings: the one source.

The DDL of a store, the reference page of the docs, the descriptions in REST and the checks at
ingest are all made from what stands here. Instants are UTC; intervals are ``[start, stop)``.

>>> CYCLES.row
'one haul cycle of one truck, as one source tells it'
>>> CYCLES["payload_t"].unit
't'
>>> POSITIONS.key
('truck', 'at')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import ibis

FORMAT = 1
"""The format of stores that this truckkit writes; a reader refuses a higher one."""

INSTANT = "timestamp(6)"
TEXT = "string"
NUMBER = "float64"
SHORT = "float32"  # sensor precision: a third of the bytes of float64, see docs/adr/0002
COUNT = "int64"
FLAG = "boolean"

Kind = Literal["catalog", "day", "rejects"]


@dataclass(frozen=True)
class Column:
    """One column: its name, Ibis type, meaning and, where it has one, its unit."""

    name: str
    type: str
    meaning: str
    unit: str | None = None
    required: bool = False
    references: str | None = None
    """Catalog table whose key this column must name."""
    words: Mapping[str, str] | None = field(default=None, compare=False)
    """The words that it may hold, with what they mean, where it may not hold any text."""
    can_be: tuple[float, float] | None = None
    """The least and the most that can be: what a source says beyond was not measured, and is not kept."""

    @property
    def dtype(self) -> ibis.expr.datatypes.DataType:
        """The Ibis type, nullable unless the column is required."""
        return ibis.dtype(self.type, nullable=not self.required)


@dataclass(frozen=True)
class Table:
    """One table: what one row is, its columns, its key and where a store keeps it."""

    name: str
    row: str
    kind: Kind
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    at: str | None = None
    """The instant by which a day table is sorted and cut into days."""
    stop: str | None = None
    """For intervals, the instant at which a row stops."""
    sampled: bool = False
    """True for samples, which come by the million: what is done to each row of them has a price."""

    def __getitem__(self, column: str) -> Column:
        for candidate in self.columns:
            if candidate.name == column:
                return candidate
        raise KeyError(column)

    def __contains__(self, column: object) -> bool:
        return any(candidate.name == column for candidate in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> ibis.Schema:
        """The table as an Ibis schema."""
        return ibis.schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> ibis.Table:
        """A table of this shape with no rows."""
        return ibis.memtable([], schema=self.schema)


# The words -------------------------------------------------------------------------------------

STATES: Mapping[str, str] = {
    "queue_load": "waits for its turn at a loader",
    "spot_load": "backs up to a loader, from the first reverse or the last approach",
    "load": "is being loaded, from the first bucket",
    "haul": "drives loaded, from the first movement after loading",
    "queue_dump": "waits for its turn at a dump or crusher",
    "spot_dump": "backs up to a dump or crusher",
    "dump": "tips its load",
    "return": "drives empty to a loader",
    "delay": "stands 60 s or more for another reason, refuelling and shift change among them",
    "standby": "is parked with the engine off",
    "down": "is inside a work order or in the workshop",
    "no_data": "was not observed",
}
"""The words for what a truck does, in the order of a haul cycle. They tile all of time."""

CYCLE_STATES = tuple(STATES)[:8]
"""The eight states of a haul cycle, in order."""

SOURCES: Mapping[str, str] = {
    "fms": "the fleet management system said so",
    "detected": "truckkit found it in the samples",
}
"""Who tells of a state or a cycle."""

PLACES_KINDS: Mapping[str, str] = {
    "load": "loading face or bench",
    "dump": "waste dump",
    "crusher": "primary crusher",
    "stockpile": "stockpile, loaded or dumped",
    "fuel": "fuel bay",
    "workshop": "workshop",
    "park": "parking or shift-change place",
    "node": "road junction",
    "area": "part of the mine, not a point to drive to",
    "unknown": "named by a source that does not say what it is",
}
"""The kinds of places."""

# Columns that many tables share ----------------------------------------------------------------

TRUCK = Column("truck", TEXT, "Name of the haul truck.", required=True, references="trucks")
AT = Column("at", INSTANT, "When it was so, UTC.", required=True)
START = Column("start", INSTANT, "First instant of the interval, UTC.", required=True)
STOP = Column("stop", INSTANT, "First instant after the interval, UTC.", required=True)
SOURCE = Column("source", TEXT, "Who says so: fms or detected.", required=True, words=SOURCES)
FAULT = Column("fault", TEXT, "What is wrong with the row, in words; empty where nothing is.")
LOAD_ID = Column("load_id", COUNT, "The load that brought the row; 0 where none did.", required=True)
X = Column("x_m", NUMBER, "East in the site's grid.", "m")
Y = Column("y_m", NUMBER, "North in the site's grid.", "m")
ELEVATION = Column("elevation_m", SHORT, "Height above the site's zero.", "m", can_be=(-1000, 9000))
LON = Column("lon", NUMBER, "Longitude, WGS84, where known.", "deg", can_be=(-180, 180))
LAT = Column("lat", NUMBER, "Latitude, WGS84, where known.", "deg", can_be=(-90, 90))
SPEED = Column("speed_kmh", SHORT, "Speed over ground.", "km/h", can_be=(0, 150))
HEADING = Column(
    "heading_deg", SHORT, "Direction of travel, clockwise from grid north.", "deg", can_be=(-360, 360)
)
LOADER = Column("loader", TEXT, "Name of the loading unit.")
OPERATOR = Column("operator", TEXT, "Who drove.")


def _minutes(state: str) -> Column:
    return Column(f"{state}_min", NUMBER, f"Time in which the truck {STATES[state]}.", "min")


# The catalog: what is few, with real keys --------------------------------------------------------

SITE = Table(
    "site",
    "the mine itself; there is one row",
    "catalog",
    ("name",),
    (
        Column("name", TEXT, "Name of the mine.", required=True),
        Column("time_zone", TEXT, "IANA time zone of the mine.", required=True),
        Column("crs", TEXT, "Coordinate reference system of the site's grid; empty for a mine grid."),
        Column("made_by", TEXT, "The truckkit that wrote this generation.", required=True),
        Column(
            "simulated", FLAG, "True where the data, or part of it, came from a simulator.", required=True
        ),
        Column(
            "least_coverage",
            NUMBER,
            "Share of the asked time that must be observed for an answer to be trusted; empty: 0.95.",
        ),
    ),
)

TRUCKS = Table(
    "trucks",
    "one haul truck",
    "catalog",
    ("truck",),
    (
        Column("truck", TEXT, "Name of the haul truck.", required=True),
        Column("model", TEXT, "Make and model."),
        Column("fleet", TEXT, "Group of trucks that the mine counts together."),
        Column("target_payload_t", NUMBER, "Payload that the 10/10/20 policy is measured against.", "t"),
        Column("empty_mass_t", NUMBER, "Operating mass without payload.", "t"),
        Column("tank_l", NUMBER, "Fuel that fits the tank.", "l"),
        Column("given", FLAG, "False where only samples or records name the truck.", required=True),
        LOAD_ID,
    ),
)

PLACES = Table(
    "places",
    "one place in the mine",
    "catalog",
    ("place",),
    (
        Column("place", TEXT, "Name of the place.", required=True),
        Column(
            "kind",
            TEXT,
            "What it is: " + ", ".join(PLACES_KINDS) + ".",
            required=True,
            words=PLACES_KINDS,
        ),
        X,
        Y,
        ELEVATION,
        LON,
        LAT,
        Column("radius_m", NUMBER, "How far the place reaches from its point.", "m"),
        Column("start", INSTANT, "First instant at which the place was so; empty: always."),
        Column("stop", INSTANT, "First instant at which it was no more; empty: still is."),
        Column("loader", TEXT, "The loading unit that stands there, where known."),
        Column("given", FLAG, "False where only cycles or samples tell of the place.", required=True),
        FAULT,
        LOAD_ID,
    ),
)

ROADS = Table(
    "roads",
    "one road segment from place to place, in one direction",
    "catalog",
    ("road",),
    (
        Column("road", TEXT, "Name of the segment.", required=True),
        Column("from_place", TEXT, "Where it starts.", required=True, references="places"),
        Column("to_place", TEXT, "Where it ends.", required=True, references="places"),
        Column("length_m", NUMBER, "Length along the road.", "m"),
        Column("empty_s", NUMBER, "Time that an empty truck should take.", "s"),
        Column("loaded_s", NUMBER, "Time that a loaded truck should take.", "s"),
        Column("closed", FLAG, "True where the road is closed."),
        LOAD_ID,
    ),
)

SHIFTS = Table(
    "shifts",
    "one shift of the site's calendar",
    "catalog",
    ("shift",),
    (
        Column(
            "shift", TEXT, "Name: the local date on which it starts and the roster's word.", required=True
        ),
        START,
        STOP,
        Column("crew", TEXT, "Who works it."),
    ),
)

ROSTERS = Table(
    "rosters",
    "one shift that a roster gives every day",
    "catalog",
    ("roster", "word"),
    (
        Column("roster", TEXT, "Name of the roster.", required=True),
        Column("word", TEXT, "The shift's word, such as day or night.", required=True),
        Column("starts", TEXT, "When it starts by the site's clock, HH:MM.", required=True),
        Column("lasts_h", NUMBER, "How long it is by the site's clock.", "h", required=True),
        Column("crews", TEXT, "The crews that work it in turn, with commas; empty: nobody says."),
        Column("days_each", COUNT, "Days that a crew works before the next in turn.", required=True),
        Column("first", TEXT, "First local date on which the roster holds; empty: always has."),
        Column("last", TEXT, "Last local date on which a shift of it starts; empty: holds still."),
    ),
)

MAINTENANCE = Table(
    "maintenance",
    "one work order on one truck",
    "catalog",
    ("work_order",),
    (
        Column("work_order", TEXT, "Number of the work order.", required=True),
        TRUCK,
        START,
        Column("stop", INSTANT, "First instant after the work; empty while it is open."),
        Column("kind", TEXT, "scheduled, breakdown, tyre, inspection or the site's own word."),
        Column("component", TEXT, "What was worked on."),
        Column("description", TEXT, "What was done, in the mine's words."),
        Column("version", COUNT, "Counts the changes of this record.", required=True),
        LOAD_ID,
    ),
)

ANNOTATIONS = Table(
    "annotations",
    "one remark that a person made about a stretch of time",
    "catalog",
    ("annotation",),
    (
        Column("annotation", TEXT, "Identifier.", required=True),
        Column("truck", TEXT, "The truck it is about; empty: the site.", references="trucks"),
        START,
        Column("stop", INSTANT, "First instant after it; empty while it is open."),
        Column("remark", TEXT, "The remark.", required=True),
        Column("author", TEXT, "Who made it."),
        Column("version", COUNT, "Counts the changes of this record.", required=True),
        LOAD_ID,
    ),
)

PLANS = Table(
    "plans",
    "what was planned for one shift on one circuit",
    "catalog",
    ("shift", "circuit"),
    (
        Column("shift", TEXT, "The shift.", required=True, references="shifts"),
        Column("circuit", TEXT, "Loader or route that the plan is for; 'all' for the site.", required=True),
        Column("planned_t", NUMBER, "Planned tonnes.", "t"),
        Column("planned_loads", NUMBER, "Planned loads."),
    ),
)

LIMITS = Table(
    "limits",
    "one limit that the site has set",
    "catalog",
    ("limit_name",),
    (
        Column("limit_name", TEXT, "Identifier.", required=True),
        Column("kind", TEXT, "speed, payload, tkph or a channel's name.", required=True),
        Column("road", TEXT, "The road segment it holds on; empty: everywhere.", references="roads"),
        Column("model", TEXT, "The truck model it holds for; empty: all."),
        Column("loaded", FLAG, "True: loaded trucks only; false: empty ones; empty: both."),
        Column("most", NUMBER, "The highest value allowed.", required=True),
        Column("unit", TEXT, "Unit of the value."),
    ),
)

TYRES = Table(
    "tyres",
    "one axle position of one truck model, with the tyre that runs there",
    "catalog",
    ("model", "position"),
    (
        Column("model", TEXT, "The truck model.", required=True),
        Column("position", TEXT, "The axle position: front, rear or the site's own word.", required=True),
        Column("tyre", TEXT, "Make and size."),
        Column("rating_tkph", NUMBER, "The maker's rating of the tyre.", "t km/h", required=True),
        Column("empty_share", NUMBER, "Share of the empty truck's mass that a tyre bears.", required=True),
        Column(
            "loaded_share",
            NUMBER,
            "Share of the loaded truck's mass that a tyre bears.",
            required=True,
        ),
    ),
)

USAGE_MODELS = Table(
    "usage_models",
    "one time usage model of the site's own",
    "catalog",
    ("model",),
    (
        Column("model", TEXT, "Name of the model.", required=True),
        Column("definition", TEXT, "The model, as TOML.", required=True),
    ),
)

LATEST = Table(
    "latest",
    "the newest known of one truck",
    "catalog",
    ("truck",),
    (
        TRUCK,
        Column("at", INSTANT, "When its newest position was taken, UTC.", required=True),
        X,
        Y,
        ELEVATION,
        LON,
        LAT,
        SPEED,
        HEADING,
        Column("payload_t", SHORT, "Newest payload measured.", "t"),
        Column("payload_at", INSTANT, "When that was measured, UTC; empty in stores of before it was kept."),
        Column("fuel_pct", SHORT, "Newest fuel level.", "%"),
        Column("fuel_at", INSTANT, "When that was measured, UTC; empty in stores of before it was kept."),
    ),
)

LOADS = Table(
    "loads",
    "one file or answer that was brought in: the ledger",
    "catalog",
    ("load_id",),
    (
        Column("load_id", COUNT, "Number of the load.", required=True),
        Column("source", TEXT, "What was read.", required=True),
        Column(
            "identity",
            TEXT,
            "Hash of the content and the mapping; the same again adds nothing.",
            required=True,
        ),
        Column("mapping", TEXT, "The mapping that read it.", required=True),
        Column("cursor", TEXT, "Where to go on, for sources that grow."),
        Column("at", INSTANT, "When it was published, UTC.", required=True),
        Column("rows_in", COUNT, "Rows read: kept + rejected + duplicates.", required=True),
        Column("kept", COUNT, "Rows that are now in tables.", required=True),
        Column("rejected", COUNT, "Rows refused, each in rejects with its reason.", required=True),
        Column("duplicates", COUNT, "Rows that said again what was known.", required=True),
        Column("corrected", COUNT, "Kept rows that changed a row known before.", required=True),
        Column("made", TEXT, "Rows made in each table, as JSON.", required=True),
        Column("start", INSTANT, "First instant that its rows tell of, UTC."),
        Column("stop", INSTANT, "Last instant that its rows tell of, UTC."),
        Column("late", COUNT, "Rows that came after a later one of their truck; empty: not counted."),
        Column("lacking", COUNT, "Rows without a field that others have; empty: not counted."),
    ),
)

WATERMARKS = Table(
    "watermarks",
    "how far one measurement of one truck has been read from one source",
    "catalog",
    ("source", "measurement", "truck"),
    (
        Column("source", TEXT, "Where it is read from, without user and password.", required=True),
        Column("measurement", TEXT, "The measurement.", required=True),
        Column(
            "truck", TEXT, "The truck, as the source names it; empty text where it does not.", required=True
        ),
        Column("at", INSTANT, "Its newest point that is stored, UTC.", required=True),
    ),
)

REVISIONS = Table(
    "revisions",
    "one answer that late data changed",
    "catalog",
    ("revision",),
    (
        Column("revision", COUNT, "Number of the revision.", required=True),
        Column("load_id", COUNT, "The load that changed it.", required=True, references="loads"),
        Column("at", INSTANT, "When it changed, UTC.", required=True),
        START,
        STOP,
        Column("trucks", TEXT, "Trucks whose answer changed."),
        Column("answer", TEXT, "What was asked.", required=True),
        Column("before", NUMBER, "The answer before."),
        Column("after", NUMBER, "The answer after."),
    ),
)

FILES = Table(
    "files",
    "one immutable file of this generation",
    "catalog",
    ("file",),
    (
        Column("file", TEXT, "Name of the file.", required=True),
        Column("kind", TEXT, "day, month or rejects.", required=True),
        Column("start", INSTANT, "First instant of the day or month, UTC."),
        Column("stop", INSTANT, "First instant after it, UTC."),
        Column("made", TEXT, "Rows in each table, as JSON.", required=True),
        Column("first_at", INSTANT, "First instant of any row, UTC."),
        Column("last_stop", INSTANT, "Latest instant at which any row stops, UTC."),
        Column("longest_s", NUMBER, "Length of the longest interval.", "s"),
        Column("appends", COUNT, "How often rows were added since it was sorted whole.", required=True),
    ),
)

# Day tables: what happened, sorted by truck and time ---------------------------------------------

POSITIONS = Table(
    "positions",
    "one position of one truck",
    "day",
    ("truck", "at"),
    (TRUCK, AT, X, Y, ELEVATION, LON, LAT, SPEED, HEADING, FAULT, LOAD_ID),
    at="at",
    sampled=True,
)

TELEMETRY = Table(
    "telemetry",
    "one reading of one truck's channels; a channel that was not read is empty",
    "day",
    ("truck", "at"),
    (
        TRUCK,
        AT,
        Column("payload_t", SHORT, "Payload on the truck's own scale.", "t", can_be=(-100, 1_000)),
        Column("body_up", FLAG, "True while the body is raised."),
        Column("reverse", FLAG, "True while reverse is selected."),
        Column("engine_on", FLAG, "True while the engine runs."),
        Column("engine_rpm", SHORT, "Engine speed.", "rpm", can_be=(0, 10_000)),
        Column("engine_load_pct", SHORT, "Engine load at current speed.", "%", can_be=(0, 125)),
        Column("coolant_c", SHORT, "Engine coolant temperature.", "°C", can_be=(-60, 250)),
        Column("oil_c", SHORT, "Engine oil temperature.", "°C", can_be=(-60, 300)),
        Column("oil_kpa", SHORT, "Engine oil pressure.", "kPa", can_be=(-100, 5_000)),
        Column("fuel_pct", SHORT, "Fuel level.", "%", can_be=(0, 110)),
        Column("fuel_rate_lph", SHORT, "Fuel rate.", "l/h", can_be=(0, 3_500)),
        Column("engine_h", NUMBER, "Hours that the engine has run in its life.", "h", can_be=(0, 1_000_000)),
        Column(
            "odometer_km",
            NUMBER,
            "Distance that the truck has driven in its life.",
            "km",
            can_be=(0, 10_000_000),
        ),
        Column(
            "strut_front_left_kpa",
            SHORT,
            "Pressure of the front left strut.",
            "kPa",
            can_be=(-1_000, 100_000),
        ),
        Column(
            "strut_front_right_kpa",
            SHORT,
            "Pressure of the front right strut.",
            "kPa",
            can_be=(-1_000, 100_000),
        ),
        Column(
            "strut_rear_left_kpa", SHORT, "Pressure of the rear left strut.", "kPa", can_be=(-1_000, 100_000)
        ),
        Column(
            "strut_rear_right_kpa",
            SHORT,
            "Pressure of the rear right strut.",
            "kPa",
            can_be=(-1_000, 100_000),
        ),
        FAULT,
        LOAD_ID,
    ),
    at="at",
    sampled=True,
)

CHANNELS = Table(
    "channels",
    "one reading of a channel of one truck that telemetry has no column for",
    "day",
    ("truck", "at", "channel"),
    (
        TRUCK,
        AT,
        Column("channel", TEXT, "The channel, by the name that its source gives it.", required=True),
        Column("number", NUMBER, "What was read, where that is a number; true is 1."),
        Column("said", TEXT, "What was read, where that is text."),
        LOAD_ID,
    ),
    at="at",
    sampled=True,
)

STATE_INTERVALS = Table(
    "states",
    "one stretch of time in which one truck was in one state, as one source tells it",
    "day",
    ("truck", "source", "start"),
    (
        TRUCK,
        SOURCE,
        START,
        STOP,
        Column("state", TEXT, "What the truck did: " + ", ".join(STATES) + ".", required=True, words=STATES),
        Column("place", TEXT, "Where it was, where known.", references="places"),
        LOADER,
        OPERATOR,
        Column("confidence", SHORT, "Between 0 and 1: how sure the source is."),
        Column("evidence", TEXT, "The channels that the detector went by."),
        Column("detector", TEXT, "Version of the detector; empty for an FMS."),
        LOAD_ID,
    ),
    at="start",
    stop="stop",
)

CYCLES = Table(
    "cycles",
    "one haul cycle of one truck, as one source tells it",
    "day",
    ("truck", "source", "start", "stop"),
    (
        TRUCK,
        SOURCE,
        START,
        STOP,
        LOADER,
        OPERATOR,
        Column("from_place", TEXT, "Where the truck came from.", references="places"),
        Column("load_place", TEXT, "Where it was loaded.", references="places"),
        Column("dump_place", TEXT, "Where it dumped.", references="places"),
        Column("arrived_load", INSTANT, "When it arrived at the loading place, UTC."),
        Column("full", INSTANT, "When loading was over, UTC."),
        Column("arrived_dump", INSTANT, "When it arrived at the dumping place, UTC."),
        *(_minutes(state) for state in CYCLE_STATES),
        Column("delay_min", NUMBER, "Time inside the cycle in none of the eight states.", "min"),
        Column("payload_t", NUMBER, "Payload measured; empty where the measurement cannot be true.", "t"),
        Column("reported_t", NUMBER, "Payload that the FMS booked.", "t"),
        Column("empty_m", NUMBER, "Distance driven empty.", "m"),
        Column("loaded_m", NUMBER, "Distance driven loaded.", "m"),
        Column("empty_flat_m", NUMBER, "Effective flat haul of the empty way.", "m"),
        Column("loaded_flat_m", NUMBER, "Effective flat haul of the loaded way.", "m"),
        Column("lift_m", NUMBER, "Height of the dumping place above the loading place.", "m"),
        Column("shift", TEXT, "The shift that the source booked it to."),
        Column("complete", FLAG, "True where every phase is known.", required=True),
        Column("why", TEXT, "Why it is not complete."),
        Column("overlaps", FLAG, "True where an earlier cycle of the truck has not stopped at its start."),
        FAULT,
        LOAD_ID,
    ),
    at="start",
    stop="stop",
)

EVENTS = Table(
    "events",
    "one thing that happened to one truck",
    "day",
    ("event",),
    (
        Column("event", TEXT, "Identifier.", required=True),
        TRUCK,
        AT,
        Column("kind", TEXT, "What happened: overspeed, alarm or the source's own word.", required=True),
        Column("measured", NUMBER, "The value that went with it."),
        Column("unit", TEXT, "Unit of the value."),
        Column("place", TEXT, "Where.", references="places"),
        Column("description", TEXT, "In the source's words."),
        LOAD_ID,
    ),
    at="at",
)

REFUELS = Table(
    "refuels",
    "one refuelling of one truck",
    "day",
    ("truck", "start"),
    (
        TRUCK,
        START,
        STOP,
        Column("fuel_l", NUMBER, "Fuel filled in.", "l"),
        Column("queue_min", NUMBER, "Time waited before it.", "min"),
        Column("place", TEXT, "Where.", references="places"),
        Column("shift", TEXT, "The shift that the source booked it to."),
        FAULT,
        LOAD_ID,
    ),
    at="start",
    stop="stop",
)

FINDINGS = Table(
    "findings",
    "one thing that is wrong with the data of one truck",
    "day",
    ("truck", "start", "kind", "about"),
    (
        TRUCK,
        START,
        STOP,
        Column("kind", TEXT, "gap, jump, clock, overlap, frozen, unit, outside or duplicate.", required=True),
        Column("about", TEXT, "The table and column that it is about.", required=True),
        Column("measured", NUMBER, "The value that is wrong, where there is one."),
        Column("samples", COUNT, "How many rows it concerns.", required=True),
        Column("description", TEXT, "In words.", required=True),
        LOAD_ID,
    ),
    at="start",
    stop="stop",
)

REJECTS = Table(
    "rejects",
    "one row that a load refused, or that said again what was known",
    "rejects",
    ("load_id", "line", "about"),
    (
        LOAD_ID,
        Column("source", TEXT, "What was read.", required=True),
        Column("line", COUNT, "Number of the row in its file, the first row of data being 1.", required=True),
        Column("about", TEXT, "The table it was meant for.", required=True),
        Column(
            "verdict",
            TEXT,
            "rejected, duplicate or set aside (a field that the mapping does not know).",
            required=True,
        ),
        Column("reason", TEXT, "What is wrong with it.", required=True),
        Column("content", TEXT, "The row as it was read, as JSON.", required=True),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        TRUCKS,
        POSITIONS,
        TELEMETRY,
        CHANNELS,
        PLACES,
        ROADS,
        SHIFTS,
        STATE_INTERVALS,
        CYCLES,
        EVENTS,
        MAINTENANCE,
        REFUELS,
        ANNOTATIONS,
        PLANS,
        LIMITS,
        ROSTERS,
        TYRES,
        USAGE_MODELS,
        LATEST,
        REVISIONS,
        FINDINGS,
        LOADS,
        WATERMARKS,
        REJECTS,
        SITE,
        FILES,
    )
}
"""Every table of a store, by name; ``site`` and ``files`` are the store's own."""

ASKED = tuple(name for name in TABLES if name not in ("site", "files"))
"""The tables that a ``Site`` hands out."""

# What is told about a whole site: made from its tables, and stored nowhere -------------------------

SOURCES_OF_TRUCKS = Table(
    "sources",
    "one source that tells of the states of one truck",
    "catalog",
    ("truck", "source"),
    (TRUCK, SOURCE),
)

LOADERS = Table(
    "loaders",
    "one loading unit that states, cycles or places name",
    "catalog",
    ("loader",),
    (Column("loader", TEXT, "Name of the loading unit.", required=True),),
)

ROWS = Table(
    "rows",
    "how many rows one table has",
    "catalog",
    ("table",),
    (
        Column("table", TEXT, "Name of the table.", required=True),
        Column("rows", COUNT, "Its rows.", required=True),
    ),
)

ABOUT: Mapping[str, Table] = {table.name: table for table in (SITE, FILES, SOURCES_OF_TRUCKS, LOADERS, ROWS)}
"""What a ``Site`` tells about itself: the store's own tables, and what is counted over the others."""


def of_kind(kind: Kind) -> tuple[Table, ...]:
    """The tables that live in one kind of file."""
    return tuple(table for table in TABLES.values() if table.kind == kind)
