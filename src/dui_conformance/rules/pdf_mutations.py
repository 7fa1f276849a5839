"""Counter-examples inside a PDF, whose bytes no replacement of text can change: see `rules.mutations`.

* `{pdf: PATH, to: OBJECT}` sets what a path from the catalogue leads to (`Pages/Kids/0/Annots`; `Trailer/Info` from
  the trailer) to an object in the syntax of PDF; with `stream: TEXT` to a stream of that dictionary and content;
  `fill: N` in place of `to`: to an array of N empty dictionaries; `{pdf: PATH, delete: true}` removes it.
* `{symbol: MESSAGE}` prints on the first page, in place of its DataMatrix, one of that message (U+241D for GS), or
  none if it is empty; `beside: true` leaves the first one where it is, `page: N` prints on another page.
* `{erase: TEXT}` takes away every run of text that holds this one, on all pages (in fonts that write two bytes a
  character and say which, as those of the fixtures do); `{blank: true}` all the text of the first page.
"""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

Change = Mapping[str, Any]
_MILLIMETRE = 72 / 25.4
_SIDE = 24 * _MILLIMETRE
# where the fixtures print their symbol, from the lower left of an A4 page; and where a second one fits
_PLACE, _BESIDE = (473.0, 715.0), (40.0, 300.0)


def pdf_step(content: bytes, step: Change) -> bytes:
    """The bytes of the PDF once changed. Raises KeyError where a path leads nowhere."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        if "symbol" in step:
            _print_symbol(document, step)
        elif "blank" in step:
            _without(document.pages[0], lambda _text: True)
        elif "erase" in step:
            for page in document.pages:
                _without(page, lambda text: str(step["erase"]) in text)
        else:
            _set(document, step)
        document.save(
            out, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, fix_metadata_version=False
        )
    return out.getvalue()


def _set(document: Any, step: Change) -> None:
    import pikepdf

    *above, last = str(step["pdf"]).split("/")
    node = document.Root
    if above[:1] == ["Trailer"] or last == "Trailer":
        node, above = document.trailer, above[1:]
    for name in above:
        node = node[int(name)] if name.isdigit() else node[f"/{name}"]
    key: Any = int(last) if last.isdigit() else f"/{last}"
    if step.get("delete"):
        del node[key]
        return
    text = "[" + "<<>>" * int(step["fill"]) + "]" if "fill" in step else str(step["to"])
    value: Any = pikepdf.Object.parse(text.encode())
    if "stream" in step:
        stream = pikepdf.Stream(document, str(step["stream"]).encode())
        for name, item in value.items():
            stream[name] = item
        value = stream
    if isinstance(node, pikepdf.Array) and key == len(node):
        node.append(value)
    else:
        node[key] = value


def _print_symbol(document: Any, step: Change) -> None:
    message = str(step["symbol"]).replace("\u241d", "\x1d")
    x, y = _BESIDE if step.get("beside") else _PLACE
    drawn = [b"q 1 1 1 rg %.2f %.2f %.2f %.2f re f 0 0 0 rg" % (x - 9, y - 9, _SIDE + 18, _SIDE + 18)]
    if message:
        import zxingcpp

        symbol = zxingcpp.create_barcode(message, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
        image: Any = zxingcpp.write_barcode_to_image(symbol, scale=1, add_quiet_zones=False)
        height, width = image.shape
        cells, size = memoryview(image), _SIDE / width
        drawn += [
            b"%.3f %.3f %.3f %.3f re" % (x + column * size, y + (height - 1 - row) * size, size, size)
            for row in range(height)
            for column in range(width)
            if cells[row, column] < 128
        ]
        drawn.append(b"f")
    page = document.pages[int(step.get("page", 1)) - 1]
    # what the page does to its coordinates stays between its own q and Q
    page.contents_add(b"q", prepend=True)
    page.contents_add(b"Q\n" + b"\n".join([*drawn, b"Q"]), prepend=False)


def _without(page: Any, unwanted: Callable[[str], bool]) -> None:
    """Take from a page the runs of text that are not wanted."""
    import pikepdf

    letters: dict[str, dict[int, str]] = {}
    font, kept = "", []
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator == "Tf":
            font = str(instruction.operands[0])
            letters.setdefault(font, _letters(page.Resources.Font[font]))
        if operator not in ("Tj", "TJ", "'", '"') or not unwanted(_run(instruction, letters.get(font, {}))):
            kept.append(instruction)
    page.Contents.write(pikepdf.unparse_content_stream(kept))


def _letters(font: Any) -> dict[int, str]:
    """What each code of a font stands for, as its ToUnicode says it (ISO 32000-1 §9.10.3)."""
    table = bytes(font.ToUnicode.read_bytes()).decode("latin-1")
    return {
        int(code, 16): bytes.fromhex(text).decode("utf-16-be")
        for part in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL)
        for code, text in re.findall(r"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]{4,})>", part)
    }


def _run(instruction: Any, letters: Mapping[int, str]) -> str:
    import pikepdf

    shown = instruction.operands[-1]
    parts = shown if isinstance(shown, pikepdf.Array) else [shown]
    data = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
    return "".join(letters.get(int.from_bytes(data[at : at + 2], "big"), "") for at in range(0, len(data), 2))
