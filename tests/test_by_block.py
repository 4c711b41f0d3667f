"""People known by block: each total kept, held by the homes inside it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import box

import gridopt as go
from gridopt.city import City
from gridopt.errors import TableError
from gridopt.units import make_units
from tests.test_units import frame

LAND = frame({"A": box(0, 0, 100, 100), "B": box(100, 0, 200, 100)})
LOTS = frame({f"u{i}": box(50 * i, 0, 50 * i + 50, 100) for i in range(4)})


def blocks(**shapes_and_people: tuple[object, float, float]) -> gpd.GeoDataFrame:
    """Blocks by id: shape, households, residents."""
    table = frame({name: row[0] for name, row in shapes_and_people.items()})
    counts = {name: [row[i] for row in shapes_and_people.values()] for i, name in ((1, "households"), (2, "residents"))}
    return table.assign(**counts, level="blocks")


def homes(*corners: tuple[float, float], areas: list[float]) -> gpd.GeoDataFrame:
    rows = frame({f"h{i}": box(x, y, x + 10, y + 10) for i, (x, y) in enumerate(corners)})
    return rows.assign(floor_area=areas)


def held(people: gpd.GeoDataFrame, **layers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return make_units(City.from_tables(LAND, population=people, **layers))


def test_each_block_is_shared_out_by_its_own_homes_alone() -> None:
    """By floor area over the whole community the two large houses of the west would take most."""
    people = blocks(west=(box(0, 0, 60, 100), 20, 40), east=(box(60, 0, 200, 100), 40.5, 90))
    buildings = homes((5, 5), (52, 40), (80, 5), (120, 5), areas=[900, 300, 100, 200])
    units = held(people, units=LOTS, buildings=buildings)
    assert units["residents"].tolist() == [30, 10 + 30, 60, 0]
    assert units["households"].tolist() == pytest.approx([15, 5 + 13.5, 27, 0]), "20 in whole numbers, 40.5 exactly"


def test_a_block_over_a_border_counts_each_home_where_it_stands() -> None:
    people = blocks(both=(box(60, 0, 140, 100), 30, 90), west=(box(0, 0, 60, 100), 5, 9))
    buildings = homes((5, 5), (80, 5), (120, 5), areas=[100, 100, 200])
    units = held(people, buildings=buildings)
    assert units.groupby("community_id")["residents"].sum().tolist() == [39, 60]


def test_people_of_a_block_without_homes_are_spread_over_its_own_land() -> None:
    people = blocks(west=(box(0, 0, 100, 100), 10, 30), east=(box(125, 0, 200, 100), 30, 90))
    units = held(people, units=LOTS, buildings=homes((5, 5), areas=[100]))
    assert units["residents"].tolist() == [30, 0, pytest.approx(30, abs=4), pytest.approx(60, abs=4)]
    assert units["residents"].sum() == 120
    assert [row["ids"] for row in units.attrs["repairs"] if "no home" in row["fault"]] == ["east"]


def test_one_measure_of_blocks_tells_the_other_by_the_household_size() -> None:
    people = blocks(all=(box(0, 0, 200, 100), np.nan, 260))
    assert held(people, units=LOTS)["households"].sum() == 100


def test_homes_in_no_block_hold_nobody_and_are_on_record() -> None:
    people = blocks(west=(box(0, 0, 50, 100), 10, 30), east=(box(100, 0, 200, 100), 10, 30))
    units = held(people, units=LOTS, buildings=homes((5, 5), (70, 5), (120, 5), areas=[100, 100, 200]))
    assert units["residents"].tolist() == [30, 0, 30, 0]
    assert [row["action"] for row in units.attrs["repairs"] if row["ids"] == "h1"] == [
        "hold nobody (by floor area they would hold 25.0%)"
    ]


@pytest.mark.parametrize("seed", range(6))
def test_every_total_is_kept_whatever_the_blocks(seed: int) -> None:
    """Random blocks nested in two communities, towers among the homes: units built by gridopt keep every sum."""
    rng = np.random.default_rng(seed)
    edges = np.sort(np.append(rng.choice(np.arange(10, 390, 10), 9, replace=False), [0, 200, 400])).astype(float)
    shapes = [box(west, 0, east, 200) for west, east in pairwise(edges) if west < east]
    counts = rng.integers(0, 300, (len(shapes), 2)).astype(float)
    people = blocks(**{f"k{i:02d}": (shape, *counts[i]) for i, shape in enumerate(shapes)})
    spots = rng.uniform(0, 1, (40, 2)) * [380, 180]
    rows = frame({f"h{i:02d}": box(x, y, x + 12, y + 12) for i, (x, y) in enumerate(spots)})
    land = frame({"A": box(0, 0, 200, 200), "B": box(200, 0, 400, 200)})
    city = City.from_tables(land, population=people, buildings=rows.assign(floor_area=rng.lognormal(5, 2, 40)))
    units = make_units(city)
    for column, measure in enumerate(("households", "residents")):
        assert units[measure].sum() == pytest.approx(counts[:, column].sum(), abs=1e-9)


PROJECT = """
[layers.communities]
path = "land.gpkg"
id = "id"
[layers.population]
path = "blocks.geojson"
level = "{level}"
id = "block"
households = "户数"
residents = "人口"
[layers.buildings]
path = "homes.gpkg"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    on_the_map(LAND).rename_axis("id").reset_index().to_file(tmp_path / "land.gpkg")
    on_the_map(homes((5, 5), (80, 5), (120, 5), areas=[1, 1, 1])[["geometry"]]).to_file(tmp_path / "homes.gpkg")
    return tmp_path


def on_the_map(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return table.set_geometry(table.translate(500_000, 3_500_000))


def read(folder: Path, people: gpd.GeoDataFrame, level: str = "blocks") -> City:
    named = on_the_map(people).rename(columns={"households": "户数", "residents": "人口"}).drop(columns="level")
    named.rename_axis("block").reset_index().to_crs(4326).to_file(folder / "blocks.geojson")
    (folder / "city.toml").write_text(PROJECT.format(level=level), encoding="utf-8")
    return go.read_city(folder / "city.toml")


def test_blocks_are_read_with_what_lies_outside_or_across_or_is_unknown_on_record(folder: Path) -> None:
    city = read(
        folder,
        blocks(
            west=(box(0, 0, 60, 100), 10, 30),
            across=(box(60, 0, 140, 100), 40, 90),
            park=(box(140, 0, 200, 100), np.nan, np.nan),
            beyond=(box(195, 0, 300, 100), 500, 900),
        ),
    )
    told = city.repairs[city.repairs["layer"] == "population"].set_index("ids")["fault"]
    assert "outside every community" in told["beyond"]
    assert "across" in told["across"]
    assert told["park"] == "blocks without a count (30% of the area)"
    assert make_units(city)["residents"].sum() == 120


def test_a_community_without_any_block_is_named(folder: Path) -> None:
    with pytest.raises(TableError, match=r"1 communities hold no block.*: B; add their blocks"):
        read(folder, blocks(west=(box(0, 0, 100, 100), 10, 30)))


def test_polygons_taken_for_totals_of_communities_are_told_what_to_write(folder: Path) -> None:
    with pytest.raises(TableError, match='or "blocks" for polygons'):
        read(folder, blocks(west=(box(0, 0, 100, 100), 10, 30)), level="community")
