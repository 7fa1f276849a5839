"""veraPDF, played by a stand-in: no test has run the real one."""

from pathlib import Path

import pytest

from dui_conformance.subjects import pdf_verapdf
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from tests.places import READY
from tests.subjects.verapdf import stand_in

GRID = (READY / "exports/pdf/grille-evaluation.pdf").read_bytes()
MAIL = (READY / "exports/mails/vers-professionnel.eml").read_bytes()


def verdict(data: bytes, program: str) -> dict[str, str]:
    subject = open_bytes("document.pdf", data, Budget())
    pdf_verapdf.project(subject, program)
    assert subject.view is not None
    found = subject.view.find("verapdf")
    return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}


def test_what_the_report_says(tmp_path: Path) -> None:
    accepted = verdict(GRID, stand_in(tmp_path, "accepts"))
    assert accepted == {"compliant": "true", "profile": "PDF/A-1B validation profile", "clauses": ""}
    refused = verdict(GRID, stand_in(tmp_path, "refuses"))
    assert (refused["compliant"], refused["clauses"]) == ("false", "6.1.3-1, 6.7.3-1")
    assert verdict(GRID, stand_in(tmp_path, "fails")) == {"cause": "PARSE"}
    assert verdict(GRID, stand_in(tmp_path, "nonsense")) == {"cause": "report"}
    assert verdict(GRID, str(tmp_path / "nowhere")) == {"cause": "report"}


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_verapdf, "_START", 0.3)
    monkeypatch.setattr(pdf_verapdf, "_EACH", 0)
    assert verdict(GRID, stand_in(tmp_path, "waits")) == {"cause": "time"}


def test_files_that_do_not_claim_pdf_a_1_are_not_asked_about(tmp_path: Path) -> None:
    assert verdict(GRID.replace(b'part="1"', b'part="3"'), stand_in(tmp_path, "accepts")) == {}


def test_all_the_files_of_a_unit_are_asked_about_at_once(tmp_path: Path) -> None:
    mail = open_bytes("lot.eml", MAIL, Budget())
    pdf_verapdf.project(mail, stand_in(tmp_path, "refuses"))
    views = [subject.view for subject in mail.walk() if subject.kind == "pdf"]
    assert len(views) == 2
    assert all(view is not None and view.find("verapdf[@compliant='false']") is not None for view in views)


def test_the_program_is_found_by_its_variable_then_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = stand_in(tmp_path, "accepts")
    monkeypatch.setenv(pdf_verapdf.VARIABLE, named)
    assert pdf_verapdf.found() == named
    assert pdf_verapdf.version(named) == "veraPDF 1.28.2"
    monkeypatch.setenv(pdf_verapdf.VARIABLE, str(tmp_path / "nowhere"))
    assert pdf_verapdf.found() == ""
    monkeypatch.delenv(pdf_verapdf.VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf_verapdf.found() == ""
    (tmp_path / "verapdf-accepts").rename(tmp_path / "verapdf")
    assert pdf_verapdf.found() == str(tmp_path / "verapdf")


def test_a_program_that_is_not_verapdf_has_no_version(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho 1.0\n")
    other.chmod(0o755)
    assert pdf_verapdf.version(str(other)) == ""
