"""The grammar of standard addresses, and the parts that one is read into.

    address   = [province] [city] [county] [township] [community] (street [lane ...] number | estate) [building]
                [stairwell] [room] [rest]
    county    = ...区 | ...县 | ...市          township  = ...街道 | ...镇 | ...乡
    community = ...社区 | ...村 | ...里
    street    = name (大道 | 路 | 街 | 巷 | 胡同 | 弄) [n 段]       lane = n (巷 | 弄 | 支弄)
    number    = n [(- | 之) m] 号
    estate    = name (小区 | 花园 | 家园 | 公寓 | 苑 | 新村 | 大厦 | 广场 | 城)
    building  = n (幢 | 栋 | 座 | 号楼 | #)    stairwell = n (单元 | 门洞 | 梯)    room = n (室 | 楼 | 层)

Numbers may be Chinese numerals, of any width, simple or full characters (`names.alike`). What stands in brackets is
a remark. An address whose rest is not empty (对面, 旁空地) names what it is near to, not where it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gridopt.read.names import alike

_REMARK = re.compile(r"[(（\[【].*?(?:[)）\]】]|$)", re.S)
_HYPHEN = re.compile(r"(?<=[0-9０-９])\s*[-－—–~]\s*(?=[0-9０-９])")
_AREAS = re.compile(
    r"(?P<province>[^\d省市]{2,8}?(?:省|自治区))?(?P<city>[^\d市县区]{2,6}?(?:市|自治州|地区))?"
    r"(?P<county>[^号区县市路街巷]{1,5}?(?:(?<![小社校园厂库])区|县|市))?"
    r"(?P<township>[^号区县市镇乡路巷]{1,6}?(?:路?街道(?:办事处)?|镇|乡))?"
    r"(?P<community>[^路街巷号栋镇乡]{1,8}?(?:社区|行政村|村民委员会|(?<!新)村(?![路街巷])|里(?![路街巷弄镇乡社村\d])))?"
)
_STREET = r"(?P<street>[^号栋]{1,14}?(?:大道|胡同|路|街(?!道)|巷|弄|道)(?:[东西南北中][路街段])?(?:\d+段)?)"
_LANES = r"(?P<lanes>(?:\d+(?:之\d+)?(?:巷|支弄|弄|支路|号院))*)"
_NUMBER = r"(?P<number>[甲乙丙丁]?\d+[a-z]?(?:之\d+)?号(?![楼院线])[甲乙丙丁]?)"
_NAMED = r"(?P<street>[^\d号栋]{1,10})"
_ESTATE = r"(?P<estate>[^号栋]{1,14}?(?:小区|花园|家园|公寓|新村|大厦|广场|苑|城|园|府|庭|邨))"
_HOUSE = (
    r"(?:(?P<building>\d+|[a-z]\d*)栋)?(?:(?P<stairwell>\d+|[a-z甲乙丙丁])(?:单元|门洞|梯|楼道))?"
    r"(?P<room>(?:\d+[楼层])?\d*室?)"
)
_FORMS = tuple(
    re.compile(form + _HOUSE)
    for form in (
        f"{_STREET}{_LANES}{_NUMBER}(?:{_ESTATE})?",
        f"{_STREET}{_LANES}(?:{_ESTATE})?",
        f"(?!{_STREET}){_ESTATE}".replace("?P<street>", "?:"),
        f"{_NAMED}{_NUMBER}(?:{_ESTATE})?",
    )
)
"""The forms of an address behind its areas, the first that fits counts."""


@dataclass(frozen=True)
class Address:
    """An address in parts, each made alike (`names.alike`), "" where it does not say.

    ``street`` holds the lanes behind it, ``number`` is bare (12, 12之3), ``rest`` is what the grammar does not read.
    """

    county: str = ""
    township: str = ""
    community: str = ""
    street: str = ""
    number: str = ""
    estate: str = ""
    building: str = ""
    stairwell: str = ""
    rest: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether it names a house number or a numbered building, and nothing beside it."""
        return not self.rest and bool((self.street and self.number) or ((self.estate or self.street) and self.building))

    @property
    def keys(self) -> tuple[str, ...]:
        """What it may be found by, the surest first: with its building, by its number alone, by its estate."""
        return tuple(dict.fromkeys(self._keys()))

    def _keys(self) -> Iterator[str]:
        house = f"{self.street}{self.number}号" if self.street and self.number else ""
        block = f"{self.building}栋" if self.building else ""
        if house and block:
            yield house + block
        if self.estate and block:
            yield self.estate + block
        if self.street and block and not self.number and not self.estate:
            yield self.street + block
        if house and not block:
            yield house


def parse_address(text: str) -> Address:
    """An address read by the grammar; what it cannot read at all stands in ``rest``."""
    plain = unicodedata.normalize("NFKC", _REMARK.sub("", text))
    whole = alike(_HYPHEN.sub("之", plain))
    areas = _AREAS.match(whole)
    places = {name: part or "" for name, part in areas.groupdict().items()} if areas else {}
    tail = whole[areas.end() :] if areas else whole
    found = next((match for match in (form.match(tail) for form in _FORMS) if match), None)
    own = {name: places.get(name, "") for name in ("county", "township", "community")}
    if found is None:
        return Address(**own, rest=tail)
    parts = {name: part or "" for name, part in found.groupdict().items()}
    return Address(
        **own,
        street=parts.get("street", "") + parts.get("lanes", ""),
        number=parts.get("number", "").replace("号", ""),
        estate=parts.get("estate", ""),
        building=parts.get("building", ""),
        stairwell=parts.get("stairwell", ""),
        rest=tail[found.end() :],
    )
