"""Code templates: how the code of a grid is made from its community's id and its sequence number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gridopt.errors import RuleError, preview


@dataclass(frozen=True)
class Template:
    """A parent of so many digits (None: any id, as it stands) and a sequence of so many digits from 1."""

    name: str
    parent_digits: int | None
    sequence_digits: int

    @property
    def most(self) -> int:
        """The most grids that one community can number."""
        return int(10**self.sequence_digits - 1)

    def fits(self, community_id: str) -> bool:
        """Whether codes can be built on this community id."""
        if self.parent_digits is None:
            return community_id != ""
        return is_digits(community_id) and len(community_id) == self.parent_digits

    def code(self, community_id: str, sequence: int) -> str:
        """The code of a community's grid; an id that is not all digits is set off by a hyphen."""
        bar = "" if is_digits(community_id) else "-"
        return f"{community_id}{bar}{sequence:0{self.sequence_digits}d}"

    def is_code_of(self, code: str, community_id: str) -> bool:
        """Whether a code is well formed and belongs to this community."""
        sequence = code[-self.sequence_digits :]
        return (
            self.fits(community_id)
            and is_digits(sequence)
            and int(sequence) > 0
            and code == self.code(community_id, int(sequence))
        )


AUTO = "auto"
TEMPLATES = {
    template.name: template
    for template in (Template("stat15", 12, 3), Template("local12", 10, 2), Template("id+3", None, 3))
}


def is_digits(text: str) -> bool:
    """Whether a text is one or more of the digits 0-9."""
    return text.isascii() and text.isdigit()


def choose_template(name: str, community_ids: Iterable[str]) -> Template:
    """The template of that name; ``"auto"`` is stat15 where it fits every community, else id+3.

    Raises a `RuleError` for a name that is not offered.
    """
    if name == AUTO:
        stat15 = TEMPLATES["stat15"]
        return stat15 if all(stat15.fits(one) for one in community_ids) else TEMPLATES["id+3"]
    if name not in TEMPLATES:
        known = (AUTO, *TEMPLATES)
        raise RuleError(
            f'code template "{name}" is not offered; choose one of {", ".join(known)}.',
            zh=f'编码模板 "{name}" 不可用；可选：{"、".join(known)}。',
        )
    return TEMPLATES[name]


def check_parents(template: Template, community_ids: Iterable[str]) -> None:
    """Raise a `RuleError` that names every community whose id a template cannot build on."""
    misfits = sorted(one for one in community_ids if not template.fits(one))
    if misfits:
        digits = template.parent_digits
        asked, asked_zh = (f"of {digits} digits", f"为 {digits} 位数字") if digits else ("that are not empty", "不为空")
        raise RuleError(
            f"code template {template.name} needs community ids {asked}; {len(misfits)} are not: {preview(misfits)}. "
            'Correct these ids, or set template = "id+3" under [rules.code].',
            zh=f"编码模板 {template.name} 要求村（社区）编码{asked_zh}；有 {len(misfits)} 个不符：{preview(misfits)}。"
            '请改正编码，或在 [rules.code] 中设 template = "id+3"。',
        )
