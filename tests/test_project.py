import pytest

from gridopt.errors import RuleError, TableError
from gridopt.read.project import read_project
from gridopt.rules import Bounds

COMMUNITIES = '[layers.communities]\npath = "a.gpkg"\nid = "code"\n'


@pytest.fixture
def project(tmp_path):
    """Reads a project file of the given text."""

    def read(text, *, encoding="utf-8", lang="en"):
        file = tmp_path / "town.toml"
        file.write_bytes(text.encode(encoding))
        return read_project(file, lang=lang)

    return read


def test_the_smallest_project_has_defaults_for_everything_else(project):
    town = project(COMMUNITIES)
    assert town.name == "town"
    assert (town.crs, town.edition, town.valid_from) == (None, None, None)
    assert (town.rules.size.low, town.rules.size.target, town.rules.size.high) == (300, 350, 500)
    assert town.rules.at("rural").size.high == 400
    assert town.rules.size.also["residents"] == Bounds(high=2500)
    assert list(town.layers) == ["communities"]


def test_the_whole_project_file_of_the_design_is_understood(project):
    town = project(
        '[city]\nname = "萬華區"\ncrs = "EPSG:3826"\nedition = "2023"\nvalid_from = 2026-01-01\n'
        + COMMUNITIES
        + '[layers.roads]\npath = "../roads.shp"\nclass = "等级"\ncrs = "EPSG:4490"\n'
        + '[layers.population]\npath = "p.tif"\nband = 2\nlevel = "units"\n'
        + '[rules.size]\nmeasure = "households"\nlow = 300\ntarget = 350\nhigh = 500\ncomfort = [330, 450]\n'
        + 'stretch = 1.2\ncount = "auto"\nalso = { residents = { high = 2400 } }\nweight = 1.0\n'
        + '[rules.proximity]\nweight = 2\nmetric = "walk"\nmax_walk = 400\n'
        + '[rules.governance]\nkeep_whole = ["estates"]\nmin_border = 1.0\nenclosed = "forbid"\nhomogeneity = 0.5\n'
        + 'barriers = { "road.primary" = "wall" }\n'
        + "[rules.area.old_town.size]\nweight_by = {}\nhigh = 480\n"
        + '[rules.relax]\norder = ["size.low"]\nnever = ["size.high"]\n'
        + '[rules.code]\ntemplate = "stat15"\n[rules.staff]\nchiefs = 1\n[rules.tiers]\nx = 1\n'
        + "[rules.publish]\nversion = 3\n"
    )
    assert (town.crs.to_epsg(), town.edition, town.valid_from) == (3826, "2023", "2026-01-01")
    assert town.layers["roads"].columns == {"class": "等级"}
    assert town.layers["roads"].crs.to_epsg() == 4490
    assert town.layers["population"].is_raster
    assert (town.layers["population"].band, town.layers["population"].level) == (2, "units")
    assert town.rules.size.also["residents"].high == 2400
    assert (town.rules.proximity.weight, town.rules.proximity.metric, town.rules.proximity.max_walk) == (2, "walk", 400)
    assert (town.rules.governance.enclosed, town.rules.governance.homogeneity) == ("forbid", 0.5)
    assert town.rules.governance.barriers == {"road.primary": "wall"}
    assert town.rules.at("old_town").size.high == 480
    assert town.rules.relax.never == ("size.high",)
    assert dict(town.settings.staff) == {"chiefs": 1}
    assert dict(town.settings.publish) == {"version": 3}
    assert town.settings.code["template"] == "stat15"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_saved_by_notepad_is_understood(project, encoding):
    town = project('[city]\nname = "常州市天宁区"\n' + COMMUNITIES, encoding=encoding)
    assert town.name == "常州市天宁区"


def test_a_file_saved_in_big5_is_understood(project):
    town = project('# 這是專案檔,路徑以本檔案為準\n[city]\nname = "臺北市萬華區"\n' + COMMUNITIES, encoding="big5")
    assert town.name == "臺北市萬華區"


@pytest.mark.parametrize(
    "line",
    [
        r'path = "data\villages.gpkg"',  # \v is no TOML escape
        r'path = "data\base.gpkg"',  # \b is a backspace to TOML
        r'path = "data\\villages.gpkg"',
        r"path = 'data\villages.gpkg'",
    ],
)
def test_backslash_paths_are_understood(tmp_path, line):
    (tmp_path / "data").mkdir()
    for name in ("villages.gpkg", "base.gpkg"):
        (tmp_path / "data" / name).touch()
    file = tmp_path / "town.toml"
    file.write_text(f'[layers.communities]\n{line}\nid = "code"\n')
    assert read_project(file).layers["communities"].file.is_file()


def test_a_backslash_elsewhere_is_answered_with_the_corrected_line(project):
    with pytest.raises(RuleError) as caught:
        project(COMMUNITIES + '[city]\nname = "a\\vb"\n')
    assert "town.toml, line 5, column" in str(caught.value)
    assert 'name = "a/vb"' in str(caught.value)
    assert "第 5 行" in caught.value.text("zh")


def test_a_slip_of_the_pen_is_shown_with_its_line_and_column(project):
    with pytest.raises(RuleError) as caught:
        project('[city]\nname = "x\n' + COMMUNITIES)
    assert "line 2, column" in str(caught.value)
    assert '    name = "x\n' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        (COMMUNITIES + "[rules.size]\ntarger = 3\n", "targer", "target"),
        (COMMUNITIES + "[rules.sise]\nlow = 3\n", "rules.sise", "size"),
        (COMMUNITIES + '[layers.bildings]\npath = "x.shp"\n', "layers.bildings", "buildings"),
        (COMMUNITIES + 'nmae = "x"\n', "nmae", "name"),
        ('[city]\nedtion = "2023"\n' + COMMUNITIES, "edtion", "edition"),
        (COMMUNITIES + "[ruels]\n", "ruels", "rules"),
        (COMMUNITIES + "[rules.area.rurall.size]\nlow = 3\n", "rurall", "rural"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(project, text, wrong, right):
    with pytest.raises(RuleError) as caught:
        project(text)
    assert wrong in str(caught.value)
    assert f'did you mean "{right}"' in str(caught.value)
    assert f"是否应为“{right}”" in caught.value.text("zh")


def test_all_unknown_keys_of_a_table_are_named_at_once(project):
    with pytest.raises(RuleError, match=r"(?s)lwo.*hihg"):
        project(COMMUNITIES + "[rules.size]\nlwo = 1\nhihg = 2\n")


def test_a_setting_of_the_whole_city_cannot_be_given_for_one_area_kind(project):
    rule = '[rules.area.rural.governance]\nbarriers = { "road.primary" = "wall" }\n'
    with pytest.raises(
        RuleError, match=r"barriers is not given by area kind; write it once, in \[rules.governance\]"
    ) as caught:
        project(COMMUNITIES + rule)
    assert "不分区域类型" in caught.value.text("zh")


@pytest.mark.parametrize(
    "rule",
    [
        '[rules.size]\nlow = "many"',
        '[rules.proximity]\nmax_walk = "far"',
        "[rules.proximity]\nmax_walk = 0",
        "[rules.governance]\nhomogeneity = -1",
        "[rules.size]\nlow = -5",
        "[rules.size]\nhigh = true",
        "[rules.size]\ncomfort = 400",
        "[rules.size]\ncount = 0",
        '[rules.size]\ncount = "some"',
        "[rules.size]\ncount = 2.5",
        '[rules.size]\ncount = { "320402001001" = 0 }',
        "[rules.area.old_town.size]\ncount = 3",
        '[rules.size]\nmeasure = "households +* shops"',
        "[rules.size]\nmeasure = 3",
        "[rules.size]\nweight_by = 0.5",
        "[rules.size]\nweight_by = { elderly_alone = -0.5 }",
        '[rules.size]\nalso = { "residents + shops" = { high = 9 } }',
        "[rules.workload]\nservise = { households = 3 }",
        "[rules.workload]\nservice = 3",
        "[rules.workload]\nservice = { workload = 3 }",
        "[rules.workload]\nmonths = 0",
        '[rules.workload]\nstops = "buildings +"',
        '[rules.governance]\nbarriers = { "road.primary" = "fence" }',
        '[rules.governance]\nbarriers = { "primary" = "wall" }',
        '[rules.governance]\nkeep_whole = "estates"',
        '[rules.governance]\nkeep_whole = ["estatess"]',
        "[rules.size]\nlow = 0\nhigh = 10\ntarget = 0",
        "[rules.tiers]\nnames = 3",
        "[rules.tiers]\nlimits = 500",
        "[rules.publish]\nversoin = 2",
        "[rules.size]\nalso = { residents = 2500 }",
        "[rules.size]\nlow = 600",
        '[rules.relax]\nnever = ["everything"]',
        "[rules]\nsize = 3",
        '[layers.roads]\npath = "x.tif"\nband = 0',
        '[layers.population]\npath = "x.csv"\nlevel = "street"',
        "[layers.roads]\npath = 7",
        '[city]\nvalid_from = "soon"',
        '[city]\ncrs = "EPSG:4326"',
    ],
)
def test_a_rule_that_cannot_hold_is_one_error_in_both_languages(project, rule):
    with pytest.raises(RuleError) as caught:
        project(COMMUNITIES + rule + "\n")
    assert caught.value.text("zh") != str(caught.value)


def test_without_communities_the_error_shows_what_to_add(project):
    with pytest.raises(RuleError, match=r"\[layers.communities\]"):
        project('[layers.roads]\npath = "x.shp"\n')
    with pytest.raises(RuleError, match="id = "):
        project('[layers.communities]\npath = "x.shp"\n')


def test_a_missing_project_file_is_answered_with_how_to_write_one(tmp_path):
    with pytest.raises(TableError, match="gridopt new"):
        read_project(tmp_path / "none.toml")


def test_the_comfort_band_follows_bounds_that_are_restated(project):
    rules = project(COMMUNITIES + "[rules.size]\nlow = 100\ntarget = 150\nhigh = 200\n").rules
    assert rules.size.comfort == (115, 175)
    assert rules.at("rural").size.comfort == (150, 350)


def test_a_restated_rural_rule_keeps_the_other_rural_defaults(project):
    size = project(COMMUNITIES + "[rules.area.rural.size]\ntarget = 200\n").rules.at("rural").size
    assert (size.low, size.target, size.high, size.comfort) == (100, 200, 400, (150, 350))


def test_the_language_goes_with_the_settings(project):
    assert project(COMMUNITIES, lang="zh").settings.lang == "zh"
