"""Real layers from which gridopt builds the units itself, cut to a few communities, drawn, published and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

import gridopt as go
from gridopt.city import City
from tests.test_units import check_tiling

ROOT = Path(__file__).parents[1]
PROJECTS = ROOT / "benchmarks" / "projects"
real = pytest.mark.skipif(not (ROOT.parent / "shared" / "data" / "gis").exists(), reason="the real layers are not here")


def city_of(name: str, *communities: str) -> City:
    """A project cut to some of its communities; buildings elsewhere would be drawn to their edge."""
    city = go.read_city(PROJECTS / f"{name}.toml")
    land = city.communities.loc[list(communities)] if communities else city.communities
    layers = dict(city.layers)
    if "buildings" in layers:
        layers["buildings"] = layers["buildings"][layers["buildings"].intersects(land.union_all())]
    if "population" in layers:
        layers["population"] = layers["population"].loc[land.index]
    return city.replace(communities=land, layers=layers)


def drawn(city: City, folder: Path) -> go.Plan:
    """The plan of a city whose units are a clean tiling and whose folder the verifier finds whole and true."""
    plan = go.draw(city, effort="quick", seed=1)
    check_tiling(plan.units, city.communities)
    assert set(plan.units.geometry.geom_type) == {"Polygon"}
    go.publish(plan, folder)
    assert not len(go.check(folder))
    return plan


@real
def test_wanhua_from_villages_buildings_and_village_totals(tmp_path: Path) -> None:
    city = city_of("wanhua_raw", "63000070001", "63000070002", "63000070013")
    plan = drawn(city, tmp_path / "plan")
    sums = plan.grids.groupby("community_id")[["households", "residents"]].sum()
    assert np.array_equal(sums, city.communities[["households", "residents"]])
    per_grid = 400 * plan.units.groupby("community_id").size() / sums["households"]
    assert per_grid.between(4, 60).all()


@real
def test_liechtenstein_with_its_exclaves_from_buildings_roads_rivers_and_railways(tmp_path: Path) -> None:
    city = city_of("liechtenstein", "Eschen", "Gamprin", "Planken", "Schellenberg")
    plan = drawn(city, tmp_path / "plan")
    assert plan.grids["residents"].sum() == 4300 + 1650 + 400 + 1050
    exclaves = shapely.get_num_geometries(plan.city.communities.geometry.to_numpy())
    pieces = plan.grids[shapely.get_num_geometries(plan.grids.geometry.to_numpy()) > 1]
    assert exclaves.max() == 5
    named = {code for text in plan.violations["grid_codes"] for code in text.split(";")}
    assert set(pieces.index) <= named, "a grid of several pieces is always said"
    assert {"wall", "seam", "open"} <= set(plan.borders["kind"])
    assert plan.grids["unrecognised_border_share"].mean() < 0.3


def test_the_demo_town_from_its_barriers_and_a_raster(tmp_path: Path) -> None:
    city = city_of("demo_raster")
    plan = drawn(city, tmp_path / "plan")
    assert len(plan.city.communities) == 8
    assert plan.units["households"].max() <= 150
    assert len(plan.units) > 200
    assert plan.grids["residents"].sum() == pytest.approx(city.layer("population_cells")["residents"].sum(), rel=0.01)
