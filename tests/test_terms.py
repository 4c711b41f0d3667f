"""Words: every column, kind, role, rule and status has one home, and no two words collide."""

import pytest

from gridopt import contracts, terms
from gridopt.grids.plan import STATUSES
from gridopt.rules import AREA_KINDS, RELAXATIONS
from gridopt.terms import TERMS, glossary, label

TABLES = [
    contracts.GRIDS,
    contracts.UNITS,
    contracts.BORDERS,
    contracts.VIOLATIONS,
    contracts.COMMUNITIES,
    contracts.BUILDINGS,
    contracts.REPAIRS,
    contracts.CODES,
    contracts.POSTS,
    contracts.REACH,
    contracts.BLIND_SPOTS,
    list(contracts.BORDER_KINDS),
    list(AREA_KINDS),
    list(RELAXATIONS),
    list(STATUSES),
    ["base", "dedicated", "decide", "information", "proved", "not found", "optimal", "feasible", "relaxed"],
]


@pytest.mark.parametrize("columns", TABLES, ids=lambda columns: columns[0])
def test_every_name_of_a_table_has_a_word_in_both_languages(columns):
    assert [name for name in columns if name not in TERMS] == []
    assert all(TERMS[name].zh and TERMS[name].en for name in columns)


def test_words_that_planners_confuse_stay_apart():
    assert label("unit") == "划分单元" != label("stairwell") == "楼道单元"
    assert label("subdistrict") == "街道" != label("road") == "道路"
    assert label("crosswalk_table") == "新旧网格对照表" != label("crossing") == "跨越通道"
    assert label("violations") == "需说明事项"
    assert not any("违规" in term.zh + term.meaning_zh for term in TERMS.values())


def test_statuses_read_as_the_plan_has_them():
    assert [label(name) for name in STATUSES] == ["草案", "征求意见", "审定", "备案", "启用", "停用"]


def test_an_unknown_name_is_its_own_label():
    assert label("shops_per_mile") == "shops_per_mile"


@pytest.mark.parametrize("lang", terms.LANGUAGES)
def test_the_glossary_explains_words_in_one_line(lang):
    listed = glossary(lang)
    assert len(listed) >= 20
    assert all(word and meaning and "\n" not in meaning for word, meaning in listed)


def test_every_meaning_and_alias_belongs_to_a_word():
    assert set(terms._MEANINGS) | set(terms._ALIASES) <= set(TERMS)


def test_a_term_cannot_be_changed():
    with pytest.raises(TypeError):
        TERMS["grid"].aliases["x"] = "y"
