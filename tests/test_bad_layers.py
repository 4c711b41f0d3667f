"""Raw layers that cannot be used, at the command line: one clear error each, status 2, nothing written."""

import re
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio import Affine

from gridopt.cli import main

CRS = "EPSG:4549"
WEST, SOUTH = 500_000.0, 3_500_000.0
EAST_CODE, WEST_CODE = "320402001002", "320402001001"


def box(x, y, width=200.0, height=200.0):
    """A rectangle by its south-west corner and size, in metres from the town's corner."""
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + height)


def communities():
    names = {"code": [WEST_CODE, EAST_CODE], "name": ["西社区", "东社区"], "households": [400, 600]}
    return gpd.GeoDataFrame(names, geometry=[box(0, 0), box(200, 0)], crs=CRS)


def buildings():
    shapes = [box(x, y, 12, 12) for x in range(10, 400, 40) for y in range(10, 200, 40)]
    return gpd.GeoDataFrame({"bid": range(len(shapes)), "floors": 6}, geometry=shapes, crs=CRS)


class RawTown:
    """Two communities and fifty houses in files of their own, and a project file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layers = {
            "communities": 'path = "communities.gpkg"\nid = "code"\nname = "name"',
            "buildings": 'path = "buildings.gpkg"\nid = "bid"',
        }
        self.write("communities", communities())
        self.write("buildings", buildings())

    def write(self, name: str, table: gpd.GeoDataFrame) -> None:
        file = self.folder / f"{name}.gpkg"
        file.unlink(missing_ok=True)
        table.to_file(file)

    def add(self, name: str, lines: str) -> None:
        self.layers[name] = lines

    def people(self, values: np.ndarray, *, corner=(WEST, SOUTH + 200), cell=50.0, crs: str | None = CRS) -> None:
        """A population raster instead of totals."""
        self.write("communities", communities().drop(columns="households"))
        self.raster(values.shape, corner=corner, cell=cell, crs=crs, values=values)

    def raster(self, size, *, corner, cell, crs=CRS, values=None) -> None:
        facts = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": -1.0, "height": size[0], "width": size[1]}
        place = Affine(cell, 0, corner[0], 0, -cell, corner[1])
        kept = {"SPARSE_OK": True, "tiled": True, "BIGTIFF": "YES"} if values is None else {}
        with rasterio.open(self.folder / "people.tif", "w", crs=crs, transform=place, **facts, **kept) as file:
            if values is not None:
                file.write(values.astype(np.float32), 1)
        self.add("population", 'path = "people.tif"')

    def project(self) -> Path:
        tables = [f"[layers.{name}]\n{lines}" for name, lines in self.layers.items()]
        file = self.folder / "town.toml"
        file.write_text("\n".join(['[city]\nname = "镇"', *tables]), encoding="utf-8")
        return file


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "原始 图层"
    folder.mkdir()
    return RawTown(folder)


def change(layer, table):
    return lambda town: town.write(layer, table())


def of_units(town: RawTown) -> None:
    """Ready-made units over the western half only."""
    units = {"unit": ["u1", "u2"], "households": [200, 200]}
    town.write("units", gpd.GeoDataFrame(units, geometry=[box(0, 0, 100), box(200, 0, 100)], crs=CRS))
    town.add("units", 'path = "units.gpkg"\nid = "unit"\nhouseholds = "households"')


def huge_zip(town: RawTown) -> None:
    """An archive whose two files say that they unpack to 4 GB each."""
    file = town.folder / "b.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("b.geojson", "{}")
        archive.writestr("c.geojson", "{}")
    raw = bytearray(file.read_bytes())
    for entry in re.finditer(b"PK\x01\x02", raw):
        raw[entry.start() + 24 : entry.start() + 28] = (0xFFFF0000).to_bytes(4, "little")
    file.write_bytes(raw)
    town.add("buildings", 'path = "b.zip"\nid = "bid"')


def wrong_ending(town: RawTown) -> None:
    (town.folder / "b.geojson").write_bytes((town.folder / "buildings.gpkg").read_bytes())
    town.add("buildings", 'path = "b.geojson"\nid = "bid"')


def swapped() -> gpd.GeoDataFrame:
    degrees = buildings().to_crs(4326)
    return degrees.set_geometry(shapely.transform(degrees.geometry.to_numpy(), lambda points: points[:, ::-1]))


def population(text: str):
    def write(town: RawTown) -> None:
        (town.folder / "people.csv").write_text(text, encoding="utf-8")
        town.add("population", 'path = "people.csv"\nid = "code"')

    return write


def rules(text: str):
    return lambda town: town.add("buildings", f"{town.layers['buildings']}\n[rules.size]\n{text}")


CASES = {
    "a layer in the wrong place": (
        change("buildings", lambda: buildings().set_geometry(buildings().translate(90_000, 0))),
        ["[layers.buildings]", "590010"],
    ),
    "a raster of another country": (
        lambda town: town.people(np.ones((4, 8)), corner=(900_000, 9_000_000)),
        ["raster|栅格"],
    ),
    "a population of nobody": (change("communities", lambda: communities().assign(households=0)), ["households", "0"]),
    "a raster of half the city": (lambda town: town.people(np.ones((4, 4))), [EAST_CODE, "50%", "communities"]),
    "a raster of nobody": (lambda town: town.people(np.zeros((4, 8))), ["band|波段"]),
    "latitude before longitude": (change("buildings", swapped), ["[layers.buildings]", "QGIS"]),
    "a boundary that is a line": (
        change("communities", lambda: communities().set_geometry(communities().boundary)),
        ["[layers.communities]", WEST_CODE],
    ),
    "units that cover half a community": (of_units, [WEST_CODE, "50%"]),
    "negative floors": (
        change("buildings", lambda: buildings().assign(floors=[-2, *[6] * 49])),
        ["floors", r"-2"],
    ),
    "ten billion cells": (
        lambda town: town.raster((100_000, 100_000), corner=(WEST, SOUTH + 200), cell=0.002),
        ["10,000,000,000", "200,000,000"],
    ),
    "an archive that unpacks to more than the limit": (huge_zip, ["b.zip", "8.0 GB", "4 GB"]),
    "a file that is not what its ending says": (wrong_ending, ["b.geojson", "GeoPackage"]),
    "a layer without a CRS": (
        change("buildings", lambda: buildings().set_crs(None, allow_override=True)),
        ["[layers.buildings]", 'crs = "EPSG:4549"'],
    ),
    "a raster without a CRS": (lambda town: town.people(np.ones((4, 8)), crs=None), ['crs = "EPSG:4549"']),
    "an id given twice": (
        change("buildings", lambda: buildings().assign(bid=[1, 1, *range(2, 50)])),
        ["bid|id|编码", "1"],
    ),
    "a negative count": (population(f"code,households\n{WEST_CODE},-4\n{EAST_CODE},5\n"), [WEST_CODE, "-4"]),
    "an impossible bound": (rules("low = 600"), ["low = 600", "high = 500"]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_that_cannot_be_used_is_one_clear_error(town, capsys, name):
    spoil, words = CASES[name]
    spoil(town)
    project = town.project()
    before = sorted(town.folder.rglob("*"))
    for lang, verb in (
        ("en", ["draw", str(project), "--out", str(town.folder / "out")]),
        ("zh", ["inspect", str(project)]),
    ):
        assert main([*verb, "--lang", lang]) == 2
        said = capsys.readouterr().err
        assert [word for word in words if not re.search(word.replace("[", r"\["), said)] == [], said
        assert "Traceback" not in said
        assert bool(re.search("[一-鿿]{2}", said.replace("原始 图层", ""))) == (lang == "zh"), said
    assert sorted(town.folder.rglob("*")) == before


def test_the_town_itself_can_be_inspected(town, capsys):
    assert main(["inspect", str(town.project())]) == 0
    assert pd.notna(capsys.readouterr().out)
