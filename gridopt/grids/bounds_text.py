"""四至: where each grid ends in the east, south, west and north, by the lines people know."""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.grids.language import text_language
from gridopt.grids.outline import Floats, Ints, Outline, outline
from gridopt.read.building_names import COMMA, SEMICOLON, clean

Names = NDArray[np.object_]

LINE_LAYERS = ("roads", "rivers", "railways", "walls")
ALONG = 15.0
"""Metres from the edge of a line (half its width off its middle) within which an outline runs along it."""
PARALLEL = np.cos(np.radians(40))
"""An outline runs along a line where their directions differ by less than 40 degrees."""
MUCH = 0.25
"""Share of a side from which what lies along it is named."""
TOGETHER = 0.5
"""Share of a side that names, none of which reaches `MUCH`, must have together for the longest to be given."""
MOST = 2
"""Names given for one side."""


@dataclass(frozen=True)
class _Words:
    sides: tuple[str, str, str, str]
    to: str
    between: str
    listing: str
    estate: str
    edge: str
    unnamed: str
    unnamed_sides: str


_WORDS = {
    "zh": _Words(
        sides=("东", "南", "西", "北"),
        to="{side}至{names}",
        between=COMMA,
        listing="、",
        estate="{name}边界",
        edge="辖区边界",
        unnamed="\N{FULLWIDTH LEFT PARENTHESIS}未命名\N{FULLWIDTH RIGHT PARENTHESIS}",
        unnamed_sides=SEMICOLON + "未命名边\N{FULLWIDTH COLON}{sides}",
    ),
    "en": _Words(
        sides=("E", "S", "W", "N"),
        to="{side}: {names}",
        between="; ",
        listing=", ",
        estate="edge of {name}",
        edge="city edge",
        unnamed="(unnamed)",
        unnamed_sides="; unnamed sides: {sides}",
    ),
}
_UNNAMED = re.compile(r"(?:未命名边\N{FULLWIDTH COLON}|unnamed sides: )(?P<sides>.*)$")


def bounds_texts(grids: gpd.GeoDataFrame, city: City, *, lang: str | None = None) -> pd.Series:
    """East, south, west and north bound of each grid in one sentence, by ``grid_code``.

    A piece of outline belongs to the side its outward normal points to. A side is named after the
    roads, water, railways or walls that at least a quarter of it runs along (two at most, the longer
    first; also where many short ones make up half of it), or the estates whose edge it is; failing
    these after the communities behind it or the city's edge. A side between two grids of one
    community along nothing with a name is unnamed, and listed so at the end (`unnamed_sides` reads
    that back). Language: `text_language`.
    """
    words = _WORDS[text_language(city, lang)]
    pieces = outline(grids.geometry.to_numpy())
    told = _behind(pieces, grids, city, words) | _told(pieces, _names_along(pieces, city, words), words)
    texts = [
        _sentence([told.get((grid, side), words.unnamed) for side in range(4)], words) for grid in range(len(grids))
    ]
    return pd.Series(texts, index=grids.index, name="bounds_text", dtype="str")


def layers_along(pieces: Outline, city: City) -> Names:
    """The layer of the nearest good border that each piece of outline runs along (`LINE_LAYERS`), "" for none."""
    tables = [(layer, city.layer(layer)) for layer in LINE_LAYERS]
    given = [(layer, table) for layer, table in tables if table is not None and len(table)]
    good = [(layer, table[table["barrier"] != "none"] if "barrier" in table else table) for layer, table in given]
    lines = _Lines.of([table.assign(name=layer) for layer, table in good])
    return lines.nearest(pieces, shapely.STRtree(shapely.points(pieces.middles)))


def unnamed_sides(bounds_text: str) -> tuple[str, ...]:
    """The sides that a text of `bounds_texts` calls unnamed, as it names them: ("北",) or ("N",)."""
    found = _UNNAMED.search(bounds_text)
    return tuple(re.split(r"、|, ", found["sides"])) if found else ()


def _sentence(named: list[str], words: _Words) -> str:
    text = words.between.join(
        words.to.format(side=side, names=names) for side, names in zip(words.sides, named, strict=True)
    )
    unnamed = [side for side, names in zip(words.sides, named, strict=True) if names == words.unnamed]
    return text + (words.unnamed_sides.format(sides=words.listing.join(unnamed)) if unnamed else "")


def _told(pieces: Outline, names: Names, words: _Words) -> dict[tuple[int, int], str]:
    """What is said of each (grid, side) that has names along enough of it."""
    table = pd.DataFrame({"grid": pieces.grids, "side": pieces.sides, "metres": pieces.metres, "name": names})
    table["share"] = table["metres"] / table.groupby(["grid", "side"])["metres"].transform("sum")
    sums = table[table["name"] != ""].groupby(["grid", "side", "name"], as_index=False)["share"].sum()
    # Rounded: a share that is just enough, or equal to another, must not hang on the last bit of a sum.
    sums["share"] = sums["share"].round(4)
    by_side = sums.groupby(["grid", "side"])["share"]
    patchwork = (by_side.transform("max") < MUCH) & (by_side.transform("sum").round(3) >= TOGETHER)
    much = sums[(sums["share"] >= MUCH) | patchwork]
    ordered = much.sort_values(["grid", "side", "share", "name"], ascending=[True, True, False, True])
    told: dict[tuple[int, int], list[str]] = {}
    for grid, side, name in zip(ordered["grid"], ordered["side"], ordered["name"], strict=True):
        told.setdefault((grid, side), []).append(name)
    return {key: words.listing.join(listed[:MOST]) for key, listed in told.items()}


def _behind(pieces: Outline, grids: gpd.GeoDataFrame, city: City, words: _Words) -> dict[tuple[int, int], str]:
    """The communities, or the city's edge, behind each (grid, side) that is not mostly within its community."""
    owners = np.append(grids["community_id"].to_numpy(), "")
    own, other = owners[pieces.grids], owners[pieces.behind]
    called = city.communities["community"].fillna("").map(clean)
    names = called.reindex(other).fillna("").to_numpy(object)
    names = np.where(pieces.behind < 0, words.edge, np.where(own == other, "", names))
    inner = pieces.metres * (own == other)
    key = pieces.grids * 4 + pieces.sides
    mostly_inner = np.bincount(key, inner, 4 * len(grids)) > np.bincount(key, pieces.metres, 4 * len(grids)) / 2
    told = _told(pieces, names, words)
    return {(grid, side): text for (grid, side), text in told.items() if not mostly_inner[grid * 4 + side]}


def _names_along(pieces: Outline, city: City, words: _Words) -> Names:
    """The nearest named line along each piece of outline, an estate's edge where there is none, "" for neither."""
    lines = _Lines.of([city.layer(layer) for layer in LINE_LAYERS])
    estates = _Lines.of([city.layer("estates")])
    middles = shapely.STRtree(shapely.points(pieces.middles))
    names, edges = lines.nearest(pieces, middles), estates.nearest(pieces, middles)
    edged = np.array([words.estate.format(name=name) if name else "" for name in edges], dtype=object)
    return np.where(names != "", names, edged)


@dataclass(frozen=True, eq=False)
class _Lines:
    """Named lines: segments with the half width and name of each, and named surfaces."""

    starts: Floats
    ends: Floats
    half_widths: Floats
    names: Names
    surfaces: NDArray[np.object_]
    surface_names: Names

    @classmethod
    def of(cls, layers: list[gpd.GeoDataFrame | None]) -> _Lines:
        tables = [table[table["name"].fillna("") != ""] for table in layers if table is not None and len(table)]
        none = np.empty(0, object)
        shapes = np.concatenate([none, *(shapely.force_2d(table.geometry.to_numpy()) for table in tables)])
        names = np.concatenate([none, *(table["name"].map(clean).to_numpy(object) for table in tables)])
        widths = [
            table["width"].fillna(0).to_numpy(float) if "width" in table else np.zeros(len(table)) for table in tables
        ]
        half = np.concatenate([np.empty(0), *widths]) / 2
        surface = shapely.get_dimensions(shapes) == 2
        lines = np.where(surface, shapely.boundary(shapes), shapes)
        parts, owner = shapely.get_parts(lines, return_index=True)
        points, part = shapely.get_coordinates(parts, return_index=True)
        joined = part[1:] == part[:-1]
        of_line = owner[part[:-1][joined]]
        reach = np.where(surface, 0.0, half)[of_line]
        return cls(points[:-1][joined], points[1:][joined], reach, names[of_line], shapes[surface], names[surface])

    def nearest(self, pieces: Outline, middles: shapely.STRtree) -> Names:
        """Name of the nearest line or surface that each piece runs along or lies in, "" for none; ties by name."""
        piece, gap, name = self._alongside(pieces, middles)
        surface, inside = middles.query(self.surfaces, predicate="intersects")
        found = pd.DataFrame(
            {
                "piece": np.concatenate([piece, inside]),
                "gap": np.concatenate([gap, np.zeros(len(inside))]),
                "name": np.concatenate([name, self.surface_names[surface]]),
            }
        )
        first = found.sort_values(["piece", "gap", "name"]).drop_duplicates("piece")
        names = np.full(len(pieces.grids), "", dtype=object)
        names[first["piece"].to_numpy()] = first["name"].to_numpy()
        return names

    def _alongside(self, pieces: Outline, middles: shapely.STRtree) -> tuple[Ints, Floats, Names]:
        """(piece, metres off the line's edge, name) for every parallel line within reach."""
        segments = shapely.linestrings(np.stack([self.starts, self.ends], axis=1))
        reach = ALONG + self.half_widths
        segment, piece = middles.query(segments, predicate="dwithin", distance=reach)
        run = (self.ends - self.starts)[segment]
        parallel = np.abs((run * pieces.along[piece]).sum(axis=1)) >= PARALLEL * np.hypot(run[:, 0], run[:, 1])
        segment, piece = segment[parallel], piece[parallel]
        gap = np.maximum(
            shapely.distance(segments[segment], middles.geometries[piece]) - self.half_widths[segment], 0.0
        )
        return piece.astype(np.int64), np.round(gap, 3), self.names[segment]
