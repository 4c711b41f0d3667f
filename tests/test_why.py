"""The report's cards: each grid says why it is as it is, truly, safely, and lightly for thousands."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.grids.makeup import MAKEUP, border_makeup
from gridopt.publish.grid_cards import MOST_UNFOLDED, cards_section
from gridopt.publish.why import reasons
from gridopt.read.decisions import read_decisions
from gridopt.read.project import LayerSpec
from gridopt.rules import Bounds, Proximity, Rules, Size
from tests.folders import full_plan
from tests.towns import CELL, CRS, SOUTH, TWO_BANKS, WEST, town

PAYLOAD = "<script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def plan():
    """Grids a1 (two columns wide), a2, a3 and b1 of three rows of cells; 600, 300, 300 and 600 households."""
    return full_plan()


def along(plan, **lines):
    """The plan with lines of some layers, along which every border between grids runs."""
    layers = {}
    for layer, columns in lines.items():
        shapes = [shapely.LineString([(WEST + CELL * x, SOUTH), (WEST + CELL * x, SOUTH + 3 * CELL)]) for x in columns]
        table = gpd.GeoDataFrame({"name": "", "class": "", "width": 10.0, "barrier": "seam"}, geometry=shapes, crs=CRS,
                                 index=pd.Index([f"{layer}{x}" for x in columns]))  # fmt: skip
        layers[layer] = table
    grids = plan.grids.assign(unrecognised_border_share=0.0)
    borders = plan.borders.assign(kind="seam")
    return plan.replace(city=plan.city.replace(layers={**plan.city.layers, **layers}), grids=grids, borders=borders)


def test_the_parts_of_a_border_are_told_apart_by_the_lines_along_it(plan):
    shares = border_makeup(along(plan, roads=[2], rivers=[3]))
    assert shares.columns.tolist() == list(MAKEUP)
    assert shares.sum(axis=1).tolist() == pytest.approx([1] * 4)
    first, second, third, fourth = (shares.iloc[row] for row in range(4))
    assert first["roads"] == pytest.approx(300 / 1000)
    assert first["community"] == pytest.approx(700 / 1000)
    assert second["roads"] == second["rivers"] == pytest.approx(300 / 800)
    assert third["rivers"] == pytest.approx(300 / 800)
    assert fourth["community"] == 1


def test_lines_whose_layer_is_not_at_hand_are_still_recognised_lines(plan):
    shares = border_makeup(along(plan))
    assert shares.iloc[0]["seam"] == pytest.approx(300 / 1000)
    assert shares["no_line"].sum() == 0


def test_a_border_along_nothing_is_said_to_follow_no_recognised_line(plan):
    loose = along(plan).replace(grids=plan.grids.assign(unrecognised_border_share=1.0))
    assert "30% along no recognised line" in reasons(loose, "en")[0].border
    without_data = loose.replace(borders=plan.borders.assign(kind="open"))
    assert "no roads, water or walls to follow" in reasons(without_data, "en")[0].border


def test_sizes_stand_against_their_bounds(plan):
    said = reasons(plan, "en")[0].size
    assert said == (
        "600 households, comfortable (bounds 200–700, target 400, comfortable 300–600); 1,500 residents (at most 1,600)"
    )
    assert "户数600，适宜（规定200–700" in reasons(plan, "zh")[0].size
    tight = Rules(size=Size(low=200, target=400, high=500, comfort=(300, 450), also={"residents": Bounds(low=1)}))
    stricter = plan.replace(city=plan.city.replace(rules=tight))
    assert "above the greatest size" in reasons(stricter, "en")[0].size
    assert "residents (at least 1)" in reasons(stricter, "en")[0].size


def test_dedicated_grids_have_no_bounds(plan):
    kinds = plan.grids.assign(kind=["dedicated", "base", "base", "base"])
    assert "no bounds" in reasons(plan.replace(grids=kinds), "en")[0].size


def test_a_limit_of_walks_is_told_where_there_is_one(plan):
    walks = Rules(proximity=Proximity(max_walk=400))
    assert "limit" not in reasons(plan, "en")[0].walk
    assert "(limit 400 m)" in reasons(plan.replace(city=plan.city.replace(rules=walks)), "en")[0].walk


def test_what_gave_way_stands_on_the_cards_of_its_grids_alone(plan):
    row = {**dict.fromkeys(plan.violations.columns, ""), "class": "decide", "rule": "size.high", "value": 900.0}
    row |= {"limit": 700.0, "grid_codes": plan.grids.index[1], "reason": "one tower", "relaxed": "size.high"}
    told = reasons(plan.replace(violations=pd.DataFrame([row])), "en")
    assert told[1].gave_way == ("greatest size (900 against 700): one tower",)
    assert told[0].gave_way == ()


def test_decisions_are_told_with_who_when_and_why(tmp_path):
    file = tmp_path / "decisions.csv"
    file.write_text("决定,对象,目标,决定人,日期,理由\n同格,a01,a02,王书记,2026-03-01,同一楼院\n", encoding="utf-8")
    bare = town(TWO_BANKS)
    layer = read_decisions(LayerSpec("decisions", file.name, file)).table
    plan = go.draw(bare.replace(layers={**bare.layers, "decisions": layer}), effort="quick")
    told = dict(zip(plan.grids.index, reasons(plan, "zh"), strict=True))
    code = plan.units.loc["a01", "grid_code"]
    assert told[code].decided == ("同格：a01 → a02（王书记、2026-03-01、同一楼院）",)
    assert all(why.decided == () for other, why in told.items() if other != code)


def test_a_plan_read_back_still_knows_who_decided_and_when(tmp_path):
    file = tmp_path / "decisions.csv"
    file.write_text("决定,对象,目标,决定人,日期,理由\n同格,a01,a02,王书记,2026-03-01,同一楼院\n", encoding="utf-8")
    bare = town(TWO_BANKS)
    layer = read_decisions(LayerSpec("decisions", file.name, file)).table
    plan = go.draw(bare.replace(layers={**bare.layers, "decisions": layer}), effort="quick")
    go.publish(plan, tmp_path / "plan")
    again = go.read_plan(tmp_path / "plan")
    assert [why.decided for why in reasons(again, "zh")] == [why.decided for why in reasons(plan, "zh")]
    assert any(why.decided for why in reasons(again, "zh"))
    pd.testing.assert_frame_equal(again.city.layer("decisions"), layer, check_dtype=False)
    before = (tmp_path / "plan" / "plan.json").read_bytes()
    go.publish(again, tmp_path / "plan")
    assert (tmp_path / "plan" / "plan.json").read_bytes() == before
    assert go.check(tmp_path / "plan").empty


def test_names_on_cards_never_run_as_script(plan):
    named = plan.replace(grids=plan.grids.assign(name=PAYLOAD, scope=PAYLOAD, community=PAYLOAD))
    for lang in ("en", "zh"):
        section = cards_section(named, lang)
        assert "<script" not in section
        assert section.count("&lt;script&gt;") >= 8


def test_thousands_of_cards_are_folded_by_community_and_stay_light(plan):
    copies = 1500
    grids = pd.concat([plan.grids.assign(community_id=f"{number:012d}") for number in range(copies)])
    codes = [f"{owner}{number:04d}" for number, owner in enumerate(grids["community_id"])]
    many = plan.replace(grids=gpd.GeoDataFrame(grids.set_axis(pd.Index(codes, name="grid_code")), crs=CRS))
    section = cards_section(many, "zh")
    assert section.count("<article>") == 4 * copies > MOST_UNFOLDED
    assert "<details open" not in section
    assert " open>" not in section
    assert len(section.encode()) / (4 * copies) < 1000


def test_every_grid_has_one_card_and_small_plans_stand_open(plan):
    section = cards_section(plan, "en")
    assert section.count("<article>") == len(plan.grids)
    assert section.count(" open>") == 2
    assert all(code in section for code in plan.grids.index)
