"""The model as W3C XML Schema 1.0, one document per namespace, so that libxml2 judges in a millisecond."""

import html
from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from dui_conformance.rules.structure_content import ANYTHING, Foreign, Leaf, Particle, leaves
from dui_conformance.rules.structure_model import HL7, Attribute, Model, Type, Value

_XS = "http://www.w3.org/2001/XMLSchema"
_FACETS = {"pattern": "pattern", "min": "minInclusive", "max": "maxInclusive", "min_length": "minLength"}
PLACE = "structure:"  # where the documents say that the others lie; only who compiles them knows it


def written(model: Model) -> dict[str, str]:
    """The text of the schema of each namespace, by its alias."""
    return {alias: _Writer(model, alias).text() for alias in model.namespaces}


def values_schema(model: Model) -> etree.XMLSchema:
    """A schema with one element for each simple value, named after it, that admits what the value admits."""
    lines = [f'<xs:schema xmlns:xs="{_XS}" xmlns:hl7="{HL7}" targetNamespace="{HL7}" elementFormDefault="qualified">']
    for value in model.values.values():
        lines += _simple(value, model.values)
        lines.append(f'<xs:element name="{value.name}" type="hl7:{value.name}"/>')
    return etree.XMLSchema(etree.fromstring("".join([*lines, "</xs:schema>"])))


class _Writer:
    def __init__(self, model: Model, alias: str) -> None:
        self.model = model
        self.alias = alias
        self.uri = model.namespaces[alias]
        self.types = [type_ for type_ in model.types.values() if type_.uri == self.uri]

    def text(self) -> str:
        lines = [f'<xs:schema xmlns:xs="{_XS}" targetNamespace={_quoted(self.uri)} elementFormDefault="qualified"']
        lines += [f" xmlns:{alias}={_quoted(uri)}" for alias, uri in self.model.namespaces.items()]
        lines.append(">")
        for alias, uri in self.model.namespaces.items():
            if alias != self.alias:
                lines.append(f'<xs:import namespace={_quoted(uri)} schemaLocation="{PLACE}{alias}"/>')
        if self.uri == HL7:
            for value in self.model.values.values():
                lines += _simple(value, self.model.values)
        lines += self._declared()
        for type_ in self.types:
            lines += self._type(type_)
        return "".join([*lines, "</xs:schema>"])

    def _declared(self) -> Iterator[str]:
        """What other namespaces refer to: elements, attributes, and groups of one element that only they use."""
        for leaf in self.model.elements.values():
            name = etree.QName(leaf.tag)
            if name.namespace == self.uri:
                nillable = ' nillable="true"' if leaf.nillable else ""
                yield f'<xs:element name="{name.localname}" type="{leaf.type}"{nillable}/>'
        attributes = {a.name: a.value for t in self.model.types.values() for a in t.attributes.values()}
        for clark, value in attributes.items():
            name = etree.QName(clark)
            if name.namespace == self.uri:
                yield f'<xs:attribute name="{name.localname}" type="hl7:{value}"/>'
        others = [type_ for type_ in self.model.types.values() if type_.uri != self.uri]
        borrowed = {leaf: None for type_ in others for leaf in leaves(type_.own_content)}
        for leaf in borrowed:
            name = etree.QName(leaf.tag)
            if name.namespace == self.uri and not leaf.declared:
                element = f'<xs:element name="{name.localname}" type="{leaf.type}"{_times(leaf)}/>'
                yield f'<xs:group name="{_group_name(leaf)}"><xs:sequence>{element}</xs:sequence></xs:group>'

    def _type(self, type_: Type) -> Iterator[str]:
        flags = (' abstract="true"' if type_.abstract else "") + (' mixed="true"' if type_.mixed else "")
        yield f'<xs:complexType name="{type_.name}"{flags}>'
        if type_.base:
            how = "restriction" if type_.restricts else "extension"
            yield f'<xs:complexContent><xs:{how} base="{type_.base}">'
        if type_.own_content is not None:
            yield from self._particle(type_.own_content, top=True)
        for attribute in type_.own_attributes:
            yield _attribute(attribute, self.model)
        for name in type_.fallen:
            value = self.model.types[type_.base].attributes[name].value
            yield f'<xs:attribute name="{name}" type="hl7:{value}" use="prohibited"/>'
        if type_.base:
            yield f"</xs:{how}></xs:complexContent>"
        yield "</xs:complexType>"

    def _particle(self, particle: Particle, top: bool = False) -> Iterator[str]:
        if isinstance(particle, Leaf):
            yield self._leaf(particle)
        elif isinstance(particle, Foreign):
            yield f'<xs:any namespace="##other" processContents="skip"{_times(particle)}/>'
        else:
            yield f"<xs:{particle.kind}{_times(particle)}>"
            for part in particle.parts:
                yield from self._particle(part)
            yield f"</xs:{particle.kind}>"

    def _leaf(self, leaf: Leaf) -> str:
        name = etree.QName(leaf.tag)
        times = _times(leaf)
        if name.namespace != self.uri:
            alias = next(alias for alias, uri in self.model.namespaces.items() if uri == name.namespace)
            if leaf.declared:
                return f'<xs:element ref="{alias}:{name.localname}"{times}/>'
            return f'<xs:group ref="{alias}:{_group_name(leaf)}"/>'
        nillable = ' nillable="true"' if leaf.nillable else ""
        type_ = "xs:anyType" if leaf.type == ANYTHING else leaf.type if ":" in leaf.type else f"hl7:{leaf.type}"
        return f'<xs:element name="{name.localname}" type="{type_}"{times}{nillable}/>'


def _group_name(leaf: Leaf) -> str:
    high = "n" if leaf.high is None else leaf.high
    return f"{etree.QName(leaf.tag).localname}.{leaf.type.partition(':')[2]}.{leaf.low}.{high}"


def _times(particle: Particle) -> str:
    low = "" if particle.low == 1 else f' minOccurs="{particle.low}"'
    high = "unbounded" if particle.high is None else str(particle.high)
    return low + ("" if high == "1" else f' maxOccurs="{high}"')


def _attribute(attribute: Attribute, model: Model) -> str:
    use = ' use="required"' if attribute.required else ""
    name = etree.QName(attribute.name)
    if name.namespace:
        alias = next(alias for alias, uri in model.namespaces.items() if uri == name.namespace)
        return f'<xs:attribute ref="{alias}:{name.localname}"{use}/>'
    fixed = f" fixed={_quoted(attribute.fixed)}" if attribute.fixed else ""
    return f'<xs:attribute name="{name.localname}" type="hl7:{attribute.value}"{use}{fixed}/>'


def _simple(value: Value, values: Mapping[str, Value]) -> Iterator[str]:
    yield f'<xs:simpleType name="{value.name}">'
    if value.members:
        yield f'<xs:union memberTypes="{" ".join(_named(m, values) for m in value.members)}"/>'
    elif value.items:
        yield f'<xs:list itemType="{_named(value.items, values)}"/>'
    else:
        base = f"xs:{value.base}" if value.built_in else f"hl7:{value.base}"
        yield f'<xs:restriction base="{base}">'
        yield from _facets(value)
        yield "</xs:restriction>"
    yield "</xs:simpleType>"


def _facets(value: Value) -> Iterable[str]:
    for name, said in value.facets.items():
        yield f"<xs:{_FACETS[name]} value={_quoted(said)}/>"
    for code in value.codes:
        yield f"<xs:enumeration value={_quoted(code)}/>"


def _named(name: str, values: Mapping[str, Value]) -> str:
    return f"hl7:{name}" if name in values else f"xs:{name}"


def _quoted(text: str) -> str:
    return f'"{html.escape(text)}"'
