"""Do the shapes tile their communities, and is every grid one piece?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridopt.contracts import BORDER_KINDS
from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, fault, found
from gridopt.verify.files import Stored
from gridopt.verify.limits import declared

_SHARE, _LEAST = 1e-6, 0.01
"""Tiling: parts and whole agree within a millionth of the community's area plus 0.01 m2."""

_SAME_VERTEX = 1e-3
_NEAR = 0.02
_SURFACES = ("grids", "units", "communities", "townships", "counties")


def valid(stored: Stored) -> Iterator[Fault]:
    """Shapes are valid polygons in one metric coordinate system."""
    systems = {}
    for name in (*_SURFACES, "buildings"):
        table = stored.layers.get(name)
        if table is None or not len(table):
            continue
        shapes = table.geometry.to_numpy()
        broken = table.index[~shapely.is_valid(shapes) | shapely.is_missing(shapes) | shapely.is_empty(shapes)]
        yield from found(("geometry", name), broken, "shapes are invalid or empty", "{n} 个图形无效或为空")
        if name != "buildings":
            other = table.index[shapely.get_dimensions(shapes) < 2]
            yield from found(("geometry", name), other, "shapes are not polygons", "{n} 个图形不是面")
        systems[name] = table.crs
    flat = [name for name, crs in systems.items() if crs is None or not crs.is_projected]
    yield from found(("crs", "plan.gpkg"), flat, "layers are in no metric CRS", "{n} 个图层不是投影坐标系")
    first = next(iter(systems.values()), None)
    apart = [name for name, crs in systems.items() if crs is not None and first is not None and not crs.equals(first)]
    stated = stored.record["city"]["crs"]
    if first is not None and first.to_authority() and stated != ":".join(first.to_authority()):
        yield fault(("crs", "plan.json"), [stated], "plan.json names another CRS", "plan.json 记录的坐标系不同")
    yield from found(("crs", "plan.gpkg"), apart, "layers are in another CRS", "{n} 个图层坐标系不一致")


def cover(stored: Stored) -> Iterator[Fault]:
    """Tiling and connection: units make grids, grids make communities, no overlap, no blank, one piece each."""
    units, grids = sound(stored.layers["units"]), sound(stored.layers["grids"])
    communities = sound(stored.layers["communities"])
    allowed = _areas(communities) * _SHARE + _LEAST
    merged = _merged(units, units["grid_code"], units["community_id"])
    parts = _areas(units).groupby(units["grid_code"]).sum()
    limit = grids["community_id"].map(allowed).fillna(_LEAST)
    yield from _overlaps(("units", units, units["grid_code"]), merged, parts, limit)
    yield from _strays(("tiling", "grids"), grids, merged, limit)
    whole = _merged(grids, grids["community_id"], grids["community_id"])
    parts = _areas(grids).groupby(grids["community_id"]).sum()
    yield from _overlaps(("grids", grids, grids["community_id"]), whole, parts, allowed)
    yield from _strays(("tiling", "communities"), communities, whole, allowed)
    yield from _disputes(communities, allowed)
    for layer, key in (("townships", "township_id"), ("counties", "county_id")):
        if layer in stored.layers:
            above = sound(stored.layers[layer])
            joined = _merged(communities, communities[key], communities[key])
            yield from _strays(("tiling", layer), above, joined, allowed.groupby(communities[key]).sum())
    yield from _pieces(stored, units, merged)


def sound(table: Any) -> Any:
    """Each id once, every shape fit for overlays; what was wrong is reported by `valid`."""
    rows = once(table)
    shapes = rows.geometry.to_numpy().copy()
    shapes[shapely.is_missing(shapes)] = shapely.Polygon()
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return rows.set_geometry(pd.Series(shapes, rows.index), crs=table.crs)


def _areas(table: Any) -> Any:
    return pd.Series(shapely.area(table.geometry.to_numpy()), table.index)


def _merged(table: Any, owners: Any, regions: Any) -> Any:
    """The union of each owner's shapes; the quick way only where a whole region is a valid coverage."""
    shapes = table.geometry.to_numpy()
    region, group = regions.to_numpy(), owners.groupby(owners).indices
    is_coverage = {one: shapely.coverage_is_valid(shapes[region == one]) for one in pd.unique(region)}
    joined = [
        shapely.coverage_union_all(shapes[rows]) if is_coverage[region[rows[0]]] else shapely.union_all(shapes[rows])
        for rows in group.values()
    ]
    return pd.Series(np.array(joined, dtype=object), index=pd.Index(list(group), dtype=object), dtype=object)


def _overlaps(layer: tuple[str, Any, Any], merged: Any, parts: Any, allowed: Any) -> Iterator[Fault]:
    """Parts that add up to more than their union; the pairs that do are named."""
    name, table, owners = layer
    union = pd.Series(shapely.area(merged.to_numpy()), merged.index)
    excess = (parts - union).reindex(union.index)
    for owner in union.index[excess > allowed.reindex(union.index).fillna(_LEAST)]:
        inside = table[owners == owner]
        yield fault(
            ("tiling", name),
            _overlapping(inside),
            f"shapes in {owner} overlap by {excess[owner]:,.2f} m2",
            f"{owner} 内 {{n}} 个图形重叠 {excess[owner]:,.2f} 平方米",
        )


def _overlapping(table: Any, least: float = _LEAST / 2) -> list[str]:
    shapes = table.geometry.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, two = one[one < two], two[one < two]
    common = shapely.area(shapely.intersection(shapes[one], shapes[two])) > least
    return sorted({str(table.index[i]) for i in [*one[common], *two[common]]})


def _strays(where: tuple[str, str], table: Any, merged: Any, allowed: Any) -> list[Fault]:
    """Shapes that differ from the union of what they hold."""
    both = table.index.intersection(merged.index)
    own, held = table.geometry.loc[both].to_numpy(), merged.loc[both].to_numpy()
    limit = allowed.reindex(both).fillna(_LEAST).to_numpy()
    differ = np.zeros(len(both))
    unlike = ~shapely.equals_exact(shapely.normalize(own), shapely.normalize(held), tolerance=1e-9)
    differ[unlike] = shapely.area(shapely.symmetric_difference(own[unlike], held[unlike]))
    return found(
        where,
        both[differ > limit],
        f"shapes are not the union of their parts (up to {differ.max(initial=0):,.2f} m2 apart)",
        f"{{n}} 个图形不等于其组成部分之并（最大相差 {differ.max(initial=0):,.2f} 平方米）",
    )


def _disputes(communities: Any, allowed: Any) -> list[Fault]:
    """Communities that overlap each other."""
    pairs = _overlapping(communities, float(allowed.max()) if len(allowed) else _LEAST)
    return found(("tiling", "communities"), pairs, "communities overlap", "{n} 个村（社区）相互重叠")


def _pieces(stored: Stored, units: Any, merged: Any) -> Iterator[Fault]:
    """Grids in several pieces, by their shape or by their borders, that no row of violations declares."""
    known = declared(stored.layers["violations"], lambda rule: "connected" in rule or "pieces" in rule)
    several = merged.index[shapely.get_num_geometries(merged.to_numpy()) > 1]
    torn = [code for code in several if _n_pieces(units[units["grid_code"] == code], merged[code]) > 1]
    yield from found(
        ("connected", "grids"),
        [code for code in torn if code not in known],
        "grids have several pieces that violations do not declare",
        "{n} 个网格分为数块而需说明事项未列出",
    )
    walled = _walled(stored, units)
    yield from found(
        ("connected", "borders"),
        [code for code in walled if code not in known and code not in torn],
        "grids are not connected by open borders or crossings, and violations do not declare it",
        "{n} 个网格内部被阻隔且无跨越通道，而需说明事项未列出",
    )


def _n_pieces(units: Any, shape: Any) -> int:
    """Groups of units that touch; a unit of several parts holds its parts together."""
    parts, owner = shapely.get_parts(units.geometry.to_numpy(), return_index=True)
    pieces = shapely.get_parts(shape)
    part, piece = shapely.STRtree(pieces).query(shapely.point_on_surface(parts), predicate="intersects")
    n = len(units) + len(pieces)
    links = coo_array((np.ones(len(part)), (owner[part], len(units) + piece)), shape=(n, n))
    return int(connected_components(links, directed=False)[0])


def _walled(stored: Stored, units: Any) -> list[str]:
    """Grids whose units hang together in fewer ways than one through borders that are no wall."""
    least = float(stored.record["rules"].get("governance", {}).get("min_border", 1.0))
    table = stored.layers["borders"]
    passable = table[table["kind"] != "wall"]
    lengths = passable.groupby(["unit_a", "unit_b"])["metres"].sum()
    crossed = table[table["kind"] == "crossing"].groupby(["unit_a", "unit_b"])["metres"].size()
    pairs = lengths.index[lengths >= least].union(crossed.index)
    a, b = (units.index.get_indexer(pairs.get_level_values(level)) for level in (0, 1))
    known = (a >= 0) & (b >= 0)
    a, b, code = a[known], b[known], units["grid_code"].to_numpy()
    inside = code[a] == code[b]
    links = coo_array((np.ones(inside.sum()), (a[inside], b[inside])), shape=(len(units),) * 2)
    piece = pd.Series(connected_components(links, directed=False)[1], units.index)
    pieces = piece.groupby(units["grid_code"]).nunique()
    return [str(one) for one in pieces.index[pieces > 1]]


def borders(stored: Stored) -> Iterator[Fault]:
    """The borders layer says what the shapes of the units say."""
    units, table = sound(stored.layers["units"]), stored.layers["borders"]
    strange = [kind for kind in pd.unique(table["kind"]) if kind not in BORDER_KINDS]
    yield from found(("borders", "borders"), strange, "kinds of border are unknown", "{n} 种边界类型未知")
    stated = table.groupby(["unit_a", "unit_b"])["metres"].sum()
    a, b = (units.index.get_indexer(stated.index.get_level_values(level)) for level in (0, 1))
    owner = units["community_id"].to_numpy()
    misplaced = (a < 0) | (b < 0)
    misplaced[~misplaced] = owner[a[~misplaced]] != owner[b[~misplaced]]
    yield from found(
        ("borders", "borders"),
        [f"{one}-{two}" for one, two in stated.index[misplaced]],
        "borders join units that do not exist or lie in two communities",
        "{n} 条边界的划分单元不存在或分属两个村（社区）",
    )
    low, high = np.minimum(a, b)[~misplaced], np.maximum(a, b)[~misplaced]
    told = pd.Series(stated.to_numpy()[~misplaced], pd.MultiIndex.from_arrays([low, high]))
    seen = _shared(units.geometry.to_numpy(), owner)
    yield from _disagreements(units, told, seen)


def _shared(shapes: Any, owner: NDArray[Any]) -> Any:
    """Metres that two units of one community share vertex by vertex, by their positions."""
    parts, unit = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(points):
        return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[], []]))
    number = np.unique(
        np.rint((points - points.min(axis=0)) / _SAME_VERTEX).astype(np.int64), axis=0, return_inverse=True
    )
    vertex = np.asarray(number[1]).ravel()
    step = ring[1:] == ring[:-1]
    segments = pd.DataFrame(
        {
            "from": np.minimum(vertex[1:], vertex[:-1])[step],
            "to": np.maximum(vertex[1:], vertex[:-1])[step],
            "metres": np.hypot(*(points[1:] - points[:-1]).T)[step],
            "unit": unit[part[ring[1:][step]]],
        }
    ).sort_values(["from", "to", "unit"])
    following = segments.shift(-1)
    paired = (segments["from"] == following["from"]) & (segments["to"] == following["to"])
    pairs = pd.DataFrame({"a": segments["unit"], "b": following["unit"], "metres": segments["metres"]})[paired]
    pairs = pairs.astype({"a": int, "b": int})
    pairs = pairs[(pairs["a"] != pairs["b"]) & (owner[pairs["a"]] == owner[pairs["b"]])]
    return pairs.groupby(["a", "b"])["metres"].sum()


def _disagreements(units: Any, told: Any, seen: Any) -> Iterator[Fault]:
    both = pd.DataFrame({"told": told, "seen": seen}).fillna(0.0)
    both = both[(both["told"] - both["seen"]).abs() > 0.05 + 1e-3 * both["told"]]
    if not len(both):
        return
    shapes = units.geometry.to_numpy()
    a, b = (both.index.get_level_values(level).to_numpy().astype(int) for level in (0, 1))
    # Where one ring lacks a vertex of the other the segments differ though the line is common.
    strip = shapely.intersection(shapely.boundary(shapes[a]), shapely.buffer(shapely.boundary(shapes[b]), _NEAR))
    most = shapely.length(strip)
    slack = 0.2 + 0.01 * most
    wrong = (both["told"] < both["seen"] - slack) | (both["told"] > most + slack)
    wrong |= (both["told"] == 0) & (both["seen"] >= 1.0)
    yield from found(
        ("borders", "borders"),
        [f"{units.index[i]}-{units.index[j]}" for i, j in both.index[wrong]],
        "borders have other metres than the shapes of their units",
        "{n} 条边界的长度与划分单元图形不符",
    )
