"""Events in the report: how many a year, where they were settled, and which places have more than their share."""

from __future__ import annotations

import pandas as pd

from gridopt.contracts import EVENTS
from gridopt.publish import markup
from gridopt.publish.markup import Table
from gridopt.publish.sentences import number, percent, say
from gridopt.terms import label

ALL_YEARS = "all"
MOST_HOT = 15
SETTLED = tuple(name for name in EVENTS if name.startswith("settled_"))


def event_section(events: pd.DataFrame | None, lang: str) -> str:
    """The section on events, "" without any: a row a year, then the hot spots."""
    if events is None or events.empty:
        return ""
    communities = events[events["level"] == "community"]
    whole = communities[communities["year"] == ALL_YEARS]
    in_grids = events[(events["level"] == "grid") & (events["year"] == ALL_YEARS)]["events"].sum()
    said = say("events_said", lang, n=number(whole["events"].sum()), grids=number(in_grids))
    hot = events[events["is_hot"]].sort_values(["ratio", "place_id"], ascending=[False, True], kind="stable")
    parts = [markup.element("p", said), markup.table(_by_year(communities, lang)), _heading("hot_spots", lang)]
    if hot.empty:
        return markup.section(label("layer.events", lang), [*parts, markup.element("p", say("no_hot_spots", lang))])
    parts += [markup.element("p", say("hot_spots_said", lang)), markup.table(_hot(hot.head(MOST_HOT), lang))]
    if len(hot) > MOST_HOT:
        parts.append(markup.element("p", say("more_rows", lang, n=len(hot) - MOST_HOT), "note"))
    return markup.section(label("layer.events", lang), parts)


def _heading(name: str, lang: str) -> str:
    return markup.element("h3", say(name, lang))


def _by_year(communities: pd.DataFrame, lang: str) -> Table:
    """Events of the city by year with the shares settled at each level that the file tells."""
    told = [name for name in SETTLED if communities[name].notna().any()]
    rows = []
    years = sorted(communities["year"].unique(), key=lambda year: (year == ALL_YEARS, year == "", year))
    for year in years:
        own = communities[communities["year"] == year]
        known = own[own[told].notna().any(axis=1)] if told else own.head(0)
        total = known["events"].sum()
        shares = [percent((known[name] * known["events"]).sum() / total) if total else "–" for name in told]
        called = {ALL_YEARS: label("year.all", lang), "": say("year_unknown", lang)}.get(year, year)
        rows.append((called, number(own["events"].sum()), *shares))
    names = [label(name, lang) for name in ("year", "events", *told)]
    strong = frozenset({len(rows) - 1}) if ALL_YEARS in years else frozenset()
    return Table(names, rows, numeric=frozenset(range(1, len(names))), strong=strong)


def _hot(hot: pd.DataFrame, lang: str) -> Table:
    rows = [
        (
            label(str(row["level"]), lang),
            str(row["place"] or row["place_id"]),
            number(row["events"]),
            number(row["expected"], 1),
            number(row["ratio"], 1),
        )
        for row in hot.to_dict("records")
    ]
    names = [label(name, lang) for name in ("level", "place", "events", "expected", "ratio")]
    return Table(names, rows, numeric=frozenset({2, 3, 4}))
