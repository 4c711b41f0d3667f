"""The measures that a reader may colour the map by: classes, their colours, and the legend of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.publish.cards import tier_name
from gridopt.publish.colours import SERVED, UNKNOWN, kind_colours, ramp
from gridopt.publish.sentences import capital, number, percent, say
from gridopt.terms import label

CLASSES = 5
SHARES = (0.1, 0.25, 0.5)
"""Where the classes of people out of reach begin, after those who are all in reach."""


@dataclass(frozen=True)
class _Counted:
    """A measure of numbers: a column of `map_figures`, the hue of its ramp, decimals shown, what names it."""

    name: str
    hue: float
    decimals: int = 0
    said: str = ""


_COUNTED = (
    _Counted("households", 235),
    _Counted("residents", 235),
    _Counted("density", 235, said="density"),
    _Counted("workload", 300),
    _Counted("walk_mean", 60, said="walk_mean"),
    _Counted("walk_max", 60, said="walk_max"),
    _Counted("posts", 150),
)
_OUT_OF_REACH_HUE = 20.0

Figures = Mapping[str, pd.DataFrame]


def measures(figures: Figures, lang: str) -> list[dict[str, Any]]:
    """The measures of numbers that the plan has figures for, in the order in which a reader is offered them.

    Each has ``name``, ``said`` and, by level, ``keys`` (colour and text of each class), ``of`` (the class of each
    place) and ``values`` (its figure as text). Measures of names have no ``values``, and are not ``counted``.
    """
    columns = figures["grid"].columns
    listed = [_measure(one, figures, lang) for one in _COUNTED if one.name in columns]
    tiers = [name.partition(".")[2] for name in columns if name.startswith("beyond.")]
    return [*listed, *(_out_of_reach(tier, figures, lang) for tier in tiers)]


def _measure(one: _Counted, figures: Figures, lang: str) -> dict[str, Any]:
    levels = {}
    for level, table in figures.items():
        values = table[one.name].to_numpy(float)
        edges = class_edges(values, one.decimals)
        colours = ramp(one.hue, len(edges) + 1)
        texts = _between(edges, one.decimals) if edges else [number(np.nanmax(values, initial=0.0), one.decimals)]
        levels[level] = _classed(values, edges, list(zip(colours, texts, strict=True)), lang) | {
            "values": [number(value, one.decimals) for value in values]
        }
    said = say(one.said, lang) if one.said else label(one.name, lang)
    return {"name": one.name, "said": capital(said), "counted": True, "levels": levels}


def _out_of_reach(tier: str, figures: Figures, lang: str) -> dict[str, Any]:
    levels = {}
    texts = _between(SHARES, 0, 100, "%")
    shades = zip(ramp(_OUT_OF_REACH_HUE, len(texts) + 1)[1:], texts, strict=True)
    keys = [(SERVED, say("all_in_reach", lang)), *shades]
    for level, table in figures.items():
        values = table[f"beyond.{tier}"].to_numpy(float)
        levels[level] = _classed(values, (np.nextafter(0, 1), *SHARES), keys, lang) | {
            "values": [percent(value, 0 if value in (0, 1) else 1) for value in values]
        }
    said = say("out_of_reach", lang, tier=tier_name(tier, lang))
    return {"name": f"beyond.{tier}", "said": capital(said), "counted": True, "tier": tier, "levels": levels}


def _classed(
    values: NDArray[np.float64], edges: Sequence[float], keys: list[tuple[str, str]], lang: str
) -> dict[str, Any]:
    """The class of each value; those that are unknown have one of their own, last."""
    unknown = np.isnan(values)
    of = np.where(unknown, len(keys), np.searchsorted(edges, np.nan_to_num(values), side="right"))
    nobody = [(UNKNOWN, say("nobody", lang))] if unknown.any() else []
    return {"keys": [list(key) for key in (*keys, *nobody)], "of": of.tolist()}


def class_edges(values: NDArray[np.float64], decimals: int = 0, n: int = CLASSES) -> tuple[float, ...]:
    """Where the second to the last of up to ``n`` classes begin: quantiles, rounded to figures that are easily read.

    Every edge lies above the least value and at most at the greatest, so that the first and the last class hold
    something; values that are all alike are one class. Where most are alike the quantiles are those of the different
    values.
    """
    known = values[~np.isnan(values)]
    edges = _edges(known, decimals, n)
    return edges if len(edges) > 1 else _edges(np.unique(known), decimals, n)


def _edges(known: NDArray[np.float64], decimals: int, n: int) -> tuple[float, ...]:
    """Quantiles rounded as coarsely as keeps most of them apart, so that one large value does not blur all others."""
    if not len(known):
        return ()
    least, most = known.min(), known.max()
    finest = 10.0**-decimals
    coarsest = max(10.0 ** (np.floor(np.log10(max(most - least, finest))) - 1), finest)
    steps = [coarsest / 10.0**finer for finer in range(round(np.log10(coarsest / finest)) + 1)]
    quantiles = np.quantile(known, np.arange(1, n) / n)
    rounded = [np.unique(np.round(np.rint(quantiles / step) * step, 9)) for step in steps]
    return max((tuple(float(edge) for edge in edges if least < edge <= most) for edges in rounded), key=len)


def _between(edges: Sequence[float], decimals: int, factor: float = 1, unit: str = "") -> list[str]:
    """How classes read: below the first edge, between two, from the last on."""
    shown = [number(edge * factor, decimals) + unit for edge in edges]
    return [f"< {shown[0]}", *(f"{a} – {b}" for a, b in pairwise(shown)), f"≥ {shown[-1]}"]


def kinds(plan_kinds: Mapping[str, pd.Series[str]], lang: str) -> dict[str, Any]:
    """The area kinds as a measure of names; ``plan_kinds`` has the kind of each place by level, "" where mixed."""
    colours = kind_colours(kind for column in plan_kinds.values() for kind in column)
    present = list(colours)
    said = [label(kind, lang) if kind else say("mixed", lang) for kind in present]
    keys = [[colours[kind], text] for kind, text in zip(present, said, strict=True)]
    levels = {
        level: {"keys": keys, "of": [present.index(kind) for kind in column]} for level, column in plan_kinds.items()
    }
    return {"name": "area_kind", "said": capital(label("area_kind", lang)), "levels": levels}
