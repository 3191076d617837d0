"""What `restore` says of a file that is none of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from storagepanel import archive


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b cut off"])
def test_a_file_that_is_no_archive_is_told_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(
        archive.ArchiveProblem, match=r"no backup of storagepanel: notes\.txt is no tar file, or it is cut off\.$"
    ):
        archive.restore(file, replace=True)
