"""The map of a sheet without its letters: tones, ground, borders, buildings, gates."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.paper import INK, MM_PER_POINT, Page
from gridopt.publish.sheets.tones import Tone, fill, tones_of
from gridopt.publish.sheets.view import View

WATER, WATER_EDGE = "#cfe0ea", "#7f9fb2"
PAST = "#b3261e"
SOFT = "#5a5a5a"
ROAD_POINTS = {"motorway": 3.2, "trunk": 2.8, "primary": 2.4, "secondary": 2.0, "tertiary": 1.5}
"""Least width of a road on the sheet by its class, in points."""
SMALL_ROAD_POINTS = 0.9
BUILDING_POINT_MM = 0.7
COMMUNITY_LINE, GRID_LINE, PAST_LINE = 3.2, 1.9, 1.3
PAST_DASHES = (0, (5, 2.5))
GATE_MM = 1.5


@dataclass(frozen=True, eq=False)
class Scene:
    """What a frame shows of one community, on the sheet's own millimetres: its grids with their tones, its buildings.

    ``shapes`` and ``footprints`` are cut where the frame ends, empty for a grid that lies outside.
    """

    view: View
    community: shapely.Geometry
    grids: gpd.GeoDataFrame
    shapes: NDArray[np.object_]
    tones: list[Tone]
    buildings: gpd.GeoDataFrame
    footprints: NDArray[np.object_]

    @classmethod
    def of(cls, atlas: Atlas, community_id: str, view: View) -> Scene:
        """What a view shows of a community."""
        grids, buildings = atlas.grids(community_id), atlas.buildings(community_id)
        seen = view.rows(buildings)
        buildings = buildings.iloc[:0] if seen is None else seen
        whole = grids.geometry.to_numpy()
        shapes = view.shown(whole)
        community = shapely.union_all(shapes)
        return cls(
            view, community, grids, shapes, tones_of(whole), buildings, view.shown(buildings.geometry.to_numpy())
        )


def draw(page: Page, atlas: Atlas, scene: Scene) -> frozenset[str]:
    """Draw a scene; the names of what the legend must explain."""
    view, community = scene.view, scene.community
    for shape, tone in zip(scene.shapes, scene.tones, strict=True):
        if not shape.is_empty:
            fill(page, shape, tone)
    drawn = _ground(page, atlas, view)
    _neighbours(page, atlas, view, community)
    drawn |= _buildings(page, scene.footprints)
    drawn |= _past(page, atlas, view, community)
    whole = scene.grids.geometry.to_numpy()
    page.lines(view.shown(shapely.boundary(whole)), linewidths=GRID_LINE, joinstyle="round", capstyle="round")
    outline = view.shown(np.array([shapely.boundary(shapely.union_all(whole))], dtype=object))
    page.lines(outline, colors="white", linewidths=COMMUNITY_LINE + 2)
    page.lines(outline, linewidths=COMMUNITY_LINE, joinstyle="round", capstyle="round")
    return frozenset(drawn | _gates(page, atlas, view))


def _ground(page: Page, atlas: Atlas, view: View) -> set[str]:
    city = atlas.plan.city
    water, roads, rails, walls = (view.rows(city.layer(name)) for name in ("rivers", "roads", "railways", "walls"))
    if walls is not None:
        page.lines(view.shown(walls.geometry.to_numpy()), colors=SOFT, linewidths=0.6, linestyles=(0, (4, 1.2)))
    if water is not None:
        _bands(page, water, view, edge=WATER_EDGE, body=WATER)
    if roads is not None:
        _bands(page, roads, view, edge="#8a8a8a", body="#ffffff")
    if rails is not None:
        tracks = view.shown(rails.geometry.to_numpy())
        page.lines(tracks, colors="#3c3c3c", linewidths=2.4, capstyle="butt")
        page.lines(tracks, colors="white", linewidths=1.4, linestyles=(0, (4, 4)), capstyle="butt")
    present = {"rivers": water, "roads": roads, "railways": rails, "walls": walls}
    return {name for name, table in present.items() if table is not None}


def _bands(page: Page, table: gpd.GeoDataFrame, view: View, *, edge: str, body: str) -> None:
    """Roads or water: areas, and lines as wide as they are, but never too thin to be seen."""
    shapes = view.shown(table.geometry.to_numpy())
    page.polygons(shapes, facecolors=body, edgecolors=edge, linewidths=0.4)
    is_line = shapely.get_dimensions(shapes) == 1
    widths = _points(table[is_line], view)
    for rim, colour in ((0.8, edge), (0.0, body)):
        for width in np.unique(widths):
            chosen = shapes[is_line][widths == width]
            page.lines(chosen, colors=colour, linewidths=width + rim, capstyle="butt", joinstyle="round")


def _points(table: gpd.GeoDataFrame, view: View) -> NDArray[np.float64]:
    """Width of each line on the sheet in points."""
    least = table["class"].map(ROAD_POINTS).fillna(SMALL_ROAD_POINTS).to_numpy(float)
    metres = table["width"].fillna(0).to_numpy(float) if "width" in table else np.zeros(len(table))
    widths: NDArray[np.float64] = np.round(np.maximum(least, metres * view.mm_per_metre / MM_PER_POINT), 1)
    return widths


def _neighbours(page: Page, atlas: Atlas, view: View, community: shapely.Geometry) -> None:
    """The land around steps back under a veil; the borders of the communities there stay."""
    outside = shapely.difference(view.frame.shape, community)
    page.polygons([outside], facecolors="#ffffff90", edgecolors="none")
    near = view.rows(atlas.plan.city.communities)
    if near is not None:
        page.lines(
            [_once(view.shown(shapely.boundary(near.geometry.to_numpy())))],
            colors=SOFT,
            linewidths=1.0,
            linestyles=(0, (7, 2, 1, 2)),
        )


def _buildings(page: Page, footprints: NDArray[np.object_]) -> set[str]:
    is_point = shapely.get_dimensions(footprints) == 0
    squares = shapely.buffer(footprints[is_point], BUILDING_POINT_MM, cap_style="square")
    areas = [*footprints[~is_point], *squares]
    page.polygons(areas, facecolors="white", edgecolors="#4a4a4a", linewidths=0.45)
    return {"buildings_shown"} if areas else set()


def _past(page: Page, atlas: Atlas, view: View, community: shapely.Geometry) -> set[str]:
    """Last year's line, dashed, under the new ones: it is seen where it differs."""
    past = view.rows(atlas.plan.city.current_grids)
    if past is None:
        return set()
    line = _once(shapely.intersection(view.project(shapely.boundary(past.geometry.to_numpy())), community))
    page.lines([line], colors="white", linewidths=PAST_LINE + 1.2)
    page.lines([line], colors=PAST, linewidths=PAST_LINE, linestyles=PAST_DASHES)
    return set() if line.is_empty else {"current_grids"}


def _once(lines: NDArray[np.object_]) -> shapely.Geometry:
    """Lines that neighbours share as one, or their dashes would fill each other's gaps."""
    return shapely.line_merge(shapely.union_all(lines, grid_size=0.01))


def _gates(page: Page, atlas: Atlas, view: View) -> set[str]:
    gates = view.rows(atlas.plan.city.layer("crossings"))
    if gates is None:
        return set()
    page.polygons(gate_symbols(gates, view), facecolors="white", edgecolors=INK, linewidths=1.0)
    return {"crossings"}


def gate_symbols(gates: gpd.GeoDataFrame, view: View) -> NDArray[np.object_]:
    """A small lozenge where each gate or bridge stands."""
    points = shapely.point_on_surface(view.project(gates.geometry.to_numpy()))
    symbols: NDArray[np.object_] = shapely.buffer(points, GATE_MM / 2, quad_segs=1)
    return symbols
