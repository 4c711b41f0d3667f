"""The card of a grid: what platforms show when someone asks whose place this is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from gridopt.grids.plan import Plan
from gridopt.publish.facts import posts_by_grid, split_codes
from gridopt.publish.sentences import number, percent, say
from gridopt.terms import label

# column of grids, how its value is written
_ROWS: tuple[tuple[str, Callable[[Any, str], str]], ...] = (
    ("community", lambda value, lang: str(value)),
    ("scope", lambda value, lang: str(value) or "—"),
    ("bounds_text", lambda value, lang: str(value) or "—"),
    ("households", lambda value, lang: number(value)),
    ("residents", lambda value, lang: number(value)),
    ("buildings", lambda value, lang: number(value)),
    ("kind", lambda value, lang: label(str(value), lang)),
    ("area_kind", lambda value, lang: label(str(value), lang)),
    ("deviation", lambda value, lang: f"{value * 100:+.0f}%"),
    ("walk_mean_m", lambda value, lang: number(value)),
    ("walk_max_m", lambda value, lang: number(value)),
    ("area_m2", lambda value, lang: number(value)),
)

_FIGURES = ("households", "residents", "buildings")


def card_rows(plan: Plan, *, posts: pd.DataFrame | None, lang: str) -> dict[str, Any]:
    """``labels`` of the rows, ``rows`` of texts by grid, and ``posts`` as (role, number) pairs by grid."""
    grids = plan.grids
    columns = [[write(value, lang) for value in grids[name]] for name, write in _ROWS]
    staffed = posts_by_grid(posts, lang)
    return {
        "labels": [label(name, lang) for name, _ in _ROWS],
        "figures": [place for place, (name, _) in enumerate(_ROWS) if name in _FIGURES],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "posts_label": label("posts", lang),
        "posts": [[[role, f"{count:g}"] for role, count in staffed.get(code, [])] for code in grids.index],
        "status": [_status(name, lang) for name in grids["status"]],
        "unmet_label": label("unmet", lang),
    }


def _status(name: str, lang: str) -> str:
    return label(name, lang)


def findings(plan: Plan, lang: str) -> dict[str, Any]:
    """What a grid could not meet: ``rows`` of texts, and for each grid the numbers of its rows."""
    rows: list[dict[str, str]] = []
    by_grid: dict[str, list[int]] = {code: [] for code in plan.grids.index}
    listed = pd.concat([plan.to_decide, plan.violations[plan.violations["class"] != "decide"]])
    for place, row in enumerate(listed.itertuples(index=False)):
        facts = dict(zip(listed.columns, row, strict=True))
        rows.append(
            {
                "class": facts["class"],
                "said": label(facts["class"], lang),
                "rule": label(facts["rule"], lang),
                "against": against(facts, lang),
                "reason": str(facts["reason"]),
                "remedy": str(facts["remedy"]),
            }
        )
        for code in split_codes(facts["grid_codes"]):
            if code in by_grid:
                by_grid[code].append(place)
    return {"rows": rows, "by_grid": list(by_grid.values())}


def against(finding: Mapping[Any, Any], lang: str) -> str:
    """The value of a finding against its limit (a number of grids against the one wished), "" without a value."""
    seen, limit = (pd.to_numeric(finding[name], errors="coerce") for name in ("value", "limit"))
    if pd.isna(seen):
        return ""
    said = "seen_against_wish" if finding["rule"] == "size.count" else "seen_against"
    return number(seen) if pd.isna(limit) else say(said, lang, value=number(seen), limit=number(limit))


def reach_by_place(reach: pd.DataFrame | None, lang: str) -> dict[str, Any]:
    """For each grid the share of residents within each tier's limit."""
    places: dict[str, list[list[str]]] = {}
    if reach is not None:
        of_grids = reach[reach["level"] == "grid"]
        for _, row in of_grids.iterrows():
            places.setdefault(str(row["place_id"]), []).append([tier_text(row, lang), percent(row["share"], 0)])
    return {"label": label("reach", lang), "places": places}


def tier_name(tier: str, lang: str) -> str:
    """How a tier of services reads; tiers that are mere numbers get a word."""
    return say("tier", lang, n=tier) if tier.isdigit() else label(tier, lang)


def tier_text(row: pd.Series[Any], lang: str) -> str:
    """A tier with its limit: "1级设施 · 500米内"; a limit that is not one distance is left out."""
    tier = tier_name(str(row["tier"]), lang)
    return tier if pd.isna(row["limit_m"]) else say("within", lang, tier=tier, metres=number(row["limit_m"]))
