"""Which engine answers in tests: DuckDB, or Spark where ``pytest --engine spark`` asks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from tempfile import gettempdir
from typing import Any

import hypothesis
import ibis
import pyarrow as pa
from pyspark.sql import SparkSession
from system import program

from truckkit.engines import prepared

chosen = "duckdb"
"""Set before tests are collected."""

_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # Spark makes this folder, and would make it in the checkout.
    "spark.sql.warehouse.dir": gettempdir(),
    # Tables of some rows: what costs is to plan, to compile and to hand out tasks.
    # One process holds the sessions of all tests; a small heap is cleared more often.
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    " -Xms768m -Xmn512m -XX:MetaspaceSize=256m",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.shuffle.partitions": "1",
}


@cache
def spark() -> SparkSession:
    """The one Spark of a process; each site has a session of its own in it."""
    program("java", "openjdk-17-jre-headless")
    # Workers are of this environment, whichever Python the path names first.
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    # And import what is tested here.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    building = SparkSession.builder.master("local[1]").appName("truckkit")
    for name, value in _SETTINGS.items():
        building = building.config(name, value)
    return building.getOrCreate()


def started() -> None:
    """From here on the tables that a test makes by itself are asked of the chosen engine too."""
    if chosen == "spark":
        ibis.set_backend(prepared(ibis.pyspark.connect(spark().newSession())))


def examples(most: int) -> hypothesis.settings:
    """So many examples of a property; of Spark two, each of which costs it what a hundred cost DuckDB."""
    return hypothesis.settings(max_examples=2 if chosen == "spark" else most)


def holding(tables: Mapping[str, pa.Table]) -> Any:
    """A connection of the chosen engine that holds these tables and no others."""
    if chosen == "spark":
        connection = ibis.pyspark.connect(spark().newSession())
        for name, rows in tables.items():
            connection._session.createDataFrame(rows).createOrReplaceTempView(name)
        return connection
    connection = ibis.duckdb.connect()
    for name, rows in tables.items():
        connection.create_table(name, rows)
    return connection
