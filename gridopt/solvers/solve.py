"""The whole graph solved community by community, in parallel; a given drawing measured by the same ruler."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from gridopt.errors import InfeasibleError, preview
from gridopt.graph import UnitGraph
from gridopt.objective import TERMS, Scales, coefficients, raw_terms, scales_of
from gridopt.partition import Partition
from gridopt.rules import Rules
from gridopt.solvers.bounds import Slack
from gridopt.solvers.clash_words import Words
from gridopt.solvers.community import Bindings, Community, community_of, exempt_grids, pose
from gridopt.solvers.corridors import parted, with_corridors
from gridopt.solvers.counts import aims, asked
from gridopt.solvers.effort import Effort
from gridopt.solvers.findings import findings
from gridopt.solvers.grounds import grounds
from gridopt.solvers.irreducible import NOTHING_KNOWN
from gridopt.solvers.open_land import left_by, open_land, weightless
from gridopt.solvers.piece import Drawn, draw_piece
from gridopt.solvers.pieces import Piece, take_apart
from gridopt.solvers.posts import given_centres, refuse_joined_posts
from gridopt.solvers.reasons import Row, Search
from gridopt.solvers.relaxation import never_relaxed
from gridopt.solvers.seed import inertial_bisection
from gridopt.solvers.solution import PARTS, SOLUTION_VIOLATIONS, Solution
from gridopt.solvers.split import draw_split
from gridopt.workers import side_by_side

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

WITHIN = 1e-12
"""Gap that rounding explains."""

LARGE = 60
"""Units from which a community is a large one: too many to be drawn exactly, so that search and bound take long."""

MANY = 30
"""Communities from which processes draw them, not threads: most are small, and Python has the larger part in those."""

ROUNDS = 3
"""Times that communities make up for others which have no plan with the number of grids asked of them."""


def solve(
    graph: UnitGraph, rules: Rules, *, bindings: Bindings, effort: Effort, seed: int = 0, lang: str = "en"
) -> Solution:
    """Draw grids over the whole graph.

    Each community has its own seed, ``SeedSequence([seed, crc32(community_id)])``, and results are
    gathered in community order, so that workers change nothing. A time limit is shared by all communities;
    those it may have cut short, not proved best when it ran out, are named in ``time_limited``. Raises
    `InfeasibleError` where rules that may never be relaxed cannot be met, `RuleError` for declared posts that
    what is kept whole joins.
    """
    refuse_joined_posts(graph, rules, bindings)
    clocked = effort.started()
    sizes = np.bincount(graph.parents)
    among = max(1, int((sizes > LARGE).sum()))
    inner = dataclasses.replace(clocked, workers=1, among=among) if len(sizes) > 1 else clocked
    wish = asked(graph, rules, bindings)

    def draw(parent: int) -> _Answer:
        community = community_of(graph, rules, bindings, parent, wish.counts[parent])
        own = np.random.SeedSequence([seed, zlib.crc32(community.name.encode())]).generate_state(1)[0]
        answer = _draw(community, inner, int(own), lang)
        return dataclasses.replace(answer, time_limited=inner.is_over and not answer.is_proved)

    answers = _each(draw, range(len(graph.parent_ids)), sizes, effort.workers)
    for _ in range(ROUNDS if wish.quotas else 0):
        wish = wish.after([answer.n_grids for answer in answers])
        again = [p for p, answer in enumerate(answers) if wish.counts[p] not in (None, answer.n_grids)]
        for parent, answer in zip(again, _each(draw, again, sizes, effort.workers), strict=True):
            answers[parent] = answer
    _refuse_what_may_never_relax(answers)
    rows = wish.rows(graph.parent_ids, [answer.n_grids for answer in answers], Words(lang), given=False)
    return _gather(graph, answers, rows)


def measure(
    graph: UnitGraph, rules: Rules, labels: Sequence[int] | Ints, *, bindings: Bindings, lang: str = "en"
) -> Solution:
    """A given drawing by the ruler of `solve`: same terms, scales and findings, nothing moved."""
    given = Partition(graph, np.asarray(labels, np.int32)).labels

    wish = asked(graph, rules, bindings)

    def weigh(parent: int) -> _Answer:
        community = community_of(graph, rules, bindings, parent, wish.counts[parent])
        own = np.unique(given[graph.parents == parent], return_inverse=True)[1].astype(np.int32)
        return _weighed(community, own, Search(), lang)

    answers = _each(weigh, range(len(graph.parent_ids)), np.bincount(graph.parents))
    rows = wish.rows(graph.parent_ids, [answer.n_grids for answer in answers], Words(lang), given=True)
    return _gather(graph, answers, rows)


@dataclass(frozen=True, eq=False)
class _Answer:
    name: str
    labels: Ints
    raw: Floats
    scales: Scales
    weighted: Floats
    status: str
    bound: float | None
    violations: pd.DataFrame
    refused: tuple[str, ...] = ()
    time_limited: bool = False
    term_bounds: Floats | None = None

    @property
    def n_grids(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def is_proved(self) -> bool:
        """Whether no better drawing of the problem (as relaxed) exists."""
        objective = float(self.weighted.sum())
        return self.bound is not None and objective - self.bound <= 1e-9 * max(1.0, objective)


def _each(
    task: Callable[[int], _Answer], parents: Sequence[int], sizes: NDArray[np.int64], workers: int | None = 1
) -> list[_Answer]:
    """Answers for some communities, in their order; sizes (communities,) in units."""
    order = sorted(parents, key=lambda i: -sizes[i])  # no worker ends alone with a large one
    answers = side_by_side(task, order, workers=workers, forking=len(parents) >= MANY)
    told = tqdm(answers, total=len(order), desc="gridopt", unit="community", disable=None, leave=False)
    found = dict(zip(order, told, strict=True))
    return [found[i] for i in parents]


def _draw(community: Community, effort: Effort, seed: int, lang: str) -> _Answer:
    """The first drawing that breaks no rule which may never give way; if there is none, that on the ground as it is."""
    first: _Answer | None = None
    for gone, ground in grounds(community):
        answer = _held_together(community, (gone, ground), (effort, seed), lang)
        if not answer.refused:
            return answer
        first = first or answer
    if first is None:
        raise AssertionError("the ground as it is comes first")
    return first


def _held_together(community: Community, ground: tuple[str, Community], how: tuple[Effort, int], lang: str) -> _Answer:
    """A drawing in which what belongs together does: along corridors where a search parts it, or bends rules for it."""
    answer = _drawn_on(community, ground, how, lang)
    if not parted(community, answer.labels) and answer.status != "relaxed":
        return answer
    tied = with_corridors(ground[1])
    if tied is None:
        return answer
    other = _drawn_on(community, (ground[0], tied), how, lang)
    return min(
        answer, other, key=lambda one: (parted(community, one.labels), int((one.violations["class"] == "decide").sum()))
    )


def _drawn_on(community: Community, ground: tuple[str, Community], how: tuple[Effort, int], lang: str) -> _Answer:
    gone, changed = ground
    factors = coefficients(community.rules, _scales(community))
    labels = np.empty(community.n_units, np.int32)
    n_grids = 0
    drawn = []
    pieces = take_apart(changed)
    firm = {
        i: _drawn_firm(changed, piece, factors, (how[0], how[1] + i))
        for i, piece in enumerate(pieces)
        if piece.role != "free"
    }
    sizes = aims(changed, pieces, firm=sum(one.n_grids for one in firm.values()))
    for number, piece in enumerate(pieces):
        one = firm.get(number) or draw_piece(
            piece.terrain(changed.graph), changed, factors, aim=sizes[number], effort=how[0], seed=how[1] + number
        )
        labels[piece.units] = n_grids + one.labels[piece.bonds]
        n_grids += one.n_grids
        drawn.append(one)
    land = open_land(changed, pieces)
    learned = _learned(changed, pieces, drawn)
    if changed is not community or land.any():
        learned = dataclasses.replace(learned, optimal=False, gone=gone)
    if changed.bindings.together != community.bindings.together:
        # What is proved along corridors is not proved of other ways.
        unsure = (NOTHING_KNOWN,) * len(learned.clashes)
        learned = dataclasses.replace(learned, impossible=np.zeros(community.n_units, bool), clashes=unsure)
    answer = _weighed(community, labels, learned, lang)
    if learned.optimal or changed is not community:
        return answer
    if land.any():
        return _bounded_about(land, answer, community, list(zip(pieces, drawn, strict=True)), (factors, how[0]))
    return _bounded(answer, answer.raw, factors, [one.slack for one in drawn])


def _bounded_about(
    land: NDArray[np.bool_],
    answer: _Answer,
    community: Community,
    drawn: list[tuple[Piece, Drawn]],
    how: tuple[Floats, Effort],
) -> _Answer:
    """The answer with a bound that holds wherever open land (n,) lies; ``how`` as in `left_by`."""
    bare = weightless(community.graph, land)
    if bare is None:
        return answer
    slacks = [
        left_by(piece, one, community, bare, how) if land[piece.units].any() else one.slack for piece, one in drawn
    ]
    return _bounded(answer, _raw(community, bare, answer.labels), how[0], slacks)


def _bounded(answer: _Answer, raw: Floats, factors: Floats, slacks: list[Slack | None]) -> _Answer:
    """The answer with the bound that its pieces leave: the borders between them are fixed.

    ``raw`` (3,) are its terms on the graph that the slacks are those of.
    """
    known = [one for one in slacks if one is not None]
    if len(known) < len(slacks):
        return answer
    bound = float((raw * factors).sum()) - sum(one.objective for one in known)
    terms = [one.terms for one in known if one.terms is not None]
    lowest = raw - np.sum(terms, axis=0) if len(terms) == len(known) else None
    if lowest is not None:
        lowest = np.where(factors > 0, np.maximum(lowest, 0.0), np.nan)
    return dataclasses.replace(answer, bound=max(bound, 0.0), term_bounds=lowest)


def _drawn_firm(community: Community, piece: Piece, factors: Floats, how: tuple[Effort, int]) -> Drawn:
    """A piece whose number of grids no target chooses: one that stands alone, or a group that is split."""
    if piece.role == "alone":
        return Drawn.one_grid(int(piece.bonds.max()) + 1)
    first = piece.units[np.unique(piece.bonds, return_index=True)[1]]
    phases = [community.bindings.phases[unit] for unit in first]
    terrain = piece.terrain(community.graph)
    return draw_split(terrain, community, factors, phases=phases, effort=how[0], seed=how[1])


def _learned(community: Community, pieces: list[Piece], drawn: list[Drawn]) -> Search:
    n = community.n_units
    role, piece_of = np.empty(n, object), np.empty(n, np.int32)
    impossible, wished = np.empty(n, bool), np.empty(n, np.int32)
    for number, (piece, one) in enumerate(zip(pieces, drawn, strict=True)):
        role[piece.units], piece_of[piece.units] = piece.role, number
        impossible[piece.units], wished[piece.units] = one.impossible, one.n_wished
    optimal = all(one.optimal for one in drawn)
    return Search(tuple(role), piece_of, impossible, wished, optimal, tuple(one.clash for one in drawn))


def _scales(community: Community) -> Scales:
    total = community.graph.weights[:, 0].sum()
    number = int(np.clip(round(total / community.rules.size.target), 1, community.n_units))
    drawing = inertial_bisection(pose(community.graph, community, np.ones(len(TERMS)), number))
    return scales_of(community.graph, drawing, community.rules, categories=community.conditions.categories)


def _weighed(community: Community, labels: Ints, search: Search, lang: str) -> _Answer:
    scales = _scales(community)
    raw = _raw(community, community.graph, labels)
    weighted = raw * coefficients(community.rules, scales)
    violations = findings(community, labels, search, lang=lang)
    status = "relaxed" if violations["relaxed"].any() else "optimal" if search.optimal else "feasible"
    bound = float(weighted.sum()) if search.optimal else None
    refused = _refused(community, violations)
    return _Answer(community.name, labels, raw, scales, weighted, status, bound, violations, refused)


def _raw(community: Community, graph: UnitGraph, labels: Ints) -> Floats:
    """The terms (3,) of a community's labels on its graph, or on one like it."""
    exempt, categories = exempt_grids(community, labels), community.conditions.categories
    centres = given_centres(community, labels)
    return raw_terms(graph, labels, community.rules, exempt=exempt, categories=categories, centres=centres)


def _gather(graph: UnitGraph, answers: list[_Answer], rows_of_places: list[Row]) -> Solution:
    labels = np.empty(graph.n_units, np.int32)
    tables, rows, n_grids = [], [], 0
    for parent, answer in enumerate(answers):
        labels[graph.parents == parent] = answer.labels + n_grids
        start = n_grids
        moved = [tuple(start + one for one in own) for own in answer.violations["labels"]]
        tables.append(answer.violations.assign(labels=pd.Series(moved, answer.violations.index, dtype=object)))
        n_grids += answer.n_grids
        rows.append(_part(answer))
    parts = pd.DataFrame(rows, index=pd.Index(graph.parent_ids, name="community_id"), columns=PARTS)
    weighted = np.sum([answer.weighted for answer in answers], axis=0)
    tables.append(pd.DataFrame(rows_of_places, columns=SOLUTION_VIOLATIONS))
    filled = [table for table in tables if len(table)] or tables[:1]
    objective = float(weighted.sum())
    bounds = [answer.bound for answer in answers]
    bound = None if any(one is None for one in bounds) else float(sum(one for one in bounds if one is not None))
    gap = _gap(objective, bound)
    statuses = {answer.status for answer in answers} | {"relaxed" for row in rows_of_places if row["relaxed"]}
    status = "relaxed" if "relaxed" in statuses else "feasible" if "feasible" in statuses else "optimal"
    terms = dict(zip(TERMS, weighted.tolist(), strict=True))
    table = pd.concat(filled, ignore_index=True)
    late = tuple(answer.name for answer in answers if answer.time_limited)
    return Solution(Partition(graph, labels), objective, terms, bound, gap, status, table, parts, time_limited=late)


def _part(answer: _Answer) -> dict[str, object]:
    objective = float(answer.weighted.sum())
    gap = 0.0 if answer.status == "optimal" else _gap(objective, answer.bound)
    scales = {f"{term}_scale": getattr(answer.scales, term) for term in TERMS}
    raw = dict(zip(TERMS, answer.raw.tolist(), strict=True))
    known = {"n_grids": answer.n_grids, "objective": objective, "bound": answer.bound, "gap": gap}
    lowest = [None] * len(TERMS) if answer.term_bounds is None else answer.term_bounds.tolist()
    bounds = {f"{term}_bound": bound for term, bound in zip(TERMS, lowest, strict=True)}
    return {**known, "status": answer.status, **raw, **scales, **bounds}


def _gap(objective: float, bound: float | None) -> float | None:
    if bound is None:
        return None
    gap = (objective - bound) / objective if objective > 0 else 0.0
    return gap if gap > WITHIN else 0.0


def _refused(community: Community, violations: pd.DataFrame) -> tuple[str, ...]:
    """What breaks rules that may never give way, said in a sentence each; drawings that are given break none."""
    broken = violations[(violations["class"] == "decide") & violations["relaxed"].isin(never_relaxed(community.rules))]
    rows = broken[["community_id", "reason", "remedy"]].itertuples(index=False)
    return tuple(f"{row.community_id}: {row.reason} ({row.remedy})" for row in rows)


def _refuse_what_may_never_relax(answers: list[_Answer]) -> None:
    refused = [told for answer in answers for told in answer.refused]
    if refused:
        listed = preview(list(dict.fromkeys(refused)))
        raise InfeasibleError(
            f"{len(refused)} grids cannot meet rules that may never be relaxed: {listed}. "
            "Take the rule out of rules.relax.never, or change its limit.",
            zh=f"{len(refused)} 个网格无法满足不可放宽的规则：{listed}。请将其移出 rules.relax.never，或调整界限。",
        )
