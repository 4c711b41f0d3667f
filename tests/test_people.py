"""People into units: totals kept, whole numbers, nobody in a warehouse."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridopt.city import City, Settings
from gridopt.errors import RuleError, TableError
from gridopt.homes import is_home
from gridopt.people import People
from gridopt.units import make_units
from gridopt.units.people import apportion, home_weights, raster_weights


def town(**totals: list[float]) -> gpd.GeoDataFrame:
    """Two communities of 100 m by 100 m, west and east."""
    shapes = [box(0, 0, 100, 100), box(100, 0, 200, 100)]
    return gpd.GeoDataFrame(totals, index=["A", "B"], geometry=shapes, crs="EPSG:4549")


def houses(uses: list[str], areas: list[float], **columns: list[float]) -> gpd.GeoDataFrame:
    """One house every 20 m from (5, 5) eastwards."""
    shapes = [box(20 * i + 5, 5, 20 * i + 15, 15) for i in range(len(uses))]
    index = pd.Index([f"h{i}" for i in range(len(uses))], name="building_id")
    table = {"use": uses, "floor_area": areas, **columns}
    return gpd.GeoDataFrame(table, index=index, geometry=shapes, crs="EPSG:4549")


@given(st.integers(0, 5000), st.lists(st.floats(0.01, 1e4), min_size=1, max_size=40))
def test_a_whole_total_is_shared_out_in_whole_numbers_and_kept(total: int, weights: list[float]) -> None:
    shares = apportion(float(total), np.array(weights))
    assert shares.sum() == total
    assert (shares == np.round(shares)).all()
    assert (np.abs(shares - total * np.array(weights) / sum(weights)) < 1 + 1e-6).all()


def test_a_total_with_a_fraction_is_shared_out_exactly_by_weight() -> None:
    assert apportion(1.5, np.array([1.0, 2.0])).tolist() == [0.5, 1.0]


@given(st.integers(0, 300), st.lists(st.sampled_from([1.0, 2.0, 7.5]), min_size=1, max_size=60))
def test_every_run_of_neighbours_keeps_its_own_total_to_less_than_one(total: int, weights: list[float]) -> None:
    away = np.cumsum(apportion(float(total), np.array(weights))) - total * np.cumsum(weights) / sum(weights)
    assert (np.ptp(np.append(away, 0.0))) <= 1 + 1e-6


def test_few_households_in_many_equal_buildings_are_spread_evenly_over_them() -> None:
    assert apportion(2.0, np.ones(8)).tolist() == [0, 1, 0, 0, 0, 1, 0, 0]


def test_few_households_are_spread_over_the_ground_whatever_the_units_are_called() -> None:
    shapes = [box(100 * i, 100 * j, 100 * i + 100, 100 * j + 100) for i in range(8) for j in range(8)]
    names = [f"{i:02d}" for i in range(64)]
    communities = gpd.GeoDataFrame({"households": [16], "residents": [32]}, index=["A"], geometry=[box(0, 0, 800, 800)])
    city = City.from_tables(communities.set_crs("EPSG:4549"), units=gpd.GeoDataFrame(index=names, geometry=shapes))
    units = make_units(city)
    quarters = units["households"].groupby(
        (units.centroid.x // 200).astype(str) + (units.centroid.y // 200).astype(str)
    )
    assert quarters.sum().tolist() == [1] * 16


@pytest.mark.parametrize(
    ("use", "lived_in"),
    [
        ("residential", True),
        ("", True),
        ("house", True),
        ("商住楼", True),
        ("教师宿舍", True),
        ("warehouse", False),
        ("商业", False),
        ("工業廠房", False),
        ("Office ", False),
    ],
)
def test_a_building_of_unknown_use_is_a_home_but_a_warehouse_is_not(use: str, lived_in: bool) -> None:
    assert is_home(pd.Series([use])).tolist() == [lived_in]


def test_a_missing_use_counts_as_a_home() -> None:
    assert is_home(pd.Series([np.nan], dtype="str")).tolist() == [True]


def test_households_of_buildings_come_before_floor_area_and_fill_their_own_gaps() -> None:
    table = houses(["", "", "office"], [100, 200, 500], households=[10, np.nan, np.nan])
    assert home_weights(table).tolist() == [10, 20, 0]


def test_people_go_to_homes_by_floor_area_and_totals_are_kept() -> None:
    communities = town(households=[30, 7], residents=[90, 20])
    table = houses(["", "shop", "", "", "", "", ""], [100, 900, 200, 100, 50, 100, 100])
    units = make_units(City.from_tables(communities, buildings=table))
    sums = units.groupby("community_id")[["households", "residents"]].sum()
    assert sums.to_numpy().tolist() == [[30, 90], [7, 20]]
    assert units["people_known"].all()
    assert (units["households"] == units["households"].round()).all()
    assert "apportioned" in [row["fault"] for row in units.attrs["repairs"]]


def test_households_follow_from_residents_and_it_is_recorded() -> None:
    units = make_units(City.from_tables(town(residents=[260, 26]), buildings=houses([""] * 8, [100] * 8)))
    assert units.groupby("community_id")["households"].sum().tolist() == [100, 10]
    assert any("2.6" in row["action"] for row in units.attrs["repairs"])


def test_a_missing_control_total_names_the_community() -> None:
    with pytest.raises(TableError, match="1 communities: B") as caught:
        make_units(City.from_tables(town(households=[30, np.nan]), buildings=houses([""] * 8, [100] * 8)))
    assert "B" in caught.value.text("zh")


def test_the_size_of_a_household_is_a_setting_that_the_record_names() -> None:
    city = City.from_tables(town(residents=[260, 26]), buildings=houses([""] * 8, [100] * 8))
    units = make_units(city.replace(settings=Settings(people={"household_size": 2})))
    assert units.groupby("community_id")["households"].sum().tolist() == [130, 13]
    assert any("at 2 people a household" in row["action"] for row in units.attrs["repairs"])


@pytest.mark.parametrize("size", [0.5, 26, "two", True])
def test_a_household_size_that_cannot_be_is_refused(size: object) -> None:
    with pytest.raises(RuleError, match="1 to 10"):
        People.from_table({"household_size": size})


def test_homes_without_a_count_are_named_where_others_of_the_community_are_counted() -> None:
    table = houses(["", "", "shop", "", "", "", "", ""], [100] * 8, households=[3, np.nan, np.nan, 4, 5, 2, 1, 2])
    with pytest.raises(
        TableError, match=r"1 communities: A.*some homes are counted and 1 are not: h1\. Count"
    ) as caught:
        make_units(City.from_tables(town(), buildings=table))
    assert "另有 1 栋缺少：h1" in caught.value.text("zh")


def test_the_population_table_gives_the_totals() -> None:
    table = pd.DataFrame({"households": [12.0, 8.0], "residents": [30.0, 20.0], "level": "community"}, index=["B", "A"])
    units = make_units(City.from_tables(town(), buildings=houses([""] * 8, [100] * 8), population=table))
    assert units.groupby("community_id")["households"].sum().tolist() == [8, 12]


def test_a_population_row_of_no_community_is_an_error() -> None:
    table = pd.DataFrame({"households": [12.0], "level": "community"}, index=["C"])
    with pytest.raises(TableError, match="C"):
        make_units(City.from_tables(town(), buildings=houses([""] * 8, [100] * 8), population=table))


def test_raster_cells_are_shared_by_exact_fractions_of_area() -> None:
    cells = gpd.GeoDataFrame({"residents": [80.0, 10.0]}, geometry=[box(80, 0, 120, 40), box(-10, 0, 10, 20)])
    people = raster_weights(cells, town()).groupby(level=0).sum()
    assert people.to_dict() == pytest.approx({"A": 45.0, "B": 40.0})


def test_a_raster_alone_is_enough_to_place_people() -> None:
    shapes = [box(10 * i, 10 * j, 10 * i + 10, 10 * j + 10) for i in range(20) for j in range(10)]
    cells = gpd.GeoDataFrame({"residents": [2.6] * 200}, geometry=shapes, crs="EPSG:4549")
    units = make_units(City.from_tables(town(), population_cells=cells))
    assert units.groupby("community_id")["residents"].sum().tolist() == pytest.approx([260, 260])
    assert len(units) > 4  # 100 households a side, at most about 42 in a unit


def test_people_without_any_building_are_shared_out_by_area_and_recorded() -> None:
    far = houses([""], [100])
    units = make_units(City.from_tables(town(households=[30, 10], residents=[78, 26]), buildings=far))
    assert units.groupby("community_id")["households"].sum().tolist() == [30, 10]
    assert any("area" in row["action"] and row["ids"] == "B" for row in units.attrs["repairs"])


def test_houses_across_the_border_hold_nobody_of_the_totals_and_are_on_record() -> None:
    """A house 4 m east of B may be drawn apart from its land; one 10 m east stands across the street."""
    rows = houses(["", "", ""], [300, 100, 100]).assign(geometry=[box(x, 5, x + 4, 15) for x in (5, 204, 210)])
    totals = town(households=[30, 10], residents=[78, 26])
    lots = [box(0, 0, 100, 100), box(100, 0, 150, 100), box(150, 0, 200, 100)]
    ready = gpd.GeoDataFrame(index=["u1", "u2", "u3"], geometry=lots)
    units = make_units(City.from_tables(totals, buildings=rows, units=ready))
    told = [row for row in units.attrs["repairs"] if row["layer"] == "population" and row["ids"] == "h2"]
    assert [row["action"] for row in told] == [
        "hold nobody of the control totals (as homes inside they would hold 20.0%)"
    ]
    assert units["residents"].tolist() == [78, 0, 26]
    assert units["buildings"].tolist() == [1, 0, 2], "the house has a grid to answer for it all the same"


def test_a_house_across_the_border_keeps_the_people_that_were_counted_in_it() -> None:
    rows = houses(["", ""], [300, 100], households=[30, 10])
    rows.loc["h1", "geometry"] = box(210, 5, 220, 15)
    units = make_units(City.from_tables(town(), buildings=rows))
    assert units.groupby("community_id")["households"].sum().tolist() == [30, 10]


def test_control_totals_alone_are_spread_evenly_over_land_cut_fine_enough_for_grids() -> None:
    units = make_units(City.from_tables(town(households=[400, 10], residents=[1000, 25])))
    west, east = (units[units["community_id"] == name] for name in "AB")
    assert len(west) >= 10
    assert len(east) == 1
    assert west["households"].sum() == 400
    assert west["households"].max() <= 500 / 12 * 1.5
    assert any("area" in row["action"] for row in units.attrs["repairs"])
