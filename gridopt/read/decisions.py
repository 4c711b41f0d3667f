"""The table of decisions: what people settled about the grids by hand, one decision a row, as a spreadsheet.

| column | 列 | what it holds |
|---|---|---|
| kind | 决定 | one of the seven kinds below |
| object | 对象 | a unit, a building ("金狮小区5幢"), an estate or a current grid; several with ";" between |
| target | 目标 | the grid, the community, the other object, the name or the code |
| community | 社区 | where names are looked up, if they occur in several communities |
| who, date, reason | 决定人、日期、理由 | for the record |

| kind | 决定 | what holds at every run |
|---|---|---|
| belongs | 归属 | the object lies in the grid that the target names (all objects of one grid lie together, those of two grids apart), or in the community that it names |
| together | 同格 | the object and the target, if any, lie in one grid |
| apart | 分格 | no grid holds parts of both |
| frozen | 保持 | the current grid stays exactly as it is, with its code and name |
| border | 边界 | neighbours on both sides of the named line lie in two grids; with a target, the same as apart |
| name | 名称 | the grid that holds the object is called so |
| code | 编码 | the grid that holds the object has this code |
"""  # noqa: E501 — a table's row is one line

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import pandas as pd

from gridopt.errors import preview
from gridopt.read.columns import codes, texts
from gridopt.read.findings import Findings, row_name
from gridopt.read.formats import Source, open_layer
from gridopt.read.layers import Layer
from gridopt.read.project import LayerSpec

HEADERS: Mapping[str, str] = {
    "kind": "kind decision 决定 决定类型 决定事项 类型 事项 決定",
    "object": "object 对象 对象名称 单元 楼栋 對象",
    "target": "target to value 目标 归入 归属 另一对象 目标网格 名称或编码 目標 歸入",
    "community": "community community_id 社区 所属社区 村（社区） 村社区 村 里",
    "who": "who by 决定人 确认人 提出人 责任人 經辦人 經手人",
    "date": "date when 日期 决定日期 時間 时间",
    "reason": "reason note 理由 原因 备注 说明 備註",
}
"""Column -> the headers that it is known by, whatever their case."""

KINDS: Mapping[str, str] = {
    "belongs": "belongs belong 归属 归入 归 划归 划入 属于 歸屬",
    "together": "together join 同格 同一网格 合并 合并为一格 一起 不分 合併",
    "apart": "apart separate 分格 分开 不同格 不同网格 拆分 分開",
    "frozen": "frozen freeze keep 保持 保持不变 保留 冻结 锁定 不动 不变 凍結 鎖定",
    "border": "border boundary 边界 界线 为界 以此为界 邊界",
    "name": "name named 名称 命名 网格名称 名稱",
    "code": "code coded 编码 代码 网格编码 編碼",
}
"""Kind -> the words that it is known by."""

LINES = ("roads", "rivers", "railways", "walls")
NEED_A_TARGET = ("belongs", "apart", "name", "code")
NEED_NO_TARGET = ("frozen",)
_SEPARATORS = re.compile(r"[;；\n]+")
COLUMNS = ("row", "kind", "object", "target", "community", "who", "date", "reason")


def read_decisions(spec: LayerSpec) -> Layer:
    """The decisions as they are written, indexed by ``decision_id``, with the columns of `COLUMNS`.

    ``row`` is the row's number in its spreadsheet, by which people are answered; ``kind`` is one of
    `KINDS`; the rest is text, "" where a cell is empty. Headers and kinds may be English or Chinese. Ids
    follow the rows' content, so that their order does not matter; exact repetitions are kept once, on record.

    Raises:
        TableError: naming every row that cannot be read: an unknown kind, no object, a target that
            lacks or is one too many.
    """
    source, findings = open_layer(spec.file, spec.layer, path=spec.path), Findings("decisions")
    columns = _columns(spec, source, findings)
    findings.close()
    _note_reading(source, findings)
    rows = _rows(source, columns)
    bare = (rows[["kind", "object", "target"]] == "").all(axis=1)
    findings.repair("no_decision", [row_name(row) for row in rows.loc[bare, "row"]])
    rows = rows[~bare]
    _check(rows, findings)
    findings.close()
    repeated = rows.drop(columns="row").duplicated()
    findings.repair("duplicate_rows", [row_name(row) for row in rows.loc[repeated, "row"]])
    table = _with_ids(rows[~repeated])
    return Layer(table, source.layer, None, len(source.table), tuple(findings.repairs), tuple(columns))


def _note_reading(source: Source, findings: Findings) -> None:
    if source.encoding not in ("utf-8", "utf-8-sig"):
        findings.repair("encoding", n=len(source.table), values=[source.encoding])
    findings.repair("title_rows", n=source.title_rows)
    findings.repair("note_rows", [row_name(row) for row in source.notes])


def _columns(spec: LayerSpec, source: Source, findings: Findings) -> dict[str, str]:
    """Column of the contract -> header of the table: as the project file says, else by a known word."""
    headers = [str(name) for name in source.table.columns]
    unknown = [key for key in spec.columns if key not in HEADERS]
    lacking = [f'{key} = "{name}"' for key, name in spec.columns.items() if name not in headers]
    if unknown or lacking:
        asked = preview([*unknown, *lacking], 20)
        findings.fault(
            f"there is no column for {asked}; known: {', '.join(HEADERS)}; the table has: {preview(headers, 20)}",
            f"没有 {asked} 所指的列；可用：{'、'.join(HEADERS)}；现有列：{preview(headers, 20)}",
        )
    columns = {key: name for key, name in {**known_headers(headers), **spec.columns}.items() if name in headers}
    needed = [key for key in ("kind", "object") if key not in columns]
    if needed:
        findings.fault(
            f"there is no column for {' and '.join(needed)}; the table has: {preview(headers, 20)}; head the columns "
            "kind, object, target, community, who, date, reason",
            f"没有列：{'、'.join(needed)}；现有列：{preview(headers, 20)}；"
            "表头请写成 决定、对象、目标、社区、决定人、日期、理由",
        )
    return columns


def lines_called(table: pd.DataFrame, words: str) -> pd.Index:
    """The lines of a layer that go by a name or an id, all segments of it; letters and digits of any width."""
    names = table["name"].fillna("").map(plain_text)
    return table.index[(names == plain_text(words)) | (table.index == words)]


def marked_where_decided(layers: Mapping[str, pd.DataFrame], findings: Findings) -> dict[str, pd.DataFrame]:
    """The layers with what decisions make of them, so that units that are built end where grids must.

    A line that a decision makes a border is a seam if it was none; current grids have a column ``frozen``.
    """
    decisions = layers.get("decisions")
    if decisions is None:
        return dict(layers)
    changed = _seams(layers, decisions, findings)
    current = changed.get("current_grids")
    if current is not None:
        frozen = decisions.loc[decisions["kind"] == "frozen", "object"]
        words = {plain_text(word) for cell in frozen for word in words_of(cell)}
        codes_and_names = zip(current.index, current["grid_code"], current["name"], strict=True)
        marks = [any(_is_called(word, names) for word in words) for names in codes_and_names]
        if any(marks):
            changed["current_grids"] = current.assign(frozen=marks)
            changed["current_grids"].attrs = dict(current.attrs)
    return changed


def words_of(cell: str) -> list[str]:
    """The objects that one cell lists, with ";" between."""
    return [word.strip() for word in _SEPARATORS.split(cell) if word.strip()]


def plain_text(text: str) -> str:
    """Text with full-width letters and digits folded and no blanks around it."""
    return unicodedata.normalize("NFKC", str(text)).strip()


def _is_called(word: str, names: Sequence[str]) -> bool:
    """Whether a word is one of a grid's names, or the ordinal that ends one ("三网格")."""
    plain = [plain_text(name) for name in names]
    return word in plain or any(name.endswith(f"第{word.removeprefix('第')}") for name in plain)


def _seams(layers: Mapping[str, pd.DataFrame], decisions: pd.DataFrame, findings: Findings) -> dict[str, pd.DataFrame]:
    named = decisions.loc[(decisions["kind"] == "border") & (decisions["target"] == ""), "object"]
    changed = dict(layers)
    for name in LINES:
        table = layers.get(name)
        if table is None:
            continue
        called = table.index.isin([line for words in named for line in lines_called(table, words)])
        weak = called & (table["barrier"] == "none").to_numpy()
        findings.repair("decided_border", [f"{name} {line}" for line in table.index[weak]])
        if weak.any():
            changed[name] = table.assign(barrier=table["barrier"].mask(weak, "seam"))
            changed[name].attrs = dict(table.attrs)
    return changed


def known_headers(headers: Sequence[str]) -> dict[str, str]:
    """Column of the contract -> the header that is one of its words, the surest first; others are left out."""
    lowered = {name.strip().lower(): name for name in reversed(headers)}
    words = {key: [word for word in listed.split() if word in lowered] for key, listed in HEADERS.items()}
    return {key: lowered[found[0]] for key, found in words.items() if found}


def _rows(source: Source, columns: Mapping[str, str]) -> pd.DataFrame:
    """The table in its columns, kinds by their code names; a kind that is no known word stays as written."""
    kinds = {word: kind for kind, words in KINDS.items() for word in words.split()}
    table = source.table
    numbers = source.sheet_rows if source.sheet_rows is not None else pd.RangeIndex(1, len(table) + 1)
    rows = pd.DataFrame({"row": numbers.to_numpy("int64")}, table.index)
    for key in COLUMNS[1:]:
        plain = codes if key in ("object", "target", "community") else texts
        rows[key] = plain(table[columns[key]]).to_numpy() if key in columns else ""
    return rows.assign(kind=[kinds.get(word.lower(), word) for word in rows["kind"]])


def _check(rows: pd.DataFrame, findings: Findings) -> None:
    unknown = rows[~rows["kind"].isin(list(KINDS))]
    if len(unknown):
        listed = preview(
            f"{row} ({kind or 'empty'})" for row, kind in zip(unknown["row"], unknown["kind"], strict=True)
        )
        chinese = [next(word for word in text.split() if not word.isascii()) for text in KINDS.values()]
        findings.fault(
            f"rows of no known kind: {listed}; known: {', '.join(KINDS)}",
            f"第 {listed} 行的决定类型未知；可用：{'、'.join(chinese)}",
        )
    has_target = rows["target"] != ""
    for fails, english, said in (
        (rows["object"] == "", "rows without an object", "行没有对象"),
        (rows["kind"].isin(NEED_A_TARGET) & ~has_target, "rows without the target that their kind needs",
         "行缺少目标"),
        (rows["kind"].isin(NEED_NO_TARGET) & has_target, "frozen rows with a target, which means nothing",
         "行为“保持”，不应填写目标"),
    ):  # fmt: skip
        if fails.any():
            listed = preview(rows.loc[fails, "row"], 20)
            findings.fault(f"{english}: {listed}; correct them in the table", f"第 {listed} {said}；请在表中改正")


def _with_ids(rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values([*COLUMNS[1:], "row"], kind="stable")
    width = max(4, len(str(len(ordered))))
    names = [f"decision{number:0{width}d}" for number in range(1, len(ordered) + 1)]
    table = ordered.set_axis(pd.Index(names, name="decision_id", dtype="str"))
    return table.astype(dict.fromkeys(COLUMNS[1:], "str"))[list(COLUMNS)]
