"""Land tiled some communities at a time: the same units for any number of processes, which fit along every border."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, box

from gridopt.city import City
from gridopt.units import make_units, tiles
from gridopt.units.blocks import Cuts, make_blocks
from gridopt.units.found import Found

CRS = "EPSG:4549"
EAST, NORTH = 450_000.0, 2_500_000.0


def frame(shapes: dict[str, shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=list(shapes), geometry=list(shapes.values()), crs=CRS)


def town() -> City:
    """Four communities in a row, 300 m by 400 m, with houses, slanting lanes over all of them and a river."""
    land = {f"c{i}": box(EAST + 300 * i, NORTH, EAST + 300 * (i + 1), NORTH + 400) for i in range(4)}
    spots = np.array([(x, y) for x in np.arange(15, 1200, 30) for y in np.arange(15, 400, 30)])
    spots = spots + np.random.default_rng(7).uniform(-6, 6, spots.shape)  # an even lattice is cut by rounding alone
    houses = {f"h{i}": box(EAST + x - 6, NORTH + y - 6, EAST + x + 6, NORTH + y + 6) for i, (x, y) in enumerate(spots)}
    lanes = [LineString([(EAST - 10, NORTH + y), (EAST + 1210, NORTH + y + 77.7)]) for y in (33.3, 123.4, 251.7)]
    water = LineString([(EAST + 700.3, NORTH - 50), (EAST + 1000.7, NORTH + 450)]).buffer(9.7)
    return City.from_tables(
        frame(land, households=[900.0] * 4, residents=[2_500.0] * 4),
        buildings=frame(houses, floor_area=[150.0] * len(houses)),
        roads=gpd.GeoDataFrame({"barrier": "seam", "width": np.nan}, geometry=lanes, index=range(3), crs=CRS),
        rivers=gpd.GeoDataFrame({"barrier": "wall", "width": np.nan}, geometry=[water], index=["r"], crs=CRS),
    )


@pytest.mark.parametrize("at_once", [1, 300])
def test_units_of_communities_worked_on_apart_fit_along_their_borders(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = town()
    together = make_units(city)
    monkeypatch.setattr(tiles, "AT_ONCE", at_once)
    apart = make_units(city)
    assert shapely.coverage_is_valid(apart.geometry.to_numpy())
    assert apart.index.tolist() == together.index.tolist()
    assert np.allclose(apart.area, together.area, rtol=1e-9)


def test_any_number_of_processes_makes_the_same_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "AT_ONCE", 100)
    one, two = (make_units(town(), workers=workers) for workers in (1, 2))
    assert shapely.to_wkb(one.geometry.to_numpy()).tolist() == shapely.to_wkb(two.geometry.to_numpy()).tolist()


def test_lanes_over_a_winding_river_part_the_land_on_both_banks() -> None:
    """Cut off at the bank by overlay, lines end beside it by rounding and leave their two sides one block."""
    chance, heights = np.random.default_rng(0), np.linspace(-100, 1000, 40)
    bends = 450 + 120 * np.sin(heights / 170) + chance.normal(0, 5, 40)
    river = LineString(np.column_stack([EAST + bends, NORTH + heights])).buffer(10)
    turns = NORTH + np.linspace(50, 850, 15)[:, None] + chance.normal(0, 9, (15, 3))
    lanes = [LineString(zip((EAST - 10, EAST + 300, EAST + 910), ends, strict=True)) for ends in turns]
    nothing, land = Found.of(np.empty(0, object)), np.array([box(EAST, NORTH, EAST + 900, NORTH + 900)], object)
    cuts = Cuts(Found.of(np.array(lanes)), nothing, Found.of(np.array([river])), nothing)
    blocks = make_blocks(cuts, land, np.empty(0, object))
    assert len(blocks.shapes) == 2 * 16
    assert shapely.area(blocks.shapes).sum() == pytest.approx(900 * 900)
