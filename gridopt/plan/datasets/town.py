"""The demo town's land: its outline, communities, parcels, streets, river and railway.

Every line of the layout is bent by one smooth map, all are noded together and polygonised once. Parcels, and the
communities dissolved from them, therefore share their borders vertex by vertex: a clean coverage by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.plan.datasets import layout
from gridopt.plan.datasets.layout import Way
from gridopt.plan.datasets.plots import PLOTS

CRS = "EPSG:4549"
RIVER = Way("云河", "river", 44, layout.RIVER)
RAILWAY = Way("云岭铁路", "rail", 10, layout.RAILWAY)
_CENTRE = np.array([1500.0, 1300.0])
_CENTRE_EASTING_NORTHING = np.array([490_530.0, 3_519_850.0])
_OVERSHOOT = 25.0


@dataclass(frozen=True, eq=False)
class Land:
    """The land before anything stands on it, in EPSG:4549, x east and y north.

    ``parcels`` tile the town and carry ``community_id``; ``plots`` gives the parcel of each plot of the
    layout, in its order; ``tilt`` is the turn of the whole town in radians.
    """

    communities: gpd.GeoDataFrame
    parcels: gpd.GeoDataFrame
    plots: NDArray[np.int64]
    roads: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    railways: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    fences: NDArray[Any]
    bend: Bend

    def near_ways(self, *, margin: float) -> Any:
        """What lies within ``margin`` metres of the edge of a street, the river or the railway."""
        ways = pd.concat([self.roads, self.railways])
        lines = shapely.buffer(ways.geometry.to_numpy(), ways["width"].to_numpy() / 2 + margin, quad_segs=3)
        water = shapely.buffer(self.rivers.geometry.to_numpy(), margin + 6, quad_segs=3)
        return shapely.union_all(np.concatenate([lines, water]))


@dataclass(frozen=True, eq=False)
class Bend:
    """The smooth map from the layout to the ground: a turn and two gentle waves."""

    tilt: float
    phases: NDArray[np.float64]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Bend:
        """A bend of its own for each seed, small enough that no two streets change places."""
        return cls(float(rng.uniform(-0.09, -0.05)), rng.uniform(0, 2 * np.pi, 4))

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the layout, shape (n, 2), in EPSG:4549."""
        x, y = (points - _CENTRE).T
        east = x + 20 * np.sin(y / 430 + self.phases[0]) + 9 * np.sin(x / 260 + self.phases[1])
        north = y + 24 * np.sin(x / 520 + self.phases[2]) + 9 * np.sin(y / 280 + self.phases[3])
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        turned = np.column_stack([cos * east - sin * north, sin * east + cos * north])
        return np.asarray(turned + _CENTRE_EASTING_NORTHING)

    def point(self, x: float, y: float) -> Any:
        """One point of the layout on the ground."""
        return shapely.Point(self(np.array([[x, y]]))[0])


def lay_out(rng: np.random.Generator) -> Land:
    """Bend the layout into a town and cut its land into parcels."""
    bend = Bend.drawn(rng)
    ways = [*layout.STREETS, RIVER, RAILWAY]
    outline = shapely.Polygon(bend(_smooth(_points(layout.OUTLINE), closed=True)))
    courses = [_line(bend, way.course) for way in ways]
    borders = [_line(bend, course) for course in layout.BORDERS]
    fences = [_line(bend, course) for course in layout.FENCES]
    pieces = _node([outline.exterior, *courses, *borders, *fences], outline)
    parcels = _parcels(pieces, bend)
    plots = _parcels_of_plots(parcels, bend)
    traced = [_trace(pieces, course) for course in courses]
    roads = _table(layout.STREETS, traced[:-2], "R")
    centre_line, rails = traced[-2:]
    rivers = _table([RIVER], [_water(centre_line, shapely.union_all(parcels.geometry.to_numpy()))], "W")
    return Land(
        _communities(parcels),
        parcels,
        plots,
        roads,
        rivers,
        _table([RAILWAY], [rails], "L"),
        _crossings(roads, centre_line, rails),
        np.array([_trace(pieces, fence) for fence in fences]),
        bend,
    )


def _points(course: str) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(shapely.from_wkt(f"LINESTRING ({course})")))


def _line(bend: Bend, course: str) -> Any:
    return shapely.LineString(bend(_smooth(_points(course))))


def _smooth(points: NDArray[np.float64], *, closed: bool = False, step: float = 45.0) -> NDArray[np.float64]:
    """A centripetal-like Catmull-Rom curve through the points, one vertex about every ``step`` metres."""
    if closed:
        padded = np.vstack([points[-1], points, points[:2]])
    else:
        padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    curve = []
    for p0, p1, p2, p3 in zip(before, start, end, after, strict=True):
        length = float(np.hypot(*(p2 - p1)))
        n_steps = max(1, round(length / step))
        t = (np.arange(n_steps) / n_steps)[:, None]
        # Finite-difference tangents scaled to this span keep short spans next to long ones from looping.
        out_of_p1 = (p2 - p0) / np.hypot(*(p2 - p0)) * length
        into_p2 = (p3 - p1) / np.hypot(*(p3 - p1)) * length
        curve.append(
            (2 * t**3 - 3 * t**2 + 1) * p1
            + (t**3 - 2 * t**2 + t) * out_of_p1
            + (3 * t**2 - 2 * t**3) * p2
            + (t**3 - t**2) * into_p2
        )
    return np.vstack([*curve, padded[-2:-1]])


def _node(lines: list[Any], outline: Any) -> NDArray[Any]:
    """The pieces of all lines between their meeting points, inside the outline, without overshooting ends."""
    pieces = shapely.get_parts(shapely.union_all(np.array(lines), grid_size=0.001))
    inside = shapely.covers(shapely.buffer(outline, 0.05), pieces)
    pieces = pieces[inside]
    ends = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(pieces, 0)), shapely.get_coordinates(shapely.get_point(pieces, -1))]
    )
    _, inverse, counts = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    loose = (counts[inverse.ravel()] == 1).reshape(2, -1).any(axis=0)
    return np.asarray(pieces[~(loose & (shapely.length(pieces) < _OVERSHOOT))])


def _trace(pieces: NDArray[Any], course: Any) -> Any:
    """The noded pieces that follow a course, merged."""
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    return shapely.line_merge(shapely.union_all(pieces[shapely.distance(middles, course) < 0.05]))


def _parcels(pieces: NDArray[Any], bend: Bend) -> gpd.GeoDataFrame:
    """The faces between the lines, each in the community whose zone holds its inner point."""
    faces = shapely.normalize(shapely.get_parts(shapely.polygonize(pieces)))
    inner = shapely.point_on_surface(faces)
    owner = np.full(len(faces), len(layout.COMMUNITIES) - 1)
    for number, place in reversed(list(enumerate(layout.COMMUNITIES))):
        ring = np.vstack([_points(place.zone), _points(place.zone)[:1]])
        zone = shapely.Polygon(bend(_smooth_straight(ring)))
        owner[shapely.contains(zone, inner)] = number
    codes = np.array([place.code for place in layout.COMMUNITIES])
    centres = shapely.get_coordinates(inner)
    order = np.lexsort((centres[:, 0], -centres[:, 1], owner))
    return gpd.GeoDataFrame({"community_id": codes[owner[order]]}, geometry=faces[order], crs=CRS)


def _smooth_straight(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ring with a vertex about every 50 m, so that it bends as the streets on it do."""
    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.LineString(ring), 50.0)))


def _parcels_of_plots(parcels: gpd.GeoDataFrame, bend: Bend) -> NDArray[np.int64]:
    seeds = np.array([bend.point(plot.x, plot.y) for plot in PLOTS])
    number, parcel = shapely.STRtree(parcels.geometry.to_numpy()).query(seeds, predicate="within")
    return np.asarray(parcel[np.argsort(number, kind="stable")], dtype=np.int64)


def _table(ways: Any, courses: list[Any], letter: str) -> gpd.GeoDataFrame:
    """One row for each way, with the columns id, name, class, width."""
    columns = {
        "id": [f"{letter}{number:03d}" for number in range(1, len(courses) + 1)],
        "name": [way.name for way in ways],
        "class": [way.kind for way in ways],
        "width": [float(way.width) for way in ways],
    }
    return gpd.GeoDataFrame(columns, geometry=courses, crs=CRS)


def _water(centre_line: Any, town: Any) -> Any:
    """The river between its banks, wider downstream; it ends at the edge of the town."""
    along = np.linspace(0, 1, 160)
    points = shapely.line_interpolate_point(centre_line, along, normalized=True)
    radius = RIVER.width / 2 * (0.8 + 0.4 * along + 0.08 * np.sin(37 * along))
    reaches = shapely.convex_hull(
        shapely.union(shapely.buffer(points[:-1], radius[:-1]), shapely.buffer(points[1:], radius[1:]))
    )
    return shapely.set_precision(shapely.simplify(shapely.union_all(reaches), 0.5).intersection(town), 0.001)


def _communities(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One polygon for each community, dissolved from its parcels."""
    table = pd.DataFrame(layout.COMMUNITIES).drop(columns="zone").rename(columns={"code": "id"})
    table["township"] = table["township"].map(layout.TOWNSHIPS)
    table.insert(3, "county", layout.COUNTY)
    faces = [
        shapely.normalize(shapely.coverage_union_all(parcels.geometry[parcels["community_id"] == code].to_numpy()))
        for code in table["id"]
    ]
    return gpd.GeoDataFrame(table, geometry=faces, crs=CRS)


def _crossings(roads: gpd.GeoDataFrame, river: Any, rails: Any) -> gpd.GeoDataFrame:
    """Where a street passes the river or the railway."""
    rows = []
    for line, kind, names in (
        (river, "bridge", {"人民路": "人民桥", "石湾路": "石湾桥"}),
        (rails, "underpass", {"人民路": "人民路地道"}),
    ):
        met = roads[roads.intersects(line)]
        for name, course in zip(met["name"], met.geometry, strict=True):
            rows += [(names.get(name, name), kind, point) for point in shapely.get_parts(course.intersection(line))]
    columns = {"name": [name for name, _, _ in rows], "class": [kind for _, kind, _ in rows]}
    return gpd.GeoDataFrame(columns, geometry=[point for _, _, point in rows], crs=CRS)
