"""The rows of a table, compiled: what each asks of an element, in Python rather than XPath where it is frequent."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from dui_conformance.rules.model import ValueSet
from dui_conformance.rules.models.paths import HL7, Body, Element, Path, attribute_name, expanded
from dui_conformance.rules.xpath import NAMESPACES, Constants, Expression

Cause = Literal[
    "element", "parent", "absent", "many", "forbidden", "attribute", "value", "unwanted", "null", "type", "code",
    "system", "pattern", "text", "reference", "assert",
]  # fmt: skip
_TYPE = f"{{{NAMESPACES['xsi']}}}type"
_CODED = frozenset(("", "CD", "CE", "CV", "CO", "CS", "CR"))
_MEDIA = f"{HL7}renderMultiMedia"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a row has against a place. `key`: two rows that give the same one say the same thing."""

    node: Element
    attribute: str
    cause: Cause
    values: Mapping[str, str]
    key: tuple[Element, str]


@dataclass(eq=False, slots=True)
class Row:
    """One rule of a table. `data` is what the table writes (see `tables`), completed."""

    id: str
    data: Mapping[str, Any]
    path: Path
    each: Path | None
    least: int
    most: int | None
    when: Expression | None
    models: tuple[str, ...]
    not_models: tuple[str, ...]
    facets: Sequence[Callable[[Element], Iterator[Fault]]] = field(default_factory=list)
    nulls: frozenset[str] | bool | None = None

    def holds_in(self, model: str) -> bool:
        """Whether it is asked of documents of this model."""
        if self.models and not any(fnmatchcase(model, wanted) for wanted in self.models):
            return False
        return not any(fnmatchcase(model, unwanted) for unwanted in self.not_models)

    def faults(self, element: Element, body: Body) -> list[Fault] | None:
        """What is wrong with an element; None where the row has nothing to say."""
        if not self.holds_in(body.model):
            return None
        if self.when is not None and not self.when.holds(element):
            return None
        bases = (element,) if self.each is None else self.each.select(element, body)
        found: list[Fault] = []
        judged = False
        for base in bases:
            nodes = self.path.select(base, body)
            count = len(nodes)
            if count < self.least:
                judged = True
                cause: Cause = "absent"
                found.append(self._counted(base, cause, count))
            elif self.most is not None:
                judged = judged or count > 0 or self.least > 0 or self.most == 0
                if count > self.most:
                    found.append(self._counted(nodes[self.most], "many" if self.most else "forbidden", count))
            elif count:
                judged = True
            for node in nodes:
                if self.nulls is not None:
                    flavour = node.get("nullFlavor")
                    if flavour is not None:
                        if self.nulls is False or (self.nulls is not True and flavour not in self.nulls):
                            key = (node, "@nullFlavor")
                            found.append(Fault(node, "nullFlavor", "null", {"found": flavour}, key))
                        continue
                for facet in self.facets:
                    found.extend(facet(node))
        return found if judged else None

    def _counted(self, node: Element, cause: Cause, count: int) -> Fault:
        return Fault(node, "", cause, {"count": str(count)}, (node, self.path.text))


@dataclass(eq=False, slots=True)
class Table:
    """A template: where it may stand (`tag`, empty for anywhere), what it asks. `versions`: of a document model."""

    stem: str
    root: str
    extension: str
    versions: tuple[str, ...]
    family: str
    tag: str
    element: str
    parents: tuple[str, ...]
    unless: frozenset[str]  # templates that replace this one where an element follows both
    element_rule: str
    parents_rule: str
    rows: Sequence[Row]

    def versions_judge(self, extension: str) -> bool:
        """Whether it judges this version."""
        return not self.versions or extension in self.versions

    def faults(self, element: Element, body: Body) -> Iterator[tuple[str, list[Fault]]]:
        """Each rule that has something to say of an element, with what is wrong."""
        said = body.templates.get(element, {})
        if self.unless and not self.unless.isdisjoint(said):
            return
        if self.tag and self.element_rule:
            if element.tag != self.tag:
                found = str(element.tag).rpartition("}")[2]
                values = {"found": found, "expected": self.element}
                yield self.element_rule, [Fault(element, "", "element", values, (element, self.root))]
                return
            yield self.element_rule, []
        elif self.tag and element.tag != self.tag:
            return
        if self.parents_rule:
            yield (
                self.parents_rule,
                [
                    Fault(element, "", "parent", {"expected": parent}, (element, f"templateId {parent}"))
                    for parent in self.parents
                    if parent not in said
                ],
            )
        for row in self.rows:
            found_here = row.faults(element, body)
            if found_here is not None:
                yield row.id, found_here


def compiled(data: Mapping[str, Any], constants: Constants, sets: Callable[[str], ValueSet]) -> Row:
    """A row that can be asked, from what `tables` gives. Raises ValueError (a path, an expression, a pattern)."""
    least, most = data.get("card", (0, None))
    nulls = data.get("null")
    row = Row(
        id=data["id"],
        data=data,
        path=Path(data.get("path", "."), constants),
        each=Path(data["each"], constants) if "each" in data else None,
        least=least,
        most=most,
        when=Expression(expanded(data["when"]), "cda", constants) if "when" in data else None,
        models=tuple(data.get("models", ())),
        not_models=tuple(data.get("not_models", ())),
        nulls=frozenset(nulls) if isinstance(nulls, list) else nulls,
    )
    row.facets = list(_facets(data, constants, sets))
    return row


def _facets(
    data: Mapping[str, Any], constants: Constants, sets: Callable[[str], ValueSet]
) -> Iterator[Callable[[Element], Iterator[Fault]]]:
    if "attributes" in data:
        yield _attributes(data["attributes"])
    if "type" in data:
        yield _typed(frozenset(data["type"]))
    if "value_set" in data:
        yield _member(sets(data["value_set"]))
    for name, pattern in data.get("pattern", {}).items():
        yield _matching(name, re.compile(pattern))
    if data.get("text"):
        yield _written
    if data.get("narrative"):
        yield _pointing
    if "assert" in data:
        yield _asserted(Expression(expanded(data["assert"]), "cda", constants), data["id"])


def _attributes(wanted: Mapping[str, Any]) -> Callable[[Element], Iterator[Fault]]:
    """Attributes: a value or several, `true` for any, `false` for none."""
    read = [
        (name, attribute_name(name), value if isinstance(value, bool) else frozenset(value))
        for name, value in wanted.items()
    ]

    def judge(node: Element) -> Iterator[Fault]:
        for name, known, value in read:
            found = node.get(known)
            if value is True:
                if found is None or not found.strip():
                    yield Fault(node, "", "attribute", {"attribute": name}, (node, f"@{name}"))
            elif value is False:
                if found is not None:
                    yield Fault(node, name, "unwanted", {"attribute": name, "found": found}, (node, f"@{name}"))
            elif found is None:
                expected = ", ".join(sorted(value))
                yield Fault(node, "", "attribute", {"attribute": name, "expected": expected}, (node, f"@{name}"))
            elif found not in value:
                values = {"attribute": name, "found": found, "expected": ", ".join(sorted(value))}
                yield Fault(node, name, "value", values, (node, f"@{name}"))

    return judge


def _typed(wanted: frozenset[str]) -> Callable[[Element], Iterator[Fault]]:
    expected = ", ".join(sorted(wanted))

    def judge(node: Element) -> Iterator[Fault]:
        found = node.get(_TYPE)
        if found is None:
            yield Fault(node, "", "attribute", {"attribute": "xsi:type", "expected": expected}, (node, "@xsi:type"))
        elif found.rpartition(":")[2] not in wanted:
            values = {"found": found, "expected": expected}
            yield Fault(node, "xsi:type", "type", values, (node, "@xsi:type"))

    return judge


def _member(value_set: ValueSet) -> Callable[[Element], Iterator[Fault]]:
    """@code and @codeSystem, in a published list (an element of another type than a code is not judged)."""

    def judge(node: Element) -> Iterator[Fault]:
        if node.get(_TYPE, "").rpartition(":")[2] not in _CODED:
            return
        code, system = node.get("code"), node.get("codeSystem")
        for name, value in (("code", code), ("codeSystem", system)):
            if value is None or not value.strip():
                yield Fault(node, "", "attribute", {"attribute": name}, (node, f"@{name}"))
        if not code:
            return
        values = {"found": code, "set": value_set.name, "date": value_set.date}
        systems = value_set.codes.get(code)
        until = value_set.end_of(code, system or "") if value_set.ended else ""
        if until and (systems is None or system not in systems):
            yield Fault(node, "code", "code", {**values, "until": until}, (node, "@code"))
        elif systems is None:
            if value_set.complete:
                yield Fault(node, "code", "code", values, (node, "@code"))
        elif system and value_set.system_judged and system not in systems:
            values |= {"system": system, "expected": ", ".join(sorted(systems))}
            yield Fault(node, "codeSystem", "system", values, (node, "@codeSystem"))

    return judge


def _matching(name: str, pattern: re.Pattern[str]) -> Callable[[Element], Iterator[Fault]]:
    known = attribute_name(name)

    def judge(node: Element) -> Iterator[Fault]:
        found = node.get(known)
        if found is not None and pattern.fullmatch(found) is None:
            yield Fault(node, name, "pattern", {"attribute": name, "found": found}, (node, f"@{name}~"))

    return judge


def _written(node: Element) -> Iterator[Fault]:
    """Something to read: a text that is not blank, or a picture."""
    if not any(part and not part.isspace() for part in node.itertext()) and next(node.iter(_MEDIA), None) is None:
        yield Fault(node, "", "text", {}, (node, "text()"))


def _pointing(node: Element) -> Iterator[Fault]:
    """A reference says where it leads (that it leads somewhere is asked of every reference of a body)."""
    if not (node.get("value") or "").strip():
        yield Fault(node, "", "reference", {}, (node, "@value"))


def _asserted(expression: Expression, name: str) -> Callable[[Element], Iterator[Fault]]:
    def judge(node: Element) -> Iterator[Fault]:
        if not expression.holds(node):
            yield Fault(node, "", "assert", {}, (node, name))

    return judge
