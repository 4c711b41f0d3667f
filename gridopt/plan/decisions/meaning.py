"""What every row of the decisions table stands for, in a few words: to be checked before anything is drawn."""

from __future__ import annotations

from gridopt.city import City
from gridopt.errors import preview
from gridopt.plan.decisions.resolve import Decision, GridName
from gridopt.plan.decisions.settle import settle
from gridopt.units import make_units

MOST_UNITS = 6


def meanings(city: City) -> dict[int, str]:
    """By row number, the units, grids, communities and lines that a row stands for, in the city's language.

    Raises:
        RuleError: rows that do not say clearly what they mean, as `settle` does.
    """
    table = city.layer("decisions")
    if table is None or not len(table):
        return {}
    said: dict[int, list[str]] = {}
    for one in settle(city, make_units(city)).decisions:
        said.setdefault(one.row, []).append(_means(one, city.settings.lang))
    return {row: "; ".join(texts) for row, texts in said.items()}


def _means(one: Decision, lang: str) -> str:
    parts = [preview(one.units, MOST_UNITS)] if one.units else []
    parts += [preview(one.others, MOST_UNITS)] if one.others else []
    parts += [_grid(one.grid)] if one.grid is not None and one.kind != "frozen" else []
    parts += [one.community] if one.community and not one.lines else []
    parts += [preview((f"{layer} {line}" for layer, line in one.lines), MOST_UNITS)] if one.lines else []
    if one.missing:
        parts.append(("没有 " if lang == "zh" else "nothing called ") + preview(one.missing))
    return " → ".join(parts)


def _grid(grid: GridName) -> str:
    called = grid.current or grid.name
    return f"{grid.community} #{grid.number or called}" if not grid.current else grid.current
