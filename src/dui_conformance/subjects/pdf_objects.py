"""What the objects of a PDF do that PDF/A-1 forbids: actions, embedded files, transparency, fonts that are not there.

One bounded walk from the catalogue (ISO 32000-1 §7.7.2), whatever page, form, pattern or annotation an object hangs
on; resources that pages inherit from their tree (§7.7.3.4) and arrays of fonts, contents and actions are thus met
like the others. The tree of the tagged structure is left out: it draws nothing. What is found becomes elements of
the view: `<feature is object count/>`, named in `FEATURES`, and `<font name type embedded used object/>`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lxml import etree

from dui_conformance.subjects.xml import xml_safe

if TYPE_CHECKING:
    import pikepdf

# what is looked for → the clause of ISO 19005-1:2005 that forbids it
FEATURES = {
    "javascript": "§6.6.1",
    "launch": "§6.6.1",
    "action": "§6.6.1",  # Sound, Movie, ResetForm, ImportData, Hide… and named ones but the four of navigation
    "trigger": "§6.6.2, §6.9",
    "embedded_file": "§6.1.11",
    "external_stream": "§6.1.7",
    "optional_content": "§6.1.13",
    "transparency": "§6.4",
    "reference": "§6.2.4, §6.2.5, §6.2.6",  # Ref, OPI, Alternates
    "postscript": "§6.2.5, §6.2.7",
    "transfer": "§6.2.8",
    "interpolation": "§6.2.4",
    "annotation": "§6.5.2",
    "hidden_annotation": "§6.5.3",
    "form_appearance": "§6.9",
}

_VISITS = 30_000  # objects that one PDF makes us look at
_FONTS = 500
_PARSED = 300  # content streams that are searched for the fonts they use
_CONTENT = 8 << 20  # bytes of one
_ACTIONS = frozenset(("/GoTo", "/GoToR", "/Thread", "/URI", "/Named", "/SubmitForm"))
_NAVIGATION = frozenset(("/NextPage", "/PrevPage", "/FirstPage", "/LastPage"))
_ANNOTATIONS = frozenset(
    "/Text /Link /FreeText /Line /Square /Circle /Highlight /Underline /Squiggly /StrikeOut /Stamp /Ink /Popup "
    "/Widget /PrinterMark /TrapNet".split()
)
_BLENDS = frozenset(("/Normal", "/Compatible"))
_PRINT, _HIDING = 4, 1 | 2 | 32  # bits of F: Print; Invisible, Hidden, NoView (ISO 32000-1 table 165)
# what draws nothing, and lists of numbers
_UNDRAWN = frozenset(
    "/StructTreeRoot /StructParent /StructParents /Metadata /Parent /P /Popup /W /Widths /CIDSystemInfo /MediaBox "
    "/CropBox /BleedBox /TrimBox /ArtBox /BBox /FontBBox /Matrix /Rect /Range /Domain /WhitePoint /Decode".split()
)


def examine(document: "pikepdf.Pdf", view: etree._Element) -> None:
    """Add to the view what the objects of an opened document show; `walked` is `false` where not all of them could be
    looked at: too many, or damaged."""
    walk = _Walk()
    try:
        walk.run(document)
    except Exception:  # a damaged object, which qpdf reports through many types
        walk.tired = True
    for name, (count, number) in walk.found.items():
        etree.SubElement(view, "feature", {"is": name, "object": number, "count": str(count)})
    fonts = list(walk.fonts.values())
    bare = [font for font in fonts if not font["embedded"]]
    used = _used(walk.drawing, bare) if bare else set()
    for font in fonts:
        etree.SubElement(
            view,
            "font",
            name=xml_safe(font["name"])[:80],
            type=xml_safe(font["type"])[:20],
            embedded=_truth(font["embedded"]),
            subset_listed=_truth(font["listed"]),
            used=_truth(font["embedded"] or font["key"] in used),
            object=font["number"],
        )
    view.set("walked", _truth(not walk.tired))


def _truth(value: bool) -> str:
    return "true" if value else "false"


class _Walk:
    """The walk and what it met. `drawing`: what has content, with the resources it uses."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, str]] = {}
        self.fonts: dict[Any, dict[str, Any]] = {}
        self.drawing: list[tuple[Any, Any]] = []
        self.tired = False

    def run(self, document: "pikepdf.Pdf") -> None:
        import pikepdf

        root = document.Root
        if "/OCProperties" in root:
            self._note("optional_content", root)
        if "/AA" in root:
            self._note("trigger", root)
        names = root.get("/Names")
        if isinstance(names, pikepdf.Dictionary):
            if "/JavaScript" in names:
                self._note("javascript", names)
            if "/EmbeddedFiles" in names:
                self._note("embedded_file", names)
        form = root.get("/AcroForm")
        if isinstance(form, pikepdf.Dictionary) and _is_true(form.get("/NeedAppearances")):
            self._note("form_appearance", form)
        seen: set[tuple[int, int]] = set()
        # an object, the key it hangs on, that of what holds it, and the resources in force where it is drawn
        stack: list[tuple[Any, str, str, Any]] = [(root, "/Root", "", None)]
        visits = 0
        while stack:
            visits += 1
            if visits > _VISITS:
                self.tired = True
                return
            found, key, above, resources = stack.pop()
            place = found.objgen
            if place != (0, 0):
                if place in seen:
                    continue
                seen.add(place)
            if isinstance(found, pikepdf.Array):
                if len(found) > _VISITS:
                    self.tired = True
                    return
                stack += [(item, key, above, resources) for item in _containers(found)]
                continue
            # (a stream is no Dictionary for pikepdf; its keys are read in the same way)
            resources = found.get("/Resources", resources)
            self._look(found, key, above, resources)
            for name, child in found.items():
                if name not in _UNDRAWN and _is_container(child):
                    stack.append((child, name, key, resources))

    def _note(self, name: str, found: Any) -> None:
        count, number = self.found.get(name, (0, ""))
        self.found[name] = (count + 1, number or (str(found.objgen[0]) if found.objgen[0] else "?"))

    def _look(self, found: Any, key: str, above: str, resources: Any) -> None:
        import pikepdf

        kind = _name(found.get("/Subtype"))
        if key in ("/A", "/OpenAction", "/Next", "/PA") or above == "/AA" or "/JS" in found:
            self._action(found)
        if "/EF" in found:
            self._note("embedded_file", found)
        if above == "/ExtGState":
            self._state(found)
        if above == "/Font" and key not in ("/FontDescriptor", "/ToUnicode") and len(self.fonts) < _FONTS:
            self._font(found)
        if key == "/Annots":
            self._annotation(found, kind)
        if above == "/Fields" or (key in ("/Fields", "/Kids") and "/FT" in found):
            self._field(found)
        group = found.get("/Group")
        if isinstance(group, pikepdf.Dictionary) and _name(group.get("/S")) == "/Transparency":
            self._note("transparency", found)
        if isinstance(found, pikepdf.Stream):
            if any(name in found for name in ("/F", "/FFilter", "/FDecodeParms")):
                self._note("external_stream", found)
            self._external(found, kind)
            if kind == "/Form" or "/PatternType" in found:
                self.drawing.append((found, resources))
        elif _name(found.get("/Type")) == "/Page":
            self.drawing.append((found, resources))

    def _action(self, found: Any) -> None:
        kind = _name(found.get("/S"))
        if kind == "/JavaScript" or "/JS" in found:
            self._note("javascript", found)
        elif kind == "/Launch":
            self._note("launch", found)
        elif kind and (kind not in _ACTIONS or (kind == "/Named" and _name(found.get("/N")) not in _NAVIGATION)):
            self._note("action", found)

    def _state(self, found: Any) -> None:
        """A graphics state: soft mask, blend mode, opacity (§6.4), transfer functions (§6.2.8)."""
        blends = found.get("/BM")
        clear = "/SMask" not in found or _name(found.get("/SMask")) == "/None"
        opaque = all(_number(found.get(name), 1.0) == 1.0 for name in ("/CA", "/ca"))
        if not clear or not opaque or (blends is not None and _name(blends) not in _BLENDS):
            self._note("transparency", found)
        if "/TR" in found or _name(found.get("/TR2")) not in ("", "/Default"):
            self._note("transfer", found)

    def _external(self, found: Any, kind: str) -> None:
        if kind == "/Image":
            if "/SMask" in found:
                self._note("transparency", found)
            if _is_true(found.get("/Interpolate")):
                self._note("interpolation", found)
            if "/Alternates" in found or "/OPI" in found:
                self._note("reference", found)
        elif kind == "/Form":
            if "/OPI" in found or "/Ref" in found:
                self._note("reference", found)
            if "/PS" in found or _name(found.get("/Subtype2")) == "/PS":
                self._note("postscript", found)
        elif kind == "/PS":
            self._note("postscript", found)

    def _annotation(self, found: Any, kind: str) -> None:
        if kind not in _ANNOTATIONS:
            self._note("annotation", found)
        if kind == "/Widget":
            self._field(found)
        if _number(found.get("/CA"), 1.0) != 1.0:
            self._note("transparency", found)
        flags = int(_number(found.get("/F"), 0))
        if not flags & _PRINT or flags & _HIDING:
            self._note("hidden_annotation", found)

    def _field(self, found: Any) -> None:
        if "/AA" in found or (_name(found.get("/Subtype")) == "/Widget" and "/A" in found):
            self._note("trigger", found)

    def _font(self, found: Any) -> None:
        """A font of some resources. A Type 3 font is drawn by its own contents, and so is never missing."""
        import pikepdf

        kind = _name(found.get("/Subtype"))
        bearer = found
        if kind == "/Type0":
            descendants = found.get("/DescendantFonts")
            first = descendants[0] if isinstance(descendants, pikepdf.Array) and len(descendants) else None
            bearer = first if isinstance(first, pikepdf.Dictionary) else found
        descriptor = bearer.get("/FontDescriptor")
        embedded, listed = kind == "/Type3", True
        if isinstance(descriptor, pikepdf.Dictionary):
            programs = [descriptor.get(name) for name in ("/FontFile", "/FontFile2", "/FontFile3")]
            embedded = embedded or any(isinstance(p, pikepdf.Stream) and _length(p) > 0 for p in programs)
            subset = _name(bearer.get("/BaseFont"))[7:8] == "+"
            wanted = "/CIDSet" if kind == "/Type0" else "/CharSet" if kind in ("/Type1", "/MMType1") else ""
            listed = not (subset and embedded and wanted) or wanted in descriptor
        key = _key(found)
        self.fonts[key] = {
            "key": key,
            "name": _name(found.get("/BaseFont"))[1:] or _name(found.get("/Name"))[1:],
            "type": kind[1:],
            "embedded": embedded,
            "listed": listed,
            "number": str(found.objgen[0]) if found.objgen[0] else "?",
        }


def _key(found: Any) -> Any:
    """What tells a font from another: its number, or its own text where it stands in the resources themselves."""
    return found.objgen if found.objgen != (0, 0) else found.unparse()


def _length(stream: Any) -> int:
    return len(stream.get_raw_stream_buffer())


def _containers(items: Any) -> Iterator[Any]:
    for at in range(len(items)):
        item = items[at]
        if _is_container(item):
            yield item


def _is_container(item: Any) -> bool:
    import pikepdf

    return isinstance(item, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream)


def _name(value: Any) -> str:
    import pikepdf

    return str(value) if isinstance(value, pikepdf.Name) else ""


def _is_true(value: Any) -> bool:
    return value is True


def _number(value: Any, default: float) -> float:
    try:
        return default if value is None else float(value)
    except (TypeError, ValueError):
        return default


def _used(drawing: list[tuple[Any, Any]], bare: list[dict[str, Any]]) -> set[Any]:
    """Which of some fonts text is shown in, invisible text apart (mode 3, the layer under a scanned page: §6.3.4)."""
    import pikepdf

    wanted = {font["key"] for font in bare}
    used: set[Any] = set()
    for content, resources in drawing[:_PARSED]:
        fonts = resources.get("/Font") if resources is not None else None
        if not isinstance(fonts, pikepdf.Dictionary):
            continue
        keys = {name: _key(font) for name, font in fonts.items() if _is_container(font)}
        if not wanted & set(keys.values()):
            continue
        try:
            if _size(content) > _CONTENT:
                used |= set(keys.values())
                continue
            used |= {keys[name] for name in _shown(content) if name in keys}
        except Exception:  # contents that cannot be parsed: what they use cannot be told, and damage is told elsewhere
            used |= set(keys.values())
    return used


def _size(content: Any) -> int:
    import pikepdf

    parts = content if isinstance(content, pikepdf.Stream) else content.get("/Contents")
    streams = [parts] if isinstance(parts, pikepdf.Stream) else list(_containers(parts)) if parts is not None else []
    return sum(len(part.read_bytes()) for part in streams if isinstance(part, pikepdf.Stream))


def _shown(content: Any) -> Iterator[str]:
    """The names of the fonts that show visible text in a content stream."""
    import pikepdf

    state: tuple[str, int] = ("", 0)
    kept: list[tuple[str, int]] = []
    for instruction in pikepdf.parse_content_stream(content, "q Q Tf Tr Tj TJ ' \""):
        operator, operands = str(instruction.operator), instruction.operands
        if operator == "q":
            kept.append(state)
        elif operator == "Q" and kept:
            state = kept.pop()
        elif operator == "Tf" and operands:
            state = (_name(operands[0]), state[1])
        elif operator == "Tr" and operands:
            state = (state[0], int(_number(operands[0], 0)))
        elif operator in ("Tj", "TJ", "'", '"') and state[1] != 3:
            yield state[0]
