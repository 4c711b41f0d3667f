"""Nothing that a plan says runs as script, whatever the reader of its map opens."""

import re
import string

import geopandas as gpd
import pandas as pd
import pytest

from gridopt.contracts import POSTS
from gridopt.grids.assemble import assemble
from gridopt.publish.maps import write_map
from tests.browser import needs_chromium, visit, with_script
from tests.payloads import MARK, PAYLOADS
from tests.towns import borders_of, given_solution, graph_of, town, units_of

# Every measure, every card, every tooltip, every place of every level in presentation, every search, then the switches.
TOUR = """
  const byId = (id) => document.getElementById(id);
  const tell = (field, event, value) => { field.value = value; field.dispatchEvent(new Event(event)); };
  const key = (name) => document.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  const hover = () => map_gridopt.eachLayer((layer) => layer.getBounds && layer.options.interactive &&
    layer.fire('mouseover', { latlng: layer.getBounds().getCenter(), originalEvent: {} }, true));
  document.querySelectorAll('#switches input').forEach((box) => box.click());
  for (const option of [...byId('view').options]) { tell(byId('view'), 'change', option.value); hover(); }
  for (const asked of ['s', 'script', 'img', '<', 'o']) {
    tell(byId('search'), 'input', asked);
    document.querySelectorAll('#hits button').forEach((hit) => hit.click());
  }
  key('p');
  const visited = new Set();
  for (let k = 0; k < 50; k += 1) {
    key('Home');
    document.querySelectorAll('#stage-list .row')[k].click();
    for (let deep = 0; deep < 5; deep += 1) {
      visited.add(location.hash + byId('stage-level').textContent + k);
      hover();
      key("ArrowDown");
    }
  }
  document.body.dataset.visited = visited.size;
"""


def hostile_plan():
    """Fifty communities of one grid, each in a township and a county of its own; every text of each is a payload."""
    letters = (string.ascii_lowercase + string.ascii_uppercase)[: len(PAYLOADS)]
    city = town("\n".join(" ".join(letters[row : row + 10]) for row in range(0, len(letters), 10)))
    units = units_of(city)
    plan = assemble(city, units, borders_of(units), given_solution(graph_of(city), list(range(len(units)))))
    texts = pd.Series(PAYLOADS, plan.grids.index)
    named = dict.fromkeys(("name", "scope", "bounds_text", "community", "area_kind", "status"), texts)
    keys = {
        name: [f"{one}{row:02d}" for row in range(len(texts))]
        for name, one in (("township_id", "t"), ("county_id", "c"))
    }
    grids = plan.grids.assign(**named, **keys)
    communities = city.communities.assign(**keys, community=PAYLOADS, township=PAYLOADS, county=PAYLOADS)
    at = plan.units.geometry.representative_point()
    own = dict.fromkeys(("name", "estate", "number", "use"), PAYLOADS)
    held = {
        "unit_id": plan.units.index,
        "grid_code": plan.units["grid_code"].to_numpy(),
        "community_id": plan.units["community_id"].to_numpy(),
    }
    houses = {**own, "floors": 6.0, "households": 40.0, **held}
    index = pd.Index([f"B{row:02d}" for row in range(len(at))], name="building_id")
    buildings = gpd.GeoDataFrame(houses, geometry=at.buffer(20).to_numpy(), index=index, crs=city.crs)
    rooms = gpd.GeoDataFrame({"name": PAYLOADS, "tier": PAYLOADS}, geometry=at.to_numpy(), crs=city.crs)
    rooms.index = pd.Index([f"F{row:02d}" for row in range(len(at))], name="facility_id")
    settings = city.settings.__class__(
        tiers={"names": list(PAYLOADS), "limits": {"default": [5.0] * 50}},
        publish={"version": PAYLOADS[1], "document": PAYLOADS[16]},
    )
    layers = {**city.layers, "facilities": rooms}
    city = city.replace(name=PAYLOADS[1], communities=communities, layers=layers, settings=settings)
    said = dict.fromkeys(("rule", "reason", "remedy", "relaxed"), PAYLOADS)
    matters = pd.DataFrame(
        {
            "class": "decide",
            "community_id": "",
            "grid_codes": grids.index,
            "unit_ids": "",
            "value": 1.0,
            "limit": 2.0,
            "proof": "proved",
            **said,
        }
    )
    return plan.replace(city=city, grids=grids, buildings=buildings, violations=matters)


def hostile_posts(plan):
    rows = [
        (f"P{row}", text, text, plan.grids.index[row], "", "", text, 1.0, text) for row, text in enumerate(PAYLOADS)
    ]
    return pd.DataFrame(rows, columns=POSTS).assign(status="vacant")


def hostile_reach(plan):
    """Each tier serves everybody but the people of one grid."""
    of_grids = [
        ("grid", code, code, tier, code != own)
        for code in plan.grids.index
        for own, tier in zip(plan.grids.index, PAYLOADS, strict=True)
    ]
    rows = [*of_grids, *(("city", "", "", tier, False) for tier in PAYLOADS)]
    table = pd.DataFrame(rows, columns=["level", "place_id", "place", "tier", "met"])
    counts = {"limit_m": 5.0, "target": 0.9, "residents": 250.0, "households": 100.0}
    reached = {f"{name}_reached": counts[name] * table["met"] for name in ("residents", "households")}
    return table.assign(**counts, **reached, share=table["met"].astype(float))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    plan = hostile_plan()
    assert len(plan.grids) == len(PAYLOADS) == len(set(PAYLOADS)) == 50
    return write_map(
        plan, tmp_path_factory.mktemp("hostile") / "map.html", posts=hostile_posts(plan), reach=hostile_reach(plan)
    )


@needs_chromium
def test_payloads_would_run_where_text_is_taken_for_markup(tmp_path):
    """The payloads are live: set as markup, many of them run."""
    page = tmp_path / "naive.html"
    page.write_text(f"<!DOCTYPE html><body>{PAYLOADS[15]}</body>", encoding="utf-8")
    assert 'data-owned="1"' in visit(page, tmp_path).dom


@needs_chromium
@pytest.mark.parametrize("policy", [True, False])
def test_no_payload_runs_whatever_is_opened(page, tmp_path, policy):
    seen = visit(page if policy else with_script(page, TOUR), tmp_path, anchor="#view=area_kind")
    assert 'data-ready="yes"' in seen.dom
    assert 'data-grids="50"' in seen.dom
    if not policy:
        assert 'data-visited="250"' in seen.dom
    assert "data-owned" not in seen.dom.split("<html", 1)[1].split(">", 1)[0]
    shown = re.sub(r"<script.*?</script>", "", seen.dom, flags=re.DOTALL)
    assert not [tag for tag in ("<script", "<img", "<svg", "<iframe", "<object", "<embed", "<video") if tag in shown]
    assert [line for line in seen.console if "Throttling navigation" not in line] == []
    assert MARK in seen.text()
