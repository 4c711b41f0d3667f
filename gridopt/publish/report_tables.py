"""The tables of the report, as texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish.cards import against, tier_name
from gridopt.publish.facts import (
    city_figures,
    grid_sizes,
    post_name,
    size_classes,
    size_rules,
    split_codes,
    walkers,
)
from gridopt.publish.markup import Table
from gridopt.publish.sentences import number, percent, say
from gridopt.terms import TERMS, label

MOST_MATTERS = 60
MOST_WORST = 10
MOST_NAMES = 3


def before_and_after(today: Plan, plan: Plan, lang: str) -> Table:
    """The same figures of today's grids and of the plan."""
    before, after = city_figures(today), city_figures(plan)

    def shown(name: str, decimals: int = 0) -> tuple[str, str]:
        return number(getattr(before, name), decimals), number(getattr(after, name), decimals)

    ranges = tuple(f"{number(one.size_least)}–{number(one.size_most)}" for one in (before, after))
    rows = [
        (label("n_grids", lang), *shown("n_grids")),
        (say("head_within", lang), percent(before.within_share), percent(after.within_share)),
        (say("size_range", lang, measure=spoken(plan.city.rules.size.counted, lang)), *ranges),
        (label("walk_mean_m", lang), *shown("walk_mean")),
        (label("walk_max_m", lang), *shown("walk_max")),
        (
            label("unrecognised_border_share", lang),
            percent(before.unrecognised_share),
            percent(after.unrecognised_share),
        ),
        (say("head_unowned", lang), *shown("unowned")),
        (say("head_decide", lang), *shown("n_decide")),
    ]
    return Table(["", say("before", lang), say("after", lang)], rows, numeric=frozenset({1, 2}))


def totals(plan: Plan, lang: str) -> Table:
    """One row a community, a subtotal for each township, and the city."""
    plain = pd.DataFrame(plan.grids.drop(columns="geometry"))  # of which a part is taken many times faster
    grids = plain.assign(size=grid_sizes(plan), within=size_classes(plan)["within"], people=walkers(plan))
    rows: list[tuple[str, ...]] = []
    strong: list[int] = []
    townships = grids.groupby("township_id", sort=True)
    for township_id, inside in townships:
        for community_id, own in inside.groupby("community_id", sort=True):
            name = own["community"].iloc[0] or str(community_id)
            rows.append(_total_row(name, own))
        if townships.ngroups > 1 and township_id:
            strong.append(len(rows))
            rows.append(_total_row(_township_name(plan, str(township_id)), inside))
    strong.append(len(rows))
    rows.append(_total_row(say("all_city", lang), grids))
    size = spoken(plan.city.rules.size.counted, lang)
    names = [label(name, lang) for name in ("community", "n_grids", "households", "residents", "buildings")]
    further = [
        say("hectares", lang),
        say("size_range", lang, measure=size),
        say("head_within_short", lang),
        label("walk_mean_m", lang),
    ]
    return Table([*names, *further], rows, numeric=frozenset(range(1, 9)), strong=frozenset(strong))


def _total_row(name: str, grids: pd.DataFrame) -> tuple[str, ...]:
    base = grids[grids["kind"] != "dedicated"]
    weights = grids["people"].to_numpy(float)
    walk = float(grids["walk_mean_m"] @ weights) / weights.sum() if weights.sum() > 0 else np.nan
    spread = f"{number(base['size'].min())}–{number(base['size'].max())}" if len(base) else "–"
    sums = [number(grids[column].sum()) for column in ("households", "residents", "buildings")]
    within = percent(base["within"].mean(), 0) if len(base) else "–"
    return (name, number(len(grids)), *sums, number(grids["area_m2"].sum() / 1e4, 1), spread, within, number(walk))


def _township_name(plan: Plan, township_id: str) -> str:
    communities = plan.city.communities
    if "township" in communities:
        names = communities.loc[communities["township_id"] == township_id, "township"].dropna()
        if len(names) and names.iloc[0]:
            return str(names.iloc[0])
    return township_id


def worst_by_size(plan: Plan, lang: str) -> Table:
    """The base grids farthest outside their bounds, then those farthest from the target."""
    base = plan.grids[plan.grids["kind"] != "dedicated"]
    sizes = grid_sizes(plan)[base.index]
    rules = {kind: size_rules(plan.city.rules, kind) for kind in sorted(base["area_kind"].unique())}
    low = base["area_kind"].map({kind: size.low for kind, size in rules.items()})
    high = base["area_kind"].map({kind: size.high for kind, size in rules.items()})
    breach = np.maximum((low - sizes) / low.clip(lower=1), (sizes - high) / high.clip(lower=1)).clip(lower=0)
    order = base.assign(size=sizes, low=low, high=high, breach=breach, off=base["deviation"].abs())
    order = order.sort_values(["breach", "off"], ascending=False, kind="stable").head(MOST_WORST)
    reasons = _reasons(plan)
    rows = [
        (
            code,
            row["name"],
            number(row["size"]),
            f"{row['low']:g}–{row['high']:g}",
            f"{row['deviation'] * 100:+.0f}%",
            reasons.get(str(code), "–"),
        )
        for code, row in order.iterrows()
    ]
    measure = spoken(plan.city.rules.size.counted, lang)
    names = [label("grid_code", lang), label("name", lang), measure]
    further = [label("limit", lang), label("deviation", lang), label("reason", lang)]
    return Table([*names, *further], rows, numeric=frozenset({2, 3, 4}))


def _reasons(plan: Plan) -> dict[str, str]:
    """The first reason on record for each grid, what must be decided first; the number of grids is no grid's own."""
    reasons: dict[str, str] = {}
    listed = plan.violations[plan.violations["rule"] != "size.count"].sort_values("class", kind="stable")
    for codes, reason in zip(listed["grid_codes"], listed["reason"], strict=True):
        for code in split_codes(codes):
            reasons.setdefault(code, str(reason))
    return reasons


def worst_by_walk(plan: Plan, lang: str) -> Table:
    """The grids whose people walk farthest to the centre, on average."""
    order = plan.grids.sort_values("walk_mean_m", ascending=False, kind="stable").head(MOST_WORST)
    columns = ["walk_mean_m", "walk_max_m", "households"]
    rows = [
        (
            str(code),
            row["name"],
            *(number(row[column]) for column in columns),
            number(row["area_m2"] / 1e4, 1),
            number(row["polsby_popper"], 2),
        )
        for code, row in order.iterrows()
    ]
    names = [label(name, lang) for name in ("grid_code", "name", *columns)]
    return Table(
        [*names, say("hectares", lang), label("polsby_popper", lang)], rows, numeric=frozenset({2, 3, 4, 5, 6})
    )


def matters(plan: Plan, listed: pd.DataFrame, lang: str) -> Table:
    """Unmet rules with their place, figures, reason and remedy."""
    shown = listed.head(MOST_MATTERS)
    rows = [
        (
            label(str(row["rule"]), lang),
            place,
            against(row.to_dict(), lang),
            str(row["reason"]),
            str(row["remedy"]),
            label(str(row["proof"]), lang),
        )
        for (_, row), place in zip(shown.iterrows(), place_names(plan, shown, lang), strict=True)
    ]
    names = [label(name, lang) for name in ("rule", "grid_codes", "value", "reason", "remedy", "proof")]
    return Table(names, rows, short=frozenset({0, 2, 5}))


def place_names(plan: Plan, listed: pd.DataFrame, lang: str) -> list[str]:
    """Where each matter is: the names of its grids, or how many of its community."""
    named = plan.grids["name"].mask(plan.grids["name"] == "", plan.grids.index.to_series())
    communities = plan.communities["community"]
    places = []
    for codes, community_id in zip(listed["grid_codes"], listed["community_id"], strict=True):
        names = [str(named.get(code, code)) for code in split_codes(codes)]
        community = str(communities.get(community_id, community_id)) or plan.city.name
        many = say("of_community", lang, community=community, n=len(names)) if names else community
        places.append(say("listing", lang).join(names) if 0 < len(names) <= MOST_NAMES else many)
    return places


def staff(plan: Plan, posts: pd.DataFrame, lang: str) -> Table:
    """Posts of each kind, full-time equivalents, how many people one of them answers for, and who holds them.

    Posts held and vacant are counted where a roster was given.
    """
    named = _with_kinds(posts, lang)
    has_roster = _has_roster(posts)
    rows = []
    for said in (*dict.fromkeys(named["said"]), None):
        own = named if said is None else named[named["said"] == said]
        cells = [number(len(own)), number(own["fte"].sum(), 1), number(len(own) / len(plan.grids), 2)]
        cells.append(number(plan.totals["households"] / len(own)))
        cells += [number((own["status"] == status).sum()) for status in ("held", "vacant")] if has_roster else []
        rows.append((said or say("all_city", lang), *cells))
    headings = [label("role", lang), label("posts", lang), label("fte", lang)]
    headings += [say("posts_per_grid", lang), say("households_per_post", lang)]
    headings += [label(status, lang) for status in ("held", "vacant")] if has_roster else []
    return Table(headings, rows, numeric=frozenset(range(1, len(headings))), strong=frozenset({len(rows) - 1}))


def vacancies(plan: Plan, posts: pd.DataFrame, lang: str) -> Table:
    """Vacant posts of each kind by community, or by township where a post is for several; no row without one."""
    empty = _with_kinds(posts[posts["status"] == "vacant"] if _has_roster(posts) else posts.head(0), lang)
    names = {**_names_of(plan, "township"), **_names_of(plan, "community")}
    owners = empty["community_id"].where(empty["community_id"] != "", empty["township_id"])
    counts = pd.crosstab(owners, empty["said"])
    kinds = [said for said in dict.fromkeys(_with_kinds(posts, lang)["said"]) if said in counts]
    rows = [
        (names.get(str(owner), str(owner)), *(number(one) if one else "" for one in counts.loc[owner, kinds]))
        for owner in counts.index
    ]
    return Table([label("place", lang), *kinds], rows, numeric=frozenset(range(1, len(kinds) + 1)))


def _has_roster(posts: pd.DataFrame) -> bool:
    return "status" in posts and bool(posts["status"].isin(["held", "vacant"]).any())


def _with_kinds(posts: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The posts with ``said``, what a reader calls their role and employment."""
    kinds = zip(posts["role"], posts["role_name"], posts["employment"], strict=True)
    return posts.assign(said=pd.Series([post_name(*kind, lang=lang) for kind in kinds], posts.index, dtype="str"))


def _names_of(plan: Plan, level: str) -> dict[str, str]:
    """Names of communities or townships by id; an id stands for itself where there is no name."""
    table = plan.city.communities
    ids = table.index if level == "community" else table[f"{level}_id"]
    names = table.get(level, ids)
    return {str(one): str(name or one) for one, name in zip(ids, names, strict=True)}


def reach(table: pd.DataFrame, lang: str) -> Table:
    """For each tier of services the share of people reached in the city, and communities that meet the target."""
    city, communities = table[table["level"] == "city"], table[table["level"] == "community"]
    rows = []
    for _, row in city.iterrows():
        own = communities[communities["tier"] == row["tier"]]
        met = f"{number(own['met'].sum())} / {number(len(own))}"
        rows.append(
            (
                tier_name(str(row["tier"]), lang),
                _limit(row, lang),
                percent(row["share"]),
                percent(row["target"], 0),
                met,
            )
        )
    names = [label(name, lang) for name in ("tier", "limit_m", "share", "target")]
    return Table([*names, say("communities_met", lang)], rows, numeric=frozenset({1, 2, 3, 4}))


def _limit(row: Any, lang: str) -> str:
    return say("by_area", lang) if pd.isna(row["limit_m"]) else number(row["limit_m"])


def repairs(plan: Plan, lang: str) -> Table:
    """What was mended in the data, by layer."""
    listed = plan.city.repairs
    rows = [
        (
            _layer(str(row["layer"]), lang),
            label(str(row["fault"]), lang),
            number(pd.to_numeric(row["n"], errors="coerce")),
            str(row["action"]),
            _first_ids(str(row["ids"]), lang),
        )
        for _, row in listed.iterrows()
    ]
    names = [label(name, lang) for name in ("layer", "fault", "n", "action", "ids")]
    return Table(names, rows, numeric=frozenset({2}), short=frozenset({0, 1}))


def _layer(name: str, lang: str) -> str:
    return label(f"layer.{name}", lang) if f"layer.{name}" in TERMS else name


def _first_ids(ids: str, lang: str) -> str:
    listed = split_codes(ids)
    return say("listing", lang).join(listed[:MOST_NAMES]) + (" …" if len(listed) > MOST_NAMES else "")
