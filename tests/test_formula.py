"""Formulas over columns: read as arithmetic reads them, never evaluated, refused with what is wrong."""

import random

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import RuleError, TableError
from gridopt.formula import measured, parse, spoken, with_weights
from gridopt.verify.formulas import sums_by_grid

TABLE = pd.DataFrame(
    {"households": [10.0, 20.0], "shops": [4.0, np.nan], "商铺": [1.0, 2.0], "60岁以上": [3.0, 5.0], "class": [1, 2]},
    index=["u1", "u2"],
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("households", [10, 20]),
        ("households + 0.5*shops", [12, 20]),
        ("households - shops - 1", [5, 19]),
        ("households/2/5", [1, 2]),
        ("2*(households - shops)", [12, 40]),
        ("-shops + households", [6, 20]),
        ("households - -商铺", [11, 22]),
        ("households × 2 ÷（商铺＋1）", [10, 40 / 3]),
        ('households + "60岁以上"', [13, 25]),
        ("class*1e1 + .5", [10.5, 20.5]),
        ("  ((households))  ", [10, 20]),
    ],
)
def test_a_formula_reads_as_arithmetic_does(text, values) -> None:
    assert measured(TABLE, text).tolist() == pytest.approx(values)


@pytest.mark.parametrize("seed", range(30))
def test_any_formula_gives_what_python_gives(seed) -> None:
    random.seed(seed)
    names = {"a": 7.0, "b": 3.0, "c": 2.0}
    text = _made(4)
    table = pd.DataFrame({**{name: [value] for name, value in names.items()}, "grid_code": ["g"]}, index=["u"])
    wanted = eval(text, {}, names) if any(name in text for name in names) else None
    if wanted is None:
        with pytest.raises(RuleError):
            parse(text)
        return
    assert parse(text).values(table) == pytest.approx([wanted])
    assert sums_by_grid(table, text)["g"] == pytest.approx(wanted)


def _made(depth: int) -> str:
    """A random formula that divides by nothing but numbers above 0."""
    if depth == 0:
        return random.choice(["a", "b", "c", "2", "0.5", "1e1"])
    kind = random.choice(["+", "-", "*", "()", "minus", "/"])
    if kind == "()":
        return f"({_made(depth - 1)})"
    if kind == "minus":
        return f"-{_made(depth - 1)}"
    return f"{_made(depth - 1)}{kind}{'4' if kind == '/' else _made(depth - 1)}"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", "at its end"),
        ("households +", "at its end"),
        ("households shops", '"shops"'),
        ("2households", '"households"'),
        ("(households", '"("'),
        ("households)", '")"'),
        ("households()", '"("'),
        ("households**2", '"*"'),
        ("households.real", '"."'),
        ("__import__('os').system('ls')", '"("'),
        ("households if shops else 1", '"if"'),
        ("12", '"12"'),
        ("shops; households", '";"'),
    ],
)
def test_what_is_no_formula_is_refused_where_it_goes_wrong(text, at) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert at in str(caught.value)
    assert "公式" in caught.value.text("zh")


def test_a_deeply_nested_formula_is_read_without_recursion() -> None:
    assert parse("(" * 5000 + "a" + ")" * 5000).columns == ("a",)


def test_an_unknown_column_names_the_near_ones() -> None:
    with pytest.raises(TableError, match=r'no column "shpos" \(near: shops\)') as caught:
        measured(TABLE, "households + shpos")
    assert "相近：shops" in caught.value.text("zh")


def test_a_text_column_cannot_be_counted() -> None:
    with pytest.raises(TableError, match='no column "use"'):
        measured(TABLE.assign(use="shop"), "use")


@pytest.mark.parametrize("text", ["households - 15", "shops - 5*商铺", "households/shops", "shops/(商铺 - 1)"])
def test_a_result_below_0_or_without_value_is_refused_with_its_units(text) -> None:
    with pytest.raises(TableError, match=r"units: .* in \d of 2 rows: u") as caught:
        measured(TABLE, text)
    assert "划分单元" in caught.value.text("zh")


def test_care_load_is_added_column_by_column() -> None:
    assert with_weights("households", {"shops": 0.5, "60岁以上": 2}) == 'households + 0.5*shops + 2*"60岁以上"'
    assert with_weights("households", {"shops": 0.0}) == "households"


def test_formulas_are_spoken_in_the_words_of_the_glossary() -> None:
    assert spoken("households + 0.5*shops", "zh") == "户数 + 0.5*shops"
    assert spoken('residents/2 + "60岁以上"', "zh") == "人口/2 + 60岁以上"
    assert spoken("households", "en") == "households"


def test_the_verifier_reads_formulas_by_itself_and_alike() -> None:
    units = TABLE.assign(grid_code=["g", "g"])
    for text in ("households + 0.5*shops", 'households × 2 －"60岁以上"', "class*1e1 + .5*商铺"):
        assert sums_by_grid(units, text)["g"] == pytest.approx(parse(text).values(units).sum())
