"""Fixtures that several test modules share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.towns import TWO_BANKS, town, units_of

# How fast examples are made and run says how busy the machine is, not whether the project is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def project(tmp_path):
    """A project file of two communities and eighteen ready-made units, in a folder with a Chinese name."""
    city = town(TWO_BANKS)
    folder = tmp_path / "我的 项目"
    folder.mkdir()
    city.communities.reset_index().to_file(folder / "town.gpkg", layer="communities", driver="GPKG")
    units = units_of(city)[["community_id", "households", "residents", "geometry"]]
    units.reset_index().to_file(folder / "town.gpkg", layer="units", driver="GPKG")
    lines = [
        '[city]\nname = "测试镇"',
        '[layers.communities]\npath = "town.gpkg"\nlayer = "communities"\nid = "community_id"\nname = "community"',
        '[layers.units]\npath = "town.gpkg"\nlayer = "units"\nid = "unit_id"',
    ]
    file = folder / "town.toml"
    file.write_text("\n\n".join(lines), encoding="utf-8")
    return file
