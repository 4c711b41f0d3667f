"""What the reader of the map chooses: the measure, the place shown in presentation, paper."""

import html
import re

import geopandas as gpd
import pandas as pd
import pytest

from gridopt.city import Settings
from gridopt.coverage import reach
from gridopt.publish.maps import write_map
from tests.browser import needs_chromium, visit, with_script
from tests.folders import full_plan, posts_of

KEYS = "const key = (name) => document.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));"


def served_plan():
    """The plan of four grids with one room in its first unit, which serves within 150 m, and two townships."""
    plan = full_plan()
    at = plan.units.geometry.iloc[[0]].centroid
    room = gpd.GeoDataFrame({"name": ["居委会"], "tier": ["room"]}, geometry=at.to_numpy(), crs=plan.city.crs)
    room.index = pd.Index(["F1"], name="facility_id")
    tiers = {"names": ["room"], "limits": {"default": [150]}}
    communities = plan.city.communities.assign(township_id=["1", "2"], township=["东镇", "西镇"])
    layers = {**plan.city.layers, "facilities": room}
    city = plan.city.replace(layers=layers, communities=communities, settings=Settings(tiers=tiers, lang="en"))
    towns = plan.grids["community_id"].map(communities["township_id"])
    return plan.replace(city=city, grids=plan.grids.assign(township_id=towns))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    plan = served_plan()
    folder = tmp_path_factory.mktemp("stage")
    return write_map(plan, folder / "map.html", posts=posts_of(plan), reach=reach(plan), lang="en")


def words(seen, name):
    """What stands in an element of the page, its pieces apart."""
    inside = seen.dom.split(f'id="{name}"', 1)[1].split(">", 1)[1]
    end = re.search(r"</(?:h1|ul|p|nav|section|header)>|<div id=|<select id=", inside)
    return [html.unescape(word) for word in re.split(r"<[^>]*>", inside[: end.start()]) if word.strip()]


@needs_chromium
def test_a_measure_has_a_legend_that_counts_every_grid_once(page, tmp_path):
    seen = visit(page, tmp_path, anchor="#view=beyond.room")
    legend = words(seen, "keys")
    assert legend[: legend.index("community border")] == [
        *("all in reach", "0", "< 10%", "0", "10% – 25%", "0", "25% – 50%", "1", "≥ 50%", "3"),
    ]
    assert seen.console == ()


@needs_chromium
def test_presentation_goes_from_the_city_down_to_a_building_and_adds_up_on_the_way(page, tmp_path):
    script = f"""{KEYS}
      const said = [], tell = () => said.push(document.getElementById('stage-level').textContent + ':' +
        document.getElementById('stage-name').textContent + ':' +
        [...document.querySelectorAll('#stage-figures > div')].map((box) => box.textContent).join(' '));
      key('p'); tell();
      for (let deep = 0; deep < 4; deep += 1) {{ key('ArrowDown'); tell(); }}
      key('ArrowRight'); tell(); key('ArrowUp'); tell(); key('Home'); tell(); key('Escape');
      document.body.dataset.said = said.join('|');
      document.body.dataset.over = String(!document.body.classList.contains('presenting'));
    """
    seen = visit(with_script(page, script), tmp_path)
    steps = html.unescape(re.search('data-said="([^"]*)"', seen.dom)[1]).split("|")
    assert [step.split(":")[0] for step in steps] == [
        *("city", "township", "community", "grid", "building", "building", "grid", "city"),
    ]
    assert steps[0].startswith("city:测试镇:2townships 2communities 4grids 1,800households 4,500residents")
    assert steps[1].startswith("township:东镇:1communities 3grids 1,200households")
    assert steps[2].startswith("community:a社区:3grids 1,200households")
    assert "600households" in steps[3]
    assert "8posts" in steps[0]
    assert steps[4] != steps[5]
    assert steps[7] == steps[0]
    assert 'data-over="true"' in seen.dom


@needs_chromium
def test_an_address_opens_a_place_in_presentation_with_the_way_back(page, tmp_path):
    seen = visit(page, tmp_path, anchor="#present=community:320411001101&view=residents")
    assert words(seen, "crumbs-path") == ["测试镇", "›", "东镇", "›", "a社区"]
    assert words(seen, "stage-list")[0] == "Grids · 3"
    assert words(seen, "stage-legend")[0] == "Residents"
    assert seen.console == ()


@needs_chromium
def test_on_paper_nothing_is_left_that_must_be_clicked(page, tmp_path):
    ask = """document.body.dataset.left = ['tools', 'finder', 'switches'].filter((id) =>
      getComputedStyle(document.getElementById(id)).display !== 'none').join();
      document.body.dataset.size = map_gridopt.getSize();"""
    seen = visit(with_script(page, ask), tmp_path, anchor="#view=households&paper")
    assert 'data-left=""' in seen.dom
    assert 'data-size="Point(738, 688)"' in seen.dom
