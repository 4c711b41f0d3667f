"""Posts of a plan, and the people who hold them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.contracts import HELD, POSTS, check_columns
from gridopt.grids.plan import Plan
from gridopt.staffing.match import Asked, fixed_pairs, match
from gridopt.staffing.neighbours import neighbourhood
from gridopt.staffing.people import Person, RosterFaults, read_people
from gridopt.staffing.places import CITY, Place, names_of, places
from gridopt.staffing.roles import StaffRules
from gridopt.staffing.slots import WORKERS, Slot, slots
from gridopt.staffing.tally import based, tally

Holders = Mapping[int, Sequence[tuple[Person, float]]]
"""By slot, who holds a post of it and the metres that they walk to it."""

PEOPLE = "role role_name employment base_level base_id capacity grid_code walk_m".split()

logger = logging.getLogger("gridopt")


@dataclass(frozen=True, eq=False)
class Staffing:
    """Posts, who holds them, and what is short or over.

    posts      columns of `contracts.POSTS` and `contracts.HELD`, by ``post_id``
    balance    needed, held, short, people and surplus by place and role, from the grid to the city
    people     everybody of the roster by id: role, base, capacity, grids held, metres to walk ("" and 0: no post)
    objective  metres walked, with what change and unequal work are worth; ``bound`` no answer with as few vacant
               posts can be below (None where that was not proved), ``gap`` the share between the two
    """

    posts: pd.DataFrame
    balance: pd.DataFrame
    people: pd.DataFrame
    objective: float | None = None
    bound: float | None = None

    @property
    def gap(self) -> float | None:
        """``(objective - bound) / objective``; None without a bound, 0 where nothing is left to save."""
        if self.objective is None or self.bound is None:
            return None
        return max(self.objective - self.bound, 0.0) / self.objective if self.objective > 0 else 0.0

    @property
    def below_any_post(self) -> pd.DataFrame:
        """By role: ``people`` who may serve fewer grids than any post of theirs has; ``grids`` of the least post."""
        people = self.people
        if not len(people):
            return pd.DataFrame(columns=["role_name", "people", "grids"])
        grids = (self.posts["grid_code"].str.count(";") + 1).groupby(self.posts["role"]).min()
        below = people.assign(grids=people["role"].map(grids)).query("capacity < grids").groupby("role")
        found: pd.DataFrame = below.agg(
            role_name=("role_name", "first"), people=("grids", "size"), grids=("grids", "min")
        )
        return found.astype({"grids": "int64"})

    def on(self, plan: Plan) -> Plan:
        """The plan with how many people are based where, and without a post: counts alone, published with it."""
        known = based(self.people) if len(self.people) else None
        return plan.replace(details={**plan.details, "roster": known})


def staff(plan: Plan, roster: pd.DataFrame | None = None, *, today: pd.DataFrame | None = None) -> pd.DataFrame:
    """The posts that a plan calls for, by the roles of ``[rules.staff]``, and who of a roster holds each.

    One row a post, indexed by ``post_id``, columns of `contracts.POSTS` and `contracts.HELD`; the row of a post
    for several grids lists them joined by ";", and names a community only where they lie in one. Without a
    roster (the city's own where none is given) every post is "needed"; with one it is "held", by ``staff_id``
    (names stay in the roster), or "vacant". ``today`` are the posts in force: people stay where they are as far
    as it is worth. See `staffing` for what else is known. Raises `TableError` with all faults of the roster.
    """
    return staffing(plan, roster, today=today).posts


def staffing(plan: Plan, roster: pd.DataFrame | None = None, *, today: pd.DataFrame | None = None) -> Staffing:
    """`staff` with shortage and surplus by place and role, the people without a post, and the proof.

    People are given to posts by an integer program for each role, split into groups that do not touch: as few
    vacant posts as can be, then least walking from base to grid, with unequal work and changes priced in metres.
    Somebody who holds several grids holds neighbours.
    """
    rules = StaffRules.from_settings(plan.city.settings.staff)
    neighbours = neighbourhood(plan)
    listed = slots(plan, rules, neighbours)
    given = plan.city.layer("roster") if roster is None else roster
    if given is None:
        posts = _posts(plan, rules, listed, None)
        return Staffing(posts, tally(plan, posts, None), pd.DataFrame())
    where = places(plan, neighbours)
    faults = RosterFaults()
    people = read_people(given, rules.table, where.of, faults)
    fixed = fixed_pairs(people, listed, (neighbours, where), faults)
    faults.close()
    asked = Asked(rules, fixed, _today(people, today))
    matched = [match(role, (people, listed), (neighbours, where), asked) for role in rules.table]
    holders = {slot: held for one in matched for slot, held in one.holders.items()}
    posts = _posts(plan, rules, listed, holders)
    shown = _people(plan, people, listed, holders)
    idle = int((shown["grid_code"] == "").sum())
    vacant = int((posts["status"] == "vacant").sum())
    logger.info("%d posts, %d people: %d short, %d without a post", len(posts), len(people), vacant, idle)
    bounds = [one.bound for one in matched if one.bound is not None]
    bound = sum(bounds) if len(bounds) == len(matched) else None
    return Staffing(posts, tally(plan, posts, based(shown)), shown, sum(one.cost for one in matched), bound)


def check_roster(city: City, roster: pd.DataFrame | None = None) -> None:
    """Raise for roles that cannot hold, and for what is wrong with a roster whatever grids will be drawn.

    Bases in single grids and buildings pass where they begin with the code of a community.
    """
    rules = StaffRules.from_settings(city.settings.staff)
    given = city.layer("roster") if roster is None else roster
    if given is None:
        return
    known: dict[str, set[Place]] = {city.name: {CITY}}
    for name, place in names_of(city):
        known.setdefault(name, set()).add(place)
        known.setdefault(place[1], set()).add(place)
    communities = tuple(map(str, city.communities.index))
    buildings = city.layer("buildings")
    housed = set() if buildings is None else set(buildings.index)

    def find(text: str) -> tuple[Place, ...]:
        """Places known before any grid is drawn; what may become a grid is taken for one."""
        named = tuple(sorted(known.get(text, ())))
        return named or (("grid", text),) * (text.startswith(communities) or text in housed)

    faults = RosterFaults()
    read_people(given, rules.table, find, faults)
    faults.close()


def _today(people: Sequence[Person], posts: pd.DataFrame | None) -> dict[str, frozenset[str]]:
    """The grids that everybody holds today: as the roster says, else as the posts in force do."""
    told = {one.id: one.today for one in people}
    if posts is None or "staff_id" not in posts:
        return told
    check_columns(posts, ["grid_code", "staff_id"], "posts")
    stored: dict[str, set[str]] = {}
    for who, code in zip(posts["staff_id"], posts["grid_code"], strict=True):
        stored.setdefault(str(who), set()).update(str(code).split(";"))
    return {one.id: one.today or frozenset(stored.get(one.shown, ())) for one in people}


def _posts(plan: Plan, rules: StaffRules, listed: Sequence[Slot], holders: Holders | None) -> pd.DataFrame:
    """The posts table; without ``holders`` nobody was there to be given a post."""
    lang, minutes = plan.city.settings.lang, _minutes(plan, rules)
    places = plan.grids.sort_index().reset_index()[["grid_code", "community_id", "township_id"]].astype(str)
    columns = places.to_numpy(object).T
    rows: list[dict[str, Any]] = []
    for number, slot in enumerate(listed):
        place = _place(columns, slot)
        held = [] if holders is None else sorted(holders.get(number, ()), key=lambda one: one[0].id)
        for i in range(slot.n):
            who = held[i] if i < len(held) else None
            rows.append(
                {
                    "post_id": _post_id(place, slot, i + 1),
                    "role": slot.role.role,
                    "role_name": slot.role.label(lang),
                    **place,
                    "employment": slot.role.employment,
                    "fte": slot.role.fte,
                    "reason": slot.reason,
                    "status": "needed" if holders is None else "vacant" if who is None else "held",
                    "staff_id": "" if who is None else who[0].shown,
                    "walk_m": np.nan if who is None else round(who[1], 1),
                    "minutes_day": round(slot.load * minutes, 1) if slot.role.role == WORKERS else np.nan,
                }
            )
    numbers = ("fte", "walk_m", "minutes_day")
    types = {name: "float64" if name in numbers else "str" for name in (*POSTS, *HELD)}
    return pd.DataFrame(rows, columns=[*POSTS, *HELD]).astype(types).set_index("post_id")


def _minutes(plan: Plan, rules: StaffRules) -> float:
    """Minutes of a working day to a unit of workload: the month's shared out, NaN where nobody stated minutes."""
    return 1.0 / rules.working_days if plan.city.settings.workload else float("nan")


def _place(places: NDArray[np.object_], slot: Slot) -> dict[str, str]:
    """Where a post is; ``places`` (3, grids) are the codes of all grids, their communities and townships."""
    codes, communities, townships = places[:, list(slot.grids)]
    return {
        "grid_code": ";".join(codes),
        "community_id": communities[0] if len(set(communities)) == 1 else "",
        "township_id": townships[0],
    }


def _post_id(place: Mapping[str, str], slot: Slot, number: int) -> str:
    if slot.role.span != "sector":
        return f"{place['grid_code']}-{slot.role.letter}{number}"
    parent = place["community_id"] if slot.role.within == "community" else place["township_id"]
    return f"{parent}-{slot.role.letter}{slot.number:03d}"


def _people(plan: Plan, people: Sequence[Person], listed: Sequence[Slot], holders: Holders) -> pd.DataFrame:
    """Everybody of the roster and the grids that they hold."""
    codes, lang = plan.grids.sort_index().index.astype(str), plan.city.settings.lang
    held: dict[str, set[str]] = {}
    walk: dict[str, float] = {}
    for slot, those in holders.items():
        for person, metres in those:
            held.setdefault(person.id, set()).update(codes[list(listed[slot].grids)])
            walk[person.id] = walk.get(person.id, 0.0) + metres
    rows = []
    for one in people:
        level, base = one.home or CITY
        kind = (one.role.role, one.role.label(lang), one.role.employment)
        grids = ";".join(sorted(held.get(one.id, ())))
        rows.append((*kind, level, base, one.capacity, grids, round(walk.get(one.id, 0.0), 1)))
    index = pd.Index([one.shown for one in people], name="staff_id", dtype="str")
    return pd.DataFrame(rows, columns=PEOPLE, index=index)
