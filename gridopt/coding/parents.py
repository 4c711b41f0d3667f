"""The codes that a city's communities go by: their own ids, or those of another register that is in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gridopt.city import City
from gridopt.coding.templates import AUTO, Template, choose_template
from gridopt.errors import RuleError, check_keys, preview

SETTINGS = ("template", "register", "parents", "merged", "in_force")
"""Keys of ``[rules.code]``; ``register`` names the register that the parents come from, for the record."""

IN_FORCE = ("keep", "renumber")
"""What becomes of the codes that today's grids bear: kept by the grids that continue them, or all numbered anew."""

MERGED_FROM, MERGED_TO = 601, 999
"""Community parts of merged communities (CJ/T 349-2010), in their township."""


def template_of(city: City, name: str | None = None) -> Template:
    """The city's code template, built on its communities' codes; ``name`` comes before ``[rules.code] template``.

    Raises a `RuleError` for settings that cannot hold.
    """
    settings = city.settings.code
    check_keys(settings, SETTINGS, "[rules.code]")
    chosen = str(settings.get("template", AUTO)) if name is None else name
    return choose_template(chosen, city.communities.index, parents=parents_of(city))


def keeps_codes(city: City) -> bool:
    """Whether the codes of today's grids stay in force: ``[rules.code] in_force``. Raises a `RuleError`."""
    chosen = city.settings.code.get("in_force", IN_FORCE[0])
    if chosen not in IN_FORCE:
        raise RuleError(
            f"[rules.code] in_force must be {' or '.join(IN_FORCE)}; it is {chosen!r}.",
            zh=f"[rules.code] in_force 应为 {' 或 '.join(IN_FORCE)}；现为 {chosen!r}。",
        )
    return bool(chosen == IN_FORCE[0])


def parents_of(city: City) -> dict[str, str]:
    """The codes of the communities whose own id is not the code in force, by id.

    From ``[rules.code.parents]``, else the rows of ``[layers.codes]`` that name a ``community``. Communities listed
    under ``[rules.code] merged`` were merged of several and are numbered from 601 in their township, in order of
    id, past the numbers that others hold. Raises a `RuleError` for communities that are not there.
    """
    settings, ids = city.settings.code, city.communities.index
    stated = {str(key): str(value) for key, value in dict(settings.get("parents", {})).items()}
    merged = sorted({str(one) for one in settings.get("merged", ())})
    _check_known([*stated, *merged], ids, "[rules.code]")
    table = city.layer("codes")
    listed: dict[str, str] = {}
    if table is not None and "community" in table:
        named = table[(table["community"] != "") & table["community"].isin(ids)]
        _check_once(named["community"].tolist())
        listed = dict(zip(named["community"], named.index.astype(str), strict=True))
    found = {**listed, **stated}
    found |= _merged(merged, {str(one): found.get(str(one), str(one)) for one in ids})
    return {one: code for one, code in sorted(found.items()) if code != one}


def _merged(merged: Iterable[str], codes: Mapping[str, str]) -> dict[str, str]:
    """Codes of merged communities: the lowest number from 601 that is free in each one's township."""
    used = set(codes.values())
    given = {}
    for one in merged:
        township = codes[one][:-3]
        if codes[one][-3:].isdigit() and int(codes[one][-3:]) >= MERGED_FROM:
            continue
        free = (f"{township}{number}" for number in range(MERGED_FROM, MERGED_TO + 1))
        given[one] = next(code for code in free if code not in used)
        used.add(given[one])
    return given


def _check_known(named: Iterable[str], ids: Iterable[str], where: str) -> None:
    unknown = sorted(set(named) - {str(one) for one in ids})
    if unknown:
        raise RuleError(
            f"{where} names {len(unknown)} communities that are not in the layer: {preview(unknown)}. Correct the ids.",
            zh=f"{where} 中有 {len(unknown)} 个村（社区）不在图层中：{preview(unknown)}。请改正编码。",
        )


def _check_once(named: list[str]) -> None:
    repeated = sorted(one for one, n in Counter(named).items() if n > 1)
    if repeated:
        raise RuleError(
            f"[layers.codes] gives {len(repeated)} communities several codes: {preview(repeated)}. Keep one of each.",
            zh=f"[layers.codes] 中有 {len(repeated)} 个村（社区）对应多个编码：{preview(repeated)}。请各保留一行。",
        )
