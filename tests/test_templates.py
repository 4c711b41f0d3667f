import geopandas as gpd
import pandas as pd
import pytest

import gridopt as go
from gridopt.city import Settings
from gridopt.coding import TEMPLATES, encode
from gridopt.coding.parents import parents_of
from gridopt.coding.templates import check_parents, choose_template, read_template
from gridopt.errors import RuleError
from tests.towns import small_plan

A, B = "320411001101", "320411001102"
DIVISION = "{province:2}{prefecture:2}{county:2}{township:3}{community:3}{seq:3}"


def with_settings(plan, **code):
    return plan.replace(city=plan.city.replace(settings=Settings(code=code)))


@pytest.mark.parametrize(
    ("template", "codes"),
    [
        ("stat15", [f"{A}001", f"{A}002", f"{A}003", f"{B}001"]),
        ("unit14", [f"{A}01", f"{A}02", f"{A}03", f"{B}01"]),
        ("community20", [f"000000{A}01", f"000000{A}02", f"000000{A}03", f"000000{B}00"]),
        ("micro", [f"{A}00100", f"{A}00200", f"{A}00300", f"{B}00100"]),
        ("micro18", [f"{A}001000", f"{A}002000", f"{A}003000", f"{B}001000"]),
        (DIVISION, [f"{A}001", f"{A}002", f"{A}003", f"{B}001"]),
        ("WG-{county:6}-{township:3}{community:3}{seq:2:1-80}", [f"WG-320411-001101{n:02d}" for n in (1, 2, 3)]),
        ("{seq:2}{parent:12}", [f"01{A}", f"01{B}", f"02{A}", f"03{A}"]),
    ],
)
def test_codes_are_built_part_by_part(template, codes):
    coded = encode(small_plan(), template)
    assert coded.grids.index.tolist()[: len(codes)] == codes
    assert coded.code_template == template
    for code, owner, seq in zip(coded.grids.index, coded.grids["community_id"], coded.grids["seq"], strict=True):
        chosen = choose_template(template, [owner])
        assert chosen.is_code_of(code, owner)
        assert chosen.number(code) == seq


def test_a_community_not_split_has_number_0_and_is_still_the_first_grid_by_name():
    sole = encode(small_plan(), "community20").grids.iloc[-1]
    assert (sole["seq"], sole["name"]) == (0, "b社区第一网格")


def test_micro_grids_are_numbered_inside_grids_that_stand_as_communities():
    template = choose_template("micro", [f"{A}001", f"{A}002"])
    assert template.code(f"{A}001", 7) == f"{A}00107"
    assert choose_template("micro18", [f"{A}001"]).code(f"{A}001", 7) == f"{A}001007"


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("{parent:12}", "0 parts {seq:WIDTH}"),
        ("{parent:12}{seq:2}{seq:3}", "2 parts {seq:WIDTH}"),
        ("{seq:3}", "no part of the community's code"),
        ("{village:3}{seq:3}", "{village} is unknown"),
        ("{parent:12}{seq}", "{seq} has no width"),
        ("{county:8}{seq:3}", "{county:8} must have 1 to 6 digits"),
        ("{parent:12}{seq:3:9-1}", "empty range 9-1"),
        ("{parent:12}{seq:3", '"{" is no part'),
        ("{parent:12}网{seq:3}", '"网" is no part'),
    ],
)
def test_a_layout_that_cannot_be_read_says_why(layout, words):
    with pytest.raises(RuleError) as caught:
        read_template(layout)
    assert words in str(caught.value)
    assert "编码模板" in caught.value.text("zh")


def test_a_part_out_of_its_range_names_the_community():
    with pytest.raises(RuleError, match=r"in the ranges of township 1-599, community 1-101; 1 are not: 320411001102"):
        encode(small_plan(), "{county:6}{township:3:1-599}{community:3:1-101}{seq:3}")


def test_a_sequence_may_be_given_a_highest_number():
    with pytest.raises(RuleError, match=r"at most 2 grids a community; 1 have more: 320411001101 \(3\)"):
        encode(small_plan(), "{parent:12}{seq:2:1-2}")


def test_two_communities_of_one_name_never_share_codes():
    with pytest.raises(RuleError, match="the same codes: 320411001101 = 320412001101"):
        check_parents(read_template("{township:3}{community:3}{seq:2}"), ["320412001101", A])
    check_parents(read_template("{county:6}{township:3}{community:3}{seq:2}"), ["320412001101", A])


def test_communities_of_one_name_in_two_townships_are_numbered_apart():
    plan = small_plan()
    ids = {A: "320411001003", B: "320411002003"}
    city = plan.city.replace(communities=plan.city.communities.rename(index=ids).assign(community="新庄社区"))
    tables = {
        name: getattr(plan, name).assign(community_id=getattr(plan, name)["community_id"].map(ids))
        for name in ("grids", "units", "buildings")
    }
    coded = encode(plan.replace(city=city, **tables | {"grids": tables["grids"].assign(community="新庄社区")}))
    assert coded.grids.index.tolist() == [f"320411001003{n:03d}" for n in (1, 2, 3)] + ["320411002003001"]
    assert coded.grids["name"].iloc[-1] == "新庄社区第一网格"


def test_codes_of_another_register_come_from_the_codes_layer_and_are_kept_in_the_plan():
    plan = small_plan()
    table = pd.DataFrame({"name": ["甲", "丙"], "community": [B, ""]}, index=["320499007009", "320499007010"])
    coded = encode(plan.replace(city=plan.city.replace(layers={**plan.city.layers, "codes": table})))
    assert coded.grids.index.tolist() == [f"{A}001", f"{A}002", f"{A}003", "320499007009001"]
    assert coded.city.settings.code["parents"] == {B: "320499007009"}
    bare = coded.replace(city=coded.city.replace(layers={}))
    assert encode(bare).grids.index.tolist() == coded.grids.index.tolist()


def test_merged_communities_are_numbered_from_601_in_their_township():
    plan = with_settings(small_plan(), template="community20", merged=[B])
    assert parents_of(plan.city) == {B: "320411001601"}
    assert encode(plan).grids.index[-1] == "00000032041100160100"


def test_settings_that_name_strange_communities_are_refused():
    with pytest.raises(RuleError, match="names 1 communities that are not in the layer: 999"):
        encode(with_settings(small_plan(), merged=["999"]))
    table = pd.DataFrame({"name": "", "community": [A, A]}, index=["1", "2"])
    plan = small_plan()
    with pytest.raises(RuleError, match="several codes: 320411001101"):
        encode(plan.replace(city=plan.city.replace(layers={"codes": table})))


def test_a_grid_beside_codes_in_force_takes_the_highest_number_ever_used_plus_one():
    plan = small_plan()
    first, second, third, other = plan.grids.index
    retired = pd.DataFrame(
        {"grid_code": [f"{A}012"], "valid_from": [None], "valid_to": ["2025-06-30"], "successor": [f"{A}007"]}
    )
    again = encode(plan.replace(codes=retired), in_force={first: f"{A}007", third: f"{A}002", other: f"{B}004"})
    assert again.grids.index.tolist() == [f"{A}002", f"{A}007", f"{A}013", f"{B}004"]
    assert again.codes["grid_code"].tolist()[-1] == f"{A}012"
    assert second not in again.grids.index


def test_a_retired_code_is_not_given_again_though_nothing_is_in_force():
    plan = encode(small_plan())
    ended = plan.codes.assign(valid_to=[None, "2025-01-01", None, None])
    coded = encode(plan.replace(codes=ended))
    assert coded.grids.index.tolist() == [f"{A}003", f"{A}004", f"{A}005", f"{B}001"]
    assert f"{A}002" in set(coded.codes["grid_code"])


@pytest.mark.parametrize("ending", ["csv", "xlsx", "gpkg"])
def test_leading_zeros_survive_every_format(tmp_path, ending):
    plan = small_plan()
    ids = {A: "012345678901", B: "012345678902"}
    city = plan.city.replace(communities=plan.city.communities.rename(index=ids))
    tables = {
        name: getattr(plan, name).assign(community_id=getattr(plan, name)["community_id"].map(ids))
        for name in ("grids", "units", "buildings")
    }
    codes = encode(plan.replace(city=city, **tables)).grids.reset_index()[["grid_code", "name", "geometry"]]
    file = tmp_path / f"grids.{ending}"
    if ending == "gpkg":
        codes.to_file(file)
        back = gpd.read_file(file)["grid_code"].tolist()
    else:
        plain = pd.DataFrame(codes.drop(columns="geometry"))
        plain.to_csv(file, index=False) if ending == "csv" else plain.to_excel(file, index=False)
        from gridopt.read.formats import open_layer

        back = open_layer(file, None, path=str(file)).table["grid_code"].tolist()
    assert back == ["012345678901001", "012345678901002", "012345678901003", "012345678902001"]


def test_all_templates_are_on_the_public_verb():
    assert {"stat15", "unit14", "community20", "local12", "micro"} <= set(TEMPLATES)
    assert go.encode(small_plan(), "unit14").grids.index[0] == f"{A}01"
