"""The cards of the report: for each grid why it is as it is, folded by community so that thousands stay light."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish import markup
from gridopt.publish.sentences import number, say
from gridopt.publish.why import Why, bounds_text, reasons
from gridopt.terms import label, labels

MOST_UNFOLDED = 60
"""Grids of a plan up to which all cards stand open."""


def cards_section(plan: Plan, lang: str) -> str:
    """The rules of each area kind, the list of communities, and a card a grid."""
    parts = [
        markup.element("p", say("why_said", lang)),
        markup.table(rules_table(plan, lang)),
        markup.element("p", say("why_search", lang), "note on-screen"),
        _contents(plan),
        *_communities(plan, reasons(plan, lang), lang),
    ]
    return markup.section(say("why", lang), parts, "cards")


def rules_table(plan: Plan, lang: str) -> markup.Table:
    """What grids of each area kind must be."""
    rows = []
    for kind in sorted(plan.grids["area_kind"].unique()):
        rules = plan.city.rules.at(kind)
        size, walk = rules.size, rules.proximity.max_walk
        also = say("listing", lang).join(
            f"{spoken(name, lang)} {bounds_text(bounds, lang)}" for name, bounds in size.also.items()
        )
        whole = labels(";".join(f"layer.{name}" for name in rules.governance.keep_whole), lang)
        rows.append(
            (
                label(kind, lang),
                spoken(size.counted, lang),
                f"{number(size.low)}–{number(size.high)}",
                number(size.target),
                f"{number(size.comfort[0])}–{number(size.comfort[1])}",
                also or "–",
                number(walk),
                whole or "–",
            )
        )
    names = [label("area_kind", lang), say("why_measure", lang), say("why_bounds", lang), say("why_target", lang)]
    names += [label("size.comfort", lang), label("size.also", lang), label("proximity.max_walk", lang)]
    return markup.Table([*names, label("governance.keep_whole", lang)], rows, numeric=frozenset({2, 3, 4, 6}))


def _contents(plan: Plan) -> str:
    """A link to each community."""
    names = plan.grids.groupby("community_id", sort=True)["community"].first()
    links = [
        f'<a href="#c-{place}">{markup.text(name or community_id)}</a>'
        for place, (community_id, name) in enumerate(names.items())
    ]
    return f'<p class="links">{" ".join(links)}</p>'


def _communities(plan: Plan, told: Sequence[Why], lang: str) -> Iterator[str]:
    opened = " open" if len(plan.grids) <= MOST_UNFOLDED else ""
    records = _records(plan.grids)
    for place, (community_id, rows) in enumerate(plan.grids.groupby("community_id", sort=True).indices.items()):
        own = [records[row] for row in rows]
        name = str(own[0]["community"]) or str(community_id)
        counted = say("grid_tail", lang, n=len(own))
        heading = f"{markup.text(name)} <span>{markup.text(community_id)} · {markup.text(counted)}</span>"
        cards = "\n".join(_card(grid, told[row], lang) for grid, row in zip(own, rows, strict=True))
        yield f'<details id="c-{place}"{opened}><summary>{heading}</summary>\n{cards}\n</details>'


def _records(grids: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """What cards say of each grid: a row of a table taken by itself would cost more than the card."""
    said = ["grid_code", "community", "name", "area_kind", "kind", "scope", "bounds_text"]
    return grids.rename_axis("grid_code").reset_index()[said].to_dict("records")


def _card(grid: Mapping[Hashable, Any], why: Why, lang: str) -> str:
    """One grid: what it is, what it holds, and why."""
    code = str(grid["grid_code"])
    kinds = " · ".join(label(str(grid[name]), lang) for name in ("area_kind", "kind"))
    lines = [("scope", grid["scope"]), ("bounds_text", grid["bounds_text"])]
    lines += [("why_size", why.size), ("why_border", why.border), ("why_walk", why.walk)]
    lines += [("why_gave_way", text) for text in why.gave_way or [say("nothing_unmet", lang)]]
    lines += [("why_decided", text) for text in why.decided]
    rows = "".join(
        f"{markup.element('dt', _heading(name, lang))}{markup.element('dd', text)}" for name, text in lines if text
    )
    title = f"{markup.text(grid['name'] or code)} <span>{markup.text(code)} · {markup.text(kinds)}</span>"
    return f"<article><h4>{title}</h4><dl>{rows}</dl></article>"


def _heading(name: str, lang: str) -> str:
    return say(name, lang) if name.startswith("why_") else label(name, lang)
