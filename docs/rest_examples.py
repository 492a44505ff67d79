"""The examples of docs/rest.md, in curl, Python and R; tests run each against a service."""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS = "https://mine.example/api"
"""Where the service stands in the examples; tests put their own in its place."""


@dataclass(frozen=True)
class Example:
    """One question, in the languages that it is asked in."""

    name: str
    title: str
    meaning: str
    curl: str = ""
    python: str = ""
    r: str = ""


EXAMPLES = (
    Example(
        "fleet",
        "Where all trucks are",
        "The newest known of every truck, for a dashboard that asks every few seconds.",
        curl="""
curl -s --fail-with-body -H "Authorization: Bearer $TRUCKKIT_KEY" \\
  "https://mine.example/api/v1/latest?columns=truck,at,speed_kmh,payload_t"
""",
        python="""
import os

import httpx

mine = httpx.Client(
    base_url="https://mine.example/api",
    headers={"Authorization": f"Bearer {os.environ['TRUCKKIT_KEY']}"},
)
answer = mine.get("/v1/latest", params={"columns": "truck,at,speed_kmh,payload_t"})
answer.raise_for_status()
for row in answer.json()["rows"]:
    print(row["truck"], row["at"], row["speed_kmh"])
""",
        r="""
library(httr2)

answer <- request("https://mine.example/api/v1/latest") |>
  req_headers(Authorization = paste("Bearer", Sys.getenv("TRUCKKIT_KEY"))) |>
  req_url_query(format = "columns", columns = "truck,at,speed_kmh,payload_t") |>
  req_perform()
fleet <- as.data.frame(resp_body_json(answer, simplifyVector = TRUE, check_type = FALSE)$columns)
print(fleet)
""",
    ),
    Example(
        "hour",
        "An hour of one truck",
        "Every position of a window. CSV, Arrow and Parquet hold all of them, and come as they are read.",
        curl="""
curl -s --fail-with-body -H "Authorization: Bearer $TRUCKKIT_KEY" -H "Accept: text/csv" \\
  --compressed -o T01.csv \\
  "https://mine.example/api/v1/trucks/T01/positions?start=2026-11-22T13:00:00Z&stop=2026-11-22T14:00:00Z"
""",
        python="""
import io
import os

import httpx
import pyarrow as pa

answer = httpx.get(
    "https://mine.example/api/v1/positions",
    params={
        "truck": "T01",
        "start": "2026-11-22T10:00:00-03:00",
        "stop": "2026-11-22T11:00:00-03:00",
        "format": "arrow",
    },
    headers={"Authorization": f"Bearer {os.environ['TRUCKKIT_KEY']}"},
)
answer.raise_for_status()
positions = pa.ipc.open_stream(io.BytesIO(answer.content)).read_pandas()
print(len(positions), positions.speed_kmh.max())
""",
        r="""
library(httr2)

answer <- request("https://mine.example/api/v1/trucks/T01/positions") |>
  req_headers(Authorization = paste("Bearer", Sys.getenv("TRUCKKIT_KEY"))) |>
  req_url_query(start = "2026-11-22T13:00:00Z", stop = "2026-11-22T14:00:00Z", format = "csv") |>
  req_perform()
positions <- read.csv(text = resp_body_string(answer))
print(nrow(positions))
print(max(positions$speed_kmh, na.rm = TRUE))
""",
    ),
    Example(
        "notebook",
        "A notebook against the service",
        "What works on a store works on a service: the window and the trucks are asked of the service, "
        "the rest is counted in the notebook. The key may also stand in `TRUCKKIT_KEY`.",
        python="""
import os

from ibis import _

import truckkit as tk

site = tk.open("https://mine.example/api", key=os.environ["TRUCKKIT_KEY"])
shift = site.shift("2026-11-22 day")
print(shift.queues(longer="3min").order_by(_.lost_t.desc()).to_pandas())
print(shift.truck("T01").positions.filter(_.speed_kmh > 40).count().execute())
""",
    ),
    Example(
        "pages",
        "Page by page",
        "Each page leads to the next, on the generation of the first. Once there is a newer one the next "
        "page answers 410: begin anew.",
        curl="""
next="/api/v1/cycles?truck=T01&limit=10"
while [ -n "$next" ]; do
  curl -s --fail-with-body -D head -H "Authorization: Bearer $TRUCKKIT_KEY" \\
    "https://mine.example$next" >> pages.json
  next=$(sed -n 's/^[Ll]ink: <\\(.*\\)>; rel="next".*/\\1/p' head)
done
""",
        python="""
import os

import httpx

mine = httpx.Client(
    base_url="https://mine.example",
    headers={"Authorization": f"Bearer {os.environ['TRUCKKIT_KEY']}"},
)
cycles, following = [], "/api/v1/cycles?truck=T01&limit=10"
while following:
    answer = mine.get(following)
    answer.raise_for_status()
    page = answer.json()
    cycles += page["rows"]
    following = page["next"]
print(len(cycles))
""",
        r="""
library(httr2)

cycles <- list()
following <- "/api/v1/cycles?truck=T01&limit=10"
while (!is.null(following)) {
  page <- request(paste0("https://mine.example", following)) |>
    req_headers(Authorization = paste("Bearer", Sys.getenv("TRUCKKIT_KEY"))) |>
    req_perform() |>
    resp_body_json()
  cycles <- c(cycles, page$rows)
  following <- page$`next`
}
print(length(cycles))
""",
    ),
    Example(
        "metric",
        "What a shift cost in queues",
        "Every metric that a site computes, under its name; see `/api/v1/metrics` for all of them.",
        curl="""
curl -s --fail-with-body -H "Authorization: Bearer $TRUCKKIT_KEY" \\
  "https://mine.example/api/v1/metrics/queued?by=loader&start=2026-11-22T09:00:00Z&stop=2026-11-22T21:00:00Z&format=csv"
""",
        python="""
import os

import httpx

answer = httpx.get(
    "https://mine.example/api/v1/metrics/queued",
    params={"by": "loader", "start": "2026-11-22T09:00:00Z", "stop": "2026-11-22T21:00:00Z"},
    headers={"Authorization": f"Bearer {os.environ['TRUCKKIT_KEY']}"},
)
answer.raise_for_status()
print(answer.json()["rows"])
""",
    ),
    Example(
        "unchanged",
        "Only where it has changed",
        "With the `ETag` of the last answer, one that has not changed is 304 and empty.",
        curl="""
curl -s --fail-with-body -H "Authorization: Bearer $TRUCKKIT_KEY" --etag-save tag -o latest.json \\
  "https://mine.example/api/v1/latest"
curl -s -H "Authorization: Bearer $TRUCKKIT_KEY" --etag-compare tag -o newer.json -w "%{http_code}\\n" \\
  "https://mine.example/api/v1/latest"
""",
    ),
)
