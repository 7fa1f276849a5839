"""Troubles of the disk that no bytes can hold: the `{in: …, input: NAME}` form of breaks.

symlink, fifo: what lies in the folder is one; vanished: the file is gone once it is listed; forbidden, unreadable:
the system refuses to open it (as root, no permission would); too_large: the file is larger than the budget.
verapdf_refuses, verapdf_fails: a stand-in for veraPDF finds faults in a PDF, or gives no verdict on it.
"""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.readiness.manifest import load
from dui_conformance.subjects import pdf_verapdf
from dui_conformance.subjects.intake import Unit, open_bytes, open_unit, units
from dui_conformance.subjects.model import Budget, Subject
from dui_conformance.subjects.proofs import opened
from tests.places import READY
from tests.subjects.verapdf import stand_in

_ERRORS = {"forbidden": errno.EACCES, "unreadable": errno.EIO}


def troubled(trouble: str, data: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """The subject of a file that has this trouble, as a run would open it."""
    if trouble.startswith("verapdf_"):
        judged = open_bytes("export.pdf", data, Budget())
        pdf_verapdf.project(judged, stand_in(folder, trouble.removeprefix("verapdf_")))
        return judged
    name = "export.xml"
    file = folder / "exports" / name
    file.parent.mkdir()
    if trouble == "symlink":
        (folder / name).write_bytes(data)
        file.symlink_to(folder / name)
    elif trouble == "fifo":
        os.mkfifo(file)
    else:
        file.write_bytes(data)
    (unit,) = units([file.parent], folder)
    assert isinstance(unit, Unit)
    budget = Budget(file_size=len(data) - 1) if trouble == "too_large" else Budget()
    if trouble == "vanished":
        file.unlink()
    if trouble in _ERRORS:
        code = _ERRORS[trouble]

        def refuse(*_arguments: Any, **_named: Any) -> int:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "open", refuse)
    subject = open_unit(unit, budget)
    monkeypatch.undo()
    return subject


def declared_proof(name: str, data: bytes, changes: dict[str, Any]) -> Subject:
    """The proof that the ready manifest declares under `../<file>`, with other bytes, and declared otherwise: the
    `declared: {NAME: VALUE}` form of breaks."""
    file = name.removeprefix("../")
    declared = next(item for item in load(READY / "dui.toml").attestations if item.file == file)
    as_declared = {"file": file, "date": declared.date.isoformat(), "attests": declared.attests} | changes
    return opened(as_declared["file"], data, date=as_declared["date"], attests=as_declared["attests"])
