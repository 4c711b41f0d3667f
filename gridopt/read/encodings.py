"""Text as Chinese offices save it: UTF-8 with or without a BOM, UTF-16, GB18030, Big5."""

from __future__ import annotations

import codecs
from collections import Counter

SAMPLE = 400_000
"""Bytes that are looked at to tell an encoding."""

FIELD_NAME = 11
"""Bytes that a dBase table has for the name of a column."""

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DOUBLE_BYTE = ("gb18030", "cp950")
_WESTERN = "cp1252"
_MOSTLY = 0.8
"""Share of everyday characters from which text of a drawing is Chinese, whatever its header says."""
# First bytes of the everyday characters in GB 2312 and in Big5, and of the punctuation in both.
_EVERYDAY = {"gb2312": (range(0xB0, 0xD8), range(0xA1, 0xA4)), "big5": (range(0xA4, 0xC7), range(0xA1, 0xA4))}


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a file and the encoding it was in; bytes that fit no encoding become U+FFFD."""
    encoding = guess_encoding(raw)
    return raw.decode(encoding, "replace"), encoding


def guess_encoding(raw: bytes, hint: str | None = None) -> str:
    """The encoding of some bytes: by mark, as UTF-8, by the hint if it fits, else GB18030 or Big5.

    The last two can decode each other's bytes, so the one whose text has more everyday characters wins,
    simplified or traditional: an office in either script may use either.
    A few broken characters are forgiven: fixed-width fields cut them in half.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    sample = raw[:SAMPLE]
    if not _faulty(sample, "utf-8"):
        return "utf-8"
    if hint and _known(hint) and not _faulty(sample, hint):
        return hint
    return max(_DOUBLE_BYTE, key=lambda name: _everyday_share(sample, name))


def dbf_encoding(raw: bytes, page: bytes = b"") -> str:
    """The encoding of a dBase table's text, judged by its bytes; ``page``, its ``.cpg``, is only a hint."""
    header = int.from_bytes(raw[8:10], "little")
    names = b"".join(_whole(raw[at : at + FIELD_NAME].rstrip(b"\0")) for at in range(32, header - 1, 32))
    hint = page.decode("ascii", "ignore").strip()
    return guess_encoding(names + raw[header:], f"cp{hint}" if hint.isdigit() else hint or None)


def _whole(name: bytes) -> bytes:
    """A field's name without the half of a character of UTF-8 that its room cut off."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(name)
    except UnicodeDecodeError:
        return name
    return text.encode()


def drawing_encoding(raw: bytes, page: str) -> str:
    """The encoding of a drawing's text, judged by its lines that are not plain ASCII; ``page`` is only a hint.

    Programs write a western code page, or none, over Chinese text, and an old one over UTF-8.
    """
    foreign = b"\n".join(line for line in raw.splitlines() if not line.isascii())
    number = "".join(letter for letter in page if letter.isdigit())
    hint = "gb18030" if number in ("936", "2312") else f"cp{number}"
    guessed = guess_encoding(foreign, None if hint == _WESTERN else hint)
    is_doubtful = guessed in _DOUBLE_BYTE and guessed != hint
    if is_doubtful and (_faulty(foreign[:SAMPLE], guessed) or _everyday_share(foreign[:SAMPLE], guessed) < _MOSTLY):
        return _WESTERN
    return guessed


def _known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _faulty(sample: bytes, encoding: str) -> bool:
    counts = Counter(sample.decode(encoding, "replace"))
    foreign = sum(n for letter, n in counts.items() if letter > "\x7f")
    return counts["\ufffd"] > max(1 if len(sample) >= SAMPLE else 0, 0.02 * foreign)


def _everyday_share(sample: bytes, encoding: str) -> float:
    counts = Counter(letter for letter in sample.decode(encoding, "replace") if letter > "\x7f")
    usual = sum(n for letter, n in counts.items() if _is_everyday(letter)) - counts["\ufffd"]
    return usual / max(sum(counts.values()), 1)


def _is_everyday(letter: str) -> bool:
    for encoding, leads in _EVERYDAY.items():
        code = letter.encode(encoding, "ignore")
        if code and any(code[0] in lead for lead in leads):
            return True
    return False
