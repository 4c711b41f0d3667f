"""Zip archives read in place: which files lie in one, and which archives are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from gridopt.errors import TableError, preview
from gridopt.read.contents import KNOWN, RASTERS
from gridopt.read.encodings import guess_encoding

UNPACKED_LIMIT = 4 * 2**30
"""Bytes that a zip archive may unpack to."""

_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_UNREAD = (".zip", ".kmz", ".dbf", ".json", ".txt", *RASTERS)
"""Endings that are not taken for a layer inside an archive."""


def members(file: Path, written: str) -> dict[str, zipfile.Path]:
    """The layers' files of an archive by name: the file's own, with its folder where two are named alike.

    Raises:
        TableError: a damaged archive, one that is protected by a password, that unpacks to more than
            `UNPACKED_LIMIT`, that holds names outside itself, or that holds nothing gridopt reads.
    """
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise TableError(
            f"{written} is a damaged archive ({error}). Pack it again.",
            zh=f"{written} 压缩包已损坏（{error}）。请重新打包。",
        ) from error
    _check_entries(archive.infolist(), written)
    readable = [entry for entry in archive.infolist() if _is_layer(entry)]
    if not readable:
        held = preview(_shown_name(entry) for entry in archive.infolist() if not entry.is_dir())
        raise TableError(
            f"{written} holds no layer that is read; it holds: {held or 'nothing'}. "
            "Unpack it and name the file inside.",
            zh=f"{written} 中没有可读取的图层；其中有：{held or '无'}。请解压后指明其中的文件。",
        )
    stems = [PurePosixPath(_shown_name(entry)).stem for entry in readable]
    found = {}
    for entry, stem in zip(readable, stems, strict=True):
        own = stem if stems.count(stem) == 1 else _shown_name(entry)
        found[own] = zipfile.Path(archive, entry.filename)
    return dict(sorted(found.items()))


def _check_entries(entries: list[zipfile.ZipInfo], written: str) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > UNPACKED_LIMIT:
        raise TableError(
            f"{written} unpacks to {size / 2**30:.1f} GB, above {UNPACKED_LIMIT / 2**30:.0f} GB. "
            "Unpack it and name the file inside.",
            zh=f"{written} 解压后为 {size / 2**30:.1f} GB，超过 {UNPACKED_LIMIT / 2**30:.0f} GB。"
            "请先解压，再指明其中的文件。",
        )
    locked = [_shown_name(entry) for entry in entries if entry.flag_bits & _ENCRYPTED]
    if locked:
        raise TableError(
            f"{written} is protected by a password ({preview(locked)}). Unpack it and name the file inside.",
            zh=f"{written} 设有密码（{preview(locked)}）。请先解压，再指明其中的文件。",
        )
    strange = [_shown_name(entry) for entry in entries if _leads_out(entry)]
    if strange:
        raise TableError(
            f"{written} holds {len(strange)} names that lead out of it: {preview(strange)}. "
            "Do not trust it; ask for it again.",
            zh=f"{written} 含 {len(strange)} 个指向压缩包之外的文件名：{preview(strange)}。该文件不可信，请重新索取。",
        )


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename.replace("\\", "/")
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    return is_link or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"


def _is_layer(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename)
    is_hidden = any(part.startswith((".", "__MACOSX", "~$")) for part in name.parts)
    return not entry.is_dir() and not is_hidden and name.suffix.lower() in KNOWN and name.suffix.lower() not in _UNREAD


def _shown_name(entry: zipfile.ZipInfo) -> str:
    """A name as it was meant: archives made on Chinese Windows do not say that theirs are in GBK."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    raw = entry.filename.encode("cp437", "ignore")
    return raw.decode(guess_encoding(raw), "replace")
