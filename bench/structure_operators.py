"""Random changes of the structure of a document. Each operator changes a ClinicalDocument in place, and says how."""

import copy
import random
from collections.abc import Callable

from lxml import etree

from dui_conformance.rules.xpath import NAMESPACES
from dui_conformance.subjects.positions import path_of

Element = etree._Element

_TYPE = f"{{{NAMESPACES['xsi']}}}type"
_NIL = f"{{{NAMESPACES['xsi']}}}nil"

_VALUES = """abc 1 0 -1 1.5 1,5 1e3 true TRUE 2020 20200131 2020-01-31 31/01/2020 202001311200+0100 20200131120000.5+01
1.2.3 1.2.03 9.1 2.999. B7A2 ABCDEF01-2345-6789-ABCD-EF0123456789 EVN INT OBS NI XX é %zz http://[ text/plain""".split()
_VALUES += ["", " ", "a b", "tel:01 02", "#x y"]
_TYPES = """CD CE CV CS CO ST ED SC BL INT REAL PQ MO TS II TEL AD PN EN IVL_TS IVL_PQ IVL_INT PIVL_TS EIVL_TS SXPR_TS
SXCM_TS RTO RTO_PQ_PQ GLIST_TS ANY QTY URL XYZ ivl_ts x:CD StrucDoc.Text POCD_MT000040.Observation xs:string""".split()
_TYPES += [""]
_NAMES = """id code name value text title time entry section author act observation low high center width qualifier
translation originalText reference participant functionCode templateId languageCode statusCode br td caption tbody p div
commentaire Code""".split()
_ATTRIBUTES = """code codeSystem displayName root extension value unit use nullFlavor classCode ID moodCode typeCode
inversionInd negationInd operator styleCode colspan couleur Code""".split()


Operator = Callable[[Element, random.Random], str]  # what was done, in a line; empty if nothing could be


def _any(document: Element, rng: random.Random, *, inner: bool = True) -> Element:
    """An element of the document; with `inner`, not its root."""
    elements = list(document.iter("*"))
    return rng.choice(elements[1:] if inner else elements)


def delete(document: Element, rng: random.Random) -> str:
    element = _any(document, rng)
    parent = element.getparent()
    if parent is None:
        return ""
    said = f"{path_of(element)} deleted"
    parent.remove(element)
    return said


def duplicate(document: Element, rng: random.Random) -> str:
    element = _any(document, rng)
    element.addnext(copy.deepcopy(element))
    return f"{path_of(element)} written twice"


def move(document: Element, rng: random.Random) -> str:
    """To another place among its siblings."""
    element = _any(document, rng)
    siblings = [child for child in element.getparent() if child is not element]  # type: ignore[union-attr]
    if not siblings:
        return ""
    said = f"{path_of(element)} moved among its siblings"
    rng.choice(siblings).addnext(element)
    return said


def transplant(document: Element, rng: random.Random) -> str:
    """A copy of a small piece of the document, inside another element."""
    piece, target = _any(document, rng), _any(document, rng, inner=False)
    if len(list(piece.iter())) > 40:
        return ""
    target.insert(rng.randint(0, len(target)), copy.deepcopy(piece))
    return f"{path_of(piece)} copied into {path_of(target)}"


def rename(document: Element, rng: random.Random) -> str:
    element = _any(document, rng)
    name = etree.QName(element)
    others = [*_NAMES, name.localname + "s", name.localname[0].swapcase() + name.localname[1:]]
    before, element.tag = path_of(element), f"{{{name.namespace}}}{rng.choice(others)}"
    return f"{before} renamed {etree.QName(element).localname}"


def change_namespace(document: Element, rng: random.Random) -> str:
    element = _any(document, rng)
    alias = rng.choice(("h", "sdtc", "lab", "pharm", "ps3-20", ""))
    before = path_of(element)
    element.tag = f"{{{NAMESPACES.get(alias, 'urn:ailleurs')}}}{etree.QName(element).localname}"
    return f"{before} in namespace {alias or 'urn:ailleurs'}"


def insert(document: Element, rng: random.Random) -> str:
    """An empty element of any name, anywhere."""
    target = _any(document, rng, inner=False)
    alias = rng.choice(("h", "h", "h", "h", "sdtc", "lab", "pharm", ""))
    name = rng.choice(_NAMES)
    target.insert(rng.randint(0, len(target)), etree.Element(f"{{{NAMESPACES.get(alias, 'urn:ailleurs')}}}{name}"))
    return f"{alias}:{name} put into {path_of(target)}"


def drop_attribute(document: Element, rng: random.Random) -> str:
    element = _any(document, rng, inner=False)
    if not element.attrib:
        return ""
    name = rng.choice(list(element.attrib))
    del element.attrib[name]
    return f"{path_of(element)}/@{name} dropped"


def add_attribute(document: Element, rng: random.Random) -> str:
    element = _any(document, rng, inner=False)
    name = rng.choice(
        (*_ATTRIBUTES, _NIL, f"{{{NAMESPACES['sdtc']}}}valueSet", "{http://www.w3.org/XML/1998/namespace}lang")
    )
    if name in element.attrib:
        return ""
    value = rng.choice(_VALUES)
    element.set(name, value)
    return f"{path_of(element)}/@{name} = {value!r} added"


def corrupt(document: Element, rng: random.Random) -> str:
    """Another value for an attribute: of another form, or that of another attribute."""
    element = _any(document, rng, inner=False)
    if not element.attrib:
        return ""
    name = rng.choice(list(element.attrib))
    other = _any(document, rng)
    value = rng.choice([*_VALUES, *map(str, other.attrib.values()), f" {element.get(name)} "])
    if value == element.get(name):
        return ""
    element.set(name, value)
    return f"{path_of(element)}/@{name} = {value!r}"


def change_type(document: Element, rng: random.Random) -> str:
    """xsi:type: another one, none, or one where there was none."""
    typed = [element for element in document.iter("*") if _TYPE in element.attrib]
    element = rng.choice(typed) if typed and rng.random() < 0.7 else _any(document, rng)
    if _TYPE in element.attrib and rng.random() < 0.1:
        del element.attrib[_TYPE]
        return f"{path_of(element)}/@xsi:type dropped"
    value = rng.choice(_TYPES)
    element.set(_TYPE, value)
    return f"{path_of(element)}/@xsi:type = {value!r}"


def add_text(document: Element, rng: random.Random) -> str:
    element = _any(document, rng, inner=False)
    text = rng.choice((" ", "\n", "texte", " x ", "20200131"))
    if len(element) and rng.random() < 0.5:
        child = rng.choice(list(element))
        child.tail = (child.tail or "") + text
    else:
        element.text = (element.text or "") + text
    return f"text {text!r} put into {path_of(element)}"


def drop_text(document: Element, rng: random.Random) -> str:
    element = _any(document, rng)
    if not (element.text or "").strip():
        return ""
    element.text = None
    return f"text of {path_of(element)} dropped"


def reuse_id(document: Element, rng: random.Random) -> str:
    named = [element for element in document.iter("*") if "ID" in element.attrib]
    if not named:
        return ""
    element = rng.choice(named)
    value = rng.choice([str(rng.choice(named).get("ID")), "1x", "a:b", "", "x y", f" {element.get('ID')} "])
    if value == element.get("ID"):
        return ""
    element.set("ID", value)
    return f"{path_of(element)}/@ID = {value!r}"


OPERATORS: dict[str, Operator] = {
    "delete element": delete,
    "duplicate element": duplicate,
    "move element": move,
    "transplant": transplant,
    "rename element": rename,
    "change namespace": change_namespace,
    "insert element": insert,
    "drop attribute": drop_attribute,
    "add attribute": add_attribute,
    "corrupt value": corrupt,
    "change xsi:type": change_type,
    "add text": add_text,
    "drop text": drop_text,
    "reuse ID": reuse_id,
}
