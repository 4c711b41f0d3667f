"""How hard to search: counted in sweeps and restarts, never in time, so that results repeat."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass

from gridopt.errors import RuleError

USUAL_SIZE = 1000
"""Units of the problem for which ``iterations`` and ``restarts`` are meant as they stand."""

MOST_RESTARTS = 6.0
"""How many times ``restarts`` a tiny problem may get: its runs are cheap and differ most."""

AT_EASE = 12
"""Large communities of a city up to which each gets the whole effort; where there are more they share that of so many.

Without it a proof of each would cost more than all the rest of a city of a thousand.
"""

WHOLE_RUNS = 4 / 3
"""Runs last their full number of sweeps up to so many thousand units for each of ``restarts``."""

PRESETS = {"quick": (100, 1), "standard": (800, 6), "thorough": (4000, 32)}
"""Iterations and restarts of the named efforts."""


@dataclass(frozen=True)
class Effort:
    """``iterations`` sweeps over the borders a run, ``restarts`` runs on a problem of 1,000 units; scaled for others.

    ``prove`` asks for the exact path where it pays, ``time_limit`` (seconds) stops before the next restart and
    gives up sameness between machines, ``workers`` is the number of threads (None: one). ``deadline`` is set by
    `started`: the reading of the monotonic clock at which the time limit ends. ``among`` is the number of large
    communities that share the work: above `AT_EASE` each makes fewer runs and looks less long for a bound (`share`).
    """

    iterations: int
    restarts: int
    prove: bool = False
    time_limit: float | None = None
    workers: int | None = None
    deadline: float | None = None
    among: int = 1

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.restarts < 1:
            raise RuleError(
                f"An effort needs at least 1 iteration and 1 restart, not {self.iterations} and {self.restarts}.",
                zh=f"求解力度至少需要 1 次迭代和 1 次重启，现为 {self.iterations} 和 {self.restarts}。",
            )
        if self.time_limit is not None and not self.time_limit >= 0:
            raise RuleError(
                f"A time limit is a number of seconds of at least 0, not {self.time_limit}.",
                zh=f"时限应为不小于 0 的秒数，现为 {self.time_limit}。",
            )

    @classmethod
    def named(cls, name: str) -> Effort:
        """One of the presets: ``"quick"``, ``"standard"``, ``"thorough"``."""
        if name not in PRESETS:
            known = ", ".join(f'"{one}"' for one in PRESETS)
            raise RuleError(
                f'There is no effort "{name}"; choose one of {known}, or pass an Effort.',
                zh=f'没有名为"{name}"的求解力度，可选：{known}，或直接给出 Effort。',
            )
        iterations, restarts = PRESETS[name]
        return cls(iterations, restarts)

    @classmethod
    def recorded(cls, name: str) -> Effort:
        """The effort that `name` told; ``"standard"`` for what is no preset."""
        preset, _, prove = name.partition(", ")
        return dataclasses.replace(cls.named(preset if preset in PRESETS else "standard"), prove=prove == "prove")

    @property
    def name(self) -> str:
        """What a record calls it: the preset or ``"custom"``, with ``", prove"`` where a proof was asked for."""
        known = {work: name for name, work in PRESETS.items()}
        return known.get((self.iterations, self.restarts), "custom") + (", prove" if self.prove else "")

    @property
    def share(self) -> float:
        """The part of the work on one community that is left to it: 1 but in cities of very many."""
        return 1.0 if self.prove else min(1.0, AT_EASE / self.among)

    @property
    def is_over(self) -> bool:
        """Whether the time limit has run out; never before `started`."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def started(self) -> Effort:
        """The same effort with its clock running, so that all searches it is handed to share one time limit."""
        if self.time_limit is None or self.deadline is not None:
            return self
        return dataclasses.replace(self, deadline=time.monotonic() + self.time_limit)

    def sweeps(self, n_units: int) -> int:
        """Sweeps of one run on so many units.

        Below 1,000 units by the fourth root fewer; above what `WHOLE_RUNS` says by the square root fewer.
        """
        ratio = max(n_units, 1) / USUAL_SIZE
        share = math.sqrt(math.sqrt(ratio)) if ratio < 1 else min(1.0, math.sqrt(WHOLE_RUNS * self.restarts / ratio))
        return max(1, round(self.iterations * share))

    def runs(self, n_units: int) -> int:
        """Runs on so many units: by the square root fewer above 1,000 and more below; fewer by the square root of
        their share in cities of very many communities.
        """
        share = math.sqrt(USUAL_SIZE / max(n_units, 1))
        return max(1, round(self.restarts * min(MOST_RESTARTS, share) * math.sqrt(self.share)))
