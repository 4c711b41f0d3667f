"""Names of grids: the community's name and a Chinese ordinal, or the institution's name."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import pandas as pd

from gridopt.errors import RuleError

DIGITS = "零一二三四五六七八九"
MOST = 999
_ORDINAL = re.compile(r"(?P<head>.*?)第?(?P<number>[零一二三四五六七八九十百]+|\d+)号?[网網]格")


def chinese_number(number: int) -> str:
    """A whole number from 1 to 999 in Chinese: 十, 十一, 二十, 一百零五, 一百一十."""
    if not 1 <= number <= MOST:
        raise RuleError(
            f"names count grids from 1 to 999, not {number}.", zh=f"网格名称的序数为 1 至 999，不含 {number}。"
        )
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        # a bare ten drops its leading one (十一), but not behind hundreds (一百一十一)
        text += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (DIGITS[ones] if ones else "")


def read_ordinal(text: str) -> tuple[str, int] | None:
    """What stands before the ordinal in a grid's name, and its number; None where the text is no such name.

    "X社区第三网格" is ("X社区", 3); "三网格", "3网格" and "3号网格" are ("", 3).
    """
    found = _ORDINAL.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    written = found["number"]
    number = int(written) if written.isdigit() else _numbers().get(written, 0)
    return (found["head"].strip(), number) if 1 <= number <= MOST else None


@cache
def _numbers() -> dict[str, int]:
    return {chinese_number(number): number for number in range(1, MOST + 1)}


def grid_names(grids: pd.DataFrame, institutions: pd.Series) -> pd.Series:
    """The name of every grid from its ``community, community_id, kind, seq``; one name occurs once a community.

    ``institutions`` holds the institution of a dedicated grid, "" where none is known. Such a grid reads
    "X社区大学专属网格", with its ordinal before 专属 where there is no institution or it has several grids.
    """
    community = grids["community"].fillna("").where(lambda name: name != "", grids["community_id"])
    ordinal = grids["seq"].map(lambda seq: f"第{chinese_number(max(seq, 1))}")
    institution = institutions.reindex(grids.index).fillna("")
    dedicated = grids["kind"] == "dedicated"
    holders = pd.DataFrame({"community_id": grids["community_id"], "institution": institution})[dedicated]
    alone = dedicated & (institution != "") & ~holders.duplicated(keep=False).reindex(grids.index, fill_value=False)
    middle = institution + ordinal.where(~alone, "")
    return community + middle.where(dedicated, ordinal) + pd.Series("专属网格", grids.index).where(dedicated, "网格")
