"""Which subjects a rule compares: what a metadata entry or a mail part points at, what lies inside, what is around."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.checks.verdict import PASSED
from dui_conformance.engine.related import Kin
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from tests.engine.small import Trial, document, rule
from tests.places import READY

EXPORTS = READY / "exports"


def opened(name: str) -> Subject:
    return open_bytes(name, (EXPORTS / name).read_bytes(), Budget())


def only(top: Subject, kind: str, number: int = 0) -> Subject:
    return [s for s in top.walk() if s.kind == kind][number]


def relatives(subject: Subject, element: Any, kind: str) -> list[Subject]:
    top = next(iter(list(subject.ancestors())[-1:]), subject)
    return Kin(top).relatives(subject, element, kind)


def context(subject: Subject, path: str = ".") -> Any:
    assert subject.view is not None
    found = subject.view.find(path)
    return subject.view if path == "." else found


@pytest.fixture(scope="module")
def mail() -> Subject:
    return opened("mails/vers-professionnel-deux-documents.eml")


@pytest.fixture(scope="module")
def two_documents() -> Subject:
    return opened("xdm/deux-documents/IHE_XDM.ZIP")


def test_an_entry_belongs_with_the_document_it_points_at(two_documents: Subject) -> None:
    metadata = only(two_documents, "xds")
    assert metadata.view is not None
    entries = list(metadata.view.iterfind("DocumentEntry"))
    assert len(entries) == 2
    for entry in entries:
        (document,) = relatives(metadata, entry, "cda")
        assert document.id == entry.get("subject")
        (same,) = relatives(metadata, entry.find("typeCode"), "cda")
        assert same is document, "an element of the entry points where the entry does"
    assert relatives(metadata, entries[0], "cda") != relatives(metadata, entries[1], "cda")


def test_a_submission_set_belongs_with_every_document_around(two_documents: Subject) -> None:
    metadata = only(two_documents, "xds")
    assert len(relatives(metadata, context(metadata, "SubmissionSet"), "cda")) == 2


def test_a_document_belongs_with_the_metadata_of_its_archive(two_documents: Subject) -> None:
    document = only(two_documents, "cda")
    assert relatives(document, context(document), "xds") == [only(two_documents, "xds")]
    assert relatives(document, context(document), "xdm") == [two_documents]


def test_a_mail_has_what_lies_inside(mail: Subject) -> None:
    assert len(relatives(mail, context(mail), "cda")) == 2
    assert {s.kind for s in relatives(mail, context(mail), "xdm")} == {"xdm"}


def test_a_part_belongs_with_its_own_attachment(mail: Subject) -> None:
    assert mail.view is not None
    parts = [p for p in mail.view.iterfind("part") if (p.get("filename") or "").upper().endswith(".PDF")]
    assert len(parts) == 2
    for part in parts:
        (pdf,) = relatives(mail, part, "pdf")
        assert pdf.id == part.get("subject")
        assert relatives(mail, part, "cda") == [], "a PDF part holds no document"


def test_a_document_of_a_mail_belongs_with_that_mail(mail: Subject) -> None:
    document = only(mail, "cda")
    assert relatives(document, context(document), "mail") == [mail]


def test_a_document_has_its_own_body_before_others(mail: Subject) -> None:
    level1 = next(s for s in mail.walk() if s.kind == "cda" and any(c.kind == "pdf" for c in s.children))
    assert relatives(level1, context(level1), "pdf") == [c for c in level1.children if c.kind == "pdf"]


def test_nobody_is_related_to_a_lone_document() -> None:
    lone = opened("documents/dlu.xml")
    assert relatives(lone, context(lone), "mail") == []
    assert relatives(lone, context(lone), "xds") == []


def test_files_of_a_plain_zip_are_not_related() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("one.xml", document('<id root="1"/>'))
        archive.writestr("two.xml", document('<id root="2"/>'))
    top = open_bytes("lot.zip", stream.getvalue(), Budget())
    one = only(top, "cda")
    assert relatives(one, context(one), "cda") == []


def test_given_reads_the_first_relative_or_every_one(tmp_path: Path, predicates: Callable[..., None]) -> None:
    seen: list[dict[str, Any]] = []
    predicates(takes=lambda **given: seen.append(given) or PASSED)
    check = {
        "python": "trial.takes",
        "given": {"cda": {"first": "id/@root"}, "cda*": {"all*": "id/@root"}},
    }
    data = (EXPORTS / "mails" / "vers-professionnel-deux-documents.eml").read_bytes()
    Trial(tmp_path, rule(check=check), subject="mail").judge(data, name="m.eml")
    ((given),) = seen
    assert len(given["all"]) == 2
    assert given["first"] == given["all"][0]


def test_without_the_relative_the_rule_does_not_apply(tmp_path: Path, predicates: Callable[..., None]) -> None:
    predicates(takes=lambda **_given: 1 / 0)
    check = {"python": "trial.takes", "given": {"xds": {"x?": "@id"}}}
    assert Trial(tmp_path, rule(check=check)).outcome(document()) == "not_applicable"
