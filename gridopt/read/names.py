"""Names of places as different hands write them, made alike: 金狮小区５号楼 is 金狮小区 5#."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

ALIKE = 0.6
"""Share of alike characters (difflib's ratio) from which two names may be the same place."""

_SIMPLE = str.maketrans(
    "區樓號棟園東廣華龍門橋鎮鄉縣莊灣島興學馬裡臺衛軍陽蘇關長勝豐義國貿寶鳳鳯鹽塩顯廟農對",
    "区楼号栋园东广华龙门桥镇乡县庄湾岛兴学马里台卫军阳苏关长胜丰义国贸宝凤凤盐盐显庙农对",
)
_DIGITS = {word: i for i, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = re.compile("[零〇一二三四五六七八九两十百]+")
_BLOCK = re.compile(r"(\d+|[a-z]\d*)(?:号楼|号栋|#楼|#栋|幢楼|#|幢|栋|座|号房)")
_STAIRWELL = re.compile(r"(\d+|[a-z])(?:单元|门洞|楼道|梯)$")
_MARKS = re.compile(r"[\s()（）\[\]【】“”\"'·,，、.。:：\-_/]+")
_BARE_NUMBER = re.compile(r"(\d+|[a-z]\d*)")
_COMMITTEES = (
    ("resident", re.compile(r"(?:社区居民委员会|社区居委会|居民委员会|居委会|社区|居委)$")),
    ("village", re.compile(r"(?:村村民委员会|村民委员会|村委会|行政村|村委|村)$")),
    ("township", re.compile(r"(?:街道办事处|街道办|街道|镇人民政府|乡人民政府|镇|乡)$")),
)
_LOOSE = re.compile(r"(?:小区|住宅区|住宅|花园|家园|公寓|新村|宿舍|号|栋)")


@dataclass(frozen=True)
class Name:
    """A name made alike: ``whole``, the ``core`` without the words for its committee, and their ``kind``.

    ``kind`` is "resident" (社区, 居委会), "village" (村, 村委会), "township" or "" where the name does not say.
    """

    whole: str
    core: str
    kind: str

    def is_same(self, other: Name) -> bool:
        """Whether two names are one: alike as a whole, or in their cores unless they tell two kinds."""
        return self.whole == other.whole or (
            self.core == other.core and (self.kind == other.kind or self._is_bare(other))
        )

    def _is_bare(self, other: Name) -> bool:
        return not self.kind or not other.kind


def alike(text: str) -> str:
    """A name with widths, blanks, marks, numerals, simple and full characters and words for a block made one."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLE)
    plain = _NUMERAL.sub(lambda match: _number(match[0]), _MARKS.sub("", plain))
    return _BLOCK.sub(lambda match: f"{match[1].lstrip('0') or '0'}栋", plain)


def administrative(text: str) -> Name:
    """The name of a township or community."""
    plain = alike(text)
    for kind, ending in _COMMITTEES:
        core = ending.sub("", plain)
        if core and core != plain:
            return Name(plain, core, kind)
    return Name(plain, plain, "")


def building_name(estate: str, number: str, name: str) -> tuple[str, str]:
    """(the building, its stairwell or "") of a row: estate and number, or a name that holds both."""
    plain_number = alike(number)
    if _BARE_NUMBER.fullmatch(plain_number):
        plain_number = f"{plain_number.lstrip('0') or '0'}栋"
    head, own = alike(estate), alike(name)
    whole = plain_number or own
    if head and not whole.startswith(head):
        whole = head + whole
    stairwell = _STAIRWELL.search(whole)
    return (whole[: stairwell.start()], stairwell[0]) if stairwell else (whole, "")


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0-1; 0 where they tell different numbers."""
    if re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return 0.0
    if _LOOSE.sub("", one) == _LOOSE.sub("", other):
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _number(text: str) -> str:
    """A Chinese numeral in digits; a run that is no numeral, digit by digit (二〇: 20, 十二: 12)."""
    if not set(text) & {"十", "百"}:
        return "".join(str(_DIGITS[letter]) for letter in text)
    total, digit = 0, None
    for letter in text:
        if letter in "十百":
            total += (1 if digit is None else digit) * (10 if letter == "十" else 100)
            digit = None
        else:
            digit = _DIGITS[letter]
    return str(total + (digit or 0))
