"""Synthetic cities as layers on disk: communities, buildings, streets, rivers and control totals, from a seed.

    python -m benchmarks.cities mass-100000-51 DIR       # 100,000 buildings, seed 51, and a project file beside them

The city is a bent chessboard. A square of it is a community of about 1,000 buildings on 8 x 8 blocks, cut from its
neighbours by main roads; side streets run between blocks. Rivers wind from north to south every twelve communities
and take the buildings on their way. One community in seven is thinly built, with small houses on few of its lots.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CRS = "EPSG:4547"
ORIGIN = (450_000.0, 2_500_000.0)

BLOCK = 110.0
"""Metres from street to street."""
BLOCKS = 8
"""Blocks a side of a community."""
LOTS = 4
"""Lots a side of a block."""
STEPS = 4
"""Straight pieces of a street along one block."""

BUILT = 0.98
"""Share of lots with a building; `SPARSE` where a community is thinly built."""
SPARSE = 0.45
VILLAGE = 7
"""One community in so many is thinly built."""
RIVER_EVERY = 12
RIVER_WIDTH = 36.0

PROJECT = """[city]
name = "{name}"

[layers.communities]
path = "city.gpkg"
layer = "communities"
id = "community_id"
name = "community"
area_kind = "area_kind"

[layers.population]
path = "totals.csv"
id = "community_id"
households = "households"
residents = "residents"

[layers.buildings]
path = "buildings.fgb"
id = "building_id"
floors = "floors"

[layers.roads]
path = "city.gpkg"
layer = "roads"
class = "class"
name = "name"

[layers.rivers]
path = "city.gpkg"
layer = "rivers"
class = "class"
name = "name"
"""


@dataclass(frozen=True)
class Board:
    """A chessboard of communities, columns by rows, bent by slow waves."""

    columns: int
    rows: int
    seed: int

    @property
    def size(self) -> tuple[int, int]:
        """Blocks from west to east and from south to north."""
        return self.columns * BLOCKS, self.rows * BLOCKS

    def place(self, across: Floats, up: Floats) -> Floats:
        """Metres of places given in blocks, (n, 2)."""
        phase = np.random.default_rng(self.seed).uniform(0, 2 * np.pi, 4)
        east = across + 0.9 * np.sin(up / 5.3 + phase[0]) + 0.25 * np.sin(up / 1.7 + across / 3.1 + phase[1])
        north = up + 0.9 * np.sin(across / 6.1 + phase[2]) + 0.25 * np.sin(across / 1.9 - up / 2.7 + phase[3])
        return np.stack([ORIGIN[0] + BLOCK * east, ORIGIN[1] + BLOCK * north], axis=-1)

    def path(self, start: tuple[float, float], end: tuple[float, float]) -> Floats:
        """The points of a straight line on the board, `STEPS` a block."""
        n_points = round(max(abs(end[0] - start[0]), abs(end[1] - start[1])) * STEPS) + 1
        line = np.linspace(start, end, n_points)
        return self.place(line[:, 0], line[:, 1])


def write_city(name: str, folder: Path) -> Path:
    """The layers of ``mass-<buildings>-<seed>`` in a folder; returns the path of its project file."""
    _, wanted, seed = name.split("-")
    n_communities = max(round(int(wanted) / 1000), 1)
    columns = int(np.ceil(np.sqrt(n_communities)))
    board = Board(columns, int(np.ceil(n_communities / columns)), int(seed))
    folder.mkdir(parents=True, exist_ok=True)
    rivers = _rivers(board)
    communities = _communities(board, n_communities)
    buildings, owners = _buildings(board, communities, rivers)
    _written(communities, folder / "city.gpkg", "communities")
    _written(_roads(board), folder / "city.gpkg", "roads")
    _written(rivers, folder / "city.gpkg", "rivers")
    _written(buildings, folder / "buildings.fgb", "buildings")
    totals = _totals(communities, buildings, owners, board.seed)
    totals.to_csv(folder / "totals.csv", index=False, lineterminator="\n")
    project = folder / "city.toml"
    project.write_text(PROJECT.format(name=name), encoding="utf-8")
    return project


def _written(table: gpd.GeoDataFrame, file: Path, layer: str) -> None:
    options = {"SPATIAL_INDEX": "NO"} if file.suffix == ".fgb" else {}
    table.to_file(file, layer=layer, engine="pyogrio", **options)


def _communities(board: Board, n_communities: int) -> gpd.GeoDataFrame:
    shapes, ids = [], []
    for number in range(n_communities):
        row, column = divmod(number, board.columns)
        corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
        corners = [(x * BLOCKS, y * BLOCKS) for x, y in corners]
        sides = [board.path(a, b)[:-1] for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
        shapes.append(shapely.Polygon(np.concatenate(sides)))
        ids.append(f"4403{1 + number // 400:02d}{1 + number // 20 % 20:03d}{1 + number % 20:03d}")
    kinds = np.where(_is_village(np.arange(n_communities)), "fringe", "urban")
    table = {"community_id": ids, "community": [f"社区{i}" for i in ids], "area_kind": kinds}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)


def _is_village(numbers: Integers) -> NDArray[np.bool_]:
    return np.asarray(numbers % VILLAGE == VILLAGE - 1, bool)


def _buildings(
    board: Board, communities: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, Integers]:
    """Buildings on the lots of every community, and the place of the community of each."""
    random = np.random.default_rng([board.seed, 1])
    width, height = board.size
    lots = np.stack(np.meshgrid(np.arange(width * LOTS), np.arange(height * LOTS)), axis=-1).reshape(-1, 2)
    owners = lots[:, 1] // (BLOCKS * LOTS) * board.columns + lots[:, 0] // (BLOCKS * LOTS)
    village = _is_village(owners)
    built = (random.random(len(lots)) < np.where(village, SPARSE, BUILT)) & (owners < len(communities))
    lots, owners, village = lots[built], owners[built], village[built]
    middles = (lots % LOTS + 0.5) / LOTS * 0.84 + 0.08 + lots // LOTS
    centres = board.place(*middles.T)
    shapes = _rectangles(centres, random, village)
    dry = np.ones(len(shapes), bool)
    dry[shapely.STRtree(shapes).query(rivers.geometry.to_numpy(), predicate="dwithin", distance=5.0)[1]] = False
    floors = np.where(village, random.integers(1, 4, len(shapes)), random.integers(1, 8, len(shapes)))
    floors = np.where(~village & (random.random(len(shapes)) < 0.02), 18, floors)
    ids = [f"b{number:07d}" for number in range(int(dry.sum()))]
    table = {"building_id": ids, "floors": floors[dry].astype(np.int32)}
    return gpd.GeoDataFrame(table, geometry=shapes[dry], crs=CRS), owners[dry].astype(np.int64)


def _rectangles(centres: Floats, random: np.random.Generator, small: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Houses of 7-17 m a side around their centres, turned a little; small ones of up to 12 m."""
    half = random.uniform(3.5, np.where(small, 6.0, 8.5)[:, None], (len(centres), 2))
    angle = random.normal(0, 0.1, len(centres))
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * half[:, :1]
    across = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * half[:, 1:]
    corners = np.stack([-along - across, along - across, along + across, across - along], axis=1) + centres[:, None]
    return np.asarray(shapely.polygons(np.round(corners, 2)), object)


def _roads(board: Board) -> gpd.GeoDataFrame:
    """A street along every line of the board, broken at every community; those between communities are main roads."""
    width, height = board.size
    shapes, classes, names = [], [], []
    for vertical, (lines, reach) in enumerate([(height, width), (width, height)]):
        for line in range(lines + 1):
            for first in range(0, reach, BLOCKS):
                ends = [(first, line), (first + BLOCKS, line)]
                shapes.append(shapely.LineString(board.path(*(end[::-1] if vertical else end for end in ends))))
                classes.append("residential" if line % BLOCKS else "secondary")
                names.append(f"{'纵' if vertical else '横'}{line}路")
    return gpd.GeoDataFrame({"class": classes, "name": names}, geometry=shapes, crs=CRS)


def _rivers(board: Board) -> gpd.GeoDataFrame:
    """Water polygons that wind from south to north through every twelfth column of communities."""
    shapes = []
    for column in range(min(2, board.columns - 1), board.columns, RIVER_EVERY):
        up = np.linspace(-1, board.size[1] + 1, (board.size[1] + 2) * STEPS)
        across = (column + 0.5) * BLOCKS + 1.7 * np.sin(up / 4.1 + column)
        shapes.append(shapely.LineString(board.place(across, up)).buffer(RIVER_WIDTH / 2, quad_segs=4))
    table = {"class": ["river"] * len(shapes), "name": [f"河{i + 1}" for i in range(len(shapes))]}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)


def _totals(communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, owners: Integers, seed: int) -> pd.DataFrame:
    """Households and residents of every community: by floor area, give or take a tenth."""
    random = np.random.default_rng([seed, 2])
    floor_area = shapely.area(buildings.geometry.to_numpy()) * buildings["floors"].to_numpy()
    sums = np.bincount(owners, floor_area, len(communities))
    households = np.maximum(np.rint(sums / 220 * random.uniform(0.9, 1.1, len(sums))), 1)
    residents = np.rint(households * random.uniform(2.2, 2.9, len(sums)))
    table = {"community_id": communities["community_id"], "households": households, "residents": residents}
    return pd.DataFrame(table).astype({"households": int, "residents": int})


if __name__ == "__main__":
    write_city(sys.argv[1], Path(sys.argv[2]))
