"""Everything that the offline map knows, as one value ready for JSON: places, measures, cards, search, ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridopt.grids.plan import Plan
from gridopt.publish.cards import card_rows, findings, reach_by_place, tier_name
from gridopt.publish.colours import OUTLINE
from gridopt.publish.facts import decision_classes, status_of
from gridopt.publish.map_figures import CITY, figures_by_level, hue_level, levels_of
from gridopt.publish.map_ground import beyond, buildings, facilities, footprints, lines
from gridopt.publish.map_places import places
from gridopt.publish.map_views import views
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
        "hued": hue_level(plan),
        "text": _texts(plan, lang),
        "levels": [_level(level, lang) for level in (CITY, *levels, "building")],
        "places": places(plan, levels),
        "rollups": {level: _roll_up(figures[level], level, levels, lang) for level in (CITY, *levels)},
        "views": views(plan, {one: figures[one] for one in (CITY, *levels)}, lang),
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


def _texts(plan: Plan, lang: str) -> dict[str, str]:
    """Every phrase of the page."""
    phrases = {name: say(name, lang) for name, words in SENTENCES.items() if "{" not in words[0]}
    hued = label(hue_level(plan), lang)
    by_place = say("by_place", lang, level=capital(hued))
    shade, more = say("shade_note", lang, level=hued), say("more_on_screen", lang, n="{n}")
    return phrases | {"by_place": by_place, "shade_note": shade, "more_on_screen": more}


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
    labels.append(say("grids_to_decide", lang) if inside else label("decide", lang))
    columns.append([number(value) for value in figures["decide"]])
    return {
        "labels": labels,
        "main": named.index("households"),
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def _staffed(figures: pd.DataFrame) -> dict[str, list[int]]:
    """Posts of each grid and how many of them nobody holds; empty without posts."""
    columns = ("posts", "vacant")
    return {name: figures[name].astype(int).tolist() if name in figures else [] for name in columns}
