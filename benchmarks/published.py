"""Published optima: counties and tracts of Validi, Buchanan and Lykhovyd, ours beside theirs.

Hess inertia (people times squared distance to the best centre unit) and cut edges were solved to optimality by
Gurobi for "Imposing contiguity constraints in political districting models" (2022) and "Political districting to
minimize cut edges" (2022). Coordinates differ a little, so that Hess agrees within about 0.3 %; cut edges are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.instances import PUBLISHED, read
from benchmarks.jobs import Job, Outcome, Store
from benchmarks.methods import OURS
from benchmarks.tables import number, percent, table

TITLE = "Published optima"
MINUTES = 6
BESIDE = 2

PUBLISHED_UNIT = 1e12
"""People m2 in the published unit of Hess inertia, 1e6 people km2."""


@dataclass(frozen=True)
class Case:
    """A published problem: the instance, its number of grids and tolerance, the values in its own units."""

    instance: str
    k: int
    prove: bool
    tolerance: float = 0.005


CASES = (
    Case("ia_county", 4, prove=True),
    Case("ks_county", 4, prove=True),
    Case("ne_county", 3, prove=True),
    Case("ok_county", 5, prove=True),
    Case("nh_tract", 2, prove=True),
    Case("ne_tract_k13", 3, prove=False),
)
SEED = (0,)


def jobs(*, quick: bool) -> list[Job]:
    """Hess, proved where it pays, and cut edges, for every case."""
    return [job for case in (CASES[:1] if quick else CASES) for job in (_hess(case), _cut(case))]


def _hess(case: Case) -> Job:
    options = {"objective": "hess", "k": case.k, "tolerance": case.tolerance}
    return Job(OURS, case.instance, SEED, {**options, "prove": True} if case.prove else options)


def _cut(case: Case) -> Job:
    return Job(
        OURS, case.instance, SEED,
        {"objective": "cut_edges", "k": case.k, "tolerance": case.tolerance, "effort": "thorough"},
    )  # fmt: skip


def report(store: Store, *, quick: bool) -> str:
    """One row a case: value, published value, difference, bound, gap and CPU seconds of both objectives."""
    head = ["instance", "units", "grids", "Hess", "published", "difference", "bound", "gap", "CPU s", "cut edges",
            "published", "CPU s"]  # fmt: skip
    rows = [_row(case, store) for case in (CASES[:1] if quick else CASES)]
    told = (
        "Counties and census tracts at +-0.5 %, connected; Hess inertia in 1e6 people km2, published values by Gurobi "
        "(gap 0). Coordinates differ a little from the authors', whose own optima score 0.998-1.001 here. Hess with "
        "`prove=True` where a bound is shown, cut edges at effort `thorough`."
    )
    return f"{told}\n\n{table(head, rows)}"


def _row(case: Case, store: Store) -> list[str]:
    instance = read(PUBLISHED / f"{case.instance}.npz")
    hess, cut = (instance.published[name]["value"] for name in ("hess_contig", "cut_edges_contig"))
    ours = _first(store.get(_hess(case)))
    edges = _first(store.get(_cut(case)))
    value = ours["hess"] / PUBLISHED_UNIT if ours else None
    claims = ours["claims"] if ours else {}
    bound = claims["bound"] / claims["objective"] * value if value and claims.get("bound") else None
    return [
        case.instance, str(instance.n_units), str(case.k), number(value, 2), number(hess, 2),
        percent(None if value is None else value / hess - 1, 2), number(bound, 2), percent(claims.get("gap"), 2),
        number(ours["cpu"] if ours else None), str(edges["cut_edges"]) if edges else "-", number(cut, 0),
        number(edges["cpu"] if edges else None),
    ]  # fmt: skip


def _first(outcome: Outcome | None) -> dict[str, Any] | None:
    """The first run of an outcome if it is feasible."""
    rows = [row for row in outcome.answered if row["feasible"]] if outcome else []
    return rows[0] if rows else None
