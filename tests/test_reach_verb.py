import geopandas as gpd
import pandas as pd
import pytest

from gridopt import check
from gridopt.cli import main
from gridopt.plan.stored import read_plan
from gridopt.read.plan_folder import read_layer
from tests.folders import full_plan, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(full_plan(), tmp_path_factory.mktemp("plan") / "out")


def given(folder, path, **columns):
    """A file of one facility in the middle of the first grid."""
    middle = read_plan(folder).grids.geometry.iloc[[0]].representative_point()
    gpd.GeoDataFrame({"tier": ["1"], **columns}, geometry=middle.to_numpy(), crs=middle.crs).to_file(path)
    return path


def run(*arguments):
    return main([*map(str, arguments), "--lang", "en"])


def test_the_reach_of_a_stored_plan_is_measured_again_and_its_grids_stay(folder, tmp_path, capsys):
    grids, record = ((folder / name).read_bytes() for name in ("grids.geojson", "plan.json"))
    posts = read_layer(folder, "posts")
    assert run("reach", folder, "--facilities", given(folder, tmp_path / "rooms.gpkg", name=["居委会"])) == 0
    said = capsys.readouterr().out
    assert "of residents within reach" in said
    assert (folder / "grids.geojson").read_bytes() == grids
    assert (folder / "plan.json").read_bytes() == record
    pd.testing.assert_frame_equal(read_layer(folder, "posts"), posts)
    assert len(read_layer(folder, "reach")) > 3
    assert check(folder).empty
    stored = read_layer(folder, "facilities")
    assert stored[["name", "tier"]].to_numpy().tolist() == [["居委会", "1"]]


def test_bad_facilities_leave_the_folder_as_it_is(folder, tmp_path, capsys):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    rooms = given(folder, tmp_path / "strange.gpkg").rename(tmp_path / "other.gpkg")
    gpd.read_file(rooms).assign(tier="palace").to_file(tmp_path / "palace.gpkg")
    gpd.read_file(rooms).drop(columns="tier").to_file(tmp_path / "bare.gpkg")
    for name, message in (("palace", "palace"), ("bare", "no column tier"), ("missing", "missing.gpkg")):
        assert run("reach", folder, "--facilities", tmp_path / f"{name}.gpkg") == 2
        assert message in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_plan_without_facilities_asks_for_them(tmp_path, capsys):
    bare = write(full_plan(), tmp_path / "bare")
    assert run("reach", bare) == 2
    assert "--facilities FILE" in capsys.readouterr().err
    assert run("reach", tmp_path) == 2
