"""Every method by its name: gridopt on a bare graph, and the peers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.instances import Instance
from benchmarks.peers import PEERS

OURS = "gridopt"
WHOLE_RUN = "gridopt command"
"""The method of jobs that run the whole command on a project (`benchmarks.layers`)."""

APPORTIONED = "gridopt people"
TOBLER = "tobler"
"""The methods of jobs that share people out (`benchmarks.apportioning`)."""

LOCATING = "gridopt locate"
"""The method of jobs that put points into grids (`benchmarks.locating`)."""

MAPPING = "gridopt map"
"""The method of jobs that open the offline map in a browser (`benchmarks.mapping`)."""

SITING = "gridopt site"
SPOPT = "spopt locate"
"""The methods of jobs that choose sites (`benchmarks.siting`)."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Labels, and what the engine says of them: status, objective, bound, gap, how many violations it names."""

    labels: Any
    claims: Mapping[str, Any] = field(default_factory=dict)


def answer(method: str, instance: Instance, seed: int, options: Mapping[str, Any]) -> Answer:
    """One run of gridopt or of a peer."""
    return _ours(instance, seed, options) if method == OURS else Answer(PEERS[method](instance, seed))


def _ours(instance: Instance, seed: int, options: Mapping[str, Any]) -> Answer:
    import gridopt as go

    chosen = {"objective": "inertia", "effort": "standard", **options}
    effort = chosen["effort"]
    effort = go.Effort.named(effort) if isinstance(effort, str) else go.Effort(**effort)
    chosen["effort"] = dataclasses.replace(effort, workers=chosen.pop("workers", None))
    graph = go.UnitGraph.from_arrays(
        instance.weights,
        instance.edges,
        xy=instance.xy,
        border=instance.border if instance.border.any() else None,
        parents=instance.parents if instance.parents.any() else None,
    )
    solution = go.partition_graph(graph, k=instance.k, tolerance=instance.tolerance, seed=seed, **chosen)
    claims = {
        "status": solution.status,
        "objective": solution.objective,
        "terms": dict(solution.terms),
        "bound": solution.bound,
        "gap": solution.gap,
        "named": len(solution.violations),
    }
    return Answer(solution.partition.labels, claims)
