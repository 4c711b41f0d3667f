"""Events by place and year, the share of them settled at each level, and the places that have more than their share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.contracts import EVENTS, empty
from gridopt.errors import RuleError
from gridopt.grids.plan import Plan
from gridopt.locate.report import Located
from gridopt.locate.rows import locate_events

LEVELS = {"grid": "grid_code", "community": "community_id"}
"""Level of a table of figures -> the column of `Located.rows` that names its places."""

ALL_YEARS = "all"
"""The year of rows that sum up all years."""

SETTLED = {
    "grid": "grid 网格 网格级",
    "community": "community village 村 社区 村级 社区级 村社区 村（社区） 村(社区)",
    "township": "township town street 乡镇 街道 镇 乡 镇级 街道级 乡镇街道 乡镇（街道） 乡镇(街道)",
    "county": "county district 县 区 县级 区级 区县 县(市、区) 县（市、区）",
    "city": "city municipal 市 市级",
}
"""Level at which an event was settled -> the words for it; other words stand for themselves."""

FALSE_ALARMS = 0.05
"""Share of the places called hot that may be so by chance alone."""


def events_by_place(located: Located, *, level: str = "grid") -> pd.DataFrame:
    """Events of each place and year, with the share settled at each level where the file says so.

    One row a place and year, sorted: ``grid_code`` (or ``community_id``), ``year`` (missing where the date is not known
    or lies in the future), ``events`` and ``settled_...``, shares of the events whose level is known. Repeats count for
    nothing. Events of which only the community is known are in no grid, and in the community's row. `RuleError` for a
    level that is not one of `LEVELS`.
    """
    place = _place(level)
    return _summed(_known(located, level), [place, "year"]).reset_index()


def event_table(plan: Plan, located: Located | None = None) -> pd.DataFrame:
    """Events of every grid and community by year, with the places that have more than their share: `contracts.EVENTS`.

    One row a place and year with events, and one a place for all years (``year`` "all") with what `hot_spots` says of
    it; ``year`` is "" where the date is not known. Shares are missing where the level of settling is. ``located`` is
    what `locate_events` made of the rows, by default of the city's own events; no rows where there are none.
    """
    located = _of_the_city(plan) if located is None else located
    if located is None:
        return empty(EVENTS)
    tables = []
    for level, place in LEVELS.items():
        facts = _known(located, level)
        yearly = _summed(facts, [place, "year"]).reset_index()
        yearly = yearly.assign(year=yearly["year"].astype("str").where(yearly["year"].notna(), ""))
        whole = _summed(facts, [place]).join(hot_spots(plan, located, level=level)[["expected", "ratio", "is_hot"]])
        both = pd.concat([yearly, whole.reset_index().assign(year=ALL_YEARS)], ignore_index=True)
        names = plan.grids["name"] if level == "grid" else plan.communities["community"]
        own = both.assign(level=level, place_id=both[place], place=both[place].map(names).fillna(""))
        tables.append(own.reindex(columns=EVENTS))
    table = pd.concat(tables).sort_values(["level", "place_id", "year"], ignore_index=True)
    return table.assign(is_hot=table["is_hot"].fillna(False).astype(bool))


def _of_the_city(plan: Plan) -> Located | None:
    """The city's own events in the plan's grids."""
    events = plan.city.layer("events")
    if events is None or not len(events):
        return None
    # Every row of the layer is an event of its own: reading has set repeats aside, and its ids keep the others apart.
    rows = events.reset_index(names="event_id").rename(columns={"community_id": "community"})
    if "written" in rows:
        rows["community"] = rows["community"].where(rows["community"] != "", rows["written"])
    return locate_events(plan, rows.drop(columns="written", errors="ignore"))


def _known(located: Located, level: str) -> pd.DataFrame:
    """The facts of the events whose place is known, with the place, the year and the level of settling."""
    place = _place(level)
    facts = located.facts.assign(**{place: located.rows[place].to_numpy()})
    is_future = located.rows["doubts"].str.split(";").map(lambda doubts: "future" in doubts).to_numpy(bool)
    facts["year"] = facts["date"].dt.year.mask(is_future).astype("Int64")
    known = (located.counted & located.rows[place].notna() & (located.rows[place] != "")).to_numpy()
    return facts[known].assign(settled=facts.loc[known, "settled"].map(_settled_level))


def _summed(facts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Events and the shares settled at each level, by ``keys``."""
    table = facts.groupby(keys, dropna=False)["number"].sum().rename("events").to_frame()
    told = facts[facts["settled"] != ""]
    if len(told):
        by_level = told.pivot_table(index=keys, columns="settled", values="number", aggfunc="sum", dropna=False)
        by_level = by_level.reindex(table.index).fillna(0.0)
        order = [*(name for name in SETTLED if name in by_level), *sorted({*map(str, by_level)} - set(SETTLED))]
        shares = by_level[order].div(by_level.sum(axis=1).where(lambda total: total > 0), axis=0)
        table = table.join(shares.add_prefix("settled_"))
    return table


def hot_spots(plan: Plan, located: Located, *, level: str = "grid", base: str = "residents") -> pd.DataFrame:
    """Places with more events than chance would give them, were every resident's share the city's.

    One row a place, the surest first: ``events``, ``expected`` (the events of all places by their share of ``base``),
    ``ratio``, ``p`` and ``is_hot``. The probability of as many events or more is Poisson's (Choynowski, Maps based on
    probabilities, 1959); of the places called hot at most `FALSE_ALARMS` are so by chance (Benjamini and Hochberg,
    1995). A place without any ``base`` has no expectation: its ratio and p are missing, and its events are left out
    of the city's rate. Events that come in clusters are less alike than Poisson's: read it as where to look first.
    """
    from scipy.special import pdtrc

    place = _place(level)
    table = plan.grids if level == "grid" else plan.communities
    numbers = located.facts["number"][located.counted.to_numpy()].groupby(located.rows[place][located.counted]).sum()
    events = numbers.reindex(table.index, fill_value=0.0).to_numpy(float)
    people = table[base].fillna(0.0).to_numpy(float)
    peopled = people > 0
    total = people.sum()
    expected = events[peopled].sum() * people / total if total else np.zeros(len(people))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, events / expected, np.nan)
    as_many = np.where(events > 0, pdtrc(np.maximum(events - 1, 0), expected), 1.0)
    p = np.where(expected > 0, as_many, np.nan)
    found = pd.DataFrame(
        {"events": events, "expected": expected, "ratio": ratio, "p": p, "is_hot": _are_hot(p)}, index=table.index
    )
    return found.rename_axis(place).sort_values(["p", place], na_position="last", kind="stable")


def _are_hot(p: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which probabilities stand below the largest that keeps the share of false alarms."""
    known = np.sort(p[~np.isnan(p)])
    passed = np.flatnonzero(known <= FALSE_ALARMS * np.arange(1, len(known) + 1) / max(len(known), 1))
    limit = known[passed[-1]] if len(passed) else -1.0
    return np.asarray(np.nan_to_num(p, nan=2.0) <= limit, bool)


def _place(level: str) -> str:
    if level not in LEVELS:
        raise RuleError(
            f'level = "{level}" is not known; choose one of {", ".join(LEVELS)}.',
            zh=f"层级“{level}”未知；可选：{'、'.join(LEVELS)}。",
        )
    return LEVELS[level]


def _settled_level(text: str) -> str:
    plain = text.strip().lower()
    return next((level for level, words in SETTLED.items() if plain in words.split()), plain)
