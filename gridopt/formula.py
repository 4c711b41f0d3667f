"""Formulas over columns, ``households + 0.5*shops``: parsed here, never evaluated as code."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.errors import RuleError, TableError, preview
from gridopt.terms import label

Floats = NDArray[np.float64]
Token = tuple[str, str]

_TOKEN = re.compile(
    r'(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|"(?P<quoted>[^"]+)"|(?P<column>[^\W\d]\w*)'
    r"|(?P<mark>[-+*/()＋－×＊÷／（）−])"
)
_MARKS = str.maketrans("＋－×＊÷／（）−", "+-**//()-")
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "minus": 3}
_OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_PLAIN = re.compile(r"[^\W\d]\w*")
EXAMPLE = "households + 0.5*shops"


@dataclass(frozen=True)
class Formula:
    """A formula as it was written, and its steps in postfix order: ``(kind, number, column or mark)``."""

    text: str
    steps: tuple[tuple[str, Any], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, each once, in the order of the text."""
        return tuple(dict.fromkeys(value for kind, value in self.steps if kind == "column"))

    def values(self, table: Mapping[str, Any] | pd.DataFrame) -> Floats:
        """Its value in every row of a table that has its columns; a missing count is 0."""
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for kind, value in self.steps:
                if kind == "column":
                    stack.append(np.nan_to_num(np.asarray(table[value], np.float64), nan=0.0))
                elif kind == "number":
                    stack.append(np.float64(value))
                elif value == "minus":
                    stack.append(-stack.pop())
                else:
                    right, left = stack.pop(), stack.pop()
                    stack.append(_OPERATIONS[value](left, right))
        return np.asarray(stack[0], np.float64)


def parse(text: str) -> Formula:
    """A formula of numbers, columns, ``+ - * /`` and parentheses, by Dijkstra's shunting yard (1961).

    Columns may be named in any script; one that is no plain word stands in double quotes. Raises `RuleError`.
    """
    steps: list[tuple[str, Any]] = []
    waiting: list[str] = []
    wants_value = True
    for kind, value in _tokens(text):
        opens = kind != "mark" or value == "(" or (wants_value and value in "+-")
        if opens != wants_value:
            raise _misread(text, value)
        if kind != "mark":
            steps.append((kind, float(value) if kind == "number" else value))
            wants_value = False
        elif value == ")":
            _close(text, waiting, steps)
        elif value == "(" or wants_value:
            waiting += [] if value == "+" else ["minus" if value == "-" else value]
        else:
            _settle(waiting, steps, _STRENGTH[value])
            waiting.append(value)
            wants_value = True
    _settle(waiting, steps, 0)
    if wants_value or waiting:
        raise _misread(text, "(" if waiting and not wants_value else "")
    if not any(kind == "column" for kind, _ in steps):
        raise _misread(text, text)
    return Formula(text, tuple(steps))


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None and not text[place].isspace():
            raise _misread(text, text[place])
        if found is not None:
            kind = str(found.lastgroup)
            value = str(found[kind])
            yield ("mark", value.translate(_MARKS)) if kind == "mark" else (kind.replace("quoted", "column"), value)
        place = found.end() if found else place + 1


def _close(text: str, waiting: list[str], steps: list[tuple[str, Any]]) -> None:
    _settle(waiting, steps, 0)
    if not waiting:
        raise _misread(text, ")")
    waiting.pop()


def _settle(waiting: list[str], steps: list[tuple[str, Any]], strength: int) -> None:
    """Write out the marks that wait and bind at least as strongly, back to the last open parenthesis."""
    while waiting and waiting[-1] != "(" and _STRENGTH[waiting[-1]] >= strength:
        steps.append(("mark", waiting.pop()))


def _misread(text: str, at: str) -> RuleError:
    where, where_zh = (f' at "{at}"', f"，问题在“{at}”") if at else (" at its end", "，问题在末尾")
    return RuleError(
        f'"{text}" is no formula{where}: write numbers, columns, + - * / and parentheses, like "{EXAMPLE}"',
        zh=f"“{text}”不是可用的公式{where_zh}：请用数字、列名、+ - * / 和括号，如“{EXAMPLE}”",
    )


def measured(table: pd.DataFrame, text: str, what: str = "units") -> Floats:
    """A formula in every row of a table, missing counts 0.

    Raises `TableError` for columns the table lacks, and for rows in which it falls below 0 or has no value.
    """
    formula = parse(text)
    require_columns(formula.columns, counted_columns(table), f'"{text}"')
    values = formula.values(table)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        ids = table.index[bad]
        raise TableError(
            f'{what}: "{text}" is below 0 or no number in {len(ids)} of {len(table)} rows: {preview(ids)} '
            f"(the first gives {values[bad][0]:g}). Correct the formula or the counts.",
            zh=f"{label(f'layer.{what}')}：“{text}”在 {len(table)} 行中有 {len(ids)} 行小于 0 或不是数字："
            f"{preview(ids)}（首个为 {values[bad][0]:g}）。请改正公式或数据。",
        )
    return values


def counted_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a table that hold numbers."""
    kinds = table.dtypes.items()
    return [str(name) for name, kind in kinds if pd.api.types.is_numeric_dtype(kind) and kind.kind != "b"]


def require_columns(names: Iterable[str], known: Iterable[object], where: str) -> None:
    """Raise one `TableError` for every name that is no column, each with the nearest ones that are."""
    columns = [str(name) for name in known]
    unknown = [name for name in dict.fromkeys(names) if name not in columns]
    if not unknown:
        return
    near = {name: difflib.get_close_matches(name, columns, 3, 0.6) for name in unknown}
    listed = [f'"{name}"' + (f" (near: {', '.join(near[name])})" if near[name] else "") for name in unknown]
    listed_zh = [f"“{name}”" + (f"（相近：{'、'.join(near[name])}）" if near[name] else "") for name in unknown]
    raise TableError(
        f"{where}: no column {', '.join(listed)}; there are {preview(columns, 20)}. "
        "Name a column of units or buildings.",
        zh=f"{where}：没有列{'、'.join(listed_zh)}；现有列：{preview(columns, 20)}。请改用划分单元或楼栋图层的列。",
    )


def with_weights(text: str, weights: Mapping[str, float]) -> str:
    """A formula plus so much for each of some columns: the size measure with its care load."""
    return " + ".join([text, *(f"{weight!r}*{quoted(column)}" for column, weight in weights.items() if weight)])


def quoted(column: str) -> str:
    """A column as a formula names it: in double quotes unless it is a plain word."""
    return column if _PLAIN.fullmatch(column) else f'"{column}"'


def spoken(text: str, lang: str = "en") -> str:
    """A formula in the words of the glossary: "户数 + 0.5*shops"; a single column reads as its label."""

    def said(found: re.Match[str]) -> str:
        return label(found["column"] or found["quoted"] or found[0], lang)

    return _TOKEN.sub(said, text)
