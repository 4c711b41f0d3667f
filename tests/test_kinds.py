"""Area kinds by density and dispersion, where nobody stated them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

import gridopt as go
from gridopt.errors import RuleError
from gridopt.read.communities import area_kinds
from gridopt.read.kinds import Thresholds, read_thresholds
from gridopt.rules import AREA_KINDS
from gridopt.terms import label

SHAPES = [box(x * 1000, 0, x * 1000 + 1000, 1000) for x in range(4)]
PEOPLE = [8000, 2000, 400, 400]


def project(folder: Path, kinds: str = "", **columns: list[str]) -> Path:
    """Four communities of a square kilometre: dense, half dense, thin and scattered, thin but built up."""
    spots = [Point(480_000 + 3000 + 50 + 100 * i, 3_500_000 + 50 + 100 * j) for i in range(10) for j in range(6)]
    spots.append(Point(480_000 + 2500, 3_500_000 + 500))
    land = gpd.GeoDataFrame(
        {"code": list("abcd"), **columns},
        geometry=list(gpd.GeoSeries(SHAPES).translate(480_000, 3_500_000)),
        crs=4549,
    )
    land.to_file(folder / "town.gpkg", layer="land")
    gpd.GeoDataFrame({"no": range(len(spots))}, geometry=spots, crs=4549).to_file(folder / "town.gpkg", layer="houses")
    pd.DataFrame({"code": list("abcd"), "residents": PEOPLE}).to_csv(folder / "people.csv", index=False)
    extra = "".join(f'{name} = "{name}"\n' for name in columns)
    file = folder / "town.toml"
    file.write_text(
        f'[layers.communities]\npath = "town.gpkg"\nlayer = "land"\nid = "code"\n{extra}'
        '[layers.buildings]\npath = "town.gpkg"\nlayer = "houses"\nid = "no"\n'
        f'[layers.population]\npath = "people.csv"\nid = "code"\nresidents = "residents"\n{kinds}',
        encoding="utf-8",
    )
    return file


def kinds_of(file: Path) -> list[str]:
    return go.read_city(file).communities["area_kind"].tolist()


def test_dense_land_is_urban_thin_land_rural_unless_it_is_built_up(tmp_path: Path) -> None:
    city = go.read_city(project(tmp_path))
    assert city.communities["area_kind"].tolist() == ["urban", "fringe", "rural", "fringe"]
    row = city.repairs[city.repairs["fault"] == "no area kind and no urban-rural class stated"].iloc[0]
    assert row["action"].startswith("fringe 2, rural 1, urban 1, by density (urban from 5000")


def test_thresholds_are_adjustable_in_the_project_file(tmp_path: Path) -> None:
    file = project(tmp_path, "[rules.kinds]\nurban_density = 300\n")
    assert kinds_of(file) == ["urban"] * 4
    file = project(tmp_path, "[rules.kinds]\nsettled = 0.7\nfringe_density = 3000")
    assert kinds_of(file) == ["urban", "rural", "rural", "rural"]


def test_judging_is_switched_off_by_the_kind_that_all_unstated_communities_are_of(tmp_path: Path) -> None:
    city = go.read_city(project(tmp_path, '[rules.kinds]\nunstated = "urban"', area_kind=["", "hill", "", ""]))
    assert city.communities["area_kind"].tolist() == ["urban", "hill", "urban", "urban"]
    assert "taken as urban by [rules.kinds]" in city.repairs["action"].tolist()


def test_communities_whose_people_nobody_knows_stay_urban(tmp_path: Path) -> None:
    file = project(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").split("[layers.population]")[0], encoding="utf-8")
    assert kinds_of(file) == ["urban"] * 4


def test_people_of_households_are_counted_by_the_size_that_the_project_file_states(tmp_path: Path) -> None:
    file = project(tmp_path, "[rules.people]\nhousehold_size = 5")
    counts = pd.DataFrame({"code": list("abcd"), "households": [1000, 999, 300, 299]})
    counts.to_csv(tmp_path / "people.csv", index=False)
    file.write_text(file.read_text(encoding="utf-8").replace('residents = "residents"', ""), encoding="utf-8")
    assert kinds_of(file) == ["urban", "fringe", "fringe", "fringe"]


def test_a_stated_class_or_kind_comes_first(tmp_path: Path) -> None:
    file = project(tmp_path, urban_rural_class=["220", "", "111", ""], area_kind=["", "hill", "", ""])
    assert kinds_of(file) == ["rural", "hill", "urban", "fringe"]


def test_a_threshold_that_is_no_number_or_unknown_is_named() -> None:
    with pytest.raises(RuleError, match="settled = 'half'"):
        read_thresholds({"settled": "half"})
    with pytest.raises(RuleError, match="'downtown' is no area kind; choose urban"):
        read_thresholds({"unstated": "downtown"})
    with pytest.raises(RuleError, match="urban_density"):
        read_thresholds({"urban_densiti": 1})


def test_a_threshold_counts_from_its_very_value() -> None:
    kinds = Thresholds().kinds(np.array([5000.0, 4999, 1500, 1499, 0]), np.array([0.0, 0, 0, 0.49, 0.5]))
    assert kinds.tolist() == ["urban", "fringe", "fringe", "rural", "fringe"]


@pytest.mark.parametrize(
    ("written", "kind"), [("老城区", "old_town"), ("城乡结合部", "fringe"), ("Old Town", "old_town"), ("农村", "rural"),
                          ("hill", "hill"), ("湖区", "湖区"), ("", "")]
)  # fmt: skip
def test_kinds_are_known_by_the_words_that_planners_write(written, kind):
    assert area_kinds(pd.Series([written])).tolist() == [kind]


def test_every_kind_is_known_by_its_own_label():
    labels = pd.Series({kind: label(kind, "zh") for kind in AREA_KINDS})
    assert area_kinds(labels).to_dict() == {kind: kind for kind in AREA_KINDS}
