"""What the map may be coloured by: size, what must be decided, area kinds, and every measure of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish.colours import DECISION_COLOURS, SIZE_COLOURS
from gridopt.publish.facts import SIZE_CLASSES, decision_classes, grid_sizes, size_classes, size_rules
from gridopt.publish.map_figures import KEYS, levels_of
from gridopt.publish.map_measures import kinds, measures
from gridopt.publish.sentences import number, say


def views(plan: Plan, figures: Mapping[str, pd.DataFrame], lang: str) -> list[dict[str, Any]]:
    """Everything that a map may be coloured by besides the community: classes of names, then measures of numbers."""
    return [*_of_names(plan, lang), *measures(figures, lang)]


def _of_names(plan: Plan, lang: str) -> list[dict[str, Any]]:
    """Size classes, what must be decided, area kinds."""
    sizes, decisions = size_classes(plan)["size"], decision_classes(plan)
    said = _size_texts(plan, lang)
    amounts = [number(size) for size in grid_sizes(plan)]
    decided = {name: say(f"decide_{name}", lang) for name in DECISION_COLOURS}
    return [
        {
            "name": "size",
            "said": say("by_size", lang),
            "levels": {"grid": _named(sizes, SIZE_COLOURS, said) | {"values": amounts}},
        },
        {
            "name": "decision",
            "said": say("by_decision", lang),
            "levels": {"grid": _named(decisions, DECISION_COLOURS, decided)},
        },
        kinds(_kinds(plan), lang),
    ]


def _named(column: pd.Series[str], colours: Mapping[str, str], said: Mapping[str, str]) -> dict[str, Any]:
    present = [name for name in colours if (column == name).any()]
    return {
        "keys": [[colours[name], said[name]] for name in present],
        "of": [present.index(name) for name in column],
    }


def _size_texts(plan: Plan, lang: str) -> dict[str, str]:
    """How each class of sizes reads, with its bounds where one rule holds for all."""
    said = {name: say(f"size_{name}", lang) for name in SIZE_CLASSES}
    area_kinds = sorted(plan.grids["area_kind"].unique())
    if len(area_kinds) != 1:
        return said
    size = size_rules(plan.city.rules, area_kinds[0])
    edges = {
        "below": f"< {size.low:g}",
        "low": f"{size.low:g}–{size.comfort[0]:g}",
        "comfort": f"{size.comfort[0]:g}–{size.comfort[1]:g}",
        "high": f"{size.comfort[1]:g}–{size.high:g}",
        "above": f"> {size.high:g}",
    }
    unit = spoken(size.counted, lang)
    return said | {name: f"{said[name]} · {unit} {edge}" for name, edge in edges.items()}


def _kinds(plan: Plan) -> dict[str, pd.Series[str]]:
    """The area kind of each place by level, "" where its grids are of several."""
    grids = plan.grids
    found = {"grid": grids["area_kind"]}
    for level in levels_of(plan)[:-1]:
        own = grids["area_kind"].groupby(grids[KEYS[level]])
        found[level] = own.first().where(own.nunique() < 2, "")
    return found
