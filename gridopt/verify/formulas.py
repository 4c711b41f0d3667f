"""Formulas over columns read a second time, by Python's own grammar, so that one misreading cannot hide another."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

_COLUMN = re.compile(r'"([^"]+)"|(?<![\w.])([^\W\d]\w*)')
_MARKS = str.maketrans("＋－×＊÷／（）−", "+-**//()-")
_OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def sums_by_grid(units: Any, text: str) -> Any:
    """What a formula over the units' columns gives, summed by grid code; a missing count is 0."""
    columns: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        columns.append(found[1] or found[2])
        return f"_{len(columns) - 1}"

    plain = _COLUMN.sub(stand_in, text).translate(_MARKS).strip()
    with np.errstate(all="ignore"):
        values = _value(ast.parse(plain, mode="eval").body, units, columns)
    return pd.Series(values, units.index, dtype=float).groupby(units["grid_code"]).sum()


def _value(node: ast.expr, units: Any, columns: list[str]) -> Any:
    if isinstance(node, ast.Name):
        return units[columns[int(node.id[1:])]].astype(float).fillna(0).to_numpy()
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return np.float64(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _value(node.operand, units, columns)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        sides = [_value(side, units, columns) for side in (node.left, node.right)]
        return _OPERATIONS[type(node.op)](*sides)
    raise ValueError(f"{ast.dump(node)} is no part of a formula")
