"""Narrative: the little XHTML that a resource may carry (R4 Narrative, txt-1 and txt-2)."""

import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from dui_conformance.fhir.places import Place

if TYPE_CHECKING:
    from dui_conformance.fhir.walk import Walk

_NARRATIVE = "http://hl7.org/fhir/StructureDefinition/Narrative"
_XHTML = "http://www.w3.org/1999/xhtml"
_XML = "http://www.w3.org/XML/1998/namespace"
# HTML 4.0 chapters 7 to 11 (less section 4 of chapter 9) and 15, <a>, images, and style attributes
_ELEMENTS = frozenset(
    "p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address "
    "bdo kbd ol ul li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area sub "
    "sup strike u s del ins center".split()
)
_ATTRIBUTES = frozenset(
    "title style class id lang dir accesskey tabindex span width align valign char charoff abbr axis headers scope "
    "rowspan colspan cellspacing cellpadding border summary frame rules height cite compact start type value "
    "nowrap clear size noshade color face bgcolor".split()
)
_OF = {
    "a": frozenset("href name rel charset hreflang rev shape coords target type".split()),
    "img": frozenset("src alt longdesc usemap ismap hspace vspace name".split()),
    "area": frozenset("shape coords href nohref alt".split()),
    "map": frozenset({"name"}),
}
_TAGS = {f"{{{_XHTML}}}{name}": name for name in _ELEMENTS}
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, remove_comments=True
)
_ENTITY = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)(\w+;?)")
_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']#([^"']*)["']""")
_ANCHOR = re.compile(r"""\s(?:id|name)\s*=\s*["']([^"']*)["']""")


def check(walk: "Walk", text: Any, place: Place) -> None:
    """The div of a narrative: well formed, safe, not empty."""
    if not isinstance(text, str):
        return
    found = problems(text)
    for rule, values in found:
        walk.report(rule, place, _NARRATIVE, "Narrative.div", **values)
    if "#" in text and not found:
        severity = "error" if walk.options.narrative_links == "error" else ""
        for name in _dangling(text, walk.scope.root.node):
            walk.report("narrative.link", place, _NARRATIVE, "Narrative.div", severity, name=name)


def problems(text: str) -> list[tuple[str, dict[str, str]]]:
    """What is wrong with an XHTML text, as message ids and their values."""
    entity = _ENTITY.search(text)
    if entity:
        return [("narrative.entity", {"name": entity[0]})]
    if "<!" in text and ("<!DOCTYPE" in text or "<!ENTITY" in text):
        return [("narrative.doctype", {})]
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        return [("narrative.syntax", {"problem": str(error).split(", line")[0][:120]})]
    if root.tag != f"{{{_XHTML}}}div":
        name = etree.QName(root)
        if name.localname != "div":
            return [("narrative.root", {"name": str(name.localname)[:40]})]
        return [("narrative.namespace", {})]
    out = list(dict.fromkeys(_forbidden(root)))
    found = [
        ("narrative.element" if kind == "element" else "narrative.attribute", {"name": name}) for kind, name in out
    ]
    if not found and not _has_content(root):
        found.append(("narrative.empty", {}))
    return found


def _forbidden(root: Any) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for element in root.iter():
        local = _TAGS.get(element.tag)
        if local is None:
            if isinstance(element.tag, str):
                out.append(("element", str(etree.QName(element).localname)[:40]))
            continue
        attributes = element.items()
        if not attributes:
            continue
        allowed = _OF.get(local, frozenset())
        for attribute, value in attributes:
            short = str(attribute)
            if short.startswith("{"):
                if not short.startswith(f"{{{_XML}}}"):
                    out.append(("attribute", short[-40:]))
            elif short not in _ATTRIBUTES and short not in allowed:
                out.append(("attribute", f"{local}/@{short}"[:60]))
            elif short in ("href", "src") and value.strip().lower().startswith(("javascript:", "vbscript:")):
                out.append(("attribute", f"{local}/@{short} ({value.strip()[:20]})"))
    return out


def _has_content(root: Any) -> bool:
    """txt-2: some text that is not white space, or an image."""
    return any((t or "").strip() for t in root.itertext()) or root.find(f".//{{{_XHTML}}}img") is not None


def _dangling(text: str, resource: dict[str, Any]) -> list[str]:
    """Links to a fragment that is neither in the text, nor the id of an element or contained resource."""
    wanted = dict.fromkeys(_LINK.findall(text))
    if not wanted:
        return []
    known = set(_ANCHOR.findall(text))
    stack: list[Any] = [resource]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("id"), str):
                known.add(node["id"])
            stack += [v for v in node.values() if isinstance(v, (dict, list))]
        elif isinstance(node, list):
            stack += [v for v in node if isinstance(v, (dict, list))]
    return ["#" + name for name in wanted if name and name not in known]


def safe(text: str) -> bool:
    """What `htmlChecks()` answers."""
    return not any(rule != "narrative.empty" for rule, _ in problems(text))
