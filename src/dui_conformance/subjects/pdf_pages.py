"""What is printed on the pages of a PDF: text and barcodes, read by a process apart (`subjects.pdf_renderer`).

Costs some ten milliseconds a PDF, against one for all the rest: the engine asks for it only where a rule that is
planned reads `page`.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

from lxml import etree

from dui_conformance.subjects.cda import HL7
from dui_conformance.subjects.ins_symbol import HEADER, symbol_of
from dui_conformance.subjects.model import Subject
from dui_conformance.subjects.xml import xml_safe

_SECONDS = 10  # of CPU for one PDF
_PATIENCE = 60  # seconds of the clock for one PDF, for a system that does not count CPU
_UNIT = 60  # seconds of the clock that the PDFs of one unit may take together
_PAGES = 50
_CHARACTERS = 400_000  # of all the pages of a PDF
_ANSWER = 16 << 20
_PROGRAM = Path(__file__).with_name("pdf_renderer.py")
_UNOPENED = frozenset(("pdf.damaged", "pdf.lzw", "pdf.too_large"))
_BARE = str.maketrans({"\ufffe": "-", "\u00ad": "-", "\x02": "-"})  # how PDFium writes a hyphen that ends a line


def project(top: Subject, *, barcodes: bool) -> None:
    """Add to the view of each PDF of a unit its pages, as the docstring of `subjects.pdf` describes them.

    Bytes that lie twice in a unit (the body of a level-1 CDA, attached to its mail too) are drawn once; the others
    carry `same`, the id of the first, that which lies in a CDA if one does. A PDF that cannot be drawn gets the
    defect `pdf.undrawn` (cause: `crash`, `time`, or the error of PDFium).
    """
    found: dict[str, list[Subject]] = {}
    for subject in top.walk():
        if subject.kind in ("pdf", "proof") and subject.view is not None and subject.view.find("page") is None:
            found.setdefault(subject.sha256, []).append(subject)
    started = time.monotonic()
    for alike in found.values():
        alike.sort(key=lambda subject: subject.view is None or subject.view.get("holder") != "cda")
        first = alike[0]
        if _is_open(first):
            spent = time.monotonic() - started > _UNIT
            answer = {"error": "time"} if spent else _renderer(os.getpid()).drawn(first.data, barcodes=barcodes)
            for subject in alike:
                _show(subject, answer)
        for subject in alike[1:]:
            if subject.view is not None:
                subject.view.set("same", xml_safe(first.id))
    for mail in top.walk():
        if mail.kind == "mail":
            _pair(mail)


def _pair(mail: Subject) -> None:
    """Tie each PDF attached to a mail to the CDA it is the PDF of (`subject`), where that can be known: the level-1
    CDA whose body it is; else the only CDA whose body is not attached; else the only one whose type its name gives."""
    documents = [subject for subject in mail.walk() if subject.kind == "cda" and subject.view is not None]
    bodies = {body.sha256: document for document in documents for body in document.children if body.kind == "pdf"}
    attached = [child for child in mail.children if child.kind == "pdf" and child.view is not None]
    sent = {pdf.sha256 for pdf in attached}
    others = [document for document in documents if not any(body.sha256 in sent for body in document.children)]
    for pdf in attached:
        document = bodies.get(pdf.sha256)
        if document is None:
            named = [other for other in others if len(others) == 1 or _is_named_after(pdf.name, other)]
            document = named[0] if len(named) == 1 else None
        if document is not None and pdf.view is not None:
            pdf.view.set("subject", xml_safe(document.id))


def _is_named_after(name: str, document: Subject) -> bool:
    """Whether the name of a PDF gives the type of a document, cut at forty characters (ECO.2.1.6)."""
    code = document.view.find(f"{{{HL7}}}code") if document.view is not None else None
    label = "" if code is None else " ".join(code.get("displayName", "").split())[:40].strip()
    return bool(label) and label in unicodedata.normalize("NFC", name)


def project_pictures(top: Subject) -> None:
    """Add to the view of each picture of a unit its `<barcode format content/>`; one that cannot be read has none."""
    started = time.monotonic()
    for subject in top.walk():
        if subject.kind == "picture" and subject.view is not None and len(subject.view) == 0:
            if time.monotonic() - started > _UNIT:
                return
            answer = _renderer(os.getpid()).drawn(subject.data, barcodes=True, picture=True)
            for code in answer.get("codes", ()):
                etree.SubElement(subject.view, "barcode", format=code["format"], content=xml_safe(code["content"]))


def _is_open(subject: Subject) -> bool:
    view = subject.view
    if view is None or view.get("encrypted") != "false" or not int(view.get("pages", "0")):
        return False
    return not any(defect.code in _UNOPENED for defect in subject.defects)


def _show(subject: Subject, answer: dict[str, Any]) -> None:
    view = subject.view
    if view is None:
        return
    if "error" in answer:
        subject.add("pdf.undrawn", cause=str(answer["error"])[:40])
        return
    for page in answer["pages"]:
        element = etree.SubElement(
            view,
            "page",
            number=str(page["number"]),
            width=f"{page['width']:g}",
            height=f"{page['height']:g}",
            pictured=str(page["pictured"]),
        )
        for name in ("text", "foot"):
            etree.SubElement(element, name).text = xml_safe(page[name].replace("\r\n", "\n").translate(_BARE))
        for code in page["barcodes"]:
            barcode = etree.SubElement(
                element,
                "barcode",
                format=code["format"],
                x=f"{code['x']:g}",
                y=f"{code['y']:g}",
                content=xml_safe(code["content"]),
            )
            if code["format"] == "DataMatrix":
                _show_ins(barcode)


def _show_ins(barcode: etree._Element) -> None:
    symbol = symbol_of(barcode.get("content", ""))
    if symbol is None:
        return
    element = etree.SubElement(
        barcode,
        "ins",
        header="right" if symbol.header == HEADER else "wrong",
        rest=str(len(symbol.rest)),
        unclosed=" ".join(symbol.missing),
        closed=" ".join(symbol.needless),
    )
    for name, value in symbol.blocks:
        etree.SubElement(element, "block", id=name).text = value


@cache
def _renderer(process: int) -> "_Renderer":
    return _Renderer()


class _Renderer:
    """The process that draws, started when a first PDF comes, and again if one kills it."""

    def __init__(self) -> None:
        self.program: subprocess.Popen[bytes] | None = None
        self.turn = threading.Lock()

    def drawn(self, data: bytes, *, barcodes: bool, picture: bool = False) -> dict[str, Any]:
        """The answer of the process, or `{"error": cause}`. Never raises for what the bytes do."""
        request = {
            "size": len(data),
            "barcodes": barcodes,
            "seconds": _SECONDS,
            "pages": _PAGES,
            "characters": _CHARACTERS,
            "picture": picture,
        }
        with self.turn:
            try:
                program = self._running()
            except OSError:
                return {"error": "crash"}
            try:
                return _exchanged(program, json.dumps(request).encode() + b"\n" + data)
            except (OSError, ValueError) as error:
                self.program = None
                program.kill()
                late = isinstance(error, TimeoutError) or _killed_by_clock(program.wait())
                program.wait()
                return {"error": "time" if late else "crash"}

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.program is None or self.program.poll() is not None:
            self.program = subprocess.Popen(  # noqa: S603  our own program, by the Python that runs this one
                [sys.executable, "-P", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self.program


def _exchanged(program: "subprocess.Popen[bytes]", request: bytes) -> dict[str, Any]:
    """Send a request and read its answer. Raises OSError (TimeoutError) or ValueError when the process is gone."""
    to, back = _pipe(program.stdin), _pipe(program.stdout)
    to.write(request)
    to.flush()
    with _patience(program, back):
        length = int(back.read(8) or b"?", 16)
        if length > _ANSWER:
            raise ValueError("an answer of more than can be")
        answer = json.loads(back.read(length))
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    return answer


@contextlib.contextmanager
def _patience(program: "subprocess.Popen[bytes]", back: IO[bytes]) -> Iterator[None]:
    """Wait for the beginning of an answer, but not for ever. Raises TimeoutError."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(back, select.POLLIN | select.POLLHUP)
        if not poll.poll(_PATIENCE * 1000):
            raise TimeoutError
        yield
        return
    clock = threading.Timer(_PATIENCE, program.kill)  # Windows waits on no pipe
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise OSError("no pipe")
    return end


def _killed_by_clock(code: int) -> bool:
    """Whether the process ended by the signal of its CPU timer."""
    import signal

    return hasattr(signal, "SIGPROF") and code == -signal.SIGPROF
