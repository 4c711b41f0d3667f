"""The places of the map, level by level: their shapes, names, colours, and the place each lies in."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.grids.plan import Plan
from gridopt.publish.colours import HUES, colour_numbers, community_colours, neighbours, oklch
from gridopt.publish.facts import grid_sizes
from gridopt.publish.map_figures import KEYS, hue_level
from gridopt.publish.sentences import number
from gridopt.publish.shapes import coded_points, coded_polygons, thin, wgs84

Shapes = NDArray[np.object_]
PALE = (0.87, 0.055)
"""Lightness and chroma of a county or township in its own hue."""


def places(plan: Plan, levels: tuple[str, ...]) -> dict[str, dict[str, list[Any]]]:
    """By level its places in the order of `map_figures`: lists of ``id, name, owner, fill, x, y, side, shape``.

    ``owner`` is the position of the place of the next level above that holds it, -1 for the first level; ``side`` the
    root of the area in metres; coordinates are WGS84, see `shapes.coded_polygons`. Grids have ``short`` names and
    their ``amount`` besides, the places of `hue_level` a ``strong`` colour.
    """
    shapes = thin(plan.grids.geometry.to_numpy())
    hued = hue_level(plan)
    strong, fills = community_colours(plan.grids, shapes, KEYS[hued])
    listed = {}
    inner = {"grid": shapes}
    below, outlines = "grid", shapes
    for level in reversed(levels[:-1]):
        outlines = inner[level] = _united(outlines, _holders(plan, below, level))
        below = level
    for above, level in zip(("", *levels), levels, strict=False):
        listed[level] = _listed(plan, level, above, inner[level])
    listed["grid"] |= _of_grids(plan) | {"fill": fills.tolist()}
    listed[hued]["strong"] = strong[listed[hued]["id"]].tolist()
    for level in levels[:-1]:
        listed[level]["fill"] = _fills(inner[level])
    return listed


def _holders(plan: Plan, below: str, level: str) -> NDArray[np.object_]:
    """The id of the place of a level that holds each place of the level below, in the order of those."""
    ids = plan.grids[KEYS[level]]
    held = ids if below == "grid" else ids.groupby(plan.grids[KEYS[below]], sort=True).first()
    return np.asarray(held, dtype=object)


def _united(shapes: Shapes, owners: NDArray[np.object_]) -> Shapes:
    """One shape an owner, in the order of their ids."""
    rows = pd.Series(np.arange(len(owners))).groupby(owners, sort=True).indices
    return np.array([shapely.union_all(shapes[of]) for of in rows.values()], dtype=object)


def _listed(plan: Plan, level: str, above: str, shapes: Shapes) -> dict[str, list[Any]]:
    names = names_of(plan, level)
    if level == "grid":
        points = gpd.GeoSeries.from_xy(plan.grids["label_x"], plan.grids["label_y"], crs=plan.city.crs).to_numpy()
    else:
        points = shapely.point_on_surface(shapes)
    centres = wgs84(points, plan.city.crs)
    x, y = coded_points(shapely.get_x(centres), shapely.get_y(centres))
    return {
        "id": names.index.tolist(),
        "name": [name or one for one, name in names.items()],
        "owner": _owners(plan, level, above).reindex(names.index).tolist(),
        "side": np.sqrt(shapely.area(shapes)).round(1).tolist(),
        "x": x,
        "y": y,
        "shape": coded_polygons(wgs84(shapes, plan.city.crs)),
    }


def names_of(plan: Plan, level: str) -> pd.Series[str]:
    """How the places of a level are called, by id; "" where nobody has said."""
    if level == "grid":
        return pd.Series(plan.grids["name"])
    grids, known = plan.grids, plan.city.communities
    ids = pd.Index(sorted(grids[KEYS[level]].unique()))
    if level == "community":
        called = grids.groupby("community_id")["community"].first()
    else:
        called = known.groupby(KEYS[level])[level].first() if level in known else pd.Series("", index=ids)
    return pd.Series(called.reindex(ids).fillna("").astype("str"))


def _owners(plan: Plan, level: str, above: str) -> pd.Series[int]:
    grids = plan.grids.reset_index()
    by_id = grids.groupby(KEYS[level])
    if not above:
        return pd.Series(-1, by_id.size().index)
    known = pd.Index(sorted(grids[KEYS[above]].unique()))
    held = by_id[KEYS[above]].first()
    return pd.Series(known.get_indexer(held), held.index)


def _fills(shapes: Shapes) -> list[str]:
    """A pale colour a place, in which neighbours differ."""
    given = colour_numbers(len(shapes), neighbours(shapes), len(HUES), spread=True)
    return [oklch(*PALE, HUES[hue]) for hue in given]


def _of_grids(plan: Plan) -> dict[str, list[Any]]:
    grids = plan.grids
    return {
        "short": [str(int(seq)) if seq else code[-3:] for code, seq in zip(grids.index, grids["seq"], strict=True)],
        "amount": [number(size) for size in grid_sizes(plan)],
    }
