"""A stored plan keeps what it is shown on and compared with: roads, water, estates, today's grids."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridopt.cli import main
from gridopt.plan.assess import assess
from gridopt.plan.stored import read_plan
from gridopt.publish.folder import publish
from gridopt.read import plan_folder
from tests.folders import full_plan
from tests.towns import CELL, CRS, SOUTH, WEST

EAST, NORTH = WEST + 6 * CELL, SOUTH + 3 * CELL


def layer(index, *shapes, **columns):
    ids = pd.Index([f"{index}-{row}" for row in range(len(shapes))], name=index)
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=ids, crs=CRS)


@pytest.fixture(scope="module")
def plan():
    drawn = full_plan()
    street = shapely.LineString([(WEST, SOUTH + CELL), (EAST, SOUTH + CELL)])
    lane = shapely.LineString([(WEST + CELL, SOUTH), (WEST + CELL, NORTH)])
    pond = shapely.box(EAST, SOUTH, EAST + 40, NORTH)
    middle = WEST + 2 * CELL
    today = (shapely.box(WEST, SOUTH, middle, NORTH), shapely.box(middle, SOUTH, EAST - 2 * CELL, NORTH),
             shapely.box(EAST - 2 * CELL, SOUTH, EAST, NORTH))  # fmt: skip
    lines = {"width": float("nan"), "barrier": "seam"}
    layers = {
        "roads": layer("line_id", street, lane, name=["建设路", ""], **{"class": ["primary", "residential"]}, **lines),
        "rivers": layer("line_id", pond, name="东河", **{"class": "river"}, **lines),
        "current_grids": layer("current_id", *today, name=["一", "二", "三"], grid_code=""),
    }
    return drawn.replace(city=drawn.city.replace(layers={**drawn.city.layers, **layers}))


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    return publish(plan, tmp_path_factory.mktemp("kept") / "out", today=assess(plan.city), lang="zh")


def test_the_layers_come_back_as_they_were(plan, folder):
    stored = read_plan(folder).city
    for name in ("roads", "rivers", "current_grids"):
        given, kept = plan.city.layer(name), stored.layer(name)
        assert kept.index.tolist() == given.index.tolist()
        assert kept[[*kept.columns]].columns.tolist() == list(plan_folder.LAYERS[name][1:])
        assert kept["name"].tolist() == given["name"].tolist()
        assert shapely.equals_exact(
            shapely.normalize(kept.geometry.to_numpy()), shapely.normalize(given.geometry.to_numpy())
        ).all()
    assert stored.layer("railways") is None
    assert stored.layer("estates") is None


@pytest.mark.parametrize("verb", ["publish", "reach"])
def test_a_stage_run_again_keeps_todays_grids_and_the_ground(folder, tmp_path, verb):
    pages = {name: (folder / name).read_bytes() for name in ("map.html", "report.html", "plan.gpkg")}
    assert "现状".encode() in pages["report.html"]
    if verb == "publish":
        assert main(["publish", str(folder), "--lang", "zh"]) == 0
        assert {name: (folder / name).read_bytes() for name in pages} == pages
    else:
        room = layer("facility_id", shapely.Point(WEST + 50, SOUTH + 50), tier="1", name="居委会")
        room.to_file(tmp_path / "rooms.gpkg")
        assert main(["reach", str(folder), "--facilities", str(tmp_path / "rooms.gpkg"), "--lang", "zh"]) == 0
    report = (folder / "report.html").read_text("utf-8")
    assert "现状" in report
    assert (folder / "figures" / "before.png").is_file()
    ground = (folder / "map.html").read_text("utf-8").split('"lines":')[1]
    assert not ground.startswith('{"major":[]')
    assert '"water":[[[[' in ground


def test_a_city_without_them_stores_empty_layers(tmp_path):
    place = publish(full_plan(), Path(tmp_path) / "bare", lang="en")
    assert all(plan_folder.read_layer(place, name).empty for name in ("roads", "walls", "current_grids"))
    assert set(read_plan(place).city.layers) == {"units", "buildings"}
