"""``tables.xlsx`` and the CSV files: the plan for people who work in spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridopt.grids import Plan
from gridopt.publish.sentences import say, speaks_otherwise
from gridopt.publish.workbooks import HEAD, Workbook
from gridopt.read.plan_folder import FURTHER_SHEETS, LISTS, SHEETS
from gridopt.staffing.tally import tally
from gridopt.terms import TERMS, label, labels

TITLES = {
    "grids": ("网格划分一览表", "Grids"),
    "posts": ("岗位", "Posts"),
    "buildings": ("楼栋归属", "Buildings by grid"),
    "violations": ("需说明事项", "Matters to explain"),
    "balance": ("岗位余缺", "Staff balance"),
    "events": ("事件统计", "Events"),
}
COLUMNS = {**SHEETS, **FURTHER_SHEETS}
_TOTALS = ("households", "residents", "buildings", "area_m2")
_WIDTHS = {"scope": 40, "bounds_text": 40, "reason": 48, "remedy": 40, "name": 26, "community": 16, "township": 16} | {
    "grid_code": 21,
    "grid_codes": 30,
    "unit_ids": 30,
    "building_id": 18,
    "community_id": 16,
    "township_id": 14,
    "post_id": 20,
    "grid": 26,
    "place": 26,
    "place_id": 18,
}
_WORDS = frozenset("kind class rule proof relaxed role status area_kind unmet level".split())
_OWN_WORDS = frozenset({"employment", "use", "year"})
"""Columns whose words have terms of their own, ``use.market``: a market is also a place with another name."""
_HEADINGS: Mapping[tuple[str, str], str] = {("buildings", "grid"): "grid_name", ("buildings", "name"): "building_name"}
_FORMATS = (
    {"area_m2": "#,##0", "walk_mean_m": "0", "households": "#,##0", "residents": "#,##0", "buildings": "#,##0"}
    | dict.fromkeys((name for name in FURTHER_SHEETS["events"] if name.startswith("settled_")), "0.0%")
    | {"expected": "0.0", "ratio": "0.00", "events": "#,##0"}
)
_MOST_ROWS = 20_000
"""Rows of a sheet: one of more is slow to write and to open. More buildings are in their CSV file alone."""
_RUN = ("=", "+", "@", "\t", "\r")
"""What a formula begins with."""
_TITLE = {"bold": True, "font_size": 14}
_THIN = {"border": 1, "border_color": "#BFBFBF"}
_SUBTOTAL = {"bold": True, "bg_color": "#F2F2F2"}


@dataclass(frozen=True)
class _Row:
    values: Sequence[Any]
    is_total: bool = False


def workbook(plan: Plan, layers: Mapping[str, Any], lang: str) -> bytes:
    """The workbook as bytes, the same for the same plan: codes and ids as text cells.

    Four sheets, and behind them those of `FURTHER_SHEETS` that have rows: posts needed, held and lacking by place, and
    events by grid and year.
    A sheet has a title row and a header row (both frozen and printed on every page), then one row a
    grid, post, building or matter to explain; grids have subtotals by township and a total.
    """
    tables = {
        "grids": _grid_rows(plan, layers["grids"], lang),
        "posts": _plain_rows(layers["posts"], "posts", lang),
        "buildings": _plain_rows(_housed(layers), "buildings", lang),
        "violations": _plain_rows(layers["violations"], "violations", lang),
    }
    further = {"balance": _balance(plan, layers["posts"]), "events": layers["events"]}
    tables |= {name: _plain_rows(table, name, lang) for name, table in further.items() if len(table)}
    book = Workbook()
    for name, rows in tables.items():
        _write_sheet(book, (name, _title(plan, name, lang)), rows, lang)
    return book.finished()


def _title(plan: Plan, name: str, lang: str) -> str:
    heading = TITLES[name][lang == "en"]
    statuses = sorted(set(plan.grids["status"]))
    stated = [label(one, lang) for one in statuses]
    city = plan.city.name
    title = f"{city}{heading}（{'、'.join(stated)}）" if lang == "zh" else f"{city} · {heading} ({', '.join(stated)})"
    return (
        f"{title} · {say('other_language', lang)}" if name == "violations" and speaks_otherwise(plan, lang) else title
    )


def _grid_rows(plan: Plan, grids: pd.DataFrame, lang: str) -> Iterator[_Row]:
    """Grids township by township, each that is known followed by its subtotal, and the total last."""
    columns = SHEETS["grids"]
    names = plan.city.communities
    called = names.groupby("township_id")["township"].first().to_dict() if "township" in names else {}
    for township_id, group in grids.groupby("township_id", sort=True):
        township = str(called.get(township_id) or township_id)
        for row in group.assign(township=township)[columns].itertuples(index=False):
            yield _Row(_worded(columns, row, lang))
        if township:
            yield _total(columns, group, f"{township} {'小计' if lang == 'zh' else 'subtotal'}")
    yield _total(columns, grids, "合计" if lang == "zh" else "total")


def _total(columns: Sequence[str], grids: pd.DataFrame, heading: str) -> _Row:
    sums = {name: grids[name].sum() for name in _TOTALS}
    return _Row([heading, *[sums.get(name) for name in columns[1:]]], is_total=True)


def _housed(layers: Mapping[str, Any]) -> pd.DataFrame:
    """Buildings sorted by grid, with the grid's name."""
    buildings, grids = layers["buildings"], layers["grids"]
    named = pd.DataFrame(buildings).assign(grid=buildings["grid_code"].map(grids.set_index("grid_code")["name"]))
    return named.sort_values(["grid_code", "estate", "building_id"], kind="stable")


def _balance(plan: Plan, posts: pd.DataFrame) -> pd.DataFrame:
    """Posts needed, held and lacking, people and those without a post, by role in every community and above."""
    table = tally(plan, posts, plan.details.get("roster"))
    return table[table["level"] != "grid"]


def _plain_rows(table: pd.DataFrame, name: str, lang: str) -> Iterator[_Row]:
    columns = COLUMNS[name]
    shown = 0 if name == "buildings" and len(table) > _MOST_ROWS else _MOST_ROWS
    for row in table.head(shown)[columns].itertuples(index=False):
        yield _Row(_worded(columns, row, lang))
    if len(table) > shown:
        rest = len(table) - shown
        yield _Row(
            [f"另有 {rest} 行，见 {name}.csv" if lang == "zh" else f"{rest} more rows in {name}.csv"], is_total=True
        )


def _worded(columns: Sequence[str], row: Sequence[Any], lang: str) -> list[Any]:
    """A row with its code words in the reader's language."""
    return [
        _word(name, value, lang) if isinstance(value, str) else value for name, value in zip(columns, row, strict=True)
    ]


def _word(column: str, value: str, lang: str) -> str:
    if column in _OWN_WORDS:
        return label(f"{column}.{value}", lang) if f"{column}.{value}" in TERMS else value
    return labels(value, lang) if column in _WORDS else value


def _write_sheet(book: Workbook, named: tuple[str, str], rows: Iterator[_Row], lang: str) -> None:
    name, title = named
    columns = COLUMNS[name]
    sheet = book.sheet(TITLES[name][lang == "en"], [_WIDTHS.get(column, 12) for column in columns], frozen=(2, 0))
    sheet.print_wide(head=2)
    sheet.add([title], [book.look(**_TITLE)])
    head = book.look(**HEAD, align="center", valign="vcenter", text_wrap=True)
    sheet.add([label(_HEADINGS.get((name, column), column), lang) for column in columns], [head] * len(columns))
    looks = {
        (is_total, is_text): [book.look(**_look(column, is_total=is_total, is_text=is_text)) for column in columns]
        for is_total in (False, True)
        for is_text in (False, True)
    }
    for row in rows:
        texts, numbers = looks[row.is_total, True], looks[row.is_total, False]
        chosen = [texts[i] if isinstance(value, str) else numbers[i] for i, value in enumerate(row.values)]
        sheet.add(row.values, chosen)


def _look(column: str, *, is_total: bool, is_text: bool) -> dict[str, Any]:
    look = {**_THIN, "num_format": "@" if is_text else _FORMATS.get(column, "General")}
    if is_text:
        look |= {"valign": "top", "text_wrap": _WIDTHS.get(column, 0) >= 30}
    return look | (_SUBTOTAL if is_total else {})


def lists(layers: Mapping[str, Any]) -> dict[str, bytes]:
    """The CSV files by name, UTF-8 with a BOM so that spreadsheets read Chinese."""
    files = {}
    for name, columns in LISTS.items():
        table = pd.DataFrame(layers[name.removesuffix(".csv")])[list(columns)]
        texts = [column for column in columns if pd.api.types.is_string_dtype(table[column])]
        table[texts] = table[texts].apply(_harmless_column)
        files[name] = table.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    return files


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula, behind an apostrophe."""
    return f"'{text}" if text.startswith(_RUN) else text


def _harmless_column(texts: pd.Series[str]) -> pd.Series[str]:
    return texts.mask(texts.str.startswith(_RUN, na=False), "'" + texts)
