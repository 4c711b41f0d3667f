"""The form on which changes come back: the decisions table as a workbook, its rows begun and left to be filled."""

from __future__ import annotations

from collections.abc import Iterator

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.workbooks import HEAD, Workbook
from gridopt.read.decisions import HEADERS, KINDS

HEADINGS_ZH = dict(zip(HEADERS, "决定 对象 目标 社区 决定人 日期 理由".split(), strict=True))
GIVEN = {"grid_code": ("grid code", "网格编码"), "grid": ("grid name", "现网格"), "scope": ("holds now", "现范围")}
"""Columns that tell what a row is about; they stand after the others and are no part of the decisions."""
WIDTHS = {"kind": 10, "object": 26, "target": 22, "community": 16, "who": 10, "date": 12, "reason": 26} | {
    "grid_code": 21,
    "grid": 22,
    "scope": 60,
}
FREE_ROWS = 3
"""Rows of each community beyond one a grid."""
EXPLAINED = {
    "belongs": ("object goes to the target grid", "对象划入目标网格"),
    "together": ("both in one grid", "对象与目标划入同一网格"),
    "apart": ("in two grids", "对象与目标不在同一网格"),
    "frozen": ("the grid stays as it is", "网格保持不变，不填目标"),
    "border": ("the named line parts grids", "以所列道路、河流为界"),
    "name": ("of the object's grid", "对象所在网格以目标命名"),
    "code": ("of the object's grid", "对象所在网格以目标为编码"),
}
"""What each kind means; all of it together is a message of at most 255 letters beside the cell."""
MORE_ROWS = 200
"""Rows below the last one in which the kinds may still be chosen from the list."""
_CELL = {"num_format": "@", "valign": "top", "border": 1, "border_color": "#BFBFBF"}
_KNOWN = {"bg_color": "#F2F2F2"}


def decisions_form(atlas: Atlas) -> bytes:
    """The workbook as bytes, the same for the same plan.

    One row a grid and some free ones a community, with the community filled in and the kinds to choose
    from a list. It is read as ``[layers.decisions]``; rows without a decision are passed over.
    """
    book = Workbook()
    is_zh = atlas.lang == "zh"
    columns = [*HEADERS, *GIVEN]
    sheet = book.sheet("意见" if is_zh else "decisions", [WIDTHS[name] for name in columns], frozen=(1, 0))
    sheet.print_wide(head=1)
    headings = [HEADINGS_ZH.get(name, name) if is_zh else name for name in HEADERS]
    sheet.add([*headings, *(words[is_zh] for words in GIVEN.values())], [book.look(**HEAD)] * len(columns))
    looks = [book.look(**_CELL, **(_KNOWN if name in GIVEN else {}), text_wrap=name == "scope") for name in columns]
    for row in _rows(atlas):
        sheet.add([row.get(name) for name in columns], looks)
    kinds = {_kind(kind, atlas.lang): EXPLAINED[kind][is_zh] for kind in KINDS}
    choice = {"validate": "list", "source": list(kinds), "input_message": "\n".join(map(": ".join, kinds.items()))}
    sheet.raw.data_validation(1, 0, sheet.n_rows - 1 + MORE_ROWS, 0, choice)
    return book.finished()


def _kind(kind: str, lang: str) -> str:
    """The word for a kind that the reader knows."""
    words = KINDS[kind].split()
    return next(word for word in words if not word.isascii()) if lang == "zh" else words[0]


def _rows(atlas: Atlas) -> Iterator[dict[str, str]]:
    for community_id, name in atlas.communities["community"].items():
        community = {"community": str(name or community_id)}
        for code, grid in atlas.grids(str(community_id)).iterrows():
            yield community | {"grid_code": str(code), "grid": str(grid["name"]), "scope": str(grid["scope"])}
        yield from [community] * FREE_ROWS
