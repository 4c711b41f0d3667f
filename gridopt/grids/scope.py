"""What a grid holds, as a planner writes it: estates, streets and villages, with their numbers folded.

A scope is phrases with a semicolon between: 金狮小区1-12、15幢 is part of an estate, 金狮小区 all of it,
人民路12-36号(双) one side of a street.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.grids.language import text_language
from gridopt.read.building_names import SEMICOLON, clean, is_street, places
from gridopt.read.numbers import LABEL, SUFFIXES, fold, is_even, natural, unfold

__all__ = ["covers", "fold", "scopes", "unfold", "unlisted"]

MOST_NAMES = 8
"""Named buildings without a number that are listed one by one; the rest are counted."""
WHOLE, PART = 0.9, 0.1
"""Shares of a village inside a grid from which it counts as held whole, and from which it is mentioned."""

Rows = list[tuple[str, int, float, str]]
"""Phrases: grid code, rank, weight (buildings; the heaviest of a rank come first), text."""
Weights = Mapping[tuple[str, str], float]

_INSTITUTION, _ESTATE, _NUMBERED, _VILLAGE, _NAMED, _UNITS, _REST = range(7)


@dataclass(frozen=True)
class _Words:
    """The connecting words of one language."""

    between: str
    listing: str
    blank: str
    sides: tuple[str, str]
    part: str
    unnumbered: str
    rest: str
    more: str
    unit: str
    units: str
    measure_words: bool


_WORDS = {
    "zh": _Words(
        between=SEMICOLON,
        listing="、",
        blank="",
        sides=("（单）", "（双）"),
        part="（部分）",
        unnumbered="{place}未编号建筑{n}幢",
        rest="另有未编号建筑{n}幢",
        more="{names}等{n}幢",
        unit="划分单元 {first}",
        units="划分单元 {first} 等{n}个",
        measure_words=True,
    ),
    "en": _Words(
        between="; ",
        listing=", ",
        blank=" ",
        sides=(" (odd)", " (even)"),
        part=" (part)",
        unnumbered="{place} buildings without number: {n}",
        rest="other buildings without number: {n}",
        more="{names} and others, {n} in all",
        unit="unit {first}",
        units="unit {first} and others, {n} in all",
        measure_words=False,
    ),
}
_SIDES = [side for words in _WORDS.values() for side in words.sides]
_LISTED = re.compile(
    rf"\s?(?P<labels>{LABEL}(?:(?:-|、|, ){LABEL})*)(?:{'|'.join(SUFFIXES)})?"
    rf"(?P<side>{'|'.join(map(re.escape, _SIDES))})?"
)


def scopes(buildings: pd.DataFrame, units: gpd.GeoDataFrame, city: City, *, lang: str | None = None) -> pd.Series:
    """What each grid holds, by ``grid_code``.

    In this order: institutions (``dedicated``), estates (the bare name where the grid holds all its
    buildings, else the numbers), street numbers, villages of the ``groups`` layer, buildings that only
    have a name, and the number of the others. A grid of which no layer says anything is described by
    its units. ``buildings`` and ``units`` carry ``grid_code``; for the language see `text_language`.
    """
    words = _WORDS[text_language(city, lang)]
    housed = buildings[buildings["grid_code"] != ""]
    townships = city.communities["township_id"].reindex(housed["community_id"]).fillna("").to_numpy()
    placed = places(housed).assign(grid_code=housed["grid_code"], township=townships)
    estates = _without(city.layer("estates"), placed["estate"])
    rows = _institutions(city, units) + _estates(placed, words) + _areas(estates, _ESTATE, units, words)
    rows += _listed(placed[(placed["estate"] == "") & _numbered(placed)], _NUMBERED, words)
    rows += _areas(city.layer("groups"), _VILLAGE, units, words) + _named(placed, words)
    rows += _of_units(units, {row[0] for row in rows}, words) + _rest(placed, words)
    phrases = pd.DataFrame(rows, columns=["grid_code", "rank", "weight", "text"]).drop_duplicates(["grid_code", "text"])
    ordered = phrases.sort_values(["grid_code", "rank", "weight", "text"], ascending=[True, True, False, True])
    return ordered.groupby("grid_code")["text"].agg(words.between.join).astype("str").rename("scope")


def covers(scope: str, place: str, *, label: str = "") -> bool:
    """Whether a scope names a place as a whole, or, with ``label``, that number of the place."""
    for phrase in re.split(rf"{SEMICOLON}|; ", scope):
        if place and phrase == place:
            return True
        listed = _LISTED.fullmatch(phrase[len(place) :]) if label and phrase.startswith(place) else None
        if listed and label in unfold(listed["labels"], step=2 if listed["side"] else 1):
            return True
    return False


def unlisted(buildings: pd.DataFrame, scope: pd.Series) -> pd.Index:
    """Ids of the numbered buildings that the scope of their own grid does not cover; ``scope`` by ``grid_code``."""
    asked = places(buildings).assign(grid_code=buildings["grid_code"])
    asked = asked[_numbered(asked) & (asked["grid_code"] != "")].explode("labels")
    keys = list(zip(asked["grid_code"].map(scope).fillna(""), asked["place"], asked["labels"], strict=True))
    known = {key: covers(*key[:2], label=key[2]) for key in dict.fromkeys(keys)}
    return asked.index[[not known[key] for key in keys]].unique()


def _institutions(city: City, units: gpd.GeoDataFrame) -> Rows:
    """Institutions that hold units of the grid: by name, by id where the layer gives none."""
    held = units.loc[units["dedicated"] != "", ["grid_code", "dedicated"]].drop_duplicates()
    layer = city.layer("dedicated")
    names = {} if layer is None else layer["name"].fillna("").to_dict()
    pairs = zip(held["grid_code"], held["dedicated"], strict=True)
    return [(code, _INSTITUTION, 0.0, clean(names.get(key) or key)) for code, key in pairs]


def _estates(placed: pd.DataFrame, words: _Words) -> Rows:
    """Estates by their buildings; one that lies in several townships is several."""
    inside = placed[placed["estate"] != ""]
    total = inside.groupby(["township", "estate"])["grid_code"].transform("size")
    here = inside.groupby(["township", "estate", "grid_code"])["grid_code"].transform("size")
    rows: Rows = [(code, _ESTATE, float(n), name) for code, name, n in _counted(inside[here == total], "estate")]
    split = inside[here < total]
    weights = {(code, name): float(n) for code, name, n in _counted(split, "estate")}
    for code, name, n in _counted(split[~_numbered(split)], "estate"):
        rows.append((code, _ESTATE, weights[code, name], words.unnumbered.format(place=name, n=n)))
    return rows + _listed(split[_numbered(split)], _ESTATE, words, weights=weights)


def _listed(placed: pd.DataFrame, rank: int, words: _Words, weights: Weights | None = None) -> Rows:
    """Numbers by grid, place and measure word; a bare number takes the measure word usual at its place."""
    usual = _usual_words(placed, default="幢" if rank == _ESTATE else "")
    held: dict[tuple[str, str, str], list[str]] = {}
    columns = (placed[name] for name in ("grid_code", "place", "suffix", "labels"))
    for code, place, suffix, labels in zip(*columns, strict=True):
        word = (suffix or usual[place]) if words.measure_words else ""
        held.setdefault((code, place, word), []).extend(labels)
    rows: Rows = []
    for (code, place, word), labels in held.items():
        weight = float(len(labels)) if weights is None else weights[code, place]
        texts = _phrases(place, natural(labels), word, words=words, has_sides=rank == _NUMBERED)
        rows += [(code, rank, weight, text) for text in texts]
    return rows


def _usual_words(placed: pd.DataFrame, *, default: str) -> dict[str, str]:
    """The measure word written most often at each place; 号 in a street where none is written."""
    usual = {place: "号" if is_street(place) else default for place in placed["place"]}
    written = Counter(zip(placed["place"], placed["suffix"], strict=True))
    for (place, suffix), _ in sorted(written.items(), key=lambda item: (item[1], item[0])):
        usual[place] = suffix or usual[place]
    return usual


def _phrases(place: str, labels: tuple[str, ...], suffix: str, *, words: _Words, has_sides: bool) -> list[str]:
    """One phrase, or one for each side of the street where that is shorter; an estate has no sides."""
    # A name that ends in a letter or digit would run into the number behind it.
    head = place + (" " if place[-1:].isascii() else words.blank) if place else ""
    plain = fold(labels, separator=words.listing)
    if not has_sides or plain.count(words.listing) < 2:
        return [head + plain + suffix]
    odd, even = ([label for label in labels if is_even(label) == side] for side in (False, True))
    sides = [fold(side, step=2, separator=words.listing) for side in (odd, even)]
    if sum(text.count(words.listing) + 1 for text in sides if text) > plain.count(words.listing):
        return [head + plain + suffix]
    marks = [mark if "-" in text else "" for text, mark in zip(sides, words.sides, strict=True)]
    return [head + text + suffix + mark for text, mark in zip(sides, marks, strict=True) if text]


def _named(placed: pd.DataFrame, words: _Words) -> Rows:
    """Buildings outside estates that have a name and no number."""
    alone = placed[(placed["estate"] == "") & ~_numbered(placed) & (placed["name"] != "")]
    held: dict[str, set[str]] = {}
    for code, name in zip(alone["grid_code"], alone["name"], strict=True):
        held.setdefault(code, set()).add(name)
    rows: Rows = []
    for code, names in held.items():
        text = words.listing.join(sorted(names)[:MOST_NAMES])
        text = text if len(names) <= MOST_NAMES else words.more.format(names=text, n=len(names))
        rows.append((code, _NAMED, float(len(names)), text))
    return rows


def _rest(placed: pd.DataFrame, words: _Words) -> Rows:
    """How many buildings have neither estate, number nor name."""
    nameless = placed[(placed["estate"] == "") & ~_numbered(placed) & (placed["name"] == "")]
    counts = sorted(Counter(nameless["grid_code"]).items())
    return [(code, _REST, float(n), words.rest.format(n=n)) for code, n in counts]


def _of_units(units: gpd.GeoDataFrame, described: set[str], words: _Words) -> Rows:
    """Grids that nothing else describes, by their first unit and how many there are."""
    bare = units[~units["grid_code"].isin(described)]
    facts = bare.index.to_series().groupby(bare["grid_code"].to_numpy()).agg(["min", "size"])
    return [
        (code, _UNITS, 0.0, (words.unit if n == 1 else words.units).format(first=first, n=n))
        for code, first, n in facts.itertuples()
    ]


def _without(layer: gpd.GeoDataFrame | None, names: Iterable[str]) -> gpd.GeoDataFrame | None:
    """The rows of a layer whose names are not among those given."""
    return None if layer is None else layer[~layer["name"].map(lambda name: clean(str(name))).isin(set(names))]


def _areas(layer: gpd.GeoDataFrame | None, rank: int, units: gpd.GeoDataFrame, words: _Words) -> Rows:
    """Named polygons by the grid that holds most of them, and any other that holds a tenth."""
    if layer is None or not len(layer):
        return []
    drawn = shapely.area(layer.geometry.to_numpy()) > 0  # a village may be a point in its middle
    areas = layer[drawn & (layer["name"].fillna("") != "")].sort_index()
    shapes, polygons = areas.geometry.to_numpy(), units.geometry.to_numpy()
    unit, area = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    shared = shapely.area(shapely.intersection(polygons[unit], shapes[area])) / shapely.area(shapes[area])
    table = pd.DataFrame({"area": area, "grid_code": units["grid_code"].to_numpy()[unit], "share": shared})
    held = table.groupby(["area", "grid_code"], as_index=False)["share"].sum()
    most = held.groupby("area")["share"].transform("max")
    held = held[(held["share"] > 0) & ((held["share"] == most) | (held["share"] >= PART))]
    names = areas["name"].to_numpy()[held["area"]]
    return [
        (code, rank, 0.0, clean(name) + ("" if share >= WHOLE else words.part))
        for code, name, share in zip(held["grid_code"], names, held["share"], strict=True)
    ]


def _counted(placed: pd.DataFrame, column: str) -> list[tuple[str, str, int]]:
    """(grid code, name, buildings), sorted."""
    counts = Counter(zip(placed["grid_code"].tolist(), placed[column].tolist(), strict=True))
    return [(code, name, n) for (code, name), n in sorted(counts.items())]


def _numbered(placed: pd.DataFrame) -> pd.Series:
    return placed["labels"].astype(bool)
