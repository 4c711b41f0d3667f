"""Everything that the offline map knows, as one value ready for JSON: places, measures, cards, search, ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish.cards import card_rows, findings, reach_by_place, tier_name
from gridopt.publish.colours import DECISION_COLOURS, OUTLINE, SIZE_COLOURS
from gridopt.publish.facts import SIZE_CLASSES, decision_classes, grid_sizes, size_classes, size_rules, status_of
from gridopt.publish.map_figures import CITY, KEYS, figures_by_level, levels_of
from gridopt.publish.map_ground import beyond, buildings, facilities, footprints, lines
from gridopt.publish.map_measures import kinds, measures
from gridopt.publish.map_places import places
from gridopt.publish.sentences import SENTENCES, capital, number, percent, say
from gridopt.terms import label

_MANY = {
    "city": "city",
    "county": "counties",
    "township": "townships",
    "community": "communities",
    "grid": "grids",
    "building": "buildings",
}
"""Level -> the word for several of its places, and the column of `map_figures` that counts them."""
_PEOPLE = ("households", "residents", "buildings")


def map_data(plan: Plan, *, posts: pd.DataFrame | None, reach: pd.DataFrame | None, lang: str) -> dict[str, Any]:
    """The content of ``map.html`` for one plan; coordinates are WGS84, see `shapes.coded_polygons`."""
    levels = levels_of(plan)
    figures = figures_by_level(plan, posts=posts, reach=reach)
    return {
        "lang": lang,
        "title": say("map_title", lang, city=plan.city.name),
        "city": plan.city.name,
        "status": status_of(plan, lang),
        "counts": _counts(plan, lang),
        "text": {name: say(name, lang) for name, words in SENTENCES.items() if "{" not in words[0]},
        "levels": [_level(level, lang) for level in (CITY, *levels, "building")],
        "places": places(plan, levels),
        "rollups": {level: _roll_up(figures[level], level, levels, lang) for level in (CITY, *levels)},
        "views": [*_views(plan, lang), *measures({one: figures[one] for one in (CITY, *levels)}, lang)],
        "cards": card_rows(plan, posts=posts, lang=lang),
        "staffed": _staffed(figures["grid"]),
        "findings": findings(plan, lang),
        "reach": reach_by_place(reach, lang),
        "outlineColour": OUTLINE,
        "decided": np.flatnonzero(decision_classes(plan) == "decide").tolist(),
        "buildings": buildings(plan),
        "footprints": footprints(plan, lang),
        "lines": lines(plan),
        "facilities": facilities(plan, lang),
        "beyond": beyond(plan, reach),
    }


def _counts(plan: Plan, lang: str) -> str:
    totals = plan.totals
    return say(
        "counts",
        lang,
        grids=number(len(plan.grids)),
        communities=number(len(plan.communities)),
        households=number(totals["households"]),
        residents=number(totals["residents"]),
    )


def _level(level: str, lang: str) -> dict[str, str]:
    return {"name": level, "said": label(level, lang), "many": capital(label(_MANY[level], lang))}


def _roll_up(figures: pd.DataFrame, level: str, levels: tuple[str, ...], lang: str) -> dict[str, Any]:
    """What presentation mode says of each place of a level: ``labels`` and, for each place, as many texts.

    ``main`` is the position of the one figure that stands for a place where there is room for one.
    """
    inside = levels if level == CITY else levels[levels.index(level) + 1 :]
    named = [*(_MANY[one] for one in inside), *_PEOPLE, *(["posts"] if "posts" in figures else [])]
    columns = [[number(value) for value in figures[name]] for name in named]
    labels = [label(name, lang) for name in named]
    for name in figures.columns[figures.columns.str.startswith("beyond.")][:1]:
        labels.append(say("reached", lang, tier=tier_name(name.partition(".")[2], lang)))
        columns.append([percent(1 - value, 0) for value in figures[name]])
    labels.append(label("decide", lang))
    columns.append([number(value) for value in figures["decide"]])
    return {
        "labels": labels,
        "main": named.index("households"),
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def _views(plan: Plan, lang: str) -> list[dict[str, Any]]:
    """The measures of names: size classes, what must be decided, area kinds."""
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


def _staffed(figures: pd.DataFrame) -> dict[str, list[int]]:
    """Posts of each grid and how many of them nobody holds; empty without posts."""
    columns = ("posts", "vacant")
    return {name: figures[name].astype(int).tolist() if name in figures else [] for name in columns}
