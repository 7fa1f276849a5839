"""Counter-examples of the rows of the tables, made from good documents: what a row asks is taken away or altered.

A row that no good document lets judge has none, and neither has an `assert`, or a forbidden element, that does not
write its own (`breaks`, whose paths are relative to the element of the template).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from dui_conformance.rules.models.index import Models
from dui_conformance.rules.models.paths import Body, Element, attribute_name
from dui_conformance.rules.models.rows import Row, Table
from dui_conformance.rules.xpath import NAMESPACES

Change = dict[str, Any]
Data = Mapping[str, Any]

FALSE = "FAUX"
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_LINKS = frozenset(("entry", "entryRelationship", "component"))  # they hold one thing and go with it
_OTHER = {  # a value that the structure admits, and that is not the one that is asked
    "classCode": ("INFRM", "COND", "CLUSTER", "BATTERY", "ACT", "ROL"),
    "moodCode": ("INT", "EVN", "RQO"),
    "typeCode": ("REFR", "SUBJ", "COMP", "RSON", "PRF", "CSM"),
    "inversionInd": ("true", "false"),
    "negationInd": ("true", "false"),
    "nullFlavor": ("NI", "UNK", "OTH"),
    "codeSystem": ("2.999.1",),
    "root": ("2.999.1",),
    "xsi:type": ("CE", "CD", "ED", "ST", "PQ", "BL", "TS"),
}
_CODES = {"2.16.840.1.113883.6.1": "99999-5"}  # a code of the form of its system, that no row asks
_TYPES = {"CD": "CE", "CE": "CD", "ST": "ED", "ED": "ST"}


def cases(models: Models, documents: Mapping[str, Element]) -> Iterator[tuple[str, Change | None]]:
    """Each rule of the tables with its counter-examples (`rules.mutations`), or None if no document allows any.

    `documents`: good documents by their names, which the changes give as `in`.
    """
    bodies = {name: _body(view, models) for name, view in documents.items()}
    for name in models.digests:
        for position, data in enumerate(models.file(name)["templates"]):
            table = models.table(name, position)
            places = [
                (document, body, element)
                for document, body in bodies.items()
                for element in body.by_root.get(table.root, ())
                if _concerned(table, element, body)
            ]
            places.sort(key=lambda place: _special(models, place[1].templates[place[2]]))
            for rule in data["rules"]:
                made = list(_of_rule(rule, table, places))
                yield from ((rule["id"], change) for change in made)
                if not made:
                    yield rule["id"], None


def _body(view: Element, models: Models) -> Body:
    body = Body.of(view)
    model = models.of_document(body.templates.get(view, {}))
    body.model = model.name if model is not None else ""
    return body


def _special(models: Models, templates: Mapping[str, str]) -> int:
    """How special the tables of an element are: the more special one speaks for the others, which are not heard."""
    return sum(len(table.parents) for root, said in templates.items() for table in models.tables(root, said))


def _concerned(table: Table, element: Element, body: Body) -> bool:
    said = body.templates[element]
    extension = said[table.root]
    return (
        table.versions_judge(extension)
        and (not table.extension or table.extension == extension)
        and table.unless.isdisjoint(said)
        and (not table.tag or element.tag == table.tag)
    )


def _of_rule(rule: Data, table: Table, places: Sequence[tuple[str, Body, Element]]) -> Iterator[Change]:
    if not places:
        return
    also = list(rule.get("also", ()))
    if rule["kind"] == "element":
        for document, body, element in places:
            other = _other_element(element, body)
            if other is not None:
                extension = f' extension="{table.extension}"' if table.extension else ""
                inserted = f'<templateId root="{table.root}"{extension}/>'
                yield {"in": document, "insert": inserted, "first_in": path_of(other), "also": also}
                return
        return
    document, _body, element = places[0]
    if rule["kind"] == "parents":
        for parent in table.parents:
            at = f"{path_of(element)}/templateId[@root='{parent}']"
            yield {"in": document, "delete": at, "also": also}
        return
    row = next(row for row in table.rows if row.id == rule["id"])
    places = [place for place in places if row.holds_in(place[1].model)]
    judged = [place for place in places if row.faults(place[2], place[1]) == []]
    for change in rule.get("breaks", ()) if places else ():
        where = (judged or places)[0]
        yield _placed(change, where[0], where[2], also)
    for document, body, element in judged:
        made = list(_of_row(row, document, body, element, also))
        if made:
            yield from made
            return


def _other_element(element: Element, body: Body) -> Element | None:
    """An element of another name that may bear a templateId: the section around, or the first entry of a section."""
    local = etree.QName(element).localname
    if local != "section":
        return next(iter(element.iterancestors(f"{{{NAMESPACES['h']}}}section")), None)
    for names in (("act", "observation", "organizer"), ("substanceAdministration",)):
        for candidate in body.templates:
            if etree.QName(candidate).localname in names and "section" in path_of(candidate):
                return candidate
    return None


def path_of(element: Element) -> str:
    """The path of an element from its document, as breaks write it."""
    steps: list[str] = []
    node: Element | None = element
    while node is not None and etree.QName(node).localname != "ClinicalDocument":
        name = etree.QName(node)
        prefix = _PREFIXES.get(name.namespace or "", "")
        step = name.localname if prefix == "h" else f"{prefix}:{name.localname}"
        before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        steps.append(f"{step}[{before + 1}]")
        node = node.getparent()
    return "/".join(reversed(steps)) or "."


def _placed(change: Data, document: str, element: Element, also: Sequence[str]) -> Change:
    """A written break: its paths begin at the element of the template."""
    base = path_of(element)

    def placed(step: Data) -> Change:
        return {
            name: f"{base}/{value}"
            if name in ("set", "delete", "duplicate", "rename", "into", "before", "after", "first_in")
            else value
            for name, value in step.items()
        }

    made = placed(change)
    if "steps" in change:
        made["steps"] = [placed(step) for step in change["steps"]]
    return {"in": document, **made, "also": [*also, *change.get("also", ())]}


def _of_row(row: Row, document: str, body: Body, element: Element, also: list[str]) -> Iterator[Change]:
    data = row.data
    bases = (element,) if row.each is None else row.each.select(element, body)
    base = next((b for b in bases if row.path.select(b, body)), None)
    if base is None:
        return
    nodes = row.path.select(base, body)
    common: Change = {"in": document, "also": also}
    if row.least:
        gone = [_with_its_link(node, base) for node in nodes[row.least - 1 :]]
        yield {**common, "steps": [{"delete": path_of(node)} for node in reversed(list(dict.fromkeys(gone)))]}
    if row.most:
        yield {**common, "steps": _copies(_with_its_link(nodes[0], base), row.most - len(nodes) + 1)}
    judged = [node for node in nodes if row.nulls is None or node.get("nullFlavor") is None]
    if row.nulls is False or isinstance(row.nulls, frozenset):
        refused = next(value for value in ("NI", "OTH", "TRC") if row.nulls is False or value not in row.nulls)
        yield {**common, "steps": _emptied(nodes[0], refused)}
    if judged:
        yield from ({**common, **change} for change in _of_node(data, judged[0], base))


def _copies(node: Element, count: int) -> list[Change]:
    """As many copies more; they lose their IDs, which must be unique."""
    at = path_of(node)
    head, _, rank = at.rpartition("[")
    steps: list[Change] = [{"duplicate": at}]
    if any("ID" in each.attrib for each in node.iter("*")):
        steps.append({"delete": f"{head}[{int(rank.rstrip(']')) + 1}]/descendant-or-self::*/@ID"})
    return steps * count


def _emptied(node: Element, flavour: str) -> list[Change]:
    """The node with a nullFlavor instead of what it says."""
    at = path_of(node)
    steps: list[Change] = [{"set": f"{at}/@nullFlavor", "to": flavour}]
    steps += [{"delete": f"{at}/@{name}"} for name in map(str, node.attrib) if name[0] != "{" and name != "nullFlavor"]
    return steps + ([{"delete": f"{at}/*"}] if len(node) else [])


def _with_its_link(node: Element, base: Element) -> Element:
    """The node, or what links it and nothing else to the base."""
    above = node.getparent()
    while above is not None and above is not base and etree.QName(above).localname in _LINKS:
        node, above = above, above.getparent()
    return node


def _of_node(data: Data, node: Element, base: Element) -> Iterator[Change]:
    at = path_of(node)
    for name, value in data.get("attributes", {}).items():
        if value is False:
            yield {"set": f"{at}/@{name}", "to": FALSE}
            continue
        if value is not True:
            unknown = _CODES.get(node.get("codeSystem", ""), FALSE) if name == "code" else FALSE
            other = next((v for v in _OTHER.get(name, ()) if v not in value), unknown)
            yield {"set": f"{at}/@{name}", "to": other}
        yield {"delete": f"{at}/@{name}"}
    if "type" in data:
        found = (node.get(attribute_name("xsi:type")) or "").rpartition(":")[2]
        other = _TYPES.get(found, "")
        if other and other not in data["type"]:
            yield {"set": f"{at}/@xsi:type", "to": other}
    if "value_set" in data and node.get("code") is not None:
        yield {"set": f"{at}/@code", "to": _CODES.get(node.get("codeSystem", ""), FALSE)}
        yield {"set": f"{at}/@codeSystem", "to": "2.999.1"}
    for name in data.get("pattern", {}):
        if node.get(attribute_name(name)) is not None:
            yield {"set": f"{at}/@{name}", "to": "~"}
    if data.get("text"):
        yield {"set": at, "to": ""}
    if data.get("narrative"):
        yield {"delete": f"{at}/@value"}
