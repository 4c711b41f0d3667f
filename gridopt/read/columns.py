"""Columns into the form the tables promise: ids and codes as text, counts as numbers, missing stays missing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.contracts import LIST_SIGN
from gridopt.errors import preview
from gridopt.read.findings import Findings

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_AS_TEXT = re.compile(r"""^(?:="|['’`"])(\d+)"?$""")
_TEXT_MARKS = frozenset("='’`\"")
"""What a text begins with that `_AS_TEXT` may be."""
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?E\+?(\d+)", re.IGNORECASE)
_GROUPED = re.compile(r"(?<![\d,.])(?:\d{1,3}(?:[,\s'’]\d{3})+|\d{1,4}(?:,\d{4})+)(?![\d,])")
_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(万|萬)?(?:户|戶|人|口|套|栋|棟|幢|层|層|米|家|个|個|m|m2|㎡)?", re.I
)
_MISSING = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "無", "n/a", "na", "nan", "null", "none", "#n/a"})
_FALSE = frozenset({"", "0", "false", "no", "n", "f", "否", "无", "無"})
_TRUE = frozenset({"1", "true", "yes", "y", "t", "是", "有"})
_TEN_THOUSANDS = re.compile(r"[(（\[【/]\s*[万萬][人户戶套]?\s*[)）\]】]?$")
_SAYS_TEN_THOUSAND = re.compile("[万萬]")
_EXACT = 2.0**53
LISTED = ("communities", "units", "current_grids")
"""Layers whose ids stand in lists in the tables of a plan."""
PEOPLED = ("communities", "units", "population")
"""Layers whose counts say how many people live in the city."""


def texts(values: pd.Series) -> pd.Series:
    """Any column as stripped text, "" where missing; whole numbers lose their decimal point."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.map({True: "true", False: ""}).astype("str")
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("str")
    if values.dtype == "str":
        return values.fillna("").str.strip()
    return pd.Series([_text(value) for value in values.tolist()], index=values.index, dtype="str", name=values.name)


def _text(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def ids(values: pd.Series, findings: Findings) -> pd.Series:
    """An id column as text: 63000070001, 63000070001.0 and " 63000070001 " are one id.

    Empty ids, ids that a list would take for two, and numbers too long for a floating-point column to have kept
    their last digits, are faults.
    """
    if pd.api.types.is_float_dtype(values.dtype) and (values.abs() >= _EXACT).any():
        findings.fault(
            f'the ids in column "{values.name}" are numbers of 16 digits or more, whose last digits are lost; '
            "store them as text",
            f"编码列“{values.name}”为 16 位以上的数字，末位已失真；请改存为文本",
        )
    plain = codes(values)
    cut = [text for text in plain.tolist() if "e" in text.lower() and _SCIENTIFIC.fullmatch(text)]
    if cut:
        findings.fault(
            f'{len(cut)} ids in column "{values.name}" were cut by a spreadsheet: {preview(cut)}; '
            "format the column as text, fill it in again and save",
            f"编码列“{values.name}”中 {len(cut)} 个被电子表格改为科学计数：{preview(cut)}；"
            "请将该列设为文本格式后重新填写并保存",
        )
    parted = [text for text in plain.tolist() if LIST_SIGN in text] if findings.layer in LISTED else []
    if parted:
        findings.fault(
            f'{len(parted)} ids in column "{values.name}" hold "{LIST_SIGN}", which stands between the ids of a list: '
            f"{preview(parted)}; put another sign in its place",
            f"编码列“{values.name}”中 {len(parted)} 个含有“{LIST_SIGN}”，而多个编码并列时以此分隔：{preview(parted)}；"
            "请改用其他符号",
        )
    empty = np.flatnonzero((plain == "").to_numpy()) + 1
    if len(empty):
        findings.fault(
            f'{len(empty)} rows have no id in column "{values.name}": rows {preview(empty)}; give each its id',
            f"{len(empty)} 行的编码列“{values.name}”为空：第 {preview(empty)} 行；请补全",
        )
    return plain


def codes(values: pd.Series) -> pd.Series:
    """A column of codes as text, "" where missing: "63000070001.0" and "6.3000070001E+10" are 63000070001.

    The marks by which spreadsheets keep digits as text go: '63000070001 and ="63000070001".
    """
    plain = texts(values)
    written = plain.tolist()
    odd = [i for i, text in enumerate(written) if "." in text or text[:1] in _TEXT_MARKS]
    plain.iloc[odd] = [_whole(_AS_TEXT.sub(r"\1", written[i])) for i in odd]
    return plain


def _whole(text: str) -> str:
    match = _WHOLE.fullmatch(text)
    if match:
        return match[1]
    parts = _SCIENTIFIC.fullmatch(text)
    # Only where no digit was lost on the way.
    return parts[1] + parts[2] if parts and len(parts[2] or "") == int(parts[3]) else text


def claims(values: pd.Series, ids: pd.Series) -> pd.Series:
    """Text that names something, "" for none; a bare yes stands for the row's own id."""
    plain = texts(values)
    lowered = plain.str.lower()
    return plain.mask(lowered.isin(_FALSE), "").mask(lowered.isin(_TRUE), ids.to_numpy(dtype=object))


def parse_numbers(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Numbers of a column (NaN where missing), which cells are no number, and which had to be read from text.

    "1,234", "1,234户", "1.2万" and full-width digits are numbers; "-", "无" and "N/A" are missing. A comma
    that parts no group of three or four digits may be a decimal point: such a cell is no number.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(np.float64, na_value=np.nan), np.zeros(len(values), bool), np.zeros(len(values), bool)
    numbers = np.full(len(values), np.nan)
    unread, mended = np.zeros(len(values), bool), np.zeros(len(values), bool)
    for i, value in enumerate(values.tolist()):
        numbers[i], unread[i], mended[i] = _number(value)
    return numbers, unread, mended


def _number(value: object) -> tuple[float, bool, bool]:
    if isinstance(value, int | float | np.number):
        return float(value), False, False
    text = _text(value)
    if text.lower() in _MISSING:
        return np.nan, False, False
    try:
        return float(text), False, False
    except ValueError:
        pass
    grouped = _GROUPED.sub(lambda digits: re.sub(r"[,\s'’]", "", digits[0]), unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\s", "", grouped)
    match = _NUMBER.fullmatch(plain)
    if not match:
        return np.nan, True, False
    return float(match[1]) * (10_000 if match[2] else 1), False, True


def counts(values: pd.Series, names: pd.Index, findings: Findings, *, required: bool = False) -> NDArray[np.float64]:
    """A column of counts; text, negative or infinite values and a column without any number are faults.

    ``required`` makes a single missing count a fault as well (control totals).
    """
    numbers, unread, mended = parse_numbers(values)
    column, listed = str(values.name), np.asarray(names, dtype=object)
    texts_held = [f"{listed[i]} ({values.iloc[i]})" for i in np.flatnonzero(unread)]
    _fault_rows(findings, column, "no number", "不是数字", texts_held)
    _below_zero_or_infinite(values, listed, numbers, findings)
    missing = np.isnan(numbers) & ~unread
    if len(numbers) and missing.all():
        findings.fault(
            f'column "{column}" holds no number in any of its {len(numbers)} rows; name another column',
            f"列“{column}”的 {len(numbers)} 行全部缺数；请改指其他列",
        )
    elif findings.layer in PEOPLED and (numbers == 0).any() and np.nanmax(numbers) == 0:
        findings.fault(
            f'column "{column}" is 0 in each of its {len(numbers)} rows: nobody could be put into grids; name another '
            "column, or ask for the figures",
            f"列“{column}”的 {len(numbers)} 行全部为 0，无人可划入网格；请改指其他列，或核实数据",
        )
    elif required:
        _fault_rows(
            findings,
            column,
            "missing (a control total may not be)",
            "缺失（控制总数不得缺失）",
            listed[missing].tolist(),
        )
    findings.repair("counts_read", listed[mended].tolist(), values=[column])
    return _in_ones(numbers, values, findings)


def _in_ones(numbers: NDArray[np.float64], values: pd.Series, findings: Findings) -> NDArray[np.float64]:
    """The counts of a column whose name says that it counts in ten thousands ("人口(万人)"), one by one."""
    if not _TEN_THOUSANDS.search(str(values.name)):
        return numbers
    findings.repair("ten_thousands", n=int(np.isfinite(numbers).sum()), values=[values.name])
    says_so = np.array([isinstance(value, str) and bool(_SAYS_TEN_THOUSAND.search(value)) for value in values])
    return np.where(says_so, numbers, np.round(numbers * 10_000, 6))


def _fault_rows(
    findings: Findings, column: str, what: str, what_zh: str, rows: Sequence[object], *, held: Sequence[object] = ()
) -> None:
    """A fault that names rows, and what they hold where that tells more."""
    if rows:
        shown, shown_zh = (f" ({preview(held)})", f"（{preview(held)}）") if len(held) else ("", "")
        findings.fault(
            f'column "{column}": {len(rows)} values are {what}: {preview(rows)}{shown}; correct them in the layer',
            f"列“{column}”：{len(rows)} 个数{what_zh}：{preview(rows)}{shown_zh}；请在图层中改正",
        )


def _below_zero_or_infinite(
    values: pd.Series, names: NDArray[np.object_], numbers: NDArray[np.float64], findings: Findings
) -> None:
    for wrong, what, what_zh in ((numbers < 0, "negative", "为负数"), (np.isinf(numbers), "infinite", "为无穷大")):
        held = values.to_numpy(object)[wrong].tolist()
        _fault_rows(findings, str(values.name), what, what_zh, names[wrong].tolist(), held=held)


def lengths(values: pd.Series, names: pd.Index, findings: Findings) -> NDArray[np.float64]:
    """A column of floors, heights or widths: what is no number is taken as missing, on record; negative is a fault."""
    numbers, unread, _ = parse_numbers(values)
    listed = np.asarray(names, dtype=object)
    _below_zero_or_infinite(values, listed, numbers, findings)
    findings.repair("counts_unread", listed[unread].tolist(), values=[values.name])
    return numbers
