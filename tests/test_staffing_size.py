"""Staffing at the size of a city, on a lattice of grids: seconds of work, and what holds of the whole."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.city import City
from gridopt.contracts import BORDERS, GRIDS, UNITS, VIOLATIONS, empty
from gridopt.grids.plan import Plan
from gridopt.staffing import staffing
from gridopt.staffing.neighbours import neighbourhood

CRS = "EPSG:4549"
SIDE = 250.0


def lattice(columns, rows):
    """A plan of squares, one unit each: communities of 5 grids in a row, townships of 4 rows of 5 communities."""
    x, y = (part.ravel() for part in np.meshgrid(np.arange(columns), np.arange(rows)))
    community = [f"3204{1 + a // 25:02d}{b // 4:03d}{a // 5 % 5 + 5 * (b % 4):03d}" for a, b in zip(x, y, strict=True)]
    codes = [f"{one}{a % 5 + 1:03d}" for one, a in zip(community, x, strict=True)]
    shapes = shapely.box(490_000 + SIDE * x, 3_520_000 + SIDE * y, 490_250 + SIDE * x, 3_520_250 + SIDE * y)
    homes = np.random.default_rng(5).integers(250, 480, len(x)).astype(float)
    texts = {name: "" for name in [*GRIDS, *UNITS] if name != "geometry"}
    facts = {"community_id": community, "township_id": [one[:9] for one in community], "households": homes}
    facts |= {"county_id": [one[:6] for one in community], "residents": homes * 2.5, "workload": homes}
    facts |= {"label_x": x * SIDE, "label_y": y * SIDE, "grid_code": codes, "unit_id": [f"u{one}" for one in codes]}
    table = gpd.GeoDataFrame({**texts, **facts}, geometry=shapes, crs=CRS)
    units = table[UNITS].set_index("unit_id")
    here, east = table[table["grid_code"].str[-3:] != "005"], {one: i for i, one in enumerate(codes)}
    next_code = [f"{one[:-3]}{int(one[-3:]) + 1:03d}" for one in here["grid_code"]]
    pairs = [
        (f"u{one}", f"u{two}", SIDE, "open")
        for one, two in zip(here["grid_code"], next_code, strict=True)
        if two in east
    ]
    parents = table.dissolve("community_id")[["geometry"]].assign(area_kind="urban")
    city = City.from_tables(parents.assign(community=[f"{one}社区" for one in parents.index]), name="大市")
    borders = pd.DataFrame(pairs, columns=BORDERS)
    nothing = gpd.GeoDataFrame({"grid_code": pd.Series(dtype="str")}, geometry=[], crs=CRS)
    violations = empty(VIOLATIONS)
    return Plan(city, table[GRIDS].set_index("grid_code"), units, borders, nothing, parents, violations, 0.0, {})


def roster(plan, n_chiefs, n_full, n_part, *, several=0.1, most=2):
    """People based in grids of the plan; a share of the full-timers may hold several, from two up."""
    rng, codes = np.random.default_rng(7), plan.grids.index.sort_values().to_numpy()
    base = [*rng.permutation(codes)[:n_chiefs], *rng.choice(codes, n_full + n_part)]
    role = ["chief"] * n_chiefs + ["worker"] * (n_full + n_part)
    employment = ["part_time"] * n_chiefs + ["full_time"] * n_full + ["part_time"] * n_part
    held = np.where(rng.random(n_full) < several, rng.integers(2, most + 1, n_full), 1)
    capacity = [1] * n_chiefs + held.tolist() + [1] * n_part
    index = pd.Index([f"p{i:05d}" for i in range(len(base))], name="staff_id")
    return pd.DataFrame({"role": role, "employment": employment, "base": base, "capacity": capacity}, index=index)


@pytest.fixture(scope="module")
def plan():
    return lattice(25, 8)


@pytest.mark.parametrize(("several", "most"), [(0.1, 2), (0.5, 4)])
def test_two_hundred_grids_and_four_hundred_people_take_seconds_and_are_proved(plan, several, most):
    people = roster(plan, 190, 120, 70, several=several, most=most)
    started = time.process_time()
    found = staffing(plan, people)
    assert time.process_time() - started < 15
    held = found.posts[found.posts["status"] == "held"]
    assert found.posts["status"].isin(["held", "vacant"]).all()
    loads = held.assign(n=held["grid_code"].str.count(";") + 1).groupby("staff_id")["n"].sum()
    assert (loads <= people["capacity"].reindex(loads.index)).all()
    neighbours = neighbourhood(plan)
    place = {code: i for i, code in enumerate(neighbours.codes)}
    for codes in found.people.loc[found.people["grid_code"].str.contains(";"), "grid_code"]:
        assert neighbours.is_connected(np.array([place[code] for code in codes.split(";")]))
    assert found.gap == pytest.approx(0.0, abs=1e-9)
