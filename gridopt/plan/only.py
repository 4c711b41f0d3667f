"""One community of a stored plan drawn again; every other row of the plan stays as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.coding.numbering import retired_codes
from gridopt.coding.parents import template_of
from gridopt.contracts import BORDERS
from gridopt.errors import RuleError, preview
from gridopt.grids.assemble import ADDED_RULES
from gridopt.grids.plan import Plan
from gridopt.objective import TERMS, Scales, coefficients
from gridopt.partition import Partition
from gridopt.plan.decisions import with_verdicts
from gridopt.plan.draw import Ground, assembled, chosen_effort, prepare
from gridopt.plan.in_force import code_owners, coded
from gridopt.plan.unchanged import check_others, check_places, check_rules, communities_named
from gridopt.publish.record import plain
from gridopt.solvers.counts import asked_counts
from gridopt.solvers.effort import Effort
from gridopt.solvers.solution import SOLUTION_VIOLATIONS, Solution
from gridopt.solvers.solve import solve

OPEN = ("draft", "consultation")
"""Statuses of a plan whose grids may still be numbered anew."""


def draw_only(
    city: City,
    plan: Plan,
    *,
    communities: str | Sequence[str],
    effort: str | Effort | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> Plan:
    """The plan with the grids of some communities drawn again, all others exactly as they are.

    ``communities`` are ids or names, ``effort`` and ``seed`` those of the plan unless given (recorded where they
    differ). ``city`` may have changed since the plan was drawn in what concerns these communities only: a count,
    a group, a decision. The grids drawn again are coded as `draw` codes them: under the codes of today's grids that
    they continue, else in scan order; that is for plans under discussion, numbers in force are never changed. Raises
    `RuleError` where a community is unknown, its grids are in force, or anything has changed that other communities
    were drawn by.
    """
    city = city.replace(settings=dataclasses.replace(city.settings, lang=plan.city.settings.lang))
    chosen = open_to_drawing(city, plan, communities)
    work = chosen_effort(effort or Effort.recorded(plan.effort), workers)
    return drawn_again(prepare(city, workers=workers), plan, chosen, (work, seed))


def open_to_drawing(city: City, plan: Plan, communities: str | Sequence[str]) -> list[str]:
    """The ids of communities by id or name; `RuleError` where these may not be drawn again by themselves."""
    chosen = communities_named(city, [communities] if isinstance(communities, str) else communities)
    check_places(city, plan)
    check_rules(city, plan, chosen)
    _check_open(plan, chosen)
    return chosen


def drawn_again(ground: Ground, plan: Plan, chosen: Sequence[str], how: tuple[Effort, int | None]) -> Plan:
    """`draw_only` on ground that is prepared already, for communities that are `open_to_drawing`.

    ``how`` are the effort and the seed, None for the plan's.
    """
    work, word = how[0], plan.seed if how[1] is None else how[1]
    own = with_verdicts(ground.city, _solved(ground, plan, chosen, (work, word)), ground.bound)
    solution = _joined(plan, ground, chosen, own)
    made = assembled(ground, solution).replace(codes=retired_codes(plan.codes))
    kept = made.units["grid_code"][~made.units["community_id"].isin(chosen)]
    in_force = plan.units["grid_code"].reindex(kept.index).groupby(kept.to_numpy()).first().to_dict()
    fresh = coded(made, {str(old): str(code) for old, code in in_force.items()})
    check_others(plan, fresh, chosen)
    return _rest_kept(plan, fresh, chosen).replace(
        seed=plan.seed,
        effort=plan.effort,
        source=plan.source,
        log=plan.log,
        details={
            **made.details,
            "parts": _parts(plan, solution, chosen),
            "status": solution.status,
            "time_limited": solution.time_limited,
            "drawn": _drawn(plan, chosen, seed=word, effort=work.name),
        },
    )


def _check_open(plan: Plan, chosen: Sequence[str]) -> None:
    grids = plan.grids[plan.grids["community_id"].isin(chosen)]
    settled = grids[~grids["status"].isin([*OPEN, ""])]
    if len(settled):
        raise RuleError(
            f"{len(settled)} grids of the communities named have numbers in force: {preview(settled.index)}. Grids are "
            'drawn again only while their status is "draft" or "consultation".',
            zh=f"所指村（社区）有 {len(settled)} 个网格的编码已生效：{preview(settled.index)}。"
            "只有草案或征求意见阶段的网格可以重新划分。",
        )


def _solved(ground: Ground, plan: Plan, chosen: Sequence[str], how: tuple[Effort, int]) -> Solution:
    """The chosen communities drawn as `draw` would draw them, with as many grids as the plan gives them of a total."""
    city, (effort, seed) = ground.city, how
    inside = np.flatnonzero(np.isin(np.array(ground.graph.parent_ids)[ground.graph.parents], chosen)).astype(np.int32)
    part, _ = ground.graph.subgraph(inside)
    names, parents = np.unique(part.parents, return_inverse=True)
    ids = tuple(part.parent_ids[i] for i in names)
    part = dataclasses.replace(part, parents=parents.astype(np.int32), parent_ids=ids)
    rules = city.rules
    if not isinstance(rules.size.count, str):
        rules = dataclasses.replace(rules, size=dataclasses.replace(rules.size, count=_numbers(ground, plan, ids)))
    bindings = ground.bindings.at(inside)
    return solve(part, rules, bindings=bindings, effort=effort, seed=seed, lang=city.settings.lang)


def _numbers(ground: Ground, plan: Plan, chosen: Sequence[str]) -> dict[str, int]:
    """The number of grids of each chosen community: its own by the rules, else what it has of a total now.

    Nothing moves elsewhere, so a total for the city or a township is kept by keeping every share of it.
    """
    count, bindings = ground.city.rules.size.count, ground.bindings
    own = dict(count) if isinstance(count, Mapping) else {}
    asked = dict(zip(ground.graph.parent_ids, asked_counts(ground.graph, ground.city.rules, bindings), strict=True))
    now = plan.communities["n_grids"]
    return {name: int(own.get(name, now[name])) for name in chosen if asked[name] is not None}


def _joined(plan: Plan, ground: Ground, chosen: Sequence[str], own: Solution) -> Solution:
    """The solution of the whole city: the stored grids of the others, the new ones of the chosen communities."""
    graph = ground.graph
    new = dict(zip(own.partition.graph.ids, own.partition.labels.tolist(), strict=True))
    old = plan.units["grid_code"].to_dict()
    owners = [graph.parent_ids[parent] for parent in graph.parents]
    sides = [
        f"{owner}|{new[unit]:09d}" if unit in new else f"{owner}|{old.get(unit, '')}"
        for owner, unit in zip(owners, graph.ids, strict=True)
    ]
    names, labels = np.unique(np.array(sides), return_inverse=True)
    number = {str(name): i for i, name in enumerate(names)}
    parts = _parts(plan, own, chosen, full=True).reindex(list(graph.parent_ids))
    statuses = set(parts["status"])
    before, after = (_terms(one, ground, chosen) for one in (plan.details["parts"], own.parts))
    terms = {name: plan.terms[name] + after[name] - before[name] for name in TERMS}
    objective = plan.objective + sum(after.values()) - sum(before.values())
    bound = None if parts["bound"].isna().any() else _bound(plan, own, parts, chosen)
    late = {*(one for one in plan.details.get("time_limited", ()) if one not in chosen), *own.time_limited}
    return Solution(
        Partition(graph, labels.astype(np.int32)),
        objective,
        terms,
        bound,
        _gap(plan, objective, bound),
        next((one for one in ("relaxed", "feasible") if one in statuses), "optimal"),
        _findings(plan, own, chosen, number),
        parts,
        time_limited=tuple(sorted(late)),
    )


def _parts(plan: Plan, solution: Solution, chosen: Sequence[str], *, full: bool = False) -> pd.DataFrame:
    """One row a community: as stored, new for those drawn again; ``full`` takes scores unrounded."""
    stored = plan.details["parts"]
    others = stored[~stored.index.isin(chosen)]
    if full:
        scores = plan.communities.reindex(others.index)
        others = others.assign(**{name: scores[name] for name in ("objective", "bound", "gap")})
    table = pd.concat([others.astype(object), solution.parts[solution.parts.index.isin(chosen)].astype(object)])
    return pd.DataFrame(table.sort_index().infer_objects())


def _terms(parts: pd.DataFrame, ground: Ground, chosen: Sequence[str]) -> dict[str, float]:
    """The weighted, scaled terms of the chosen communities together, each by the rules of its area kind.

    Rounded as in the record, so that a community drawn again just as it was changes no total.
    """
    kinds = ground.city.communities["area_kind"]
    total = np.zeros(len(TERMS))
    for name in parts.index.intersection(list(chosen)):
        row: dict[str, float] = plain({str(key): value for key, value in parts.loc[name].to_dict().items()})
        scales = Scales(*(row[f"{term}_scale"] for term in TERMS))
        raw = np.array([row[term] for term in TERMS], np.float64)
        total += raw * coefficients(ground.city.rules.at(kinds[name]), scales)
    return dict(zip(TERMS, total.tolist(), strict=True))


def _bound(plan: Plan, own: Solution, parts: pd.DataFrame, chosen: Sequence[str]) -> float:
    """The bound of the whole city: as stored but for the chosen communities where it was known, else the sum."""
    if plan.bound is None:
        return float(parts["bound"].sum())
    before, after = (
        sum(plain(float(one)) for one in table.loc[list(chosen), "bound"])
        for table in (plan.details["parts"], own.parts)
    )
    return float(plan.bound + after - before)


def _gap(plan: Plan, objective: float, bound: float | None) -> float | None:
    if bound is None or (objective, bound) == (plan.objective, plan.bound):
        return None if bound is None else plan.gap
    return 0.0 if objective == 0 else max(0.0, round((objective - bound) / objective, 9))


def _findings(plan: Plan, own: Solution, chosen: Sequence[str], number: Mapping[str, int]) -> pd.DataFrame:
    """What is not met, by grid number: the stored rows of the others, the new ones of the chosen communities."""
    found = plan.violations[~plan.violations["rule"].isin(ADDED_RULES)]
    stored = found[~found["community_id"].isin(chosen)]
    labels = [
        tuple(number[f"{name}|{code}"] for code in codes.split(";") if f"{name}|{code}" in number)
        for name, codes in zip(stored["community_id"], stored["grid_codes"], strict=True)
    ]
    labels += [
        tuple(number[f"{name}|{one:09d}"] for one in own_labels)
        for name, own_labels in zip(own.violations["community_id"], own.violations["labels"], strict=True)
    ]
    table = pd.concat([stored.astype(object), own.violations.astype(object)], ignore_index=True)
    table = table.assign(labels=pd.Series(labels, table.index, dtype=object))
    return table[SOLUTION_VIOLATIONS].sort_values("community_id", kind="stable", ignore_index=True)


def _rest_kept(plan: Plan, fresh: Plan, chosen: Sequence[str]) -> Plan:
    """The fresh plan with every row of the other communities as it was stored."""

    def kept(before: Any, after: Any) -> Any:
        others = before[~_of(before).isin(chosen)]
        return pd.concat([others, after[_of(after).isin(chosen)]]).sort_index() if len(others) else after

    def borders_of(of: Plan, *, own: bool) -> pd.DataFrame:
        inside = of.units.index[of.units["community_id"].isin(chosen)]
        return of.borders[of.borders["unit_a"].isin(inside) == own].astype(object)

    def codes_of(of: Plan, *, own: bool) -> pd.DataFrame:
        table = of.codes.reset_index() if of.codes.index.name == "grid_code" else of.codes
        owners = code_owners(template_of(fresh.city), table["grid_code"], chosen)
        return table[table["grid_code"].isin(owners.index) == own].astype(object)

    borders = [borders_of(plan, own=False), borders_of(fresh, own=True)]
    codes = [codes_of(plan, own=False), codes_of(fresh, own=True)]
    listed = [plan.violations[~_of(plan.violations).isin(chosen)], fresh.violations[_of(fresh.violations).isin(chosen)]]
    return fresh.replace(
        grids=kept(plan.grids, fresh.grids),
        units=kept(plan.units, fresh.units),
        buildings=kept(plan.buildings, fresh.buildings),
        communities=kept(plan.communities, fresh.communities),
        borders=pd.concat(borders)[BORDERS].sort_values(["unit_a", "unit_b", "kind"], ignore_index=True),
        violations=pd.concat(listed).sort_values("community_id", kind="stable", ignore_index=True),
        codes=pd.concat(codes).sort_values("grid_code", ignore_index=True),
    )


def _of(table: Any) -> pd.Series[str]:
    """The community of every row."""
    named: pd.Series[str] = table.index.to_series() if table.index.name == "community_id" else table["community_id"]
    return named


def _drawn(plan: Plan, chosen: Sequence[str], *, seed: int, effort: str) -> dict[str, dict[str, object]]:
    """Seed and effort of the communities that were drawn by others than the plan's own."""
    drawn = {name: facts for name, facts in plan.details.get("drawn", {}).items() if name not in chosen}
    if (seed, effort) != (plan.seed, plan.effort):
        drawn |= {name: {"seed": seed, "effort": effort} for name in chosen}
    return dict(sorted(drawn.items()))
