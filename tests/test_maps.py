"""The offline map: it opens without a network, shows every grid, finds places, and runs nothing but itself."""

import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from gridopt.contracts import POSTS
from gridopt.publish import colours, map_figures, shapes
from gridopt.publish.mapdata import map_data
from gridopt.publish.maps import embedded_json, map_page, write_map
from tests.browser import needs_chromium, screenshot, visit, with_script
from tests.towns import small_plan

PAYLOADS = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "${document.title='owned'}",
    "`${document.title='owned'}`",
    "<!--<script>",
    "{{ 7 * 191 }}{% raw %}",
]


@pytest.fixture(scope="module")
def plan():
    """Four named grids, three buildings of one estate, one matter to decide."""
    drawn = small_plan()
    names = ["a社区第一网格", "a社区第二网格", "a社区第三网格", "b社区第一网格"]
    grids = drawn.grids.assign(name=names, seq=[1, 2, 3, 1], scope="金狮小区1-12幢")
    at = drawn.units.geometry.representative_point().iloc[[0, 1, 17]]
    buildings = gpd.GeoDataFrame(
        {
            "name": ["", "", "市人民医院"],
            "number": ["12幢", "2幢", ""],
            "estate": ["金狮小区", "金狮小区", ""],
            "use": "",
            "floors": 6.0,
            "households": 40.0,
            "unit_id": at.index,
            "grid_code": drawn.units.loc[at.index, "grid_code"].to_numpy(),
            "community_id": drawn.units.loc[at.index, "community_id"].to_numpy(),
        },
        geometry=at.to_numpy(),
        index=pd.Index(["B1", "B2", "B3"], name="building_id"),
        crs=drawn.city.crs,
    )
    matters = drawn.violations.assign(**{"class": "decide"}, reason="该网格仅 200 户")
    return drawn.replace(grids=grids, buildings=buildings, violations=matters)


@pytest.fixture(scope="module")
def posts(plan):
    rows = [
        ("P1", "adviser", "网格指导员", ";".join(plan.grids.index[:3]), "", "320411001", "full_time", 0.25, ""),
        ("P2", "chief", "网格长", plan.grids.index[0], "32041100101", "320411001", "part_time", 0.5, ""),
        ("P3", "worker", "专职网格员", plan.grids.index[0], "32041100101", "320411001", "full_time", 1.0, ""),
        ("P4", "worker", "专职网格员", plan.grids.index[0], "32041100101", "320411001", "full_time", 1.0, ""),
    ]
    return pd.DataFrame(rows, columns=POSTS).set_index("post_id")


def content_of(page):
    return json.loads(re.search(r'id="gridopt-data">(.*?)</script>', page, re.DOTALL)[1])


def decoded(parts):
    rings = [[np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / shapes.DEGREE for ring in part] for part in parts]
    return shapely.union_all([shapely.Polygon(part[0], part[1:]) for part in rings])


def test_the_page_names_no_other_file_or_site(plan):
    page = map_page(plan)
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=", page)
    assert not re.findall(r"url\((?!#)", page)
    assert "@import" not in page


def test_the_policy_allows_only_the_scripts_of_the_page(plan):
    page = map_page(plan)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert policy.count("sha256-") == len(re.findall(r"<script>", page))


def test_the_same_plan_makes_the_same_page(plan, posts):
    assert map_page(plan, posts=posts) == map_page(plan, posts=posts)


def test_the_page_holds_every_grid_where_it_is(plan):
    content = content_of(map_page(plan))
    there = plan.grids.geometry.to_crs(4326)
    assert content["places"]["grid"]["id"] == plan.grids.index.tolist()
    for parts, shape in zip(content["places"]["grid"]["shape"], there, strict=True):
        assert shapely.symmetric_difference(decoded(parts), shape).area < 1e-3 * shape.area


def test_the_card_says_what_platforms_show(plan, posts):
    content = map_data(plan, posts=posts, reach=None, lang="zh")
    first = dict(zip(content["cards"]["labels"], content["cards"]["rows"][0], strict=True))
    assert (first["网格范围"], first["户数"], first["人口"]) == ("金狮小区1-12幢", "600", "1,500")
    assert content["cards"]["posts"][0] == [["网格指导员", "1"], ["网格长", "1"], ["专职网格员", "2"]]
    assert content["cards"]["posts"][1] == [["网格指导员", "1"]]
    assert content["cards"]["posts"][3] == []
    found = [content["findings"]["rows"][row] for row in content["findings"]["by_grid"][0]]
    assert [row["rule"] for row in found] == ["规模下限"]
    assert found[0]["against"] == "200，限值 300"


def test_a_part_of_the_language_is_never_left_in_the_other(plan, posts):
    english = map_data(plan, posts=posts, reach=None, lang="en")
    said = [english["text"], english["views"], english["cards"]["labels"], english["cards"]["posts"], english["status"]]
    assert not re.search("[\u3400-\u9fff]", json.dumps(said, ensure_ascii=False))


def test_empty_texts_are_shown_as_a_dash(plan):
    bare = plan.replace(grids=plan.grids.assign(scope="", bounds_text="", name=""))
    content = map_data(bare, posts=None, reach=None, lang="zh")
    assert content["cards"]["rows"][0][1:3] == ["—", "—"]
    assert content["places"]["grid"]["name"] == plan.grids.index.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_neighbours_never_share_a_colour(seed):
    rng = np.random.default_rng(seed)
    squares = np.array([shapely.box(x, y, x + 1, y + 1) for y in range(9) for x in range(9)], dtype=object)
    labels = rng.integers(0, 25, len(squares))
    merged = np.array([shapely.union_all(squares[labels == label]) for label in np.unique(labels)], dtype=object)
    pairs = colours.neighbours(squares)
    assert len(pairs) == 2 * 9 * 8
    given = colours.colour_numbers(len(squares), pairs, 4)
    assert (given[pairs[:, 0]] != given[pairs[:, 1]]).all()
    tangled = colours.neighbours(merged)
    given = colours.colour_numbers(len(merged), tangled, 25, spread=True)
    assert (given[tangled[:, 0]] != given[tangled[:, 1]]).all()


def test_touching_at_a_corner_makes_no_neighbours():
    corner = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)], dtype=object)
    assert len(colours.neighbours(corner)) == 0


def test_grids_of_one_community_share_a_hue_and_differ_in_shade(plan):
    strong, fills = colours.community_colours(plan.grids, plan.grids.geometry.to_numpy())
    assert strong.nunique() == plan.grids["community_id"].nunique()
    pairs = colours.neighbours(plan.grids.geometry.to_numpy())
    assert all(fills.iloc[i] != fills.iloc[j] for i, j in pairs)


def test_communities_too_many_to_list_take_hues_and_names_of_their_townships(plan, monkeypatch):
    monkeypatch.setattr(map_figures, "MOST_HUES", 1)
    assert map_figures.hue_level(plan) == "community"  # one township says no more than the city
    ids = plan.grids["community_id"].str[-3:].radd("320411")
    apart = plan.replace(grids=plan.grids.assign(township_id=ids))
    known = map_data(apart, posts=None, reach=None, lang="zh")
    assert known["hued"] == "township"
    assert len(set(known["places"]["township"]["strong"])) == ids.nunique()
    assert "strong" not in known["places"]["community"]
    assert known["text"]["by_place"] == "按乡镇（街道）"
    assert known["text"]["shade_note"].startswith("同一色系为同一乡镇（街道）")


def test_thinning_leaves_shared_borders_shared():
    wave = np.column_stack([5 + 0.05 * np.sin(np.arange(200)), np.linspace(0, 100, 200)])
    left = shapely.Polygon([*wave, (0, 100), (0, 0)])
    right = shapely.Polygon([*wave, (10, 100), (10, 0)])
    thinned = shapes.thin(np.array([left, right], dtype=object))
    assert shapely.coverage_is_valid(thinned)
    assert shapely.get_num_coordinates(thinned).sum() < 40


def test_json_cannot_end_its_element():
    text = embedded_json({"name": "</script><!--\u2028&"})
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == {"name": "</script><!--\u2028&"}


@needs_chromium
def test_the_browser_harness_hears_a_request(tmp_path):
    page = tmp_path / "asks.html"
    page.write_text("<img src='http://example.org/a.png'><script>console.log('heard')</script>", encoding="utf-8")
    seen = visit(page, tmp_path)
    assert any(b"example.org" in request for request in seen.requests)
    assert any("heard" in line for line in seen.console)


@needs_chromium
def test_the_map_opens_without_a_network(plan, posts, tmp_path):
    page = write_map(plan, tmp_path / "map.html", posts=posts)
    seen = visit(page, tmp_path)
    assert seen.console == ()
    assert seen.requests == ()
    assert 'data-ready="yes"' in seen.dom
    assert f'data-grids="{len(plan.grids)}"' in seen.dom
    assert "测试镇网格划分图" in seen.text()
    assert "草案" in seen.text()
    fills = set(content_of(page.read_text(encoding="utf-8"))["places"]["grid"]["fill"])
    with Image.open(screenshot(page, tmp_path)) as picture:
        counts = {colour: count for count, colour in picture.convert("RGB").getcolors(1 << 24)}
    large = {f"#{r:02x}{g:02x}{b:02x}" for (r, g, b), count in counts.items() if count > 3000}
    assert len(fills) == 3
    assert fills <= large


@needs_chromium
def test_an_address_with_a_code_opens_the_card(plan, posts, tmp_path):
    page = write_map(plan, tmp_path / "map.html", posts=posts, lang="en")
    code = plan.grids.index[0]
    seen = visit(page, tmp_path, anchor="#" + code.replace("|", "%7C"))
    card = seen.dom.split('id="card"')[1]
    assert "该网格仅 200 户" in card
    assert "full-time worker" in card
    assert code in card


@needs_chromium
def test_search_finds_the_grid_of_a_place(plan, tmp_path):
    first, last = "a社区第一网格", "b社区第一网格"
    wanted = {"金狮小区 12幢": first, "金狮12": first, "金狮小区２号楼": first, "市人民医院": last, "b社区第一": last}
    script = f"""
      const field = document.getElementById('search'), found = [];
      for (const asked of {json.dumps(list(wanted))}) {{
        field.value = asked;
        field.dispatchEvent(new Event('input'));
        document.querySelector('#hits button').click();
        found.push(document.querySelector('#card h2').firstChild.textContent.trim());
      }}
      document.body.dataset.found = found.join(';');
    """
    seen = visit(with_script(write_map(plan, tmp_path / "map.html"), script), tmp_path)
    assert seen.console == ()
    assert re.search('data-found="([^"]*)"', seen.dom)[1].split(";") == list(wanted.values())


@needs_chromium
@pytest.mark.parametrize("policy", [True, False])
def test_script_in_a_name_never_runs(plan, tmp_path, policy):
    grids = plan.grids.assign(
        name=PAYLOADS[:4], scope=PAYLOADS[3:7], bounds_text=PAYLOADS[1], community=PAYLOADS[:3] + PAYLOADS[1:2]
    )
    buildings = plan.buildings.assign(estate=PAYLOADS[1], number=PAYLOADS[2], name=PAYLOADS[0])
    matters = plan.violations.assign(reason=PAYLOADS[1], remedy=PAYLOADS[2], rule=PAYLOADS[0])
    hostile = plan.replace(
        grids=grids, buildings=buildings, violations=matters, city=plan.city.replace(name=PAYLOADS[1])
    )
    page = write_map(hostile, tmp_path / "map.html")
    ask = "const field = document.getElementById('search'); field.value = 's'; field.dispatchEvent(new Event('input'));"
    opened = page if policy else with_script(page, ask)
    seen = visit(opened, tmp_path, anchor="#" + plan.grids.index[0].replace("|", "%7C"))
    assert 'data-ready="yes"' in seen.dom
    assert "owned" not in re.search(r"<title>(.*?)</title>", seen.dom)[1].replace("document.title='owned'", "")
    assert "<img" not in seen.dom
    assert "1337" not in seen.text()
    assert seen.console == ()
