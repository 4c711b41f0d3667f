"""What the border of each grid is made of: the community's border, recognised lines by their kind, and none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridopt.grids.bounds_text import LINE_LAYERS, layers_along
from gridopt.grids.outline import outline
from gridopt.grids.plan import Plan

OTHER_LINE, NO_LINE, COMMUNITY = "seam", "no_line", "community"
MAKEUP = (COMMUNITY, *LINE_LAYERS, OTHER_LINE, NO_LINE)
"""The parts of a border; ``seam`` is along recognised lines whose layer is not at hand, as in a plan read back."""


def border_makeup(plan: Plan) -> pd.DataFrame:
    """Shares of each grid's perimeter by `MAKEUP`, by ``grid_code``; they sum to 1.

    How much lies between grids, and how much of that follows no recognised line, are the grid's own
    figures; the rest of it is told apart by the lines that the outline runs along.
    """
    grids = plan.grids
    perimeter = grids.geometry.length.to_numpy(float)
    inner = np.minimum(grids["cut_border_m"].to_numpy(float), perimeter)
    loose = inner * grids["unrecognised_border_share"].to_numpy(float)
    table = pd.DataFrame(0.0, index=grids.index, columns=list(MAKEUP))
    table[COMMUNITY] = perimeter - inner
    table[NO_LINE] = loose
    shares = _line_shares(plan)
    known = shares.sum(axis=1)
    table[list(LINE_LAYERS)] = shares.mul(inner - loose, axis=0)
    table[OTHER_LINE] = (inner - loose) * (1 - known)
    return table.div(perimeter, axis=0)


def _line_shares(plan: Plan) -> pd.DataFrame:
    """How the recognised borders of each grid share out over the layers; rows sum to 1, or to 0 where none is known."""
    grids = plan.grids
    pieces = outline(grids.geometry.to_numpy())
    owners = np.append(grids["community_id"].to_numpy(), "")
    pieces = pieces.take(np.flatnonzero(owners[pieces.grids] == owners[pieces.behind]))
    found = pd.DataFrame({"grid": pieces.grids, "layer": layers_along(pieces, plan.city), "metres": pieces.metres})
    found = found[found["layer"] != ""]
    metres = found.pivot_table(index="grid", columns="layer", values="metres", aggfunc="sum")
    metres = metres.reindex(index=range(len(grids)), columns=list(LINE_LAYERS)).fillna(0.0).set_axis(grids.index)
    return metres.div(metres.sum(axis=1).replace(0.0, 1.0), axis=0)
