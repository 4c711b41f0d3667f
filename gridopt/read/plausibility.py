"""Which figures of a city's layers cannot well be true, and what is the likely cause of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.holders import home_ids
from gridopt.people import MEASURES
from gridopt.read.names import administrative
from gridopt.read.registers import oddities, usual_codes

HOUSEHOLD = (1.5, 5.0)
"""People in a household, at least and at most."""

FLOOR_PER_PERSON = (8.0, 300.0)
"""Square metres of floor area a person, in all the buildings of a community."""

FLOOR_PER_HOUSEHOLD = (20.0, 1500.0)
"""Square metres of floor area a household, in one building."""

DENSITY = (1.0, 150_000.0)
"""People a square kilometre, in a community."""

FEWEST = 20.0
"""Households or people below which a share says nothing."""

AREA_TOLERANCE = 0.1
"""Share by which a stated area may leave that of the polygon."""

AREA_UNITS: Mapping[str, float] = {"m2": 1.0, "mu": 10_000 / 15, "ha": 1e4, "km2": 1e6}
"""Unit of area -> its square metres."""

CAUSES: Mapping[str, tuple[str, str]] = {
    "unit": ("in {0}, while the other rows are in {1}", "单位应为{0}，其他行为{1}"),
    "ten_thousand": ("in units of 10,000 (万), or the other way round", "单位为“万”，或相反"),
    "swapped": ("households and residents may be swapped", "户数与人口两列可能对调"),
    "boundary": ("another boundary, or a slip of the pen", "界线不同，或填写有误"),
    "household_low": ("empty flats, different bases, or a slip", "空置、户与人口径不同，或填写有误"),
    "household_high": (
        "a dormitory or institution, different bases, or a slip",
        "集体宿舍或单位、口径不同，或填写有误",
    ),
    "decimal": (
        "a point that parts thousands, read as a decimal point, or an estimate",
        "千位分隔点被读作小数点，或为推算值",
    ),
    "crowded": ("buildings or floors are missing, or the count is too high", "缺少楼栋或层数，或人数偏大"),
    "sparse": ("not homes, empty, or the count is too low", "非住宅、空置，或人数偏小"),
    "sum": ("rows are missing or counted twice, or another basis or date", "有缺漏或重复，或口径、日期不同"),
    "no_code": ("withdrawn, new, or of another edition of the codes", "已撤销、新设，或区划版本不同"),
    "no_polygon": ("its polygon is missing, or it was merged", "缺少图形，或已合并"),
    "renamed": ("renamed, or codes shifted by a row", "已更名，或编码错行"),
    "digits": ("a digit is missing, too many or no digit", "缺位、多位，或含非数字字符"),
    "range": (
        "in no range of GB/T 10114 and the statistical codes: a slip, or a code of one's own",
        "不在 GB/T 10114 及统计用区划代码的码段内：填写有误，或为自编代码",
    ),
}
"""Likely cause -> how it is said."""

CHECKS: Mapping[str, tuple[str, str]] = {
    "area": ("stated area", "所列面积"),
    "household": ("people per household", "户均人口"),
    "fraction": ("totals with fractions", "总数带小数"),
    "floor_person": ("floor area per person, m2", "人均建筑面积（平方米）"),
    "floor_household": ("floor area per household, m2", "户均建筑面积（平方米）"),
    "density": ("people per km2", "人口密度（人/平方千米）"),
    "sum": ("sum against the stated total", "合计与所列总数"),
    "code": ("code table", "区划代码表"),
}
UNITS_ZH = {"m2": "平方米", "mu": "亩", "ha": "公顷", "km2": "平方千米"}
WORDS_ZH = {**UNITS_ZH, "households": "户", "residents": "人"}
COLUMNS = ["check", "layer", "id", "name", "value", "expected", "cause"]


@dataclass(frozen=True)
class Outlier:
    """One figure that cannot well be true: what was checked, of what, the figure, what would be usual, and why."""

    check: str
    layer: str
    id: str
    name: str
    value: str
    expected: str
    cause: str
    values: tuple[str, ...] = ()

    def row(self, lang: str) -> dict[str, str]:
        """The outlier in words."""
        zh = lang == "zh"
        values = [UNITS_ZH.get(value, value) for value in self.values] if zh else self.values
        figures = [_in_chinese(text) if zh else text for text in (self.value, self.expected)]
        said = (CHECKS[self.check][zh], self.layer, self.id, self.name, *figures)
        return dict(zip(COLUMNS, (*said, CAUSES[self.cause][zh].format(*values)), strict=True))


def _in_chinese(figure: str) -> str:
    number, _, unit = figure.partition(" ")
    return f"{number}{WORDS_ZH[unit]}" if unit in WORDS_ZH else figure


def outliers(city: City, lang: str = "en") -> pd.DataFrame:
    """Figures beyond what is plausible, one a row: `COLUMNS`, with the likely cause in words.

    Checked are stated areas against polygons (in the unit of area that most rows fit), fractions in totals, people
    per household, floor area per person and per household, density, sums against the totals that a table states for
    townships and counties, and communities against the table of division codes.
    """
    checks = (_areas, _fractions, _households, _floors, _densities, _sums, _codes)
    found = [one for check in checks for one in check(city)]
    return pd.DataFrame([one.row(lang) for one in found], columns=COLUMNS, dtype="str")


def _areas(city: City) -> Iterator[Outlier]:
    communities = city.communities
    table = city.layer("population")
    shapes = communities.area
    for layer, stated in (("communities", communities), ("population", table)):
        if stated is None or "area" not in stated:
            continue
        given = stated["area"].reindex(shapes.index)
        given = given[given > 0]
        if not len(given):
            continue
        common = _unit_of(float(np.exp(np.median(np.log(given / shapes[given.index])))))
        for i, value in given.items():
            yield from _area(layer, (str(i), _name(city, i)), float(value), float(shapes[i]), common)


def _unit_of(ratio: float) -> str:
    """The unit of area in which a stated figure is nearest to the polygon's square metres."""
    return min(AREA_UNITS, key=lambda unit: abs(math.log(ratio * AREA_UNITS[unit])))


def _area(layer: str, place: tuple[str, str], value: float, actual: float, common: str) -> Iterator[Outlier]:
    off = value * AREA_UNITS[common] / actual
    if abs(math.log(off)) <= math.log1p(AREA_TOLERANCE):
        return
    own = _unit_of(value / actual)
    fits = abs(math.log(value * AREA_UNITS[own] / actual)) <= math.log1p(AREA_TOLERANCE)
    said = f"{value:,.6g} {common}", f"{actual / AREA_UNITS[common]:,.6g} {common}"
    outlier = Outlier("area", layer, *place, *said, "boundary")
    yield replace(outlier, cause="unit", values=(own, common)) if fits and own != common else outlier


def _fractions(city: City) -> Iterator[Outlier]:
    """Totals of communities that are no whole numbers: people are counted."""
    table = city.layer("population")
    if table is not None and "level" in table:
        table = table[table["level"] == "community"]
    for layer, stated in (("communities", city.communities), ("population", table)):
        for measure in () if stated is None else [name for name in MEASURES if name in stated]:
            values = stated[measure].astype(float)
            for i, value in values[values % 1 > 0].items():
                said = f"{value:,.6g} {measure}", f"{round(value):,} {measure}"
                yield Outlier("fraction", layer, str(i), _name(city, i), *said, "decimal")


def _households(city: City) -> Iterator[Outlier]:
    for layer, table in _counted(city):
        if not {"households", "residents"} <= set(table.columns):
            continue
        both = table[(table["households"] > 0) & (table["residents"] > 0)]
        both = both[both[["households", "residents"]].max(axis=1) >= FEWEST]
        share = both["residents"] / both["households"]
        for i, value in share[(share < HOUSEHOLD[0]) | (share > HOUSEHOLD[1])].items():
            cause = _household_cause(float(value))
            yield Outlier("household", layer, str(i), _name(city, i), f"{value:,.4g}", _between(HOUSEHOLD), cause)


def _household_cause(share: float) -> str:
    low, high = HOUSEHOLD
    if low <= 1 / share <= high:
        return "swapped"
    if low <= share * 1e4 <= high or low <= share / 1e4 <= high:
        return "ten_thousand"
    return "household_low" if share < low else "household_high"


def _floors(city: City) -> Iterator[Outlier]:
    buildings = city.layer("buildings")
    if buildings is None or "floor_area" not in buildings:
        return
    own = _own_households(city, buildings)
    share = (buildings["floor_area"] / own)[own >= FEWEST]
    low, high = FLOOR_PER_HOUSEHOLD
    for i, value in share[(share < low) | (share > high)].items():
        cause = "crowded" if value < low else "sparse"
        yield Outlier("floor_household", "buildings", str(i), _building(buildings, i), f"{value:,.4g}",
                      _between(FLOOR_PER_HOUSEHOLD), cause)  # fmt: skip
    people = _people(city)
    if people is None:
        return
    floor = (
        buildings["floor_area"]
        .groupby(home_ids(buildings["geometry"], city.communities))
        .sum()
        .reindex(people.index)
        .fillna(0.0)
    )
    share = (floor / people)[people >= FEWEST]
    low, high = FLOOR_PER_PERSON
    for i, value in share[(share < low) | (share > high)].items():
        cause = "crowded" if value < low else "sparse"
        yield Outlier("floor_person", "communities", str(i), _name(city, i), f"{value:,.4g}",
                      _between(FLOOR_PER_PERSON), cause)  # fmt: skip


def _own_households(city: City, buildings: pd.DataFrame) -> pd.Series:
    table = city.layer("population")
    own = buildings["households"] if "households" in buildings else pd.Series(np.nan, buildings.index)
    if table is not None and "level" in table and (table["level"] == "buildings").any():
        own = table["households"].reindex(buildings.index).fillna(own)
    return own.astype(float)


def _building(buildings: pd.DataFrame, i: object) -> str:
    return "".join(str(buildings[key].get(i, "")) for key in ("name", "estate", "number") if key in buildings)


def _densities(city: City) -> Iterator[Outlier]:
    people = _people(city)
    if people is None:
        return
    density = people / (city.communities.area.reindex(people.index) / 1e6)
    low, high = DENSITY
    for i, value in density[(people > 0) & ((density < low) | (density > high))].items():
        cause = (
            "ten_thousand" if low <= value * 1e4 <= high and value < low else "crowded" if value > high else "sparse"
        )
        yield Outlier("density", "communities", str(i), _name(city, i), f"{value:,.4g}", _between(DENSITY), cause)


def _sums(city: City) -> Iterator[Outlier]:
    """Totals that a table states for townships and counties against the sums of their communities."""
    table = city.layer("population")
    stated: Sequence[tuple[str, str, str, float]] = () if table is None else table.attrs.get("stated", ())
    for level, place, measure, value in stated:
        inside = city.communities.index[city.communities[f"{level}_id"] == place]
        total = float(table[measure].reindex(inside).sum())
        if abs(total - value) > 0.5:
            said = f"{total:,.10g} {measure}", f"{value:,.10g} ({total - value:+,.10g})"
            yield Outlier("sum", "population", place, level, *said, "sum")


def _codes(city: City) -> Iterator[Outlier]:
    """What the table of division codes lacks or names otherwise, has no polygon for, or writes as no code can be."""
    table, communities = city.layer("codes"), city.communities
    if table is None:
        return
    for i, cause in oddities(table.index).items():
        yield Outlier("code", "codes", i, str(table["name"].get(i, "")), i, usual_codes(i, cause), cause)
    length = communities.index.str.len().max()
    table = table[table.index.str.len() <= length]
    if not len(table):
        # A list of codes of grids, of those given up, says nothing of communities.
        return
    if "community" in table and (table["community"] != "").any():
        table = table[table["community"] != ""].set_index("community")
    names = table["name"]
    for i in communities.index.difference(table.index):
        yield Outlier("code", "communities", str(i), _name(city, i), "", "", "no_code")
    for i in communities.index.intersection(table.index):
        if names[i] and not administrative(str(names[i])).is_same(administrative(_name(city, i))):
            yield Outlier("code", "communities", str(i), _name(city, i), _name(city, i), str(names[i]), "renamed")
    # A township's own row, filled up with zeros, is no community.
    here = (table.index.str.len() == length) & ~table.index.str.endswith("000")
    here &= table.index.str[:-3].isin(communities["township_id"])
    for i in table.index[here].difference(communities.index):
        yield Outlier("code", "codes", str(i), str(names[i]), "", "", "no_polygon")


def _counted(city: City) -> Iterator[tuple[str, pd.DataFrame]]:
    tables = {"communities": city.communities, **city.layers}
    for layer in ("communities", "population", "units", "buildings"):
        if layer in tables:
            yield layer, tables[layer]


def _people(city: City) -> pd.Series | None:
    """Residents by community, where a layer states them so."""
    table = city.layer("population")
    if table is not None and "level" in table and (table["level"] == "community").all():
        stated: pd.Series = table["residents"]
        return None if stated.isna().all() else stated.reindex(city.communities.index).dropna()
    if "residents" in city.communities:
        return pd.Series(city.communities["residents"])
    return None


def _name(city: City, i: object) -> str:
    return str(city.communities["community"].get(i, ""))


def _between(limits: tuple[float, float]) -> str:
    return f"{limits[0]:,g}-{limits[1]:,g}"
