"""The report: one page for the mayor, the evidence behind it, pictures without tofu, and nothing that runs."""

import base64
import io
import logging
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gridopt.contracts import POSTS, REACH
from gridopt.publish import figures, histogram, lettering, report, report_tables
from gridopt.publish.facts import city_figures, decision_classes, size_classes
from gridopt.publish.markup import text
from gridopt.publish.report import decision_sentence, proof_sentence, write_report
from tests.browser import needs_chromium, screenshot, visit
from tests.towns import small_plan

PAYLOAD = "</td><script>document.title='owned'</script><img src=x onerror=alert(1)>${1}`"


@pytest.fixture(scope="module")
def plan():
    """Grids of 600, 300, 300 and 600 households under 300-500: two above, none below."""
    drawn = small_plan()
    grids = drawn.grids.assign(name=["a社区第一网格", "a社区第二网格", "a社区第三网格", "b社区第一网格"])
    return drawn.replace(grids=grids)


@pytest.fixture(scope="module")
def today(plan):
    """The same town with one grid a community."""
    units = plan.units.assign(grid_code=plan.units["community_id"] + "-old")
    whole = plan.grids.dissolve("community_id", aggfunc="first", as_index=False)
    sums = plan.grids.groupby("community_id")[["households", "residents"]].sum()
    whole = whole.assign(**sums.reset_index(drop=True), walk_mean_m=150.0)
    whole.index = pd.Index([f"{one}-old" for one in whole["community_id"]], name="grid_code")
    return plan.replace(grids=whole[plan.grids.columns], units=units, source="assess")


@pytest.fixture(scope="module")
def page(plan, tmp_path_factory):
    return write_report(plan, tmp_path_factory.mktemp("report")).read_text(encoding="utf-8")


def with_matters(plan, n, **columns):
    row = {**plan.violations.iloc[0].to_dict(), "class": "decide", "grid_codes": plan.grids.index[0], **columns}
    return plan.replace(violations=pd.DataFrame([row] * n, columns=plan.violations.columns))


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL))


def test_the_figures_are_counted_right(plan):
    found = city_figures(plan)
    assert (found.n_grids, found.households, found.residents) == (4, 1800, 4500)
    assert (found.size_least, found.size_median, found.size_most) == (300, 450, 600)
    assert found.within_share == 0.5
    assert found.unowned == 0
    assert (found.n_decide, found.n_information) == (0, 1)
    assert found.walk_mean == pytest.approx(np.average(plan.grids["walk_mean_m"], weights=plan.grids["households"]))


def test_people_of_a_unit_without_a_grid_are_counted(plan):
    lost = plan.units["grid_code"].where(plan.units.index != plan.units.index[0], "")
    assert city_figures(plan.replace(units=plan.units.assign(grid_code=lost))).unowned == 250


def test_dedicated_grids_are_exempt_from_size(plan):
    kinds = ["dedicated", "base", "base", "base"]
    found = plan.replace(grids=plan.grids.assign(kind=kinds))
    assert size_classes(found)["size"].tolist() == ["exempt", "low", "low", "above"]
    assert city_figures(found).within_share == pytest.approx(2 / 3)


def test_a_second_measure_out_of_bounds_counts_as_outside(plan):
    crowded = plan.replace(grids=plan.grids.assign(residents=[1500.0, 2501.0, 750.0, 1500.0]))
    assert size_classes(crowded)["within"].tolist() == [False, False, True, False]


def test_what_must_be_decided_outranks_what_is_for_information(plan):
    both = pd.concat([plan.violations, plan.violations.assign(**{"class": "decide"})], ignore_index=True)
    assert decision_classes(plan.replace(violations=both)).tolist() == ["decide", "none", "none", "none"]


def test_the_first_page_says_what_a_mayor_asks(plan, page):
    first = words(page.split('<section class="mayor">')[1].split("</section>")[0])
    for said in (
        "测试镇网格划分方案",
        "草案",
        "4 个网格",
        "50.0%",
        "没有责任网格的人口",
        "没有须由人决定的事项",
        "尚未证明",
    ):
        assert said in first


@pytest.mark.parametrize(
    ("gap", "said"),
    [(None, "尚未证明"), (0.0, "没有综合评分更好的方案"), (0.013, "最多只能比本方案再好 1.3%")],
)
def test_the_proof_is_a_plain_sentence(plan, gap, said):
    assert said in proof_sentence(city_figures(plan.replace(gap=gap)), "zh")


def test_the_share_of_people_with_a_proof_is_said(plan):
    partly = plan.replace(communities=plan.communities.assign(gap=[0.0, None]))
    assert "67%" in proof_sentence(city_figures(partly), "zh")


def test_what_must_be_decided_is_said_with_its_place(plan):
    said = decision_sentence(with_matters(plan, 3), "zh")
    assert "3 项" in said
    assert "规模下限3项" in said
    assert "a社区第一网格" in said


def test_before_and_after_stand_side_by_side_wherever_today_is_given(plan, today, page, tmp_path):
    both = write_report(plan, tmp_path, today=today).read_text(encoding="utf-8")
    first = both.split('<section class="mayor">')[1].split("</section>")[0]
    assert first.count("<img") == 2
    assert re.search(r"<td>网格数</td><td class=\"number\">2</td><td class=\"number\">4</td>", first)
    assert 'class="pair"' not in page
    assert sorted(path.stem for path in (tmp_path / "figures").iterdir()) == [
        "after",
        "before",
        "city",
        "histogram",
        "sizes",
    ]


def test_pictures_in_the_page_are_the_files_beside_it(plan, tmp_path):
    found = write_report(with_matters(plan, 1), tmp_path).read_text(encoding="utf-8")
    inside = {base64.b64decode(one) for one in re.findall(r'src="data:image/png;base64,([^"]*)"', found)}
    files = {path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert inside == files
    assert len(files) == 4


def test_the_same_plan_makes_the_same_bytes(plan, tmp_path):
    for name in ("one", "two"):
        write_report(plan, tmp_path / name)
    files = [sorted((tmp_path / name).rglob("*.*")) for name in ("one", "two")]
    assert [a.read_bytes() for a in files[0]] == [b.read_bytes() for b in files[1]]


def test_nothing_in_a_name_becomes_markup(plan, tmp_path):
    matters = with_matters(plan, 1, reason=PAYLOAD, remedy=PAYLOAD, rule=PAYLOAD).violations
    repairs = pd.DataFrame(
        [
            {
                "layer": PAYLOAD,
                "fault": PAYLOAD,
                "ids": "a;b",
                "n": 2,
                "action": PAYLOAD,
                "area_before": 0,
                "area_after": 0,
            }
        ]
    )
    city = plan.city.replace(name=PAYLOAD, repairs=repairs)
    hostile = plan.replace(
        violations=matters, city=city, grids=plan.grids.assign(name=PAYLOAD, community=PAYLOAD, township_id=PAYLOAD)
    )
    found = write_report(hostile, tmp_path).read_text(encoding="utf-8")
    assert "<script" not in found
    assert not re.search(r"<img(?! src=\"data:image/png)", found)
    assert "default-src 'none'" in found


def test_escaping_covers_templates_and_both_quotes():
    assert (
        text("<a href='x' title=\"y\">&`${z}") == "&lt;a href=&#x27;x&#x27; title=&quot;y&quot;&gt;&amp;&#96;&#36;{z}"
    )


def test_a_dollar_sign_in_a_name_is_no_formula(plan):
    assert figures.city_map(plan.replace(grids=plan.grids.assign(community=r"$\frac{社区$")))


def test_pictures_without_a_chinese_font_show_codes_and_say_so(plan, tmp_path, monkeypatch):
    plain = lettering.lettering_of((lettering.PLAIN_FONT,))
    monkeypatch.setattr(figures, "lettering", lambda: plain)
    monkeypatch.setattr(report, "lettering", lambda: plain)
    monkeypatch.setattr(histogram, "lettering", lambda: plain)
    assert plain.name("a社区", "101") == "101"
    assert plain.language("zh") == "en"
    found = write_report(plan, tmp_path).read_text(encoding="utf-8")
    assert "本机没有中文字体" in found


def test_a_machine_without_a_chinese_font_is_told_once(monkeypatch, caplog):
    monkeypatch.setattr(lettering, "CHINESE_FONTS", ("No Such Font",))
    lettering.lettering.cache_clear()
    with caplog.at_level(logging.WARNING, "gridopt"):
        assert not lettering.lettering().writes_chinese
        lettering.lettering()
    lettering.lettering.cache_clear()
    assert len(caplog.records) == 1


def test_pictures_differ_by_what_they_show(plan):
    decided = with_matters(plan, 1)
    shown = {figures.city_map(decided, view=view) for view in ("community", "size", "decision")}
    assert len(shown) == 3
    with Image.open(io.BytesIO(shown.pop())) as picture:
        assert picture.width > 600


def test_the_histogram_counts_every_base_grid(plan):
    values = plan.grids["households"]
    edges = histogram.bin_edges(values, 300, 500)
    assert np.histogram(values, edges)[0].sum() == 4
    assert {300, 500} <= set(edges.tolist())
    assert histogram.bin_edges(pd.Series([5000.0]), 300, 500)[-1] <= 900


def test_totals_add_up_by_township_and_city(plan):
    table = report_tables.totals(plan, "zh")
    assert [row[:4] for row in table.rows] == [
        ("a社区", "3", "1,200", "3,000"),
        ("b社区", "1", "600", "1,500"),
        ("合计", "4", "1,800", "4,500"),
    ]
    apart = plan.replace(grids=plan.grids.assign(township_id=["320411001"] * 3 + ["320411002"]))
    rows = [row[0] for row in report_tables.totals(apart, "zh").rows]
    assert rows == ["a社区", "320411001", "b社区", "320411002", "合计"]


def test_the_worst_grids_come_first(plan):
    sized = plan.replace(
        grids=plan.grids.assign(households=[900.0, 310.0, 100.0, 400.0], deviation=[1.6, -0.1, -0.7, 0.1])
    )
    table = report_tables.worst_by_size(sized, "zh")
    assert [row[2] for row in table.rows] == ["900", "100", "310", "400"]


def test_a_long_list_of_matters_is_cut_with_a_note(plan, tmp_path):
    found = write_report(with_matters(plan, 75), tmp_path).read_text(encoding="utf-8")
    assert "另有 15 项" in found


def test_staff_and_reach_are_summed_up(plan, tmp_path):
    posts = pd.DataFrame(
        [
            (f"P{i}", role, "", plan.grids.index[0], "", "", "full_time", 0.5, "")
            for i, role in enumerate(["chief", "worker"])
        ],
        columns=POSTS,
    )
    reach = pd.DataFrame(
        [
            ("city", "", "测试镇", "1", 500.0, 4500.0, 3600.0, 1800.0, 1400.0, 0.8, 0.9, False),
            ("community", "32041100101", "a社区", "1", 500.0, 3000.0, 3000.0, 1.0, 1.0, 1.0, 0.9, True),
            ("community", "32041100102", "b社区", "1", np.nan, 1500.0, 600.0, 1.0, 1.0, 0.4, 0.9, False),
        ],
        columns=REACH,
    )
    found = words(write_report(plan, tmp_path, posts=posts, reach=reach).read_text(encoding="utf-8"))
    assert "网格长 1 0.5" in found
    assert "专职网格员 1 0.5" in found
    assert "1级设施 500 80.0% 90% 1 / 2" in found


def test_vacant_posts_are_counted_by_community_and_by_township_where_a_post_is_for_several(plan, tmp_path):
    codes = list(plan.grids.index)
    home = plan.grids[["community_id", "township_id"]].iloc[0].tolist()
    posts = pd.DataFrame(
        [
            ("P1", "chief", "", codes[0], *home, "full_time", 0.5, "", "vacant"),
            ("P2", "worker", "", codes[0], *home, "full_time", 1.0, "", "held"),
            ("P3", "adviser", "", ";".join(codes), "", home[1], "part_time", 0.25, "", "vacant"),
        ],
        columns=[*POSTS, "status"],
    )
    table = report_tables.vacancies(plan, posts, "zh")
    assert [row[0] for row in table.rows] == [home[1], "a社区"]
    assert sorted(map(sorted, (row[1:] for row in table.rows))) == [["", "1"], ["", "1"]]
    found = words(write_report(plan, tmp_path, posts=posts).read_text(encoding="utf-8"))
    assert "各地缺岗" in found
    assert "合计 3 1.8 0.75 600 1 2" in found
    assert report_tables.vacancies(plan, posts.assign(status="needed"), "zh").rows == []


def test_an_english_report_is_english_but_for_names(plan, tmp_path):
    named = {"community": "X", "name": "grid", "scope": "houses 1-3", "bounds_text": "E: river"}
    english = plan.replace(
        grids=plan.grids.assign(**named),
        communities=plan.communities.assign(community="X"),
        city=plan.city.replace(name="Test Town"),
    )
    found = write_report(english, tmp_path, lang="en").read_text(encoding="utf-8")
    assert re.findall("[\u3400-\u9fff]+", words(found)) == []


@needs_chromium
def test_the_report_opens_without_a_network(plan, today, tmp_path):
    found = write_report(plan, tmp_path, today=today)
    seen = visit(found, tmp_path)
    assert (seen.console, seen.requests) == ((), ())
    with Image.open(screenshot(found, tmp_path, size=(900, 1200))) as picture:
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 300
