"""OGC Moving Features in JSON (OGC 19-045r3): points that move, and what was measured on the way.

Read are features with a ``temporalGeometry`` of type MovingPoint (Prism), alone or in a
MovingGeometryCollection, and features whose LineString has ``datetimes`` in its properties (Trajectory).
The section ``positions`` has a row for each instant, with ``time``, ``lon``, ``lat`` and ``ele``, or ``x_m``,
``y_m`` and ``ele`` where ``crs`` names another system than WGS84; a ``temporalProperties`` entry is a section
by its name, with ``time`` and ``value``. All rows have ``file``, ``feature`` (its id), ``interpolation`` and
the feature's plain properties. Instants are ISO texts, or milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from truckkit.errors import BadInput, listed, told
from truckkit.sources.spool import Spool
from truckkit.sources.texts import Texts, as_text

POSITIONS = "positions"

_GLOBE = ("crs84", "4326", "4979", "wgs84", "wgs 84")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def take(document: Any, spool: Spool) -> None:
    """Give all features of a document to a spool; raises ``BadInput`` where it holds none."""
    features = _features(document)
    if not features:
        raise BadInput(
            f'"{spool.path}" has no row to read: it is {_said(document)}, and holds no "Feature" of Moving '
            'Features and no "Equipment"; bring one that does, or leave it out.'
        )
    texts = Texts(spool)
    common = document.get("crs")
    for feature in features:
        if isinstance(feature, dict):
            _feature(feature, feature.get("crs", common), texts, spool.path.stem)
        else:
            texts.refuse(POSITIONS, f"a feature is {told(feature)}", feature)
    texts.end("its features hold nothing")


def _said(document: Any) -> str:
    """What a document is, in a few words."""
    if isinstance(document, dict):
        return f"an object of {listed(name[:60] for name in document)}" if document else "an empty object"
    return f"a list of {len(document):,}" if isinstance(document, list) else told(document)


def _features(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        return []
    if document.get("type") == "FeatureCollection":
        features = document.get("features")
        return features if isinstance(features, list) else []
    return [document] if document.get("type") == "Feature" else []


def _feature(feature: dict[str, Any], crs: Any, texts: Texts, file: str) -> None:
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    named = {"file": file, "feature": as_text(feature.get("id"))}
    plain = {name: as_text(each) for name, each in properties.items() if not isinstance(each, (list, dict))}
    about = {**{name: each for name, each in plain.items() if name not in _TAKEN}, **named}
    moving = list(_moving(feature, properties))
    if not moving:
        texts.refuse(POSITIONS, "the feature is no point that moves", about)
    for geometry in moving:
        _geometry(geometry, geometry.get("crs", crs), texts, about)
    measured = feature.get("temporalProperties")
    for group in measured if isinstance(measured, list) else []:
        _measured(group, texts, about)


_TAKEN = ("time", "lon", "lat", "ele", "x_m", "y_m", "value", "interpolation", "_line", "_late")


def _moving(feature: dict[str, Any], properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    temporal, geometry = feature.get("temporalGeometry"), feature.get("geometry")
    if isinstance(temporal, dict):
        prisms = temporal.get("prisms") if temporal.get("type") == "MovingGeometryCollection" else [temporal]
        for each in prisms if isinstance(prisms, list) else []:
            if isinstance(each, dict) and each.get("type") == "MovingPoint":
                yield {**({"crs": temporal["crs"]} if "crs" in temporal else {}), **each}
    elif isinstance(geometry, dict) and geometry.get("type") == "LineString" and "datetimes" in properties:
        yield {**geometry, "datetimes": properties["datetimes"]}


def _geometry(geometry: dict[str, Any], crs: Any, texts: Texts, about: Mapping[str, str | None]) -> None:
    names = ("lon", "lat", "ele") if _is_globe(crs) else ("x_m", "y_m", "ele")
    about = {**about, "interpolation": as_text(geometry.get("interpolation", geometry.get("interpolations")))}
    for at, place in _pairs(geometry, "coordinates", POSITIONS, texts, about):
        if not isinstance(place, list) or len(place) < 2:
            texts.refuse(POSITIONS, f"the place is {told(place)}, not a list of numbers", about)
        else:
            texts.add(POSITIONS, {**about, "time": at, **dict(zip(names, map(as_text, place), strict=False))})


def _measured(group: Any, texts: Texts, about: Mapping[str, str | None]) -> None:
    if not isinstance(group, dict):
        texts.refuse(POSITIONS, f"temporalProperties holds {told(group)}", group)
        return
    for name, values in group.items():
        if isinstance(values, dict):
            timed = {"datetimes": group.get("datetimes"), **values}
            row = {
                **about,
                "interpolation": as_text(values.get("interpolation", values.get("interpolations"))),
            }
            for at, value in _pairs(timed, "values", name, texts, about):
                texts.add(name, {**row, "time": at, "value": as_text(value)})


def _pairs(
    given: Mapping[str, Any], key: str, section: str, texts: Texts, about: Mapping[str, str | None]
) -> Iterator[tuple[str, Any]]:
    """Instants, each with what belongs to it; what has no partner is refused."""
    times, values = (
        each if isinstance(each, list) else [] for each in (given.get("datetimes"), given.get(key))
    )
    if not times and not values:
        texts.refuse(section, f'it has no "datetimes" and no "{key}"', about)
    for number in range(max(len(times), len(values))):
        if number >= len(times):
            texts.refuse(section, f"there are {len(times)} datetimes for {len(values)} {key}", values[number])
        elif number >= len(values):
            texts.refuse(section, f"there are {len(values)} {key} for {len(times)} datetimes", times[number])
        elif (at := _instant(times[number])) is None:
            texts.refuse(section, f"the time is {told(times[number])}", values[number])
        else:
            yield at, values[number]


def _instant(given: Any) -> str | None:
    if isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=given)).isoformat()
    except (OverflowError, ValueError):
        return None


def _is_globe(crs: Any) -> bool:
    """True for WGS84, which also holds where nothing is said."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else crs
    return name is None or any(word in str(name).lower() for word in _GLOBE)
