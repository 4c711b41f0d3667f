"""Why each grid is as it is: its size, border and walk against its rules, what gave way, and who decided what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.makeup import MAKEUP, NO_LINE, border_makeup
from gridopt.grids.plan import Plan
from gridopt.publish.cards import findings
from gridopt.publish.facts import grid_sizes, measure_of_grids, size_classes
from gridopt.publish.sentences import number, percent
from gridopt.publish.sentences import say as say_shared
from gridopt.rules import Bounds, Rules
from gridopt.terms import label

LEAST_SHOWN = 0.005
"""Shares of a border below half a per cent are left out."""

# name: (中文, English)
_SAID = {
    "size": (
        "{measure}{value}，{grade}（规定{low}–{high}，目标{target}，适宜{least}–{most}）",
        "{value} {measure}, {grade} (bounds {low}–{high}, target {target}, comfortable {least}–{most})",
    ),
    "exempt": ("{measure}{value}，专属网格不受规模限制", "{value} {measure}; a dedicated grid has no bounds of size"),
    "also": ("{measure}{value}（{bounds}）", "{value} {measure} ({bounds})"),
    "between": ("规定{low}–{high}", "bounds {low}–{high}"),
    "most": ("上限{high}", "at most {high}"),
    "least": ("下限{low}", "at least {low}"),
    "border": ("周长{metres}米：{parts}", "{metres} m in all: {parts}"),
    "community": ("村（社区）界{share}", "{share} on the border of the community"),
    "roads": ("沿道路{share}", "{share} along roads"),
    "rivers": ("沿水系{share}", "{share} along water"),
    "railways": ("沿铁路{share}", "{share} along railways"),
    "walls": ("沿围墙{share}", "{share} along walls"),
    "seam": ("沿道路、水系等公认界线{share}", "{share} along recognised lines"),
    "no_line": ("无公认界线{share}", "{share} along no recognised line"),
    "no_lines": (
        "网格之间{share}（资料中没有可沿的道路、水系、围墙）",
        "{share} between grids (the data has no roads, water or walls to follow)",
    ),
    "walk": (
        "到网格中心平均{mean}米，最远{most}米{limit}",
        "{mean} m to the centre on average, at most {most} m{limit}",
    ),
    "walk_limit": ("（上限{metres}米）", " (limit {metres} m)"),
    "matter": ("{rule}{against}：{reason}", "{rule}{against}: {reason}"),
    "against": ("（{text}）", " ({text})"),
    "decision": ("{kind}：{words}{record}", "{kind}: {words}{record}"),
    "record": ("（{text}）", " ({text})"),
}


@dataclass(frozen=True)
class Why:
    """What is said of one grid: sentences by the rule that they answer to, in the order of the card.

    ``size``, ``border`` and ``walk`` are one sentence each; ``gave_way`` one a rule that the grid does not
    meet or that was relaxed for it; ``decided`` one a decision of people that concerns it.
    """

    size: str
    border: str
    walk: str
    gave_way: tuple[str, ...]
    decided: tuple[str, ...]


def say(name: str, lang: str, /, **values: object) -> str:
    """One sentence in one language."""
    return _SAID[name][0 if lang == "zh" else 1].format(**values)


def reasons(plan: Plan, lang: str) -> list[Why]:
    """Why each grid is as it is, in the order of the grids."""
    parts = (_sizes(plan, lang), _borders(plan, lang), _walks(plan, lang), _matters(plan, lang), _decisions(plan, lang))
    return [Why(*said) for said in zip(*parts, strict=True)]


def _sizes(plan: Plan, lang: str) -> list[str]:
    grids, rules = plan.grids, _rules_by_kind(plan)
    sizes, classes = grid_sizes(plan).to_dict(), size_classes(plan)["size"].to_dict()
    names = sorted({name for own in rules.values() for name in own.size.also})
    further = {name: measure_of_grids(plan, name).to_dict() for name in names}
    said = []
    for code, kind in grids["area_kind"].items():
        size = rules[kind].size
        words = {"measure": spoken(size.counted, lang), "value": number(sizes[code])}
        if classes[code] == "exempt":
            said.append(say("exempt", lang, **words))
            continue
        figures = {"low": size.low, "high": size.high, "target": size.target}
        figures |= {"least": size.comfort[0], "most": size.comfort[1]}
        grade = say_shared(f"size_{classes[code]}", lang)
        parts = [say("size", lang, **words, grade=grade, **{name: number(value) for name, value in figures.items()})]
        for name, bounds in size.also.items():
            value = number(further[name][code])
            parts.append(say("also", lang, measure=spoken(name, lang), value=value, bounds=bounds_text(bounds, lang)))
        said.append(("\N{FULLWIDTH SEMICOLON}" if lang == "zh" else "; ").join(parts))
    return said


def _rules_by_kind(plan: Plan) -> dict[str, Rules]:
    """The rules of every area kind that has grids."""
    return {str(kind): plan.city.rules.at(kind) for kind in sorted(plan.grids["area_kind"].unique())}


def bounds_text(bounds: Bounds, lang: str) -> str:
    """The limits of a further measure in a few words."""
    has_both = bounds.low is not None and bounds.high is not None
    name = "between" if has_both else "most" if bounds.low is None else "least"
    return say(name, lang, low=number(bounds.low), high=number(bounds.high))


def _borders(plan: Plan, lang: str) -> list[str]:
    shares = border_makeup(plan)
    metres = plan.grids.geometry.length
    listing = say_shared("listing", lang)
    has_lines = bool((plan.borders["kind"] != "open").any())
    words = {name: name if has_lines or name != NO_LINE else "no_lines" for name in MAKEUP}
    said = []
    for row, length in zip(shares.itertuples(index=False), metres, strict=True):
        shown = sorted(
            ((share, name) for name, share in zip(MAKEUP, row, strict=True) if share >= LEAST_SHOWN), reverse=True
        )
        parts = listing.join(say(words[name], lang, share=percent(share, 0)) for share, name in shown)
        said.append(say("border", lang, metres=number(length), parts=parts))
    return said


def _walks(plan: Plan, lang: str) -> list[str]:
    said, rules = [], _rules_by_kind(plan)
    for kind, mean, most in plan.grids[["area_kind", "walk_mean_m", "walk_max_m"]].itertuples(index=False):
        limit = rules[kind].proximity.max_walk
        told = "" if limit is None else say("walk_limit", lang, metres=number(limit))
        said.append(say("walk", lang, mean=number(mean), most=number(most), limit=told))
    return said


def _matters(plan: Plan, lang: str) -> list[tuple[str, ...]]:
    """The rules that each grid does not meet, or that gave way, with the reason on record."""
    found = findings(plan, lang)
    texts = [_matter(row, lang) for row in found["rows"]]
    return [tuple(texts[row] for row in rows) for rows in found["by_grid"]]


def _matter(row: Mapping[str, str], lang: str) -> str:
    against = say("against", lang, text=row["against"]) if row["against"] else ""
    return say("matter", lang, rule=row["rule"], against=against, reason=row["reason"])


def _decisions(plan: Plan, lang: str) -> list[tuple[str, ...]]:
    """The decisions that concern units of each grid, with who decided, when and why."""
    table, units_of_rows = plan.city.layer("decisions"), plan.details.get("decisions", {})
    said: dict[str, list[str]] = {code: [] for code in plan.grids.index}
    if table is not None and len(units_of_rows):
        owners = plan.units["grid_code"]
        for _, row in table.sort_values("row", kind="stable").iterrows():
            units = [unit for unit in units_of_rows.get(int(row["row"]), ()) if unit in owners.index]
            for code in sorted(set(owners.loc[units]) & said.keys()):
                said[code].append(_decision(row, lang))
    return [tuple(texts) for texts in said.values()]


def _decision(row: pd.Series[Any], lang: str) -> str:
    words = " → ".join(text for text in (str(row["object"]), str(row["target"])) if text)
    listed = say_shared("listing", lang).join(str(row[name]) for name in ("who", "date", "reason") if row[name])
    record = say("record", lang, text=listed) if listed else ""
    return say("decision", lang, kind=label(f"decision.{row['kind']}", lang), words=words, record=record)
