"""A definition reduced to what the validator reads: no sentence, no mapping, no example."""

from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]

_STRUCTURE = (
    "resourceType", "url", "version", "name", "kind", "type", "baseDefinition", "derivation", "fhirVersion",
)  # fmt: skip
_ELEMENT = ("id", "path", "sliceName", "max", "contentReference")
_ELEMENT_CHOICES = ("fixed", "pattern", "minValue", "maxValue")
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_ADDITIONAL_BINDING = (
    "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
)
# Published errata of R4 4.0.1: the expression as HL7 meant it. In que-7 the type is FHIR's boolean.
_ERRATA = {
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    # que-12: "more than one", says its text
    "enableWhen.count() > 2 implies enableBehavior.exists()": "enableWhen.count() > 1 implies enableBehavior.exists()",
    # bdl-8 says nothing of an entry that has no fullUrl
    "fullUrl.contains('/_history/').not()": "fullUrl.empty() or fullUrl.contains('/_history/').not()",
}
# The vital signs profile binds every component to the units of vital signs, whatever the component is; HL7's
# own validator does not hold instances to it (fhir-test-cases obs-fio2, obs-vital-signs-mdc: no error).
_VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
_NATIVE_CONSTRAINTS = {"ele-1", "ext-1"}  # the walk itself decides these two, on every element
_MAX_DEPTH = 64


def reduced(resource: Resource) -> Resource | None:
    """The reduced form of a StructureDefinition, ValueSet or CodeSystem; None for anything else."""
    if not isinstance(resource.get("url"), str):
        return None
    match resource.get("resourceType"):
        case "StructureDefinition":
            return _structure(resource)
        case "ValueSet":
            return _value_set(resource)
        case "CodeSystem":
            return _code_system(resource)
    return None


def _structure(resource: Resource) -> Resource:
    kept = _texts(resource, _STRUCTURE)
    kept["abstract"] = resource.get("abstract") is True
    base = str(resource.get("baseDefinition", "")).rsplit("/", 1)
    if resource.get("derivation") == "specialization" and len(base) == 2 and base[1] == resource.get("type"):
        kept["derivation"] = "constraint"  # what specialises nothing but its own type can only constrain it
    if "context" in resource:
        kept["context"] = [_texts(c, ("type", "expression")) for c in _dicts(resource["context"])]
    if "contextInvariant" in resource:
        kept["contextInvariant"] = _strings(resource["contextInvariant"])
    # A type is read from its snapshot. A profile is read from its differential, laid over its base; its own
    # snapshot serves only where it has nothing else.
    differential = _elements(resource.get("differential"))
    snapshot = _elements(resource.get("snapshot"))
    if kept.get("derivation") == "constraint":
        kept["differential"] = [_element(e) for e in differential]
        if kept.get("url") == _VITAL_SIGNS:
            for element in kept["differential"]:
                if element["path"] == "Observation.component.value[x]" and "binding" in element:
                    element["binding"]["strength"] = "extensible"
        if snapshot and not differential:
            kept["snapshot"] = [_element(e) for e in snapshot]
    else:
        kept["snapshot"] = [_element(e) for e in snapshot or differential]
    return kept


def _elements(value: object) -> list[Resource]:
    listed = _dicts(value.get("element")) if isinstance(value, dict) else []
    return [e for e in listed if isinstance(e.get("path"), str)]


def _texts(data: Resource, keys: tuple[str, ...]) -> Resource:
    """Those keys whose value is a text: whatever else stands there is no definition."""
    return {key: data[key] for key in keys if isinstance(data.get(key), str)}


def _strings(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _dicts(value: object) -> list[Resource]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _element(element: Resource) -> Resource:
    kept = _texts(element, _ELEMENT)
    for key in ("min", "maxLength"):
        if type(element.get(key)) is int:
            kept[key] = element[key]
    if element.get("isModifier") is True:
        kept["isModifier"] = True
    for key, value in element.items():
        if key.startswith(_ELEMENT_CHOICES) and value is not None:
            kept[key] = value
    if "type" in element:
        kept["type"] = [_type(t) for t in _dicts(element["type"])]
    if isinstance(element.get("slicing"), dict):
        slicing = _texts(element["slicing"], ("rules",))
        if element["slicing"].get("ordered") is True:
            slicing["ordered"] = True
        found = _dicts(element["slicing"].get("discriminator"))
        kept["slicing"] = {**slicing, "discriminator": [_texts(d, ("type", "path")) for d in found]}
    constraints = [
        _constraint(c) for c in _dicts(element.get("constraint")) if str(c.get("key")) not in _NATIVE_CONSTRAINTS
    ]
    if constraints:
        kept["constraint"] = constraints
    binding = element.get("binding")
    if isinstance(binding, dict):
        more = [_additional(e) for e in _dicts(binding.get("extension")) if e.get("url") in _ADDITIONAL_BINDING]
        # `preferred` and `example` bindings never decide anything.
        if binding.get("strength") in ("required", "extensible") or more:
            kept["binding"] = _texts(binding, ("strength", "valueSet"))
            if more:
                kept["binding"]["additional"] = more
        else:
            largest = [e.get("valueCanonical") for e in _dicts(binding.get("extension")) if _ends(e, "maxValueSet")]
            if largest and isinstance(largest[0], str):
                kept["binding"] = {"strength": "maximum", "valueSet": largest[0]}
    return kept


def _constraint(constraint: Resource) -> Resource:
    kept = _texts(constraint, ("key", "severity", "expression"))
    kept.setdefault("key", "?")
    if any(_ends(e, "bestpractice") and e.get("valueBoolean") is True for e in _dicts(constraint.get("extension"))):
        kept["severity"] = "bestPractice"
    if "expression" in kept:
        kept["expression"] = _ERRATA.get(kept["expression"], kept["expression"])
    return kept


def _ends(extension: Resource, name: str) -> bool:
    return str(extension.get("url", "")).endswith("/elementdefinition-" + name)


def _additional(extension: Resource) -> Resource:
    parts = {str(e.get("url")): e for e in _dicts(extension.get("extension"))}
    out: Resource = {}
    for name, key in (("purpose", "valueCode"), ("valueSet", "valueCanonical"), ("any", "valueBoolean")):
        if name in parts and isinstance(parts[name].get(key), (str, bool)):
            out[name] = parts[name][key]
    return out


def _type(data: Resource) -> Resource:
    kept = _texts(data, ("code", "versioning"))
    kept.setdefault("code", "")
    for key in ("profile", "targetProfile", "aggregation"):
        if key in data:
            kept[key] = _strings(data[key])
    for extension in _dicts(data.get("extension")):
        if extension.get("url") == _FHIR_TYPE:  # elements whose type is written as a FHIRPath one
            kept["code"] = str(extension.get("valueUrl") or extension.get("valueUri") or kept["code"])
    return kept


def _value_set(resource: Resource) -> Resource:
    kept = _texts(resource, ("resourceType", "url", "version", "name"))
    compose = resource.get("compose")
    if isinstance(compose, dict):
        kept["compose"] = {
            part: [_include(i) for i in _dicts(compose.get(part))]
            for part in ("include", "exclude")
            if _dicts(compose.get(part))
        }
    expansion = resource.get("expansion")
    if isinstance(expansion, dict) and (not compose or expansion.get("contains")):
        kept["expansion"] = _expansion(expansion)
    return kept


def _include(include: Resource) -> Resource:
    kept = _texts(include, ("system", "version"))
    if "valueSet" in include:
        kept["valueSet"] = _strings(include["valueSet"])
    if "concept" in include:
        kept["concept"] = [c["code"] for c in _dicts(include["concept"]) if isinstance(c.get("code"), str)]
    if "filter" in include:
        kept["filter"] = [_texts(f, ("property", "op", "value")) for f in _dicts(include["filter"])]
    return kept


def _expansion(expansion: Resource) -> Resource:
    codes: dict[str, list[str]] = {}

    def gather(contains: object, depth: int) -> None:
        for entry in _dicts(contains):
            if isinstance(entry.get("code"), str) and not entry.get("abstract"):
                codes.setdefault(str(entry.get("system", "")), []).append(entry["code"])
            if depth < _MAX_DEPTH:
                gather(entry.get("contains"), depth + 1)

    gather(expansion.get("contains"), 0)
    total = expansion.get("total")
    complete = not isinstance(total, int) or total <= sum(map(len, codes.values()))
    return {"codes": codes, "complete": complete}


def _code_system(resource: Resource) -> Resource:
    kept = _texts(resource, ("resourceType", "url", "version", "name", "content", "valueSet", "supplements"))
    if isinstance(resource.get("caseSensitive"), bool):
        kept["caseSensitive"] = resource["caseSensitive"]
    codes: list[str] = []
    parents: dict[str, list[str]] = {}
    for code, above in _concepts(resource.get("concept"), (), 0):
        codes.append(code)
        if above:
            parents[code] = sorted({*parents.get(code, ()), *above})
    kept["codes"] = list(dict.fromkeys(codes))
    if parents:
        kept["parents"] = parents
    return kept


def _concepts(concepts: object, above: tuple[str, ...], depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each code with the codes right above it (by nesting, or by the properties that say so)."""
    for concept in _dicts(concepts):
        code = concept.get("code")
        if not isinstance(code, str):
            continue
        told = tuple(
            p["valueCode"]
            for p in _dicts(concept.get("property"))
            if p.get("code") in ("subsumedBy", "parent") and isinstance(p.get("valueCode"), str)
        )
        yield code, above + told
        if depth < _MAX_DEPTH:
            yield from _concepts(concept.get("concept"), (code,), depth + 1)
