"""What stands on the land: buildings, and the estates, hamlets, institutions and walls about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.plan.datasets import patterns
from gridopt.plan.datasets.hamlets import hamlet_houses
from gridopt.plan.datasets.patterns import STYLES, Shapes, largest
from gridopt.plan.datasets.plots import PLOTS, Plot
from gridopt.plan.datasets.town import CRS, Land

ESTATES = ("towers", "slabs", "shops")
DEDICATED = ("campus", "market", "hospital")
FLATS_A_FLOOR = 4
STAIRWELL = 13.0
LANE_HOUSEHOLDS = 1_330

USES = {
    "sheds": ("industrial", 1, 2),
    "school": ("school", 3, 5),
    "teaching": ("college", 3, 6),
    "hospital": ("hospital", 4, 12),
    "offices": ("office", 5, 14),
    "mall": ("commercial", 3, 6),
    "market": ("market", 2, 3),
    "station": ("railway", 1, 2),
    "green": ("civic", 1, 1),
}
"""Pattern -> use of its buildings, least and most floors."""

_NUMBERED = {"school": "号楼", "campus": "号楼", "hospital": "号楼", "sheds": "号", "rows": "号"}
_BUILT = ["use", "floors", "dwellings", "geometry"]


@dataclass(frozen=True, eq=False)
class Built:
    """Buildings with their parcel, plot and community, ways inside estates, and the outlines drawn about them."""

    buildings: gpd.GeoDataFrame
    ways: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    groups: gpd.GeoDataFrame
    dedicated: gpd.GeoDataFrame
    walls: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame


def build(land: Land, rng: np.random.Generator) -> Built:
    """Fill every plot of the land with its pattern, the old town with houses, the hills with hamlets."""
    taken = land.near_ways(margin=4.0)
    streets = shapely.union_all(land.roads.geometry.to_numpy())
    tables, ways = [], []
    for number, (plot, parcel) in enumerate(zip(PLOTS, land.plots, strict=True)):
        polygon = land.parcels.geometry[parcel]
        ground = largest(shapely.buffer(polygon, -6.0, join_style="mitre").difference(taken))
        angle = patterns.bearing(polygon, land.bend.tilt)
        if plot.pattern in ("towers", "slabs"):
            way = _inner_way(ground, streets, angle)
            ways.append(way)
            ground = ground.difference(shapely.buffer(way, 7.0, cap_style="flat"))
        table = pd.DataFrame(_fill(plot, ground, angle, rng), columns=_BUILT)
        tables.append(_named(table, plot).assign(plot_number=number, parcel=parcel))
    tables += [_old_town(land, rng), hamlet_houses(land, rng)]
    buildings = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), geometry="geometry", crs=CRS)
    buildings["community_id"] = land.parcels["community_id"].to_numpy()[buildings["parcel"]]
    buildings.insert(0, "id", [f"B{number:05d}" for number in range(1, len(buildings) + 1)])
    buildings["is_new"] = [number >= 0 and PLOTS[number].is_new for number in buildings["plot_number"]]
    walls = _walls(land)
    return Built(
        buildings,
        _inner_ways(ways, len(land.roads)),
        _outlines(land, ESTATES, "E"),
        _groups(buildings, land),
        _outlines(land, DEDICATED, "D"),
        walls,
        _gates(walls),
    )


def _fill(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    """Use, floors, dwellings and footprint of each building on a plot."""
    fill: Callable[..., dict[str, Any]] = _FILLS.get(plot.pattern, _institution)
    return fill(plot, ground, angle, rng)


def _towers(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    wanted = int(np.ceil(plot.households / (0.88 * FLATS_A_FLOOR * np.mean(plot.floors))))
    shapes = patterns.fitted_rows(ground, STYLES["towers"], angle, rng, wanted=wanted)
    usual = round(plot.households / (0.88 * FLATS_A_FLOOR * max(len(shapes), 1)))
    floors = np.maximum(usual + rng.integers(-2, 3, len(shapes)), plot.floors[0])
    return _homes(shapes, floors, FLATS_A_FLOOR * floors)


def _slabs(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    style = STYLES["slabs"]
    wanted = int(np.ceil(plot.households / (0.9 * 5.4 * np.mean(plot.floors))))
    shapes = patterns.fitted_rows(ground, style, angle, rng, wanted=wanted)
    floors = rng.integers(plot.floors[0], plot.floors[1] + 1, len(shapes))
    stairwells = np.maximum(np.rint(shapely.area(shapes) / style.depth / STAIRWELL), 1).astype(int)
    return _homes(shapes, floors, 2 * stairwells * floors)


def _village_rows(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    shapes = patterns.fitted_rows(ground, STYLES["rows"], angle, rng, wanted=int(plot.households / 1.5))
    floors = rng.integers(plot.floors[0], plot.floors[1] + 1, len(shapes))
    return _homes(shapes, floors, np.maximum(floors - 1, 1))


def _shops(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    edge, yard = patterns.fronts(ground, STYLES["shop_fronts"], angle, rng)
    inner = patterns.rows(yard, STYLES["slabs"], angle, rng, spread=1.3)
    shapes = np.concatenate([edge, inner])
    is_front = np.arange(len(shapes)) < len(edge)
    floors = rng.integers(plot.floors[0] - 1, plot.floors[1] + 1, len(shapes))
    flats = np.maximum(np.rint(shapely.area(shapes) / 74), 1).astype(int)
    homes = _homes(shapes, floors, flats * np.where(is_front, floors - 1, floors))
    return homes | {"use": np.where(is_front, "mixed", "residential")}


def _campus(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    """Halls of residence to the north, teaching to the south, a sports field left open in the east."""
    west, south, east, north = ground.bounds
    field = shapely.box(
        west + 0.66 * (east - west), south + 0.34 * (north - south), east, south + 0.68 * (north - south)
    )
    free = ground.difference(field)
    beds = largest(free.intersection(shapely.box(west, south + 0.7 * (north - south), east, north)))
    desks = largest(free.intersection(shapely.box(west, south, east, south + 0.66 * (north - south))))
    halls = patterns.rows(beds, STYLES["dormitories"], angle, rng)
    teaching = patterns.rows(desks, STYLES["teaching"], angle, rng)
    is_hall = np.arange(len(halls) + len(teaching)) < len(halls)
    floors = np.where(is_hall, 6, rng.integers(3, 7, len(is_hall)))
    return {
        "use": np.where(is_hall, "dormitory", "college"),
        "floors": floors,
        "dwellings": np.where(is_hall, 20 * floors, 0),
        "geometry": np.concatenate([halls, teaching]),
    }


def _institution(plot: Plot, ground: Any, angle: float, rng: np.random.Generator) -> dict[str, Any]:
    use, low, high = USES[plot.pattern]
    shapes = patterns.rows(ground, STYLES[plot.pattern], angle, rng)
    if plot.pattern == "school":
        # The sports field takes the south of the ground.
        middles = shapely.get_coordinates(shapely.centroid(shapes))[:, 1]
        shapes = shapes[middles > ground.bounds[1] + 0.45 * (ground.bounds[3] - ground.bounds[1])]
    if plot.pattern == "station":
        shapes = shapes[:1]
    floors = rng.integers(low, high + 1, len(shapes))
    return {"use": use, "floors": floors, "dwellings": 0, "geometry": shapes}


_FILLS: dict[str, Callable[..., dict[str, Any]]] = {
    "towers": _towers,
    "slabs": _slabs,
    "rows": _village_rows,
    "shops": _shops,
    "campus": _campus,
}


def _homes(shapes: Shapes, floors: NDArray[Any], dwellings: NDArray[Any]) -> dict[str, Any]:
    return {"use": "residential", "floors": floors, "dwellings": dwellings, "geometry": shapes}


def _named(table: pd.DataFrame, plot: Plot) -> pd.DataFrame:
    """Buildings with number, name and estate, and how many households live on the plot in all."""
    suffix = "幢" if plot.pattern in ESTATES else _NUMBERED.get(plot.pattern, "号楼")
    numbers = [f"{number}{suffix}" for number in range(1, len(table) + 1)] if len(table) > 1 else [""] * len(table)
    names = [plot.name + number for number in numbers]
    is_estate = plot.pattern in ESTATES
    return table.assign(
        name=names,
        number=numbers if is_estate or len(table) == 1 else names,
        estate=plot.name if is_estate else "",
        group="",
        people=plot.households if plot.pattern != "campus" else 300,
    )


def _old_town(land: Land, rng: np.random.Generator) -> pd.DataFrame:
    """Houses between the lanes, numbered along the lane or street that each stands on."""
    kinds = land.communities.set_index("id")["area_kind"]
    is_free = land.parcels["community_id"].map(kinds).eq("old_town") & ~land.parcels.index.isin(land.plots)
    taken = land.near_ways(margin=1.2)
    found = []
    for parcel in land.parcels.index[is_free]:
        ground = shapely.buffer(land.parcels.geometry[parcel], -0.5).difference(taken)
        # The strip along the river is a promenade.
        if ground.area > 2_500 and not ground.intersects(shapely.buffer(land.rivers.geometry.iloc[0], 12)):
            found.append((parcel, patterns.lots(ground, rng)))
    shapes = np.concatenate([houses for _, houses in found])
    floors = rng.choice([1, 2, 3], size=len(shapes), p=[0.35, 0.5, 0.15])
    table = pd.DataFrame(_homes(shapes, floors, np.maximum(np.rint(shapely.area(shapes) * floors / 95), 1).astype(int)))
    is_shop = rng.random(len(table)) < 0.05
    addresses = _addresses(shapes, land.roads)
    return table.assign(
        use=np.where(is_shop, "mixed", "residential"),
        name=addresses,
        number=addresses,
        estate="",
        group="",
        people=LANE_HOUSEHOLDS,
        plot_number=-1,
        parcel=np.repeat([parcel for parcel, _ in found], [len(houses) for _, houses in found]),
    )


def _addresses(shapes: Shapes, roads: gpd.GeoDataFrame) -> pd.Series:
    """Street and number of each house: along the nearest street, odd on its left side, even on its right."""
    centres = shapely.centroid(shapes)
    street = shapely.STRtree(roads.geometry.to_numpy()).nearest(centres)
    lines = roads.geometry.to_numpy()[street]
    along = shapely.line_locate_point(lines, centres)
    foot, ahead = shapely.line_interpolate_point(lines, along), shapely.line_interpolate_point(lines, along + 2.0)
    (fx, fy), (ax, ay), (cx, cy) = (shapely.get_coordinates(points).T for points in (foot, ahead, centres))
    is_right = (ax - fx) * (cy - fy) - (ay - fy) * (cx - fx) < 0
    table = pd.DataFrame({"street": roads["name"].to_numpy()[street], "is_right": is_right, "along": along})
    rank = table.groupby(["street", "is_right"])["along"].rank(method="first").astype(int)
    return table["street"] + (2 * rank - 1 + table["is_right"]).astype(str) + "号"


def _inner_way(ground: Any, streets: Any, angle: float) -> Any:
    """The way through an estate: along the middle of its ground, out to the street at its nearer end."""
    centre = ground.centroid
    across = np.array([-np.sin(angle), np.cos(angle)]) * 1_000
    middle = np.array([centre.x, centre.y])
    inner = shapely.LineString([middle - across, middle + across]).intersection(shapely.buffer(ground, -4.0))
    line = max(shapely.get_parts(inner), key=shapely.length)
    ends = [shapely.Point(xy) for xy in line.coords]
    start, end = sorted(ends, key=streets.distance)
    return shapely.LineString([shapely.shortest_line(start, streets).coords[1], start, end])


def _inner_ways(ways: list[Any], n_roads: int) -> gpd.GeoDataFrame:
    numbers = [f"R{number:03d}" for number in range(n_roads + 1, n_roads + len(ways) + 1)]
    columns = {"id": numbers, "name": "", "class": "service", "width": 6.0}
    return gpd.GeoDataFrame(columns, geometry=shapely.set_precision(np.array(ways), 0.001), crs=CRS)


def _outlines(land: Land, kinds: tuple[str, ...], letter: str) -> gpd.GeoDataFrame:
    """The parcels of some patterns, to the middle of the streets around them."""
    chosen = [number for number, plot in enumerate(PLOTS) if plot.pattern in kinds]
    columns = {
        "id": [f"{letter}{number:02d}" for number in range(1, len(chosen) + 1)],
        "name": [PLOTS[number].name for number in chosen],
    }
    return gpd.GeoDataFrame(columns, geometry=land.parcels.geometry[land.plots[chosen]].to_numpy(), crs=CRS)


def _groups(buildings: gpd.GeoDataFrame, land: Land) -> gpd.GeoDataFrame:
    """Hamlets: the land within some 20 metres of their houses, on one side of the river."""
    river = shapely.union_all(land.rivers.geometry.to_numpy())
    communities = land.communities.set_index("id").geometry
    names: list[str] = []
    outlines: list[Any] = []
    for name, houses in buildings[buildings["group"] != ""].groupby("group", sort=False):
        around = shapely.union_all(shapely.buffer(houses.geometry.to_numpy(), 34.0))
        outline = shapely.simplify(shapely.buffer(around, -16.0), 2.0).intersection(
            communities[houses["community_id"].iloc[0]]
        )
        for other in outlines:
            outline = outline.difference(other)
        names.append(name)
        outlines.append(shapely.set_precision(largest(outline.difference(river)), 0.001))
    ids = [f"G{number:02d}" for number in range(1, len(names) + 1)]
    return gpd.GeoDataFrame({"id": ids, "name": [f"{name}村民小组" for name in names]}, geometry=outlines, crs=CRS)


def _walls(land: Land) -> gpd.GeoDataFrame:
    """Fences with an estate or an institution on one side at least, named after their neighbours."""
    walled = {
        int(parcel): plot
        for plot, parcel in zip(PLOTS, land.plots, strict=True)
        if plot.households or plot.pattern in DEDICATED
    }
    names, lines = [], []
    tree = shapely.STRtree(land.parcels.geometry.to_numpy())
    for line in land.fences:
        beside = tree.query(line.interpolate(0.5, normalized=True), predicate="dwithin", distance=0.05)
        within = [walled[parcel].name for parcel in sorted(beside) if parcel in walled]
        if within:
            names.append(f"{within[0]}围墙")
            lines.append(line)
    columns = {"id": [f"F{number:02d}" for number in range(1, len(lines) + 1)], "name": names}
    return gpd.GeoDataFrame(columns | {"class": "estate_wall", "width": 0.3}, geometry=lines, crs=CRS)


def _gates(walls: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A gate in every fourth wall, where neighbours share a way."""
    open_walls = walls.iloc[::4]
    return gpd.GeoDataFrame(
        {"name": [name.replace("围墙", "便门") for name in open_walls["name"]], "class": "gate"},
        geometry=open_walls.geometry.interpolate(0.5, normalized=True).to_numpy(),
        crs=CRS,
    )
