"""TSBS's questions as DuckDB's SQL over the files of the same store: what truckkit costs on top."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pyarrow as pa
from iot import Values, Variant

import truckkit as tk

_OF = (
    "(SELECT t.truck, t.fleet, t.model, t.target_payload_t, e.description AS driver FROM trucks t "
    "JOIN events e ON e.truck = t.truck AND e.kind = 'driver')"
)
_TEN = 'epoch_us("at") // 600_000_000'  # in half the time of time_bucket
_DAY = "make_timestamp(ten // 144 * 86_400_000_000)"
_STATUS = "(SELECT * FROM channels WHERE channel = 'status')"
_FIRST = (
    "WITH known AS (SELECT * FROM positions WHERE (lon IS NOT NULL OR lat IS NOT NULL) AND truck IN "
    f'(SELECT truck FROM trucks WHERE {{test}})), first AS (SELECT truck, min("at") AS "at" FROM known '
    f'GROUP BY truck) SELECT truck, driver, lon, lat FROM known JOIN first USING (truck, "at") '
    f"JOIN {_OF} USING (truck)"
)
_LAST = "SELECT truck, driver, lon, lat FROM latest JOIN {of} USING (truck) WHERE {test}"
_LONG = (
    f"WITH tens AS (SELECT truck, {_TEN} AS ten FROM positions WHERE {{inside}} AND truck IN (SELECT truck "
    "FROM trucks WHERE fleet = $fleet) GROUP BY ALL HAVING avg(speed_kmh) > 1) SELECT truck, driver "
    f"FROM tens JOIN {_OF} USING (truck) GROUP BY ALL HAVING count(*) > {{most}}"
)
_STOOD = (
    f"SELECT p.truck, driver FROM positions p JOIN {_OF} o ON o.truck = p.truck WHERE o.fleet = $fleet "
    "AND {inside} GROUP BY ALL HAVING avg(speed_kmh) < 1"
)
_CLOSED, _OPEN = '"at" >= $start AND "at" < $stop', '"at" > $start AND "at" <= $stop'
_BETWEEN = '"at" > $start AND "at" < $stop'
_CHANGES = (
    f"WITH tens AS (SELECT truck, {_TEN} AS ten, {{driving}} AS driving FROM positions GROUP BY ALL), "
    "changes AS (SELECT * FROM (SELECT *, lag(driving) OVER (PARTITION BY truck ORDER BY ten) AS before "
    "FROM tens) WHERE driving <> before), sessions AS (SELECT *, {other} OVER (PARTITION BY truck "
    f"ORDER BY ten) AS other FROM changes) SELECT truck, {_DAY} AS day, {{minutes}} FROM sessions "
    "WHERE {kept} GROUP BY ALL"
)
_HIGH = (
    "SELECT truck, driver, round(payload_t * 1000) FROM latest JOIN {of} USING (truck) WHERE fleet = $fleet "
    "AND payload_t {than} (target_payload_t * 0.9)::FLOAT AND (fuel_at IS NULL OR payload_at >= fuel_at)"
)

SQL = {
    "last-loc": _LAST.format(of=_OF, test="fleet = $fleet"),
    "single-last-loc": _LAST.format(of=_OF, test="truck = $truck"),
    "low-fuel": (
        f"SELECT truck, driver, fuel_pct / 100 FROM latest JOIN {_OF} USING (truck) WHERE fleet = $fleet "
        "AND fuel_pct < 10 AND (payload_at IS NULL OR fuel_at >= payload_at)"
    ),
    "high-load": _HIGH.format(of=_OF, than=">"),
    "stationary-trucks": _STOOD.format(inside=_CLOSED),
    "long-driving-sessions": _LONG.format(inside=_CLOSED, most=22),
    "long-daily-sessions": _LONG.format(inside=_CLOSED, most=35),
    "avg-vs-projected-fuel-consumption": (
        "WITH by_truck AS (SELECT p.truck, count(*) AS rows, count(number) AS told, sum(number) AS total "
        'FROM positions p JOIN channels c ON c.truck = p.truck AND c."at" = p."at" '
        "WHERE speed_kmh > 1 AND channel = 'fuel_consumption' GROUP BY ALL) "
        "SELECT fleet, sum(total) / sum(told), sum(measured * rows) / sum(rows) FROM by_truck "
        "JOIN events USING (truck) JOIN trucks USING (truck) WHERE kind = 'nominal_fuel_consumption' "
        "GROUP BY fleet"
    ),
    "avg-daily-driving-duration": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten FROM positions GROUP BY ALL HAVING avg(speed_kmh) > 1), "
        f"days AS (SELECT truck, {_DAY} AS day, count(*) // 6 AS hours FROM tens GROUP BY ALL) "
        f"SELECT fleet, truck, driver, avg(hours) FROM days JOIN {_OF} USING (truck) GROUP BY ALL"
    ),
    "avg-daily-driving-session": _CHANGES.format(
        driving="avg(speed_kmh) > 5",
        other="lead(ten)",
        minutes="avg(other - ten) * 10",
        kept="driving",
    ),
    "avg-load": (
        "WITH by_truck AS (SELECT truck, avg(payload_t) AS payload_t FROM telemetry GROUP BY truck) "
        "SELECT fleet, model, avg(payload_t / target_payload_t) FROM by_truck JOIN trucks USING (truck) "
        "GROUP BY ALL"
    ),
    "daily-activity": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten, count(*) AS rows FROM {_STATUS} GROUP BY ALL "
        f"HAVING avg(number) < 1) SELECT fleet, model, {_DAY} AS day, sum(rows) / 144 FROM tens "
        "JOIN trucks USING (truck) GROUP BY ALL"
    ),
    "breakdown-frequency": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten, count(number) // count(*) >= 0.5 AS down FROM {_STATUS} "
        "GROUP BY ALL), pairs AS (SELECT *, lead(down) OVER (PARTITION BY truck ORDER BY ten) AS after "
        "FROM tens) SELECT model, count(*) FROM pairs JOIN trucks USING (truck) WHERE NOT down AND after "
        "GROUP BY model"
    ),
}

INFLUX = SQL | {
    "last-loc": _FIRST.format(test="fleet = $fleet"),
    "single-last-loc": _FIRST.format(test="truck = $truck"),
    "low-fuel": (
        'WITH low AS (SELECT truck, arg_max(fuel_pct, "at") AS fuel_pct FROM telemetry WHERE fuel_pct <= 10 '
        "AND truck IN (SELECT truck FROM trucks WHERE fleet = $fleet) GROUP BY truck) "
        f"SELECT truck, driver, fuel_pct / 100 FROM low JOIN {_OF} USING (truck)"
    ),
    "high-load": _HIGH.format(of=_OF, than=">="),
    "stationary-trucks": _STOOD.format(inside=_BETWEEN),
    "long-driving-sessions": _LONG.format(inside=_OPEN, most=22),
    "long-daily-sessions": _LONG.format(inside=_OPEN, most=35),
    "avg-daily-driving-duration": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten FROM positions GROUP BY ALL HAVING count(speed_kmh) > 0) "
        f"SELECT fleet, truck, driver, {_DAY} AS day, count(*) / 6 FROM tens JOIN {_OF} USING (truck) "
        "GROUP BY ALL"
    ),
    "avg-daily-driving-session": _CHANGES.format(
        driving="coalesce(avg(speed_kmh) >= 10, false)",
        other="lag(ten)",
        minutes="avg(ten - other) * 10",
        kept="NOT driving AND other IS NOT NULL",
    ),
    "avg-load": (
        "WITH by_truck AS (SELECT truck, sum(payload_t) AS total, count(payload_t) AS told FROM telemetry "
        "GROUP BY truck) SELECT fleet, model, sum(total / target_payload_t) / sum(told) FROM by_truck "
        "JOIN trucks USING (truck) GROUP BY ALL"
    ),
    "daily-activity": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten, sum(number) AS total, count(number) AS told "
        f"FROM {_STATUS} GROUP BY ALL), means AS (SELECT fleet, model, ten FROM tens JOIN trucks "
        "USING (truck) GROUP BY ALL HAVING sum(total) / sum(told) < 1) "
        f"SELECT fleet, model, {_DAY} AS day, count(*) / 144 FROM means GROUP BY ALL"
    ),
    "breakdown-frequency": (
        f"WITH tens AS (SELECT truck, {_TEN} AS ten, count(*) FILTER (number <> 0) AS other, "
        f"count(number) AS told FROM {_STATUS} GROUP BY ALL), shares AS (SELECT model, ten, "
        "sum(other) / sum(told) >= 0.5 AS down FROM tens JOIN trucks USING (truck) GROUP BY ALL), "
        "pairs AS (SELECT *, lag(down) OVER (PARTITION BY model ORDER BY ten) AS before FROM shares) "
        "SELECT model, count(*) FROM pairs WHERE down AND NOT before GROUP BY model"
    ),
}


class Plain:
    """The store's files, attached to be read, with a view over each table of days."""

    name = "DuckDB SQL"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._threads = threading.local()

    def open(self) -> None:
        """Attach what the store's newest generation is made of."""
        self._con = duckdb.connect(config={"python_enable_replacements": False})
        opened = tk.open(self.folder).opened
        assert opened
        catalog = f"catalog-{opened.number:06d}.duckdb"
        self._con.execute("SET GLOBAL TimeZone = 'UTC'")
        self._con.execute(f"ATTACH '{self.folder / catalog}' AS catalog (READ_ONLY)")
        for file, alias in opened.files.items():
            self._con.execute(f"ATTACH '{self.folder / file}' AS {alias} (READ_ONLY)")
        for table in ("trucks", "latest"):
            self._con.execute(f"CREATE VIEW {table} AS FROM catalog.{table}")
        for table in ("positions", "telemetry", "channels", "events"):
            every = " UNION ALL ".join(f"SELECT * FROM {alias}.{table}" for alias in opened.holding(table))
            self._con.execute(f"CREATE VIEW {table} AS {every}")

    def ask(self, variant: Variant, name: str, values: Values) -> pa.Table:
        """An answer, as Arrow."""
        cursor = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._threads.cursor = self._con.cursor()
        bound = {
            each: value if isinstance(value, str) else value.replace(tzinfo=None)
            for each, value in values.items()
        }
        return cursor.execute((SQL if variant == "sql" else INFLUX)[name], bound).to_arrow_table()

    def server_s(self) -> float:
        """It answers in this process."""
        return 0.0

    @staticmethod
    def rows(answer: pa.Table) -> list[tuple[object, ...]]:
        """An answer's rows."""
        return [tuple(row.values()) for row in answer.to_pylist()]
