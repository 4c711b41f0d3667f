"""A plan in a few plain sentences, and as a card in a notebook."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridopt.errors import preview
from gridopt.terms import label, labels

if TYPE_CHECKING:
    from gridopt.grids.plan import Plan

MOST_ROWS = 5
"""Matters to decide that are told one by one, and grids shown in a notebook."""
MOST_NAMES = 2
"""Grids of one matter that are named one by one; more are told by their community."""
OPTIMAL = 5e-4
"""Gap below which a plan reads as the best there is: it would be shown as 0.0 %."""

_SHOWN = ["grid_code", "name", "community", "households", "residents", "walk_mean_m", "scope", "bounds_text", "unmet"]

_EN = {
    "colon": ": ",
    "listing": ", ",
    "head": "{city}: {n_grids:,} grids of {n_units:,} units in {n_communities:,} communities.",
    "people": "{households:,.0f} households, {residents:,.0f} residents, {buildings:,.0f} buildings, {km2:,.2f} km².",
    "sizes": "Households in a grid: median {median:,.0f}, from {least:,.0f} to {most:,.0f}. "
    "{n_met:,} of {n_grids:,} grids ({met:.1%}) meet every rule.",
    "walks": "Mean walk {walk:,.0f} m, longest {longest:,.0f} m; {borders}.",
    "borders": "{share:.0%} of the border between grids follows no recognised line",
    "no_lines": "no roads, water, railways or walls are known to draw borders along",
    "score": "Score {objective:.3f} = {terms}.",
    "proved": "No plan under these rules can score more than {gap:.1%} better (proved).",
    "optimal": "No plan under these rules scores better (proved).",
    "unproved": "How far the score is from the best possible has not been proved.",
    "partly": "How far the score is from the best possible is proved for communities with {proved:.0%} of the "
    "residents, not for the whole city.",
    "time_limited": "The time limit ended the search in {n} communities ({first}): a longer run may score better.",
    "none": "Nothing is left to decide.",
    "decide": "To decide ({n}):",
    "more": "… and {n} more in the violations table",
    "information": "For information ({n}): {rules}.",
    "rule_count": "{rule} ({n})",
}
_ZH = {
    "colon": "：",
    "listing": "、",
    "head": "{city}：{n_communities:,} 个村（社区）的 {n_units:,} 个划分单元划为 {n_grids:,} 个网格。",
    "people": "{households:,.0f} 户，{residents:,.0f} 人，楼栋 {buildings:,.0f} 幢，面积 {km2:,.2f} 平方公里。",
    "sizes": "每格户数中位数 {median:,.0f}，最少 {least:,.0f}，最多 {most:,.0f}；"
    "{n_grids:,} 个网格中 {n_met:,} 个（{met:.1%}）符合全部规则。",
    "walks": "平均步行距离 {walk:,.0f} 米，最远 {longest:,.0f} 米；{borders}。",
    "borders": "网格之间的边界有 {share:.0%} 不沿公认界线",
    "no_lines": "资料中没有道路、水系、铁路、围墙，未按公认界线衡量边界",
    "score": "目标值 {objective:.3f} = {terms}。",
    "proved": "在现行规则下，目标值最多还能改进 {gap:.1%}（已证明）。",
    "optimal": "在现行规则下，没有更好的方案（已证明）。",
    "unproved": "距最优方案还差多少，尚未证明。",
    "partly": "距最优方案还差多少，已对覆盖 {proved:.0%} 人口的村（社区）证明，全市尚未证明。",
    "time_limited": "{n} 个村（社区）（{first}）的搜索因时限提前结束，延长时间可能得到更好的方案。",
    "none": "没有需决定的事项。",
    "decide": "需决定（{n} 项）：",
    "more": "……其余 {n} 项见需说明事项表",
    "information": "供了解（{n} 项）：{rules}。",
    "rule_count": "{rule}（{n} 项）",
}


def summary_text(plan: Plan, lang: str) -> str:
    """What the plan holds, how well it obeys the rules, what must be decided: one line each."""
    words = _ZH if lang == "zh" else _EN
    figures = _figures(plan)
    has_lines = bool((plan.borders["kind"] != "open").any())
    figures["borders"] = words["borders" if has_lines else "no_lines"].format(**figures)
    lines = [words[part].format(**figures) for part in ("head", "people", "sizes", "walks")]
    return "\n".join([*lines, *_score(plan, words, lang), *_matters(plan, words, lang)])


def summary_card(plan: Plan, lang: str) -> str:
    """The same as HTML, with the first grids in a table; every value escaped."""
    text = "<br>".join(html.escape(line) for line in summary_text(plan, lang).split("\n"))
    shown = plan.grids.head(MOST_ROWS).reset_index()[_SHOWN]
    shown["unmet"] = [labels(rules, lang) for rules in shown["unmet"]]
    shown = shown.rename(columns={name: label(name, lang) for name in _SHOWN})
    return f"<div>{text}</div>{shown.to_html(index=False, float_format='{:,.0f}'.format)}"


def _figures(plan: Plan) -> dict[str, object]:
    grids = plan.grids
    sizes, border = grids["households"], grids["cut_border_m"].to_numpy(float)
    base = sizes[grids["kind"] != "dedicated"]
    n_met = int((grids["unmet"] == "").sum())
    return {
        "city": plan.city.name or "gridopt",
        "n_grids": len(grids),
        "n_units": len(plan.units),
        "n_communities": len(plan.communities),
        **plan.totals,
        "km2": plan.totals["area_m2"] / 1e6,
        "median": base.median() if len(base) else 0,
        "least": base.min() if len(base) else 0,
        "most": base.max() if len(base) else 0,
        "n_met": n_met,
        "met": n_met / max(len(grids), 1),
        "walk": _mean(grids["walk_mean_m"], sizes),
        "longest": grids["walk_max_m"].max() if len(grids) else 0,
        "share": _mean(grids["unrecognised_border_share"], pd.Series(border, grids.index)),
    }


def _mean(values: pd.Series, weights: pd.Series) -> float:
    total = float(weights.sum())
    return float(np.dot(values, weights)) / total if total > 0 else 0.0


def _score(plan: Plan, words: Mapping[str, str], lang: str) -> list[str]:
    """The score with its terms, and how good it is proved to be."""
    terms = " + ".join(f"{label(name, lang)} {value:.3f}" for name, value in plan.terms.items())
    score = words["score"].format(objective=plan.objective, terms=terms or f"{plan.objective:.3f}")
    return [score, _proof(plan, words), *_cut_short(plan, words)]


def _proof(plan: Plan, words: Mapping[str, str]) -> str:
    if plan.gap is not None:
        proof = "optimal" if plan.gap < OPTIMAL else "proved"
        return words[proof].format(gap=plan.gap)
    communities = plan.communities
    proved = communities.loc[communities["gap"].notna(), "residents"].sum() / max(communities["residents"].sum(), 1)
    return words["partly" if proved > 0 else "unproved"].format(proved=proved)


def _cut_short(plan: Plan, words: Mapping[str, str]) -> list[str]:
    """What a time limit may have cost, where one ended a search."""
    late = [str(plan.communities["community"].get(one) or one) for one in plan.details.get("time_limited", ())]
    return [words["time_limited"].format(n=len(late), first=preview(late, 3))] if late else []


def _matters(plan: Plan, words: Mapping[str, str], lang: str) -> list[str]:
    """What must be decided, the first few with their reasons, and what is for information, by rule."""
    open_matters = plan.to_decide
    lines = [words["decide"].format(n=len(open_matters)) if len(open_matters) else words["none"]]
    for _, row in open_matters.head(MOST_ROWS).iterrows():
        told = f"{label(row['rule'], lang)}{words['colon']}{row['reason']}"
        lines.append(f"  - {_place(plan, row, words)} {told}")
    if len(open_matters) > MOST_ROWS:
        lines.append("  " + words["more"].format(n=len(open_matters) - MOST_ROWS))
    known = sorted(plan.violations.loc[plan.violations["class"] != "decide", "rule"].astype("str"))
    if known:
        counts = [words["rule_count"].format(rule=label(rule, lang), n=n) for rule, n in Counter(known).items()]
        lines.append(words["information"].format(n=len(known), rules=words["listing"].join(counts)))
    return lines


def _place(plan: Plan, row: pd.Series[Any], words: Mapping[str, str]) -> str:
    """The grids of a matter by name; the community, where there are many."""
    codes = [code for code in row["grid_codes"].split(";") if code in plan.grids.index]
    if 0 < len(codes) <= MOST_NAMES:
        return words["listing"].join(plan.grids.loc[codes, "name"])
    return str(plan.city.communities["community"].get(row["community_id"]) or row["community_id"] or plan.city.name)
