"""Staffing in its first form: posts by ratio, and where a roster falls short of them."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridopt.contracts import POSTS, check_columns
from gridopt.errors import RuleError, check_keys, preview
from gridopt.grids.plan import Plan
from gridopt.terms import label

Row = dict[str, Any]

SHORTAGE = "township_id role role_name employment needed present short surplus".split()
ROLE_RANK = {"adviser": 0, "chief": 1, "worker": 2}
ROLE_SPELLINGS = {"网格指导员": "adviser", "指导员": "adviser", "网格长": "chief", "网格员": "worker"} | {
    "专职网格员": "worker",
    "兼职网格员": "worker",
}
EMPLOYMENT_SPELLINGS = {"专职": "full_time", "专职网格员": "full_time", "full-time": "full_time"} | {
    "兼职": "part_time",
    "兼职网格员": "part_time",
    "part-time": "part_time",
    "part_time": "part_time",
}

logger = logging.getLogger("gridopt")


@dataclass(frozen=True)
class StaffRules:
    """Ratios of posts, the table ``[rules.staff]``; every default is to be confirmed locally.

    One adviser (网格指导员) serves up to ``grids_per_adviser`` grids; every grid has one chief (网格长).
    Workers (网格员): one full-time (专职) per ``households_per_full_time``, at least ``least_full_time`` in a
    grid with people, and one part-time (兼职) per ``households_per_part_time``; halves round up. At one in
    300 of each, grids of 300-360 households have 2.0-2.4 workers on average: cities that publish figures
    have 2.08-2.40 of all kinds a grid. The ``..._fte`` say how much of a full post each is.
    """

    grids_per_adviser: int = 4
    households_per_full_time: float = 300
    households_per_part_time: float = 300
    least_full_time: int = 1
    adviser_fte: float = 0.25
    chief_fte: float = 0.5
    part_time_fte: float = 0.5

    def __post_init__(self) -> None:
        ratios = ("grids_per_adviser", "households_per_full_time", "households_per_part_time")
        wholes = ("grids_per_adviser", "least_full_time")
        values = dataclasses.asdict(self)
        wrong = [
            f"{name} = {value!r}"
            for name, value in values.items()
            if not _is_number(value, whole=name in wholes) or value < 0 or (value == 0 and name in ratios)
        ]
        if wrong:
            raise RuleError(
                f"[rules.staff]: {preview(wrong, 10)}. Ratios are numbers above 0, the others at least 0; "
                f"{' and '.join(wholes)} are whole numbers.",
                zh=f"[rules.staff]：{preview(wrong, 10)}。配比须大于 0，其余不得小于 0；{'、'.join(wholes)} 须为整数。",
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> StaffRules:
        """The ratios of a project file; a `RuleError` names unknown keys and the nearest known ones."""
        check_keys(settings, [field.name for field in dataclasses.fields(cls)], "[rules.staff]")
        return cls(**settings)


def staff(plan: Plan, roster: pd.DataFrame | None = None) -> pd.DataFrame:
    """The posts that a plan calls for, by the ratios of ``[rules.staff]``, with the arithmetic in words.

    One row a post, indexed by ``post_id``, columns of `contracts.POSTS`; an adviser's row lists all grids
    served, joined by ";", and names a community only where they lie in one. A grid without people has a
    chief and no workers; a dedicated grid has the least number of workers though nobody lives there.
    Advisers serve neighbours in code order within a township, as evenly as can be. ``fte`` counts full posts.

    Posts get no names: the roster (the city's own where none is given) is held against them and what is
    short is logged; `shortage` lists it.
    """
    rules = StaffRules.from_settings(plan.city.settings.staff)
    lang = plan.city.settings.lang
    grids = plan.grids.sort_index()
    rows = [*_advisers(grids, rules, lang), *_chiefs(grids, rules, lang), *_workers(grids, rules, lang)]
    rows.sort(key=lambda row: (row["township_id"], row["grid_code"].split(";")[0], ROLE_RANK[row["role"]]))
    types = {name: "float64" if name == "fte" else "str" for name in POSTS}
    posts = pd.DataFrame(rows, columns=POSTS).astype(types).set_index("post_id")
    people = plan.city.layer("roster") if roster is None else roster
    if people is not None:
        compared = shortage(posts, people)
        short, surplus = compared["short"].sum(), compared["surplus"].sum()
        logger.info("%d posts, %d people: %d short, %d more than needed", len(posts), len(people), short, surplus)
    return posts


def shortage(posts: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """Posts against people by township, role and employment: columns ``needed, present, short, surplus``.

    ``roster`` has ``role`` (adviser, chief, worker, or in Chinese) and may have ``employment`` (full_time
    where not said) and ``base``, a township, community or grid of the plan; people based elsewhere are
    counted under township "". Without ``base`` the whole city is compared, under township "". Employment
    is compared for workers only: what else a chief or an adviser does is the township's affair.
    """
    check_columns(posts, POSTS, "posts")
    check_columns(roster, ["role"], "roster")
    keys = ["township_id", "role", "employment"]
    townships = posts["township_id"] if "base" in roster else pd.Series("", posts.index)
    needed = posts.assign(township_id=townships).groupby(keys).size()
    present = _people(posts, roster).groupby(keys).size()
    table = pd.DataFrame({"needed": needed, "present": present}).fillna(0).astype("int64").reset_index()
    balance = table["needed"] - table["present"]
    names = {(post.role, post.employment): post.role_name for post in _records(posts)}
    table = table.assign(
        role_name=[names.get((row.role, row.employment), row.role) for row in _records(table)],
        short=balance.clip(lower=0),
        surplus=(-balance).clip(lower=0),
        rank=table["role"].map(ROLE_RANK).fillna(len(ROLE_RANK)),
    )
    return table.sort_values(["township_id", "rank", "role", "employment"], ignore_index=True)[SHORTAGE]


def _is_number(value: object, *, whole: bool) -> bool:
    kinds = (int,) if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _advisers(grids: pd.DataFrame, rules: StaffRules, lang: str) -> Iterator[Row]:
    per = rules.grids_per_adviser
    for township, served in grids.groupby("township_id", sort=True):
        n_posts = math.ceil(len(served) / per)
        for i, positions in enumerate(np.array_split(np.arange(len(served)), n_posts), 1):
            own = served.iloc[positions]
            communities = own["community_id"].unique()
            reason = (
                f"本乡镇（街道）{len(served)}个网格，每名指导员至多联系{per}个，设{n_posts}名；本岗联系{len(own)}个"
                if lang == "zh"
                else f"{len(served)} grids in the township, up to {per} each: {n_posts} needed, this one for {len(own)}"
            )
            yield _row(
                post_id=f"{township}-A{i:03d}",
                role="adviser",
                role_name=label("adviser", lang),
                grid_code=";".join(own.index),
                community_id=communities[0] if len(communities) == 1 else "",
                township_id=township,
                fte=rules.adviser_fte,
                reason=reason,
            )


def _chiefs(grids: pd.DataFrame, rules: StaffRules, lang: str) -> Iterator[Row]:
    for grid in _records(grids):
        yield _row(
            post_id=f"{grid.Index}-C1",
            role="chief",
            role_name=label("chief", lang),
            **_place(grid),
            fte=rules.chief_fte,
            reason="每个网格设1名网格长" if lang == "zh" else "1 chief a grid",
        )


def _workers(grids: pd.DataFrame, rules: StaffRules, lang: str) -> Iterator[Row]:
    kinds = (
        ("full_time", "F", rules.households_per_full_time, rules.least_full_time, 1.0),
        ("part_time", "P", rules.households_per_part_time, 0, rules.part_time_fte),
    )
    for grid in _records(grids):
        peopled = grid.households > 0 or grid.residents > 0 or grid.kind == "dedicated"
        for employment, letter, per, least, fte in kinds if peopled else ():
            by_ratio = math.floor(grid.households / per + 0.5)
            n_posts = max(by_ratio, least)
            reason = _worker_reason(grid.households, per, (by_ratio, least), lang)
            for i in range(1, n_posts + 1):
                yield _row(
                    post_id=f"{grid.Index}-{letter}{i}",
                    role="worker",
                    role_name=label(employment, lang),
                    **_place(grid),
                    employment=employment,
                    fte=fte,
                    reason=reason,
                )


def _worker_reason(households: float, per: float, numbers: tuple[int, int], lang: str) -> str:
    by_ratio, least = numbers
    raised = least > by_ratio
    if lang == "zh":
        text = f"{households:g}户 ÷ 每人{per:g}户 = {households / per:.2f}，四舍五入为{by_ratio}名"
        return f"{text}；每个网格至少{least}名" if raised else text
    text = f"{households:g} households / {per:g} a worker = {households / per:.2f}, rounded to {by_ratio}"
    return f"{text}; at least {least} a grid" if raised else text


def _place(grid: Any) -> Row:
    return {"grid_code": grid.Index, "community_id": grid.community_id, "township_id": grid.township_id}


def _row(**values: Any) -> Row:
    """A post; advisers and chiefs hold theirs beside another office, hence part-time."""
    return {"employment": "part_time", **values}


def _people(posts: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """A roster in the words of the posts table: ``township_id, role, employment``."""
    spelled = roster["role"].fillna("").astype("str").str.strip()
    role = spelled.map(lambda text: ROLE_SPELLINGS.get(text, text.lower()))
    said = roster["employment"].fillna("").astype("str").str.strip() if "employment" in roster else spelled
    employment = said.where(said != "", spelled).map(
        lambda text: EMPLOYMENT_SPELLINGS.get(text, EMPLOYMENT_SPELLINGS.get(text.lower(), "full_time"))
    )
    base = roster["base"].fillna("").astype("str") if "base" in roster else pd.Series("", roster.index)
    homes = _homes(posts)
    return pd.DataFrame(
        {
            "township_id": base.map(lambda place: homes.get(place, "")),
            "role": role,
            "employment": employment.where(role == "worker", "part_time"),
        }
    )


def _homes(posts: pd.DataFrame) -> dict[str, str]:
    """The township of every township, community and grid that has a post."""
    homes: dict[str, str] = {}
    for post in _records(posts):
        for place in (post.township_id, post.community_id, *post.grid_code.split(";")):
            homes[place] = post.township_id
    return homes | {"": ""}


def _records(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())
