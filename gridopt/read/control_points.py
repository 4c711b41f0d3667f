"""A local coordinate system tied to a known one by control points: a four-parameter fit and its residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from gridopt.coordinates import metric_crs
from gridopt.errors import RuleError, TableError, preview
from gridopt.read.columns import parse_numbers, texts
from gridopt.read.formats import open_layer

FEWEST = 3
"""Control points that are needed: two fit anything and show no residual."""

LIMIT = 1.0
"""Metres that the largest residual may measure unless the project file says otherwise."""

COLUMNS: Mapping[str, str] = {
    "local_x": "local_x source_x from_x 本地x 地方x 独立x 源x",
    "local_y": "local_y source_y from_y 本地y 地方y 独立y 源y",
    "x": "x east easting 东坐标 東坐標 目标x lon lng longitude 经度 經度",
    "y": "y north northing 北坐标 北坐標 目标y lat latitude 纬度 緯度",
}
"""What a column of the table is -> the names it may bear; x and local_x count to the east."""


@dataclass(frozen=True, eq=False)
class Tie:
    """A fit of w = scale * turn * z + shift, places as complex numbers; ``residuals`` in metres, one a point."""

    factor: complex
    shift: complex
    crs: pyproj.CRS
    names: tuple[str, ...]
    residuals: NDArray[np.float64]

    @property
    def scale(self) -> float:
        return abs(self.factor)

    @property
    def turn(self) -> float:
        """Degrees, counted from east to north."""
        return float(np.degrees(np.angle(self.factor)))

    def moved(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) local places in ``crs``."""
        places = (points[:, 0] + 1j * points[:, 1]) * self.factor + self.shift
        return np.column_stack([places.real, places.imag])


def read_tie(file: Path, path: str, crs: pyproj.CRS | None, *, limit: float = LIMIT) -> Tie:
    """The tie that a table of control points gives.

    Columns as in `COLUMNS`: the local place and the known one, which is in ``crs`` (degrees without it).
    The fit is the similarity (Helmert) transformation of least squares: scale, turn and two shifts.

    Raises:
        TableError: fewer than `FEWEST` points, columns or numbers missing, or a residual above ``limit``.
    """
    table = open_layer(file, path=path).table
    pairs, names = _points(table, path)
    local, known = pairs[:, 0] + 1j * pairs[:, 1], pairs[:, 2:]
    crs, known = _metric(known, crs, path)
    target = known[:, 0] + 1j * known[:, 1]
    tie = _fit(local, target, crs, names)
    if tie.residuals.max() > limit:
        raise _loose(tie, local, target, limit, path)
    return tie


def _points(table: pd.DataFrame, path: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    lowered = {str(name).strip().lower(): str(name) for name in table.columns}
    found = {
        key: next((lowered[word] for word in words.split() if word in lowered), "") for key, words in COLUMNS.items()
    }
    lacking = [key for key, column in found.items() if not column]
    if lacking:
        raise TableError(
            f"{path}: the table of control points lacks {', '.join(lacking)}; it has {preview(table.columns, 20)}. "
            "Name the columns local_x, local_y, x, y (x to the east).",
            zh=f"{path}：控制点表缺少 {'、'.join(lacking)}；现有列：{preview(table.columns, 20)}。"
            "请将列命名为 local_x、local_y、x、y（x 为东向）。",
        )
    numbers = np.column_stack([parse_numbers(table[column])[0] for column in found.values()])
    whole = np.isfinite(numbers).all(axis=1)
    if whole.sum() < FEWEST:
        raise TableError(
            f"{path}: {int(whole.sum())} control points have all four coordinates, {FEWEST} are needed; "
            "two fit anything and show no error. Add points.",
            zh=f"{path}：四个坐标齐全的控制点有 {int(whole.sum())} 个，至少需要 {FEWEST} 个；"
            "两个点无法检核。请补充控制点。",
        )
    named = next((lowered[word] for word in ("name", "id", "point", "点名", "点号", "名称") if word in lowered), None)
    labels = texts(table[named]) if named else pd.Series([str(i) for i in range(1, len(table) + 1)])
    return numbers[whole], tuple(labels.to_numpy(object)[whole].tolist())


def _metric(known: NDArray[np.float64], crs: pyproj.CRS | None, path: str) -> tuple[pyproj.CRS, NDArray[np.float64]]:
    """The known places in a CRS in metres."""
    in_degrees = bool((np.abs(known[:, 0]) <= 180).all() and (np.abs(known[:, 1]) <= 90).all())
    if crs is None and not in_degrees:
        raise RuleError(
            f'{path}: the known coordinates of the control points need their CRS; add crs = "EPSG:..." to the layer.',
            zh=f'{path}：控制点的已知坐标须注明坐标系；请在该图层中添加 crs = "EPSG:..."。',
        )
    given = crs or pyproj.CRS.from_epsg(4326)
    if given.is_projected and {axis.unit_name for axis in given.axis_info} == {"metre"}:
        return given, known
    degrees = pyproj.Transformer.from_crs(given, "EPSG:4326", always_xy=True).transform(known[:, 0], known[:, 1])
    zone = metric_crs(float(np.mean(degrees[0])), float(np.mean(degrees[1])))
    change = pyproj.Transformer.from_crs(given, zone, always_xy=True)
    return zone, np.column_stack(change.transform(known[:, 0], known[:, 1]))


def _fit(local: NDArray[np.complex128], known: NDArray[np.complex128], crs: pyproj.CRS, names: Sequence[str]) -> Tie:
    centred, target = local - local.mean(), known - known.mean()
    spread = float((np.abs(centred) ** 2).sum())
    factor = complex((centred.conj() * target).sum() / spread) if spread else 0j
    shift = complex(known.mean() - factor * local.mean())
    return Tie(factor, shift, crs, tuple(names), np.abs(factor * local + shift - known))


def _loose(
    tie: Tie, local: NDArray[np.complex128], known: NDArray[np.complex128], limit: float, path: str
) -> TableError:
    """The error for residuals above the limit: each one, and whether swapped axes are the cause."""
    order = np.argsort(-tie.residuals, kind="stable")
    listed = preview((f"{tie.names[i]} {tie.residuals[i]:.2f} m" for i in order), 10)
    swapped = _fit(local.imag + 1j * local.real, known, tie.crs, tie.names).residuals.max()
    cure, cure_zh = "Correct or remove the points that are furthest off", "请改正或删去偏差最大的点"
    if swapped <= limit:
        cure = "With local_x and local_y exchanged they fit: x counts to the east, y to the north"
        cure_zh = "将 local_x 与 local_y 互换后吻合：x 为东向，y 为北向，请互换"
    return TableError(
        f"{path}: the control points do not fit: {listed}; the most allowed is {limit:g} m. {cure}, "
        "or raise control_limit.",
        zh=f"{path}：控制点不吻合：{listed}；最多允许 {limit:g} m。{cure_zh}，或放宽 control_limit。",
    )
