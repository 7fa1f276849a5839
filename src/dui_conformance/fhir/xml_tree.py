"""FHIR XML (R4 §2.6.1) brought to the tree that its JSON would give."""

from typing import Any

from lxml import etree

from dui_conformance.fhir.places import Place
from dui_conformance.fhir.primitives import from_text
from dui_conformance.fhir.reading import MAX_DEPTH, Defect, Source
from dui_conformance.fhir.schema import Plan, Prop, Types

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"


def read_xml(data: bytes, types: Types) -> Source:
    """The resource of an XML document. No DTD, no entity, no network."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        position = getattr(error, "position", None)
        where = (position[0], max(1, position[1])) if position and position[0] else None
        message = str(error).split(", line")[0][:120]
        return Source(None, [Defect("xml.syntax", position=where, values={"problem": message})], "xml", "", data)
    doctype: str = getattr(root.getroottree().docinfo, "doctype", "")
    if doctype:
        return Source(None, [Defect("xml.doctype", position=(1, 1))], "xml", "", data)
    reader = _Reader(types)
    name = etree.QName(root)
    if name.namespace != FHIR:
        return Source(None, [Defect("xml.namespace", values={"name": name.localname})], "xml", "", data)
    tree = reader.resource(root, None, 0)
    return Source(tree, reader.defects, "xml", "", data)


class _Reader:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.defects: list[Defect] = []

    def resource(self, element: Any, place: Place, depth: int) -> dict[str, Any]:
        name = etree.QName(element).localname
        node: dict[str, Any] = {"resourceType": name}
        plan = self.types.type(name) if name.isalpha() else None
        if plan is not None and plan.kind == "resource":
            self.fill(node, element, plan, place, depth)
        return node

    def fill(self, node: dict[str, Any], element: Any, plan: Plan, place: Place, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.defects.append(Defect("tree.deep", place, values={"limit": str(MAX_DEPTH)}))
            return
        for attribute, value in element.attrib.items():
            if attribute in plan.props and attribute in ("id", "url"):
                node[attribute] = value
            elif not attribute.startswith("{"):
                self.defects.append(Defect("xml.attribute", place, values={"name": attribute}))
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            self.defects.append(Defect("xml.text", place))
        order = {name: rank for rank, name in enumerate(plan.elements)}
        counts: dict[str, int] = {}
        reached = -1
        for child in element:
            if not isinstance(child.tag, str):
                self.defects.append(Defect("xml.entity", place))
                continue
            name = etree.QName(child)
            prop = plan.props.get(name.localname)
            expected = XHTML if prop is not None and prop.type == "xhtml" else FHIR
            index = counts[name.localname] = counts.get(name.localname, -1) + 1
            if prop is None or name.namespace != expected:
                node.setdefault(
                    name.localname if name.namespace == FHIR else f"{{{name.namespace}}}{name.localname}", {}
                )
                continue
            below: Place = (place, prop, index if prop.is_list else None)
            if order[prop.element] < reached:
                self.defects.append(Defect("xml.order", below, values={"name": prop.name}))
            reached = max(reached, order[prop.element])
            value, extra = self.value(child, prop, below, depth + 1)
            if prop.is_list:
                self.add(node, prop.name, index, value, extra)
            elif prop.name in node or "_" + prop.name in node:
                self.defects.append(Defect("xml.repeated", below, values={"name": prop.name}))
            else:
                if value is not None:
                    node[prop.name] = value
                if extra:
                    node["_" + prop.name] = extra

    @staticmethod
    def add(node: dict[str, Any], name: str, index: int, value: Any, extra: Any) -> None:
        values = node.setdefault(name, [])
        values.append(value)
        extras = node.get("_" + name)
        if extra or extras is not None:
            if extras is None:
                extras = node["_" + name] = [None] * index
            extras.append(extra or None)

    def value(self, element: Any, prop: Prop, place: Place, depth: int) -> tuple[Any, dict[str, Any] | None]:
        if prop.type == "xhtml":
            element.tail = None
            return etree.tostring(element, encoding="unicode"), None
        if prop.resource:
            inner = [c for c in element if isinstance(c.tag, str)]
            if len(inner) != 1:
                self.defects.append(Defect("xml.resource", place))
                return ({"resourceType": ""} if not inner else self.resource(inner[0], place, depth + 1)), None
            return self.resource(inner[0], place, depth + 1), None
        if prop.check is not None:
            text = element.get("value")
            extra: dict[str, Any] = {}
            held = {k: v for k, v in element.attrib.items() if k != "value"}
            if held or len(element):
                copy = etree.Element(element.tag, held)
                copy.extend(list(element))
                self.fill(extra, copy, prop.plan, place, depth + 1)
            if text is not None and text == "":
                return "", extra or None
            return (None if text is None else from_text(prop.type, text)), extra or None
        node: dict[str, Any] = {}
        self.fill(node, element, prop.plan, place, depth)
        return node, None
