"""Hamlets that share out rural land, and towers cut into stairwell slices."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Point, box
from shapely.affinity import translate

from gridopt.city import City
from gridopt.rules import Governance, Rules
from gridopt.units import make_units
from gridopt.units.hamlets import hamlets_of
from gridopt.units.record import Record
from gridopt.units.towers import across
from tests.test_units import check_tiling, frame, village

WHOLE_GROUPS = Rules(governance=Governance(keep_whole=("estates", "groups")))


def hamlet(west: float, south: float, *, n: int = 10, prefix: str = "b") -> dict[str, shapely.Geometry]:
    """Houses of 10 m by 10 m in two rows, 30 m apart."""
    spots = [(west + 30 * (i // 2), south + 30 * (i % 2)) for i in range(n)]
    return {f"{prefix}{i:02d}": box(x, y, x + 10, y + 10) for i, (x, y) in enumerate(spots)}


TWO_HAMLETS = {**hamlet(100, 150, prefix="west"), **hamlet(900, 150, prefix="east")}


def rural(**totals: float) -> gpd.GeoDataFrame:
    land = frame({"A": box(0, 0, 1200, 400)}, **{name: [value] for name, value in totals.items()})
    return land.assign(area_kind="rural")


def test_points_of_villagers_groups_share_out_the_land_of_their_village() -> None:
    groups = frame({"G1": Point(150, 170), "G2": Point(950, 170)}, name=["张庄", "李庄"])
    land = rural(households=40.0)
    units = make_units(City.from_tables(land, WHOLE_GROUPS, buildings=frame(TWO_HAMLETS), groups=groups))
    check_tiling(units, land)
    assert units["keep_whole"].tolist() == ["G1", "G2"]
    assert units["households"].tolist() == [20, 20]
    assert units.area.tolist() == pytest.approx([240_000, 240_000], rel=0.1)


def test_a_column_of_buildings_names_their_group_inside_their_community() -> None:
    land = frame({"A": box(0, 0, 600, 400), "B": box(600, 0, 1200, 400)}, households=[20.0, 20.0])
    buildings = frame(TWO_HAMLETS, group=["一组"] * 5 + ["二组"] * 5 + ["一组"] * 10)
    units = make_units(City.from_tables(land, WHOLE_GROUPS, buildings=buildings))
    check_tiling(units, land)
    assert sorted(set(units["keep_whole"])) == ["一组@A", "一组@B", "二组@A"]
    assert not [row for row in units.attrs["repairs"] if row["fault"] == "lies in several communities"]


def test_without_groups_houses_that_stand_together_are_hamlets_in_rural_land_only() -> None:
    buildings = frame(TWO_HAMLETS)
    for kind, wanted in (("rural", ["H1@A", "H2@A"]), ("urban", [])):
        city = City.from_tables(rural(households=40.0).assign(area_kind=kind), WHOLE_GROUPS, buildings=buildings)
        units = make_units(city)
        assert sorted(set(units["keep_whole"]) - {""}) == wanted
        assert ("no villagers' groups given" in [row["fault"] for row in units.attrs["repairs"]]) == bool(wanted)


def found(shapes: dict[str, shapely.Geometry]) -> pd.Series:
    """The hamlet of each building where nobody named any."""
    buildings = frame(shapes)
    city = City.from_tables(rural(households=40.0), buildings=buildings)
    homes, sizes = pd.Series("A", buildings.index), pd.Series(1.0, buildings.index)
    return hamlets_of(city, buildings, homes, sizes, Record())


@pytest.mark.parametrize(("west", "wanted"), [(700, "H2@A"), (340, "H1@A"), (550, "")])
def test_a_lonely_farm_belongs_to_the_nearest_hamlet_unless_that_is_far(west: float, wanted: str) -> None:
    assert found({**TWO_HAMLETS, "farm": box(west, 150, west + 10, 160)})["farm"] == wanted


@pytest.mark.parametrize(("gap", "wanted"), [(4, 3), (12, 2)])
def test_a_field_parts_hamlets_of_close_rows_where_scattered_farms_are_one(gap: float, wanted: int) -> None:
    step = 10 + gap
    rows = [(place, row) for place in range(10) for row in range(2)]
    near = {f"n{i:02d}": box(x, y, x + 10, y + 10) for i, (x, y) in enumerate((p * step, r * step) for p, r in rows)}
    across = 10 * step - gap + 42  # a field of 42 m lies between
    far = {f"f{i:02d}": translate(shape, across) for i, shape in enumerate(near.values())}
    assert found({**near, **far, **hamlet(1000, 150, prefix="east")}).nunique() == wanted


def test_a_cluster_larger_than_a_grid_may_be_is_no_hamlet() -> None:
    units = make_units(City.from_tables(rural(households=1000.0), WHOLE_GROUPS, buildings=frame(TWO_HAMLETS)))
    assert set(units["keep_whole"]) == {""}


def test_groups_are_kept_whole_only_in_the_area_kinds_that_say_so() -> None:
    land = frame({"A": box(0, 0, 600, 400), "B": box(600, 0, 1200, 400)}, households=[20.0, 20.0])
    land = land.assign(area_kind=["rural", "urban"])
    groups = frame({"G1": box(50, 100, 300, 300), "G2": box(850, 100, 1100, 300)}, name=["张庄", "李庄"])
    rules = Rules(area={"rural": {"governance": {"keep_whole": ("groups",)}}})
    units = make_units(City.from_tables(land, rules, buildings=frame(TWO_HAMLETS), groups=groups))
    assert set(units.loc[units["community_id"] == "A", "keep_whole"]) == {"", "G1"}
    assert set(units.loc[units["community_id"] == "B", "keep_whole"]) == {""}


def test_a_tower_with_more_households_than_a_grid_may_hold_is_cut_by_stairwell() -> None:
    tower, house = box(100, 180, 260, 200), box(300, 180, 340, 220)
    buildings = frame({"tower": tower, "house": house}, households=[800.0, 40.0])
    land = village(households=840.0, residents=2100.0)
    units = make_units(City.from_tables(land, buildings=buildings))
    check_tiling(units, land)
    slices = units[units["category"] == "stairwell"]
    assert 8 <= len(slices) <= 20
    assert slices["households"].max() <= 150
    assert units["households"].sum() == 840
    assert slices["households"].sum() == pytest.approx(800, abs=1)
    held = shapely.area(shapely.intersection(units.geometry.to_numpy(), tower))
    assert held.sum() == pytest.approx(tower.area)
    assert (held[(units["category"] == "").to_numpy()] == 0).all()
    row = next(row for row in units.attrs["repairs"] if row["fault"] == "more households than a grid may hold")
    assert row["ids"] == "tower"
    assert f"{len(slices)} units" in row["action"]


def test_the_floor_area_of_a_tower_is_shared_by_its_slices_and_it_is_counted_once() -> None:
    buildings = frame({"tower": box(100, 180, 260, 200)}, households=[800.0], floor_area=[64_000.0])
    units = make_units(City.from_tables(village(households=800.0), buildings=buildings))
    assert units["floor_area"].sum() == pytest.approx(64_000)
    assert units["floor_area"].max() < 16_000
    assert units["buildings"].sum() == 1


def test_footprints_that_lie_on_each_other_are_one_tower() -> None:
    shapes = {"hall": box(100, 180, 260, 200), "top": box(150, 182, 190, 198), "house": box(300, 180, 340, 220)}
    buildings = frame(shapes, households=[400.0, 200.0, 40.0])
    units = make_units(City.from_tables(village(households=640.0), buildings=buildings))
    assert (units["category"] == "stairwell").sum() > 1
    assert units["households"].max() < 400
    assert units["households"].sum() == 640


def test_a_tower_that_one_grid_may_hold_is_not_cut() -> None:
    buildings = frame({"tower": box(100, 180, 260, 200), "other": box(10, 10, 30, 30)}, households=[480.0, 20.0])
    units = make_units(City.from_tables(village(households=500.0), buildings=buildings))
    assert units["households"].max() == 480
    assert set(units["category"]) == {""}


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_slices_run_across_the_length_of_a_footprint_and_tile_it(degrees: int) -> None:
    footprint = shapely.affinity.rotate(box(0, 0, 96, 12), degrees)
    slices = across(footprint, 40, 3)
    assert len(slices) == 12
    assert shapely.area(slices) == pytest.approx(np.full(12, 96.0))
    assert shapely.union_all(slices).symmetric_difference(footprint).area < 1e-6
    assert len(across(footprint, 40, 20)) == 20, "a grid of few stairwells could not be balanced"
