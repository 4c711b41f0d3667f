"""Decisions that cannot all hold, whatever is drawn: found before any search, and named by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import RuleError
from gridopt.plan.decisions.resolve import Decision
from gridopt.plan.decisions.ties import Node, Ties, Why

Floats = NDArray[np.float64]

MOST_SHOWN = 10


@dataclass(frozen=True)
class Apart:
    """Units that may share no grid, one side with the other; ``decision`` is None where two grids' names say so."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    decision: Decision | None = None


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of units before a search, by unit id, and what is to lie apart.

    ``owners`` is the community of every unit, ``locks`` the locked grid of those that have one, ``sizes`` (m,) every
    measure of every unit, ``highs`` (m,) the limits of every community.
    """

    apart: tuple[Apart, ...]
    owners: Mapping[str, str]
    locks: Mapping[str, str]
    sizes: Mapping[str, Floats]
    highs: Mapping[str, Floats]


@dataclass(frozen=True)
class Conflict:
    """What cannot hold, in both languages, and the ties that make it so."""

    english: str
    chinese: str
    whys: tuple[Why, ...]


def refuse_conflicts(ties: Ties, facts: Facts) -> None:
    """Raise one `RuleError` for all contradictions."""
    conflicts = [*_torn(ties, facts.apart), *_shared(ties, facts.owners, facts.locks)]
    if not conflicts:
        return
    shown, more = conflicts[:MOST_SHOWN], len(conflicts) - MOST_SHOWN
    tail = (f"; and {more} more", f"；另有 {more} 处") if more > 0 else ("", "")
    raise RuleError(
        f"[layers.decisions]: rows contradict each other ({len(conflicts)}): "
        + "; ".join(_because(one.english, [why.english for why in one.whys], " by ", ", ") for one in shown)
        + f"{tail[0]}. Withdraw one of the rows of each.",
        zh=f"[layers.decisions]：各行之间有 {len(conflicts)} 处矛盾："
        + "；".join(_because(one.chinese, [why.chinese for why in one.whys], "，依据：", "、") for one in shown)
        + f"{tail[1]}。每处请撤回其中一行。",
    )


def fits(nodes: Sequence[Node], facts: Facts) -> bool:
    """Whether nothing speaks against these nodes being one grid: neither ties nor limits."""
    units = {node[1] for node in nodes if node[0] == "unit"}
    kinds = [node[0] for node in nodes]
    owners = {facts.owners[unit] for unit in units}
    return (
        kinds.count("number") <= 1
        and kinds.count("name") <= 1
        and len(owners) == 1
        and len({facts.locks.get(unit, "") for unit in units}) == 1
        and not any(units & set(sides.one) and units & set(sides.other) for sides in facts.apart)
        and bool((np.sum([facts.sizes[unit] for unit in units], axis=0) <= facts.highs[owners.pop()] + 1e-9).all())
    )


def _torn(ties: Ties, apart: Sequence[Apart]) -> Iterator[Conflict]:
    """Decisions that keep apart what others tie together, each once for the same ties."""
    found: dict[tuple[Decision, tuple[Why, ...]], list[tuple[str, str]]] = {}
    for sides in apart:
        roots = {ties.root(("unit", unit)): unit for unit in reversed(sides.one)}
        pair = next(((roots[root], unit) for unit in sides.other if (root := ties.root(("unit", unit))) in roots), None)
        if pair is None or sides.decision is None:
            continue
        whys = tuple(ties.why(("unit", pair[0]), ("unit", pair[1])))
        found.setdefault((sides.decision, whys), []).append(pair)
    for (decision, whys), pairs in found.items():
        said, said_zh, (one, other) = decision.said(), decision.said("zh"), pairs[0]
        more = (f" (and {len(pairs) - 1} more pairs)", f"（另有 {len(pairs) - 1} 对）") if len(pairs) > 1 else ("", "")
        if one == other:
            yield Conflict(f"{said} parts unit {one} from itself", f"{said_zh}把单元 {one} 与其自身分开", whys)
        else:
            yield Conflict(
                f"{said} parts {one} and {other}{more[0]}, which are tied",
                f"{said_zh}要求 {one} 与 {other} 分格{more[1]}，但两者须同格", whys,
            )  # fmt: skip


def _shared(ties: Ties, owners: Mapping[str, str], locks: Mapping[str, str]) -> Iterator[Conflict]:
    """Grids that would have two numbers, two names, units of two communities, or more than is locked in them."""
    for nodes in ties.together():
        units = [node[1] for node in nodes if node[0] == "unit"]
        for kind, english, chinese in (("number", "numbers", "编号"), ("name", "names", "名称")):
            called = [node for node in nodes if node[0] == kind]
            if len(called) > 1:
                listed = [node[2] for node in called[:2]]
                yield _conflict(
                    ties, (called[0], called[1]), f"one grid would have the {english} {' and '.join(listed)}",
                    f"同一网格将有两个{chinese} {'、'.join(listed)}",
                )  # fmt: skip
        places = {owners[unit]: unit for unit in reversed(units)}
        if len(places) > 1:
            one, two = [places[owner] for owner in sorted(places)][:2]
            yield _conflict(
                ties, (("unit", one), ("unit", two)), f"{one} and {two} lie in two communities and would share a grid",
                f"{one} 与 {two} 分属两个社区却须同格",
            )  # fmt: skip
        held = {locks.get(unit, ""): unit for unit in reversed(units)}
        if len(held) > 1:
            one, two = [held[lock] for lock in sorted(held, reverse=True)][:2]
            yield _conflict(
                ties, (("unit", one), ("unit", two)), f"{two} would join the locked grid {locks[one]}",
                f"{two} 将并入已锁定的网格 {locks[one]}",
            )  # fmt: skip


def _conflict(ties: Ties, pair: tuple[Node, Node], english: str, chinese: str) -> Conflict:
    return Conflict(english, chinese, tuple(ties.why(*pair)))


def _because(said: str, reasons: Sequence[str], by: str, between: str) -> str:
    return f"{said}{by}{between.join(reasons)}" if reasons else said
