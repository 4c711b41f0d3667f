"""The Solution: a partition with its honest figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from gridopt.partition import Partition

SOLUTION_VIOLATIONS = "class rule community_id labels unit_ids value limit proof reason remedy relaxed".split()
PARTS = (
    "n_grids objective bound gap status proximity governance size proximity_scale governance_scale size_scale "
    "proximity_bound governance_bound size_bound".split()
)


@dataclass(frozen=True, eq=False)
class Solution:
    """A partition of a whole graph, its score, and every rule it could not meet.

    ``terms`` are weighted and scaled and sum to ``objective``. ``bound`` and ``gap`` are None where not
    computed. ``status`` is ``"optimal"`` (proved), ``"feasible"`` (every rule met) or ``"relaxed"``.
    ``violations`` has the columns of `SOLUTION_VIOLATIONS` (``labels``: a tuple of grid numbers);
    ``parts`` is indexed by community, with raw terms, their scales and what each by itself cannot go below.
    ``time_limited`` names the communities whose search a time limit may have cut short.
    """

    partition: Partition
    objective: float
    terms: Mapping[str, float]
    bound: float | None
    gap: float | None
    status: str
    violations: pd.DataFrame
    parts: pd.DataFrame
    log: Mapping[str, Any] = field(default_factory=dict)
    time_limited: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", MappingProxyType(dict(self.terms)))

    def __repr__(self) -> str:
        gap = "not proved" if self.gap is None else f"gap {self.gap:.2%}"
        return f"<Solution {self.status}: {self.partition.n_grids:,} grids, objective {self.objective:.4f}, {gap}>"
