"""Matters to explain (需说明事项) that come up beside the solvers: rows added to a plan's violations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gridopt.contracts import VIOLATIONS

USUAL: Mapping[str, str | float] = {"unit_ids": "", "limit": 0.0, "proof": "proved", "relaxed": ""}
"""What a row says that is silent of it: no unit in particular, nothing allowed, plain to see, no rule relaxed."""


def with_matters(violations: pd.DataFrame, rows: pd.DataFrame | Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """The violations with further rows behind them; what `USUAL` has may be left out of these."""
    added = pd.DataFrame(rows)
    if not len(added):
        return violations
    silent = {name: value for name, value in USUAL.items() if name not in added}
    added = added.assign(**silent)[VIOLATIONS]
    return pd.concat([violations, added], ignore_index=True) if len(violations) else added
