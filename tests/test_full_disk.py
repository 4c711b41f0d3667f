"""A disk that fills up while a file is written: one clear message, the old file as it was."""

import errno
import zlib
from pathlib import Path

import pytest

from gridopt.errors import GridoptError
from gridopt.publish.atomic import beside

FULL = OSError(errno.ENOSPC, "No space left on device")


class Pages:
    """A writer of pages that stumbles over its own stream while it closes, as that of PDFs does."""

    def __init__(self, first: Exception) -> None:
        self.first = first

    def write(self) -> None:
        try:
            raise self.first
        finally:
            raise zlib.error("Error -2 while flushing: inconsistent stream state")


def test_a_disk_that_fills_up_under_a_pdf_is_named_and_the_old_file_stays(tmp_path: Path) -> None:
    old = tmp_path / "sheets.pdf"
    old.write_bytes(b"old")
    with pytest.raises(GridoptError, match="could not be written whole \\(No space left on device\\)"), beside(old):
        Pages(FULL).write()
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_another_failure_of_the_writer_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(zlib.error), beside(tmp_path / "sheets.pdf"):
        Pages(ValueError("a page without letters")).write()
    assert list(tmp_path.iterdir()) == []
