"""PDF files made for a test: small, of one page unless told, with what the test puts in."""

import io
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

Resources = Callable[[pikepdf.Pdf], Any]


def made(
    content: bytes = b"",
    *,
    resources: Resources | None = None,
    pages: int = 1,
    box: tuple[float, ...] = (0, 0, 595, 842),
    change: Callable[[pikepdf.Pdf], None] | None = None,
) -> bytes:
    """The bytes of a PDF whose pages all have this content; `change` has the last word."""
    document = pikepdf.new()
    for _ in range(pages):
        page = document.add_blank_page(page_size=(100, 100))
        page.MediaBox = Array(list(box))
        page.Contents = document.make_stream(content)
        if resources is not None:
            page.Resources = resources(document)
    if change is not None:
        change(document)
    out = io.BytesIO()
    document.save(out, static_id=True)
    return out.getvalue()


def helvetica(_document: pikepdf.Pdf) -> Any:
    """Resources with a font of every reader, not embedded, as /F."""
    return Dictionary(Font=Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)))


def shown(text: str, x: int = 72, y: int = 700) -> bytes:
    """Content that writes a text with /F."""
    return b"BT /F 12 Tf %d %d Td (%s) Tj ET\n" % (x, y, text.encode("latin-1"))


def itself(document: pikepdf.Pdf) -> Any:
    """Resources with a form that draws itself, as /F."""
    form = document.make_indirect(document.make_stream(b"/F Do /F Do"))
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 100])
    form.Resources = Dictionary(XObject=Dictionary(F=form))
    return Dictionary(XObject=Dictionary(F=form))
