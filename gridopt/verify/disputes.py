"""Is every dispute between communities what it says: two of the plan's claim a piece of land, and one was given it?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored

_WHERE = ("disputes", "disputes")
_LEAST = 0.01


def disputes(stored: Stored) -> Iterator[Fault]:
    """Claimants are communities of the plan, the land was given to one of them, and is as large as it is said to be."""
    table, known = stored.layers["disputes"], set(stored.layers["communities"].index)
    if not len(table):
        return
    names, claimants = table["dispute_id"], table["claimants"].str.split(";")
    strange = names[[not set(claims) <= known for claims in claimants]]
    yield from found(_WHERE, strange, "claimants are no communities", "{n} 处争议的主张方不是本方案的村（社区）")
    elsewhere = names[[owner not in claims for owner, claims in zip(table["given_to"], claimants, strict=True)]]
    yield from found(_WHERE, elsewhere, "land was given to none of its claimants", "{n} 处争议土地未归任一主张方")
    differ = np.abs(table["area_m2"] - table.geometry.area) > _LEAST + 1e-6 * table["area_m2"]
    yield from found(_WHERE, names[differ], "areas are not those of the shapes", "{n} 处争议的面积与图形不符")
