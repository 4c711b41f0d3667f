"""Built units on random towns: whatever the ground, they tile it exactly, each in one piece, everyone counted."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from gridopt.city import City
from gridopt.units import make_borders, make_units
from tests.test_units import check_tiling, frame, ways

SIDE = 400.0
"""Metres of a community; two lie side by side."""


@st.composite
def towns(draw: st.DrawFn) -> City:
    """Two communities with streets that may end anywhere, lakes, a river, an estate, houses, towers, thin strips."""
    seed = draw(st.integers(0, 2**20))
    rng = np.random.default_rng(seed)
    bend = rng.uniform(-40, 40, 3)
    edge = [(SIDE + bend[i], y) for i, y in enumerate((0.0, SIDE / 2, SIDE))]
    west = shapely.Polygon([(0, 0), *edge, (0, SIDE)])
    land = frame({"A": west, "B": box(0, 0, 2 * SIDE, SIDE).difference(west)})
    streets = [LineString(rng.uniform(-50, 2 * SIDE + 50, (3, 2)) * [1, 0.5]) for _ in range(draw(st.integers(0, 8)))]
    parallel = [line.offset_curve(float(rng.uniform(1, 9))) for line in streets[:2]]
    lines = [*streets, *(line for line in parallel if line.geom_type == "LineString")]
    waters = [
        Point(rng.uniform(0, 2 * SIDE, 2) * [1, 0.5]).buffer(rng.uniform(5, 90)) for _ in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        waters.append(LineString(rng.uniform(-50, 2 * SIDE, (3, 2))).buffer(rng.uniform(2, 30)))
    spots = rng.uniform(0, 1, (draw(st.integers(0, 60)), 2)) * [2 * SIDE, SIDE]
    sizes = rng.uniform(5, 40, (len(spots), 2))
    houses = {f"b{i:02d}": box(*spot, *(spot + size)) for i, (spot, size) in enumerate(zip(spots, sizes, strict=True))}
    flats = np.round(rng.lognormal(2.5, 1.5, len(houses)))
    kind = draw(st.sampled_from(["urban", "rural"]))
    totals = {"households": rng.integers(0, 3000, 2).astype(float), "area_kind": kind}
    layers = {"buildings": frame(houses, households=flats)} if houses else {}
    if lines:
        layers["roads"] = ways(*lines)
    if waters:
        layers["rivers"] = ways(*waters, barrier=draw(st.sampled_from(["wall", "seam"])))
    if draw(st.booleans()):
        layers["estates"] = frame({"E": box(*rng.uniform(50, 200, 2), *rng.uniform(250, 380, 2))}, name=["金狮小区"])
    return City.from_tables(land.assign(**totals), **layers)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns())
def test_built_units_tile_every_random_town_exactly_each_in_one_piece(city: City) -> None:
    units = make_units(city)
    check_tiling(units, city.communities)
    apart = (units.area.groupby(units["community_id"]).sum() - city.communities.area).abs()
    assert (apart <= 1e-6 * city.communities.area + 0.01).all()
    assert set(units.geometry.geom_type) == {"Polygon"}
    assert set(units["community_id"]) == {"A", "B"}
    sums = units.groupby("community_id")["households"].sum()
    assert (sums - city.communities["households"]).abs().max() < 1e-6
    borders = make_borders(city, units)
    assert (borders["metres"] > 0).all()
    assert set(borders["kind"]) <= {"open", "wall", "crossing", "seam"}
