"""What is read on the pages of a PDF, and what hostile ones do to the program that reads them."""

import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from dui_conformance.rules.pdf_mutations import pdf_step
from dui_conformance.subjects import pdf_pages
from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget, Subject
from tests.places import READY
from tests.subjects.pdfs import helvetica, itself, made, shown

EXPORTS = READY / "exports"
GRID = (EXPORTS / "pdf/grille-evaluation.pdf").read_bytes()
MAIL = (EXPORTS / "mails/vers-professionnel-deux-documents.eml").read_bytes()


def projected(data: bytes, *, barcodes: bool = True) -> Subject:
    subject = open_bytes("document.pdf", data, Budget())
    pdf_pages.project(subject, barcodes=barcodes)
    return subject


def page(subject: Subject, number: int = 1) -> Any:
    assert subject.view is not None
    return subject.view.find(f"page[@number='{number}']")


def undrawn(subject: Subject) -> list[str]:
    return [defect.values["cause"] for defect in subject.defects if defect.code == "pdf.undrawn"]


def test_text_foot_and_symbol_of_a_page() -> None:
    first = page(projected(GRID))
    assert (first.get("width"), first.get("height"), first.get("pictured")) == ("210", "297", "0")
    assert "Nom de naissance QUILLEVERE\n" in first.findtext("text")
    assert first.findtext("foot").startswith("Vos données sont traitées")
    (barcode,) = first.findall("barcode")
    assert barcode.get("format") == "DataMatrix"
    assert 160 < float(barcode.get("x")) < 175
    assert 15 < float(barcode.get("y")) < 25
    assert barcode.find("ins").get("header") == "right"
    assert barcode.findtext("ins/block[@id='S3']") == "ANNICK"


def test_barcodes_are_read_only_where_they_are_wanted() -> None:
    assert page(projected(GRID, barcodes=False)).find("barcode") is None


def test_other_symbols_are_told_but_are_no_ins() -> None:
    both = page(projected(pdf_step(GRID, {"symbol": "https://exemple.fr", "beside": True}))).findall("barcode")
    assert sorted(code.get("content")[:4] for code in both) == ["IS01", "http"]
    assert [code.find("ins") is not None for code in both if code.get("content").startswith("http")] == [False]


def test_the_foot_of_a_turned_page_is_that_which_is_seen() -> None:
    def turned(document: pikepdf.Pdf) -> None:
        document.pages[0].Rotate = 90

    content = shown("En haut", 20, 400) + shown("En bas", 520, 400)
    first = page(projected(made(content, resources=helvetica, change=turned)))
    assert first.findtext("text").split() == ["En", "haut", "En", "bas"]
    assert first.findtext("foot").split() == ["En", "bas"]


def test_a_picture_counts_for_what_it_covers() -> None:
    def picture(document: pikepdf.Pdf) -> Any:
        image = document.make_stream(b"\x80" * 100)
        image.Type, image.Subtype, image.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
        image.Width, image.Height, image.BitsPerComponent = 10, 10, 8
        return Dictionary(XObject=Dictionary(I=document.make_indirect(image)))

    first = page(projected(made(b"q 595 0 0 421 0 0 cm /I Do Q", resources=picture)))
    assert first.get("pictured") == "50"
    assert first.findtext("text") == ""


def test_the_body_and_the_attachment_that_are_one_are_drawn_once() -> None:
    mail = open_bytes("lot.eml", MAIL, Budget())
    pdf_pages.project(mail, barcodes=True)
    views = {subject.id: subject.view for subject in mail.walk() if subject.kind == "pdf"}
    (body,) = [name for name in views if name.endswith("nonXMLBody")]
    same = [name for name, view in views.items() if view is not None and view.get("same") == body]
    assert len(views) == 3
    assert len(same) == 1
    assert all(view is not None and view.find("page") is not None for view in views.values())


def test_each_pdf_of_a_mail_is_tied_to_its_cda() -> None:
    mail = open_bytes("lot.eml", MAIL, Budget())
    pdf_pages.project(mail, barcodes=False)
    tied = {
        pdf.name: pdf.view.get("subject", "") for pdf in mail.children if pdf.kind == "pdf" and pdf.view is not None
    }
    assert sorted(document.rsplit("/", 1)[-1] for document in tied.values()) == ["DOC0001.XML", "DOC0002.XML"]
    assert [name for name, document in tied.items() if document.endswith("DOC0002.XML") and "urgence" in name]


@pytest.mark.parametrize("box", [(0, 0, 1e9, 1e9), (0, 0, -5, 0), (0, 0, 0.0001, 0.0001), (5, 5, 5, 5)])
def test_a_page_of_any_size_is_drawn_small_enough(box: tuple[float, ...]) -> None:
    subject = projected(made(b"0 0 1 1 re f", box=box))
    assert undrawn(subject) == []
    assert page(subject) is not None


def test_only_the_first_pages_are_read() -> None:
    subject = projected(made(pages=60))
    assert subject.view is not None
    assert len(subject.view.findall("page")) == 50


def test_a_native_crash_is_a_defect_and_the_next_file_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashing = tmp_path / "crashing.py"
    crashing.write_text("import os, sys\nsys.stdin.buffer.readline()\nos.abort()\n")
    monkeypatch.setattr(pdf_pages, "_PROGRAM", crashing)
    fresh = pdf_pages._Renderer()
    monkeypatch.setattr(pdf_pages, "_renderer", lambda _process: fresh)
    assert undrawn(projected(GRID)) == ["crash"]
    monkeypatch.undo()
    assert page(projected(GRID)) is not None


def test_without_a_program_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = pdf_pages._Renderer()
    monkeypatch.setattr(pdf_pages, "_renderer", lambda _process: fresh)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert undrawn(projected(GRID)) == ["crash"]


def test_a_form_that_draws_itself_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "_SECONDS", 0.5)
    assert undrawn(projected(made(b"/F Do", resources=itself))) in (["crash"], ["time"])


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "_SECONDS", 0.2)
    assert undrawn(projected(made(b"1 2 m 300 400 l S\n" * 900_000))) == ["time"]
    monkeypatch.undo()
    assert page(projected(GRID)) is not None


def test_a_program_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "_PATIENCE", 0)
    assert undrawn(projected(GRID)) == ["time"]
    monkeypatch.undo()
    assert page(projected(GRID)) is not None


def test_encrypted_and_damaged_files_are_not_drawn() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(GRID)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    for data in (out.getvalue(), GRID[:300], GRID + b"% <</Filter/LZWDecode>>\n"):
        subject = projected(data)
        assert page(subject) is None
        assert undrawn(subject) == []


def test_a_unit_spends_no_more_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "_UNIT", -1)
    assert undrawn(projected(GRID)) == ["time"]


def test_control_characters_are_shown_by_their_signs() -> None:
    first = page(projected(pdf_step(GRID, {"symbol": "a\u241db", "beside": True})))
    assert "a\u241db" in [code.get("content") for code in first.findall("barcode")]


def test_a_symbol_is_read_from_a_scanned_page_too() -> None:
    import pypdfium2

    source = pypdfium2.PdfDocument(GRID)
    drawing = source[0].render(scale=150 / 72, grayscale=True)

    def scan(document: pikepdf.Pdf) -> Any:
        rows = bytes(drawing.buffer)
        pixels = b"".join(rows[y * drawing.stride :][: drawing.width] for y in range(drawing.height))
        image = document.make_stream(pixels)
        image.Type, image.Subtype, image.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
        image.Width, image.Height, image.BitsPerComponent = drawing.width, drawing.height, 8
        return Dictionary(XObject=Dictionary(I=document.make_indirect(image)))

    first = page(projected(made(b"q 595 0 0 842 0 0 cm /I Do Q", resources=scan, box=(0, 0, 595, 842))))
    assert first.findtext("barcode/ins/block[@id='S4']") == "QUILLEVERE"
    assert first.get("pictured") == "100"
