"""Draws the pages of a PDF and reads what is on them: run as a program of its own, by `subjects.pdf_pages`.

PDFium and zxing-cpp are native code, and what they are given is hostile: here they can crash, run on or ask for
memory without taking the product with them. The process limits itself (memory; seconds of CPU for one PDF; it writes
no file) and dies with its parent, whose end closes its input.

A request is a line of JSON and as many bytes as it says: `{"size", "barcodes", "seconds", "pages", "characters"}`.
The answer is eight digits of hexadecimal, the length, then JSON: `{"pages": [{"number", "width", "height", "pictured",
"text", "foot", "barcodes": [{"format", "x", "y", "content"}]}]}`, or `{"error": type}`. Lengths and places are in
millimetres, from the left and the top of the page as it is seen. With `"picture": true` the bytes are a PNG, a JPEG or
a GIF, and the answer is `{"codes": [{"format", "content"}]}`.

Imports nothing of the product: it is started by its path.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

_MEMORY = 1 << 30
_POINT = 25.4 / 72  # millimetres
_FOOT = 0.2  # of the height: where a foot of page is looked for
_PIXELS = 9_000_000  # of one drawing
_SIDE = 12_000
_DRAWN = 4  # first pages that are looked at for barcodes
_SYMBOLS = 32  # of one page
_CONTENT = 4_000  # bytes of one symbol: more than any holds
_IMAGES = 64  # that are counted
# A symbol of the usual size is read on the first drawing; the next ones are for small or slanted ones.
_EFFORTS: tuple[tuple[int, dict[str, bool]], ...] = (
    (100, {"try_rotate": False, "try_downscale": False, "try_invert": False}),
    (220, {"try_rotate": True, "try_downscale": True, "try_invert": False}),
)


def main() -> None:
    """Answer requests until the input ends."""
    _limit_process()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        request = json.loads(line)
        data = source.read(request["size"])
        if len(data) < request["size"]:
            return
        _allow(request["seconds"])
        try:
            picture = request.get("picture")
            answer: dict[str, Any] = {"codes": _picture(data)} if picture else {"pages": list(_pages(data, request))}
        except Exception as error:  # whatever a hostile file makes PDFium say
            answer = {"error": type(error).__name__}
        _allow(0)
        _send(answers, answer)


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    answers.write(b"%08x" % len(body) + body)
    answers.flush()


def _limit_process() -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # a system that lacks this one
            continue


def _allow(seconds: float) -> None:
    """Let the process use so many seconds of CPU, then die; 0 lifts the limit."""
    import signal

    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _pages(data: bytes, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    import pypdfium2

    left = request["characters"]
    document = pypdfium2.PdfDocument(data)
    for number in range(min(len(document), request["pages"])):
        page = document[number]
        across, down = page.get_size()  # as it is seen, rotation included
        text, foot = _text(page, left)
        left = max(0, left - len(text) - len(foot))
        yield {
            "number": number + 1,
            "width": round(across * _POINT, 1),
            "height": round(down * _POINT, 1),
            "pictured": _pictured(page, across * down, pypdfium2),
            "text": text,
            "foot": foot,
            "barcodes": list(_barcodes(page, across, down)) if request["barcodes"] and number < _DRAWN else [],
        }
        page.close()
    document.close()


def _text(page: Any, most: int) -> tuple[str, str]:
    """The text of a page, and that of its lowest fifth, as they are seen."""
    text = page.get_textpage()
    count = min(text.count_chars(), most)
    whole = text.get_text_range(0, count) if count > 0 else ""
    left, bottom, right, top = page.get_bbox()
    rotation = page.get_rotation()
    if rotation == 90:
        box = (right - _FOOT * (right - left), bottom, right, top)
    elif rotation == 180:
        box = (left, top - _FOOT * (top - bottom), right, top)
    elif rotation == 270:
        box = (left, bottom, left + _FOOT * (right - left), top)
    else:
        box = (left, bottom, right, bottom + _FOOT * (top - bottom))
    foot = text.get_text_bounded(*box)[:most] if whole else ""
    text.close()
    return whole, foot


def _pictured(page: Any, area: float, pypdfium2: Any) -> int:
    """How much of the page its pictures cover, in hundredths, as far as they are counted (overlaps count twice)."""
    covered = 0.0
    for picture in islice(page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,), max_depth=4), _IMAGES):
        left, bottom, right, top = picture.get_bounds()
        covered += abs(right - left) * abs(top - bottom)
    return min(100, round(100 * covered / area)) if area > 0 else 0


def _barcodes(page: Any, across: float, down: float) -> Iterable[dict[str, Any]]:
    """The symbols of a page. A drawing with a DataMatrix is not made again: what else it shows is read with it."""
    if across <= 0 or down <= 0:
        return
    seen: set[tuple[str, str]] = set()
    for dots, effort in _EFFORTS:
        scale = min(dots / 72, (_PIXELS / (across * down)) ** 0.5, _SIDE / across, _SIDE / down)
        drawing = page.render(scale=scale, grayscale=True)
        symbols = _symbols(bytes(drawing.buffer), drawing.height, drawing.stride, effort)
        drawing.close()
        for symbol in symbols:
            corners = symbol.position
            x = min(corners.top_left.x, corners.top_right.x, corners.bottom_left.x, corners.bottom_right.x)
            y = min(corners.top_left.y, corners.top_right.y, corners.bottom_left.y, corners.bottom_right.y)
            told = _told(symbol)
            if (told["format"], told["content"]) not in seen:
                seen.add((told["format"], told["content"]))
                yield {**told, "x": round(x / scale * _POINT, 1), "y": round(y / scale * _POINT, 1)}
        if any(kind == "DataMatrix" for kind, _ in seen):
            return


def _symbols(pixels: bytes, height: int, width: int, effort: dict[str, bool]) -> list[Any]:
    """What zxing-cpp reads in shades of grey, row by row."""
    import zxingcpp

    read: Any = zxingcpp.read_barcodes  # (its stub takes no dictionary of options)
    formats = [zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode]
    picture = memoryview(pixels).cast("B", shape=[height, width])
    return list(read(picture, formats=formats, **effort)[:_SYMBOLS])


def _told(symbol: Any) -> dict[str, str]:
    content = _decoded(bytes(symbol.bytes[:_CONTENT]))
    return {"format": str(symbol.format).replace(" ", ""), "content": content}


def _picture(data: bytes) -> list[dict[str, str]]:
    """The barcodes of a picture; none is looked for in one larger than a page is ever drawn."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF")) as picture:
        if picture.width * picture.height > _PIXELS:
            raise ValueError("too many pixels")
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        grey = paper.convert("L")
    return [_told(symbol) for symbol in _symbols(grey.tobytes(), grey.height, grey.width, {})]


def _decoded(content: bytes) -> str:
    """The message as text, its control characters shown by their signs: U+241D stands for GS."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 0x20 else c for c in text)


if __name__ == "__main__":
    main()
