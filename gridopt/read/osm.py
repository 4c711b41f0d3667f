"""OpenStreetMap extracts: its tags as gridopt's own layers and columns.

GDAL's driver reads ``.osm.pbf`` and ``.osm``; the whole file is scanned for each layer, so an extract of the city, not
of the country, is the file to give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from gridopt.read.contents import Place
from gridopt.read.vectors import read_vector

_LINE_COLUMNS = {"width": ("width",), "bridge": ("bridge",), "tunnel": ("tunnel",), "layer": ("layer",)}
_WALLS = "wall fence hedge city_wall retaining_wall guard_rail"
_GATES = "gate lift_gate swing_gate sliding_gate entrance turnstile sally_port border_control"


@dataclass(frozen=True)
class _Query:
    """Which of one of GDAL's OSM layers belong to a layer here, and what else of their tags makes a column.

    ``needs`` are tags of which a feature has one, with the values that count ("" for all); ``class_of``
    the tags whose first given value becomes ``class``; ``only`` are tags that it must have with that value.
    """

    source: str
    needs: Mapping[str, str]
    class_of: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _OsmLayer:
    """A layer made of OpenStreetMap's features; ``columns`` are made of the first tag of each that is given."""

    queries: tuple[_Query, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ADMIN_LEVELS = range(4, 12)
"""Levels of administrative boundaries (OpenStreetMap's ``admin_level``) that are layers of their own."""


def _boundaries(*only: tuple[str, str]) -> _OsmLayer:
    query = _Query("multipolygons", {"boundary": "administrative"}, ("boundary",), only)
    return _OsmLayer((query,), {"admin_level": ("admin_level",), "ref": ("ref", "ref:cn", "gb_t_2260")})


LAYERS: Mapping[str, _OsmLayer] = {
    "buildings": _OsmLayer(
        (_Query("multipolygons", {"building": ""}),),
        {
            "use": ("building:use", "building", "amenity", "tourism", "leisure"),
            "floors": ("building:levels",),
            "height": ("height", "building:height"),
            "dwellings": ("building:flats",),
            "number": ("addr:housenumber",),
        },
    ),
    "roads": _OsmLayer((_Query("lines", {"highway": ""}, ("highway",)),), _LINE_COLUMNS),
    "rivers": _OsmLayer(
        (
            _Query("lines", {"waterway": ""}, ("waterway",)),
            _Query(
                "multipolygons",
                {"natural": "water", "waterway": "riverbank dock", "landuse": "reservoir basin"},
                ("water", "waterway", "landuse", "natural"),
            ),
        ),
        _LINE_COLUMNS,
    ),
    "railways": _OsmLayer((_Query("lines", {"railway": ""}, ("railway",)),), _LINE_COLUMNS),
    "walls": _OsmLayer((_Query("lines", {"barrier": _WALLS}, ("barrier",)),), _LINE_COLUMNS),
    "crossings": _OsmLayer(
        (
            _Query("points", {"barrier": _GATES, "highway": "crossing", "railway": "level_crossing crossing"},
                   ("barrier", "railway", "highway")),
            _Query("lines", {"bridge": "", "tunnel": ""}, ("bridge", "tunnel")),
        )
    ),
    "estates": _OsmLayer((_Query("multipolygons", {"landuse": "residential"}, ("landuse",)),)),
    "landuse": _OsmLayer(
        (_Query("multipolygons", {"landuse": "", "leisure": "", "natural": ""}, ("landuse", "leisure", "natural")),)
    ),
    "facilities": _OsmLayer(
        (
            _Query("points", {"amenity": "", "office": "government"}, ("amenity", "office")),
            _Query("multipolygons", {"amenity": "", "office": "government"}, ("amenity", "office")),
        )
    ),
    "groups": _OsmLayer((_Query("points", {"place": "hamlet isolated_dwelling village"}, ("place",)),)),
    "boundaries": _boundaries(),
    **{f"boundaries_{level}": _boundaries(("admin_level", str(level))) for level in ADMIN_LEVELS},
}  # fmt: skip
"""Name of a layer here -> what of OpenStreetMap it is made of."""

_CLASS_YES = {"bridge": "bridge", "tunnel": "underpass"}
_FIELDS = {
    "points": "name barrier highway ref address is_in place man_made",
    "lines": "name highway waterway aerialway barrier man_made railway",
    "multipolygons": "name type aeroway amenity admin_level barrier boundary building craft geological historic "
    "land_area landuse leisure man_made military natural office place shop sport tourism",
}
"""GDAL's OSM layer -> the tags that are columns of their own; all others stand in ``other_tags``."""


def layer_names(_: Place) -> list[str]:
    """The layers that any extract has."""
    return list(LAYERS)


def read_layer(place: Place, layer: str) -> pd.DataFrame:
    """One layer of `LAYERS`: ``id`` ("way/123"), ``name``, ``class`` and the layer's columns, as text."""
    made = LAYERS[layer]
    return _joined([_selected(_read(place, [query]), query, made) for query in made.queries])


def read_layers(place: Place) -> dict[str, pd.DataFrame]:
    """All of `LAYERS`, each kind of geometry read from the file once.

    Boundaries of several levels, which lie over each other, come as a layer a level; those of one as one.
    """
    queries = [query for made in LAYERS.values() for query in made.queries]
    tables = {source: _read(place, [query for query in queries if query.source == source]) for source in _FIELDS}
    read = {
        name: _joined([_selected(tables[query.source], query, made) for query in made.queries])
        for name, made in LAYERS.items()
    }
    levels = [name for name in read if name.startswith("boundaries_")]
    there = [name for name in levels if len(read[name])]
    unused = [*levels, "boundaries"] if len(there) > 1 else levels
    shown = there if len(there) > 1 else []
    return {name: table for name, table in read.items() if name in shown or name not in unused}


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table: pd.DataFrame = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs="EPSG:4326")
    return table


def _read(place: Place, queries: list[_Query]) -> pd.DataFrame:
    """What any of some queries of one of GDAL's layers may want."""
    wanted = " OR ".join(_where(query) for query in queries)
    return read_vector(place, sql=f"SELECT * FROM {queries[0].source} WHERE {wanted}")


def _selected(table: pd.DataFrame, query: _Query, made: _OsmLayer) -> pd.DataFrame:
    kept = table[_is_wanted(table, query)]
    columns = {"id": _ids(kept, query.source), "name": _tag(kept, "name")}
    if query.class_of:
        columns["class"] = _class(kept, query.class_of)
    columns |= {name: _first(kept, tags) for name, tags in made.columns.items()}
    result: pd.DataFrame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=kept.geometry.to_numpy(), crs=kept.crs)
    return result


def _where(query: _Query) -> str:
    own = _FIELDS[query.source].split()
    named = [f'"{tag}" IS NOT NULL' if tag in own else f"other_tags LIKE '%\"{tag}\"=>%'" for tag in query.needs]
    return " OR ".join(named)


def _is_wanted(table: pd.DataFrame, query: _Query) -> pd.Series:
    wanted = pd.Series(False, table.index)
    for tag, values in query.needs.items():
        given = _tag(table, tag)
        wanted |= given.isin(values.split()) if values else ~given.isin(["", "no"])
    for tag, value in query.only:
        wanted &= _tag(table, tag) == value
    return wanted


def _ids(table: pd.DataFrame, source: str) -> pd.Series:
    """Ids as OpenStreetMap writes them; a polygon may come from a way or from a relation."""
    if source != "multipolygons":
        return ("node/" if source == "points" else "way/") + table["osm_id"].astype("str")
    ways = table["osm_way_id"].astype("str")
    return ("way/" + ways).where(table["osm_way_id"].notna(), "relation/" + table["osm_id"].astype("str"))


def _tag(table: pd.DataFrame, tag: str) -> pd.Series:
    """The values of a tag, "" where it is not given."""
    if tag in table.columns:
        return table[tag].fillna("").astype("str")
    if not len(table):
        return pd.Series("", table.index, dtype="str")
    found = table["other_tags"].fillna("").astype("str").str.extract(rf'"{tag}"=>"((?:[^"\\]|\\.)*)"', expand=False)
    return found.fillna("").str.replace(r"\\(.)", r"\1", regex=True)


def _first(table: pd.DataFrame, tags: tuple[str, ...]) -> pd.Series:
    """The first of some tags that is given; a bare yes says no more than the next."""
    values = pd.Series("", table.index, dtype="str")
    for tag in tags:
        given = _tag(table, tag)
        values = values.mask((values == "") | ((values == "yes") & (given != "")), given)
    return values


def _class(table: pd.DataFrame, tags: tuple[str, ...]) -> pd.Series:
    classes = pd.Series("", table.index, dtype="str")
    for tag in tags:
        given = _tag(table, tag)
        said = given.mask(given.isin(["", "no"]), "")
        classes = classes.where(classes != "", said.mask(said != "", _CLASS_YES[tag]) if tag in _CLASS_YES else said)
    return classes
