"""People known by block: the total of each block shared out over its own homes, and conserved."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.holders import home_ids
from gridopt.people import MEASURES, People
from gridopt.units.bare import spread
from gridopt.units.counts import Places, place_buildings
from gridopt.units.edges import Floats
from gridopt.units.nearest import canonical
from gridopt.units.people import apportion, completed, home_weights, uncounted_beyond
from gridopt.units.record import Record
from gridopt.units.towers import STAIRWELL, over_slices

POINTS = 64.0
"""Points that stand for the people of a block without homes."""


@dataclass(frozen=True, eq=False)
class BlockPeople:
    """The people of blocks and who holds them.

    ``totals`` has households and residents of each block with anybody. ``carriers`` are homes, by building id, and
    points in blocks without homes: ``block``, a weight for each measure, ``is_home`` and the geometry.
    """

    totals: pd.DataFrame
    carriers: gpd.GeoDataFrame

    def held(self) -> pd.DataFrame:
        """Households and residents of each carrier by its weight: exact shares, not whole numbers."""
        weights = self.carriers[list(MEASURES)]
        of_block = weights.groupby(self.carriers["block"]).transform("sum")
        held: pd.DataFrame = weights / of_block * self.totals.loc[self.carriers["block"]].to_numpy()
        return held


def blocks_of(city: City) -> gpd.GeoDataFrame | None:
    """The blocks with people of a city whose population is known by block, sorted by id; else None."""
    table = city.layer("population")
    if table is None or "level" not in table or not (table["level"] == "blocks").any():
        return None
    return gpd.GeoDataFrame(table[table["level"] == "blocks"]).sort_index()


def people_of_blocks(
    city: City, blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, places: Places | None, record: Record
) -> BlockPeople:
    """The people of blocks, and the homes inside each (by a point of each footprint) that hold them.

    A home across the border of the city holds nobody; a block without homes is held by points spread over its land.
    """
    known = blocks[blocks[list(MEASURES)].notna().any(axis=1)]
    totals = completed(known[list(MEASURES)].astype(float), People.from_table(city.settings.people), record)
    totals = totals[(totals > 0).any(axis=1)]
    carriers = _homes(blocks, buildings, places, record)
    carriers = carriers[carriers["block"].isin(totals.index)]
    sums = carriers[list(MEASURES)].groupby(carriers["block"]).sum().reindex(totals.index, fill_value=0.0)
    bare = totals.index[~(sums > 0).all(axis=1)]
    record.add(
        "population",
        ("totals of blocks", "按街区（统计小区）给出的总数"),
        n=len(totals),
        action=("each shared out by its own homes and kept", "各按其中住宅分摊，总数不变"),
    )
    if len(bare):
        record.add(
            "population",
            ("no home in a block with people", "有人口的街区内没有住宅"),
            ids=bare,
            action=("spread evenly over the block", "在街区内均匀分布"),
        )
        points = _points(blocks.loc[bare], city.communities)
        carriers = pd.concat([carriers[~carriers["block"].isin(bare)], points])
    return BlockPeople(totals, gpd.GeoDataFrame(carriers, geometry="geometry", crs=blocks.crs))


def _homes(
    blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, places: Places | None, record: Record
) -> gpd.GeoDataFrame:
    """The buildings with weights, each in the block that holds a point of it; those in no block are on record."""
    if buildings is None or places is None:
        columns = {name: pd.Series(dtype=float) for name in MEASURES}
        return gpd.GeoDataFrame({"block": pd.Series(dtype="str"), **columns}, geometry=[], crs=blocks.crs)
    weights = {name: home_weights(buildings, name) for name in MEASURES}
    table = gpd.GeoDataFrame({"block": home_ids(buildings.geometry, blocks), **weights}, geometry=buildings.geometry)
    inside = (places.unit_ids != "") & ~uncounted_beyond(buildings, places.beyond)
    lost = table.index[inside & (table["block"] == "") & (table["residents"] > 0)]
    if len(lost):
        share = table.loc[lost, "residents"].sum() / table["residents"].sum()
        record.add(
            "buildings",
            ("homes in no block", "住宅不在任何街区内"),
            ids=lost,
            action=(
                f"hold nobody (by floor area they would hold {share:.1%})",
                f"不承载人口（按面积将占 {share:.1%}）",
            ),
        )
    return table[inside & (table["block"] != "")].assign(is_home=True)


def _points(bare: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Points spread over the land of blocks, each of weight 1."""
    land = shapely.union_all(communities.geometry.to_numpy())
    shapes = shapely.intersection(bare.geometry.to_numpy(), land)
    points = [spread(shape, POINTS) for shape in shapes]
    points = [
        some if len(some) else np.array([shapely.point_on_surface(shape)], object)
        for some, shape in zip(points, shapes, strict=True)
    ]
    block = np.repeat(bare.index.to_numpy(object), [len(some) for some in points])
    index = pd.Index([f"point-{i}" for i in range(len(block))], dtype="str")
    table = {"block": pd.Series(block, index, dtype="str"), **dict.fromkeys(MEASURES, 1.0), "is_home": False}
    return gpd.GeoDataFrame(table, index=index, geometry=np.concatenate(points), crs=bare.crs)


def people_by_block(
    people: BlockPeople, units: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, places: Places | None
) -> pd.DataFrame:
    """Households and residents of each unit: the total of every block shared out by its carriers (`apportion`)."""
    carriers = people.carriers
    unit = pd.Series("", index=carriers.index, dtype="str")
    if places is not None:
        unit = unit.mask(carriers["is_home"].astype(bool), places.unit_ids.reindex(carriers.index))
    spots = carriers[~carriers["is_home"].astype(bool)]
    unit[spots.index] = place_buildings(spots, units).unit_ids
    parts = _parts(carriers, unit, buildings, units)
    rank = pd.Series(np.argsort(canonical(units.geometry.to_numpy())), units.index)
    parts = parts.groupby(["block", "unit"], as_index=False).sum()
    parts = parts.iloc[np.lexsort((parts["unit"].map(rank), parts["block"]))]
    shares = {measure: _whole_shares(parts, people.totals[measure], measure) for measure in MEASURES}
    held: pd.DataFrame = parts.assign(**shares).groupby("unit")[list(MEASURES)].sum()
    return held.reindex(units.index, fill_value=0.0)


def _whole_shares(parts: pd.DataFrame, totals: pd.Series, measure: str) -> Floats:
    """The totals of blocks shared out over their parts, in the order of rows, one block after the other."""
    blocks = parts["block"].to_numpy()
    starts = np.flatnonzero(np.append(True, blocks[1:] != blocks[:-1]))
    weights = np.split(parts[measure].to_numpy(float), starts[1:])
    amounts = totals.reindex(blocks[starts]).tolist()
    return np.concatenate([apportion(total, each) for total, each in zip(amounts, weights, strict=True)])


def _parts(
    carriers: gpd.GeoDataFrame, unit: pd.Series, buildings: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Weights by block and unit; a tower that is cut into stairwells weighs in each of its slices."""
    stairwells = units.index[units["category"] == STAIRWELL] if "category" in units else units.index[:0]
    tall = (unit.isin(stairwells) & carriers["is_home"].astype(bool)).to_numpy()
    plain = pd.DataFrame({"block": carriers["block"], "unit": unit, **{name: carriers[name] for name in MEASURES}})
    rows = [plain[~tall]]
    for block, members in carriers[tall].groupby("block"):
        assert buildings is not None
        own, inside = unit[members.index], buildings.loc[members.index]
        slices = pd.DataFrame(
            {name: over_slices(members[name], own, inside, units).groupby(level=0).sum() for name in MEASURES}
        )
        rows.append(slices.rename_axis("unit").reset_index().assign(block=block))
    together: pd.DataFrame = pd.concat(rows, ignore_index=True)
    return together
