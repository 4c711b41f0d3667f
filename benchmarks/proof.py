"""Proof: how near to its bound the engine ends on seeded towns of the size of communities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.jobs import Job, Store
from benchmarks.methods import OURS
from benchmarks.tables import median, number, percent, table

TITLE = "Proof"
MINUTES = 30
BESIDE = 2


@dataclass(frozen=True)
class Family:
    """Cases of one kind, each a fresh town: told by its limits, with the seconds a case may take, and the aim."""

    name: str
    instances: tuple[str, ...]
    tolerances: tuple[float, ...]
    seconds: float
    aim: str
    objective: str | tuple[str, ...] = "hess"

    def jobs(self) -> list[Job]:
        """One job a case; the tolerances take turns."""
        return [
            Job(OURS, town, (0,), self._options(self.tolerances[i % len(self.tolerances)]))
            for i, town in enumerate(self.instances)
        ]

    def _options(self, tolerance: float) -> dict[str, object]:
        objective = self.objective if isinstance(self.objective, str) else dict.fromkeys(self.objective, 1)
        return {"objective": objective, "prove": True, "tolerance": tolerance, "time_limit": self.seconds}


SMALL = tuple(f"town-{60 + 37 * i % 141}-{100 + i}-k{2 + i % 4}" for i in range(40))
MIDDLE = tuple(f"town-{220 + 20 * i % 81}-{200 + i}-k{5 + i % 2}" for i in range(8))
LARGE = tuple(f"town-{900 + 40 * i % 201}-{300 + i}-k10" for i in range(10))
BUILT = tuple(f"town-{40 + 37 * i % 71}-{400 + i}-k{(40 + 37 * i % 71) // 9}" for i in range(20))
BOTH = ("inertia", "cut_edges")
FAMILIES = (
    Family("60-200 units, 2-5 grids, 10-25 %", SMALL, (0.10, 0.15, 0.25), 60.0, "95 % optimal"),
    Family("220-300 units, 5-6 grids, 10-25 %, 10 s", MIDDLE, (0.10, 0.25), 10.0, "all <= 1.5 %"),
    Family("220-300 units, 5-6 grids, 10-25 %, 60 s", MIDDLE, (0.10, 0.25), 60.0, "all <= 0.5 %"),
    Family("40-110 units, 9 a grid, both terms, 20 %", BUILT, (0.20,), 60.0, "-", BOTH),
    Family("900-1,100 units, 10 grids, 15 %, 20 s", LARGE, (0.15,), 20.0, "median <= 2.5 %, p90 <= 5 %"),
)


def jobs(*, quick: bool) -> list[Job]:
    """Every case of every family; the first two of the first one when quick."""
    return FAMILIES[0].jobs()[:2] if quick else [job for family in FAMILIES for job in family.jobs()]


def report(store: Store, *, quick: bool) -> str:
    """One row a family: share proved optimal, and the spread of what is left."""
    head = ["cases", "number", "aim", "optimal", "median gap", "p90", "largest", "median CPU s", "largest", "of a core"]
    rows = [_row(family, store) for family in (FAMILIES[:1] if quick else FAMILIES)]
    told = (
        "Fresh seeded towns with `prove=True` on one core, objective `hess`, or `inertia` and `cut_edges` alike where "
        "both terms are said: the share of cases proved optimal, and "
        "the gap (objective - bound) / objective of all of them. Seconds are of CPU; *of a core* is the least share of "
        "one that a case had while its time ran: where it is below 100 %, gaps are larger than they need be."
    )
    return f"{told}\n\n{table(head, [row for row in rows if row])}"


def _row(family: Family, store: Store) -> list[str]:
    outcomes = [outcome for job in family.jobs() if (outcome := store.get(job))]
    found = [row for outcome in outcomes for row in outcome.answered]
    if not found:
        return []
    gaps = [np.inf if row["claims"]["gap"] is None else row["claims"]["gap"] for row in found]
    optimal = sum(row["claims"]["status"] == "optimal" for row in found)
    seconds = [row["cpu"] for row in found]
    return [
        family.name, str(len(found)), family.aim, f"{optimal}/{len(found)}", percent(median(gaps), 2),
        percent(float(np.quantile(gaps, 0.9)), 2), percent(max(gaps), 2), number(median(seconds)), number(max(seconds)),
        percent(min(min(1.0, row["cpu"] / row["wall"]) for row in found), 0),
    ]  # fmt: skip
