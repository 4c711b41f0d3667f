"""Colours of the maps: a hue for each community, a shade for each grid, so that neighbours differ."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

# Hues in degrees of OKLCH, ordered so that the first ones used lie far apart.
HUES = (235, 75, 150, 20, 195, 110, 300, 50, 265, 335)
SHADES = ((0.875, 0.055), (0.79, 0.075), (0.925, 0.035), (0.72, 0.085), (0.835, 0.05), (0.755, 0.065), (0.68, 0.075))
SIZE_COLOURS = {
    "below": "#6f9bc4",
    "low": "#bcd3e6",
    "comfort": "#dfe9d8",
    "high": "#f1d3a8",
    "above": "#d98a5f",
    "exempt": "#dcdcdc",
}
DECISION_COLOURS = {"decide": "#e3a04f", "information": "#e9dcbb", "none": "#e6ebe6"}
KIND_COLOURS = {
    "urban": "#c9d3ea",
    "old_town": "#e6c3a8",
    "fringe": "#ead9a6",
    "commercial": "#e7b3bb",
    "park": "#cbbfe0",
    "rural": "#cfe0b0",
    "hill": "#9fc6a8",
}
FURTHER_KINDS = ("#d8d2c4", "#bcd8d6", "#e3c6dc", "#d9dcb0")
SERVED = "#e6eee2"
"""Where everybody is in reach of a service."""
OUTLINE = "#c2412d"
UNKNOWN = "#e4e5e2"
"""What nothing is known of, or nobody lives in."""
SHORTEST_SHARED_BORDER = 0.05


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """The sRGB hex of an OKLCH colour (Ottosson 2020), clipped to the gamut."""
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.array(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    ).clip(0, 1)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(value * 255):02x}" for value in gamma)


def kind_colours(kinds: Iterable[str]) -> dict[str, str]:
    """The colour of each area kind there is, in the order of a legend; "" is none or a mixture of several."""
    found = set(kinds)
    own = sorted(found - set(KIND_COLOURS) - {""})
    colours = {**KIND_COLOURS, **dict(zip(own, FURTHER_KINDS * len(own), strict=False)), "": UNKNOWN}
    return {kind: colour for kind, colour in colours.items() if kind in found}


def ramp(hue: float, n: int) -> list[str]:
    """A colour for each of ``n`` classes of one hue, from pale to strong; letters stay legible on all of them."""
    steps = np.linspace(0.0, 1.0, n) if n > 1 else np.array([0.4])
    return [oklch(0.955 - 0.32 * step, 0.02 + 0.1 * step, hue) for step in steps]


def neighbours(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Pairs (i < j) of polygons that share a line, shape (m, 2); touching at a corner does not count."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = np.column_stack([first, second])[first < second]
    shared = shapely.intersection(shapely.boundary(shapes[pairs[:, 0]]), shapes[pairs[:, 1]])
    pairs = pairs[shapely.length(shared) > SHORTEST_SHARED_BORDER]
    ordered: NDArray[np.int64] = pairs[np.lexsort(pairs.T[::-1])]
    return ordered


def colour_numbers(n: int, pairs: NDArray[np.int64], n_colours: int, *, spread: bool = False) -> NDArray[np.int64]:
    """A colour 0..n_colours-1 for each of n things so that no pair shares one.

    Greedy in smallest-last order (Matula and Beck 1983), which needs at most six colours on any planar map.
    With ``spread`` the colour used least so far is taken, else the lowest. Should colours run out, the
    one with the fewest neighbours of the same colour is taken. The same input gives the same colours.
    """
    near: list[list[int]] = [[] for _ in range(n)]
    for i, j in pairs.tolist():
        near[i].append(j)
        near[j].append(i)
    colours = np.full(n, -1)
    used = np.zeros(n_colours, int)
    for thing in reversed(_smallest_last(near)):
        taken = colours[near[thing]]
        clashes = np.bincount(taken[taken >= 0], minlength=n_colours)
        order = np.lexsort((np.arange(n_colours), used if spread else np.zeros(n_colours), clashes))
        colours[thing] = order[0]
        used[order[0]] += 1
    return colours


def _smallest_last(near: list[list[int]]) -> list[int]:
    """Things in the order in which they leave when the one with the fewest neighbours left goes first."""
    degree = [len(around) for around in near]
    waiting: dict[int, set[int]] = {}
    for thing, count in enumerate(degree):
        waiting.setdefault(count, set()).add(thing)
    left = [True] * len(near)
    order: list[int] = []
    while len(order) < len(near):
        fewest = min(count for count, things in waiting.items() if things)
        thing = min(waiting[fewest])
        waiting[fewest].discard(thing)
        left[thing] = False
        order.append(thing)
        for other in near[thing]:
            if left[other]:
                waiting[degree[other]].discard(other)
                degree[other] -= 1
                waiting.setdefault(degree[other], set()).add(other)
    return order


def community_colours(
    grids: pd.DataFrame, shapes: NDArray[np.object_], owner: str = "community_id"
) -> tuple[pd.Series[str], pd.Series[str]]:
    """(a strong colour for each community id, a fill for each grid code).

    ``shapes`` are the polygons of ``grids`` in row order. Communities that share a line differ in hue;
    grids of one community that share a line differ in shade. ``owner`` may be the column of a level above.
    """
    pairs = neighbours(shapes)
    owners, place = np.unique(grids[owner].to_numpy(dtype=object), return_inverse=True)
    ends = place[pairs]
    across = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
    hues = colour_numbers(len(owners), across, len(HUES), spread=True)
    shades = colour_numbers(len(grids), pairs[ends[:, 0] == ends[:, 1]], len(SHADES))
    strong = [oklch(0.62, 0.1, HUES[hue]) for hue in hues]
    fills = [oklch(*SHADES[shade], HUES[hues[of]]) for shade, of in zip(shades, place, strict=True)]
    return pd.Series(strong, index=owners), pd.Series(fills, index=grids.index)
