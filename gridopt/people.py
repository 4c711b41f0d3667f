"""What the project file says of people where counts do not: how many live in a household."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridopt.errors import RuleError, check_keys

MEASURES = ("households", "residents")
LIMITS = (1.0, 10.0)


@dataclass(frozen=True)
class People:
    """The settings of ``[rules.people]``.

    ``household_size`` is the number of residents of a household wherever only one of the two is known: an
    assumption, to be confirmed locally. Raises `RuleError` for a size beyond 1-10.
    """

    household_size: float = 2.6

    def __post_init__(self) -> None:
        size = self.household_size
        if isinstance(size, bool) or not isinstance(size, int | float) or not LIMITS[0] <= size <= LIMITS[1]:
            raise RuleError(
                f"rules.people: household_size must be residents a household, 1 to 10, not {size!r}. "
                "Write it like household_size = 2.6.",
                zh=f"rules.people：household_size 应为户均人口，1 至 10，而不是 {size!r}。"
                "请写成 household_size = 2.6。",
            )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> People:
        """From the table ``[rules.people]``; `RuleError` for keys that do not exist and values that cannot hold."""
        check_keys(table, ["household_size"], "rules.people")
        return cls(**table)

    def counted_from(self, measure: str, table: pd.DataFrame) -> pd.Series:
        """One measure of each row as its other measure tells it by the household size; NaN where that is missing."""
        households, residents = MEASURES
        if measure == households:
            return table[residents] / self.household_size
        return table[households] * self.household_size

    def residents(self, table: pd.DataFrame) -> pd.Series:
        """Residents of each row, from its households where only these are known."""
        counts = pd.DataFrame({name: table.get(name, float("nan")) for name in MEASURES}, table.index, dtype=float)
        return counts["residents"].fillna(self.counted_from("residents", counts))
