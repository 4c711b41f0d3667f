"""A given drawing matched to units: by code, or by where polygons hold people and area."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.errors import TableError, preview
from gridopt.units.counts import floor_areas

BLANK = ""
SPLIT = 0.05
"""Share of a unit's area in a second grid above which the unit counts as split by the drawing."""


@dataclass(frozen=True, eq=False)
class Match:
    """``drawn`` names the given grid of each unit (index unit_id); the other fields list what did not fit.

    ``blank``: units in no given grid, measured with the nearest one. ``split``: units that a given grid
    border cuts, with the share of the grid that got them. ``crossing``: given grids in several communities.
    """

    drawn: pd.Series
    blank: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    crossing: tuple[str, ...] = ()


def match_units(units: gpd.GeoDataFrame, given: pd.Series | pd.DataFrame) -> Match:
    """From a column of grid codes by unit id; every unit needs one. Raises `TableError` with all faults."""
    column = given["grid_code"] if isinstance(given, pd.DataFrame) else given
    column = column.set_axis(column.index.astype(str)).astype(object)
    repeated = column.index[column.index.duplicated()].unique()
    missing = units.index.difference(column.index)
    unknown = column.index.difference(units.index)
    found = column[~column.index.duplicated()].reindex(units.index)
    empty = units.index[found.isna() | (found.astype(str).str.strip() == "")].difference(missing)
    faults = [
        (f"{len(ids)} {en}: {preview(ids)}", f"{len(ids)} 个{zh}：{preview(ids)}")
        for ids, en, zh in (
            (repeated, "units are listed twice", "单元重复出现"),
            (missing, "units are not listed", "单元未列出"),
            (unknown, "unit ids are unknown", "单元编码未知"),
            (empty, "units have no grid code", "单元没有网格编码"),
        )
        if len(ids)
    ]
    if faults:
        raise TableError(
            "the given drawing cannot be used: " + "; ".join(en for en, _ in faults) + ". Give each unit one grid.",
            zh="给定的划分无法使用：" + ";".join(zh for _, zh in faults) + "。请为每个单元指定一个网格。",
        )
    return _crossing(units, Match(found.astype(str)))


def by_code(grids: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Given polygons under their code, those of one code as one; one without a code stays under its own index."""
    if grids is None:
        return None
    codes = grids["grid_code"].fillna("").astype(str) if "grid_code" in grids else pd.Series("", grids.index)
    named = codes.where(codes != "", grids.index.astype(str))
    kept = grids.assign(grid_code=codes).set_index(pd.Index(named.to_numpy(), dtype="str"))
    return kept.dissolve(level=0) if kept.index.has_duplicates else kept.sort_index()


def match_polygons(city: City, units: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> Match:
    """From polygons: a unit goes to the grid that holds most of its people, then of its area.

    People are placed by the floor area of buildings; a unit without any goes by area. Raises `TableError`
    where no polygon touches a unit.
    """
    shapes = grids.to_crs(city.crs).sort_index()
    shapes = shapes[shapes.geometry.notna() & ~shapes.geometry.is_empty]
    overlap = _overlaps(units, shapes)
    if overlap.empty:
        raise TableError(
            "none of the given grids touches a unit of the city; check the file and its CRS.",
            zh="给定的网格与本市划分单元没有任何重叠；请检查文件及其坐标系。",
        )
    people = _people(city, units, shapes)
    table = overlap.merge(people, how="left", on=["unit", "grid"]).fillna({"people": 0.0})
    table = table.sort_values(["unit", "people", "area", "grid"], ascending=[True, False, False, True])
    best = table.drop_duplicates("unit").set_index("unit")
    drawn = pd.Series(BLANK, units.index, dtype=object)
    drawn.iloc[best.index] = shapes.index[best["grid"]].astype(str)
    share = pd.Series(0.0, units.index)
    share.iloc[best.index] = best["area"].to_numpy() / units.area.iloc[best.index].to_numpy()
    blank = units.index[drawn == BLANK]
    drawn.loc[blank] = pd.Series(_nearest(units.loc[blank], shapes), blank, dtype=object)
    if "described" in shapes:
        drawn.update(_nearest_at_home(units, shapes, drawn.drop(blank)))
    second = table[table.duplicated("unit")].groupby("unit")["area"].sum()
    cut = second / units.area.iloc[second.index].to_numpy() > SPLIT
    split = units.index[second.index[cut]]
    return _crossing(units, Match(drawn.astype(str), tuple(blank), tuple(sorted(split))))


def _overlaps(units: gpd.GeoDataFrame, shapes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Positions of each unit and grid that overlap, with the area in square metres."""
    tree = shapely.STRtree(shapes.geometry.to_numpy())
    unit, grid = tree.query(units.geometry.to_numpy(), predicate="intersects")
    area = shapely.area(
        shapely.intersection(units.geometry.to_numpy()[unit], shapely.make_valid(shapes.geometry.to_numpy())[grid])
    )
    kept = area > 1e-6 * units.area.to_numpy()[unit]
    return pd.DataFrame({"unit": unit[kept], "grid": grid[kept], "area": area[kept]})


def _people(city: City, units: gpd.GeoDataFrame, shapes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Floor area of the buildings of each unit in each grid, as a stand-in for its people.

    Where grids are told by their buildings, it is the households of these, their number where nobody counted.
    """
    buildings = city.layer("buildings")
    if buildings is None or not len(buildings):
        return pd.DataFrame({"unit": [], "grid": [], "people": []}).astype({"unit": int, "grid": int})
    points = buildings.geometry.representative_point().to_numpy()
    point, unit = shapely.STRtree(units.geometry.to_numpy()).query(points, predicate="within")
    at, grid = shapely.STRtree(shapes.geometry.to_numpy()).query(points, predicate="within")
    joined = pd.DataFrame({"point": point, "unit": unit}).merge(pd.DataFrame({"point": at, "grid": grid}), on="point")
    weights = floor_areas(buildings).fillna(0)
    if "described" in shapes:
        known = buildings["households"].fillna(0) if "households" in buildings else pd.Series(0.0, buildings.index)
        weights = known if known.sum() > 0 else pd.Series(1.0, buildings.index)
    joined["people"] = weights.to_numpy(float)[joined["point"]]
    return joined.groupby(["unit", "grid"])["people"].sum().reset_index()


def _nearest(units: gpd.GeoDataFrame, shapes: gpd.GeoDataFrame) -> list[str]:
    nearest = shapely.STRtree(shapes.geometry.to_numpy()).nearest(units.geometry.representative_point().to_numpy())
    return [str(one) for one in shapes.index[nearest]]


def _nearest_at_home(units: gpd.GeoDataFrame, shapes: gpd.GeoDataFrame, drawn: pd.Series) -> pd.Series:
    """The nearest grid of its own community for each unit that is not drawn, where the community has any.

    Grids that are told in words hold buildings alone: the land between belongs to one of the community's own.
    """
    found = []
    rest = units.loc[units.index.difference(drawn.index)]
    held = drawn.groupby(units["community_id"].reindex(drawn.index)).unique()
    for community, inside in rest.groupby("community_id"):
        if community in held.index:
            own = shapes[shapes.index.astype(str).isin(held[community])]
            found.append(pd.Series(_nearest(inside, own), inside.index, dtype=object))
    return pd.concat(found) if found else pd.Series(dtype=object)


def _crossing(units: gpd.GeoDataFrame, match: Match) -> Match:
    """Name the grids that hold units of several communities; each side becomes a grid of its own."""
    several = units.groupby(match.drawn)["community_id"].nunique()
    return Match(match.drawn, match.blank, match.split, tuple(several.index[several > 1].astype(str)))
