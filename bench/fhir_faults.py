"""Random faults of resources: one change each, that a validator should mostly refuse."""

import random
from collections.abc import Callable, Iterator
from typing import Any

Tree = dict[str, Any]
Fault = Callable[[Tree, random.Random], None]


def _objects(tree: Any) -> Iterator[Tree]:
    """Every object of a resource, but those of its narrative and of contained resources."""
    if isinstance(tree, dict):
        yield tree
        for name, value in tree.items():
            if name not in ("text", "contained"):
                yield from _objects(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _objects(value)


def _properties(tree: Tree, wanted: Callable[[str, Any], bool]) -> list[tuple[Tree, str]]:
    return [(node, name) for node in _objects(tree) for name, value in node.items() if wanted(name, value)]


def _put(tree: Tree, chance: random.Random, wanted: Callable[[str, Any], bool], make: Callable[[Any], Any]) -> None:
    node, name = chance.choice(_properties(tree, wanted))  # IndexError: this resource has no such thing
    node[name] = make(node[name])


def unknown_property(tree: Tree, chance: random.Random) -> None:
    chance.choice(list(_objects(tree)))["zorglub"] = "x"


def wrong_date(tree: Tree, chance: random.Random) -> None:
    def dated(name: str, value: Any) -> bool:
        named = "date" in name.lower() or name in ("start", "end", "issued", "recorded", "authoredOn", "created")
        return named and isinstance(value, str) and value[:2] in ("19", "20")

    wrong = chance.choice(("2014-13-01", "01/02/2014", "2014-02-30", "2014-1-1", "20140101"))
    _put(tree, chance, dated, lambda _: wrong)


def unknown_code(tree: Tree, chance: random.Random) -> None:
    coded = ("status", "gender", "use", "intent", "mode", "kind")
    _put(tree, chance, lambda name, value: name in coded and isinstance(value, str), lambda _: "zzz")


def missing_element(tree: Tree, chance: random.Random) -> None:
    kept = ("resourceType", "id", "text", "meta", "contained", "extension")
    del tree[chance.choice([name for name in tree if name not in kept])]


def item_for_list(tree: Tree, chance: random.Random) -> None:
    _put(tree, chance, lambda _, value: isinstance(value, list) and bool(value), lambda value: value[0])


def list_for_item(tree: Tree, chance: random.Random) -> None:
    def single(name: str, value: Any) -> bool:
        return isinstance(value, dict) and name != "text" and not name.startswith("_")

    _put(tree, chance, single, lambda value: [value])


def text_for_boolean(tree: Tree, chance: random.Random) -> None:
    _put(tree, chance, lambda _, value: isinstance(value, bool), lambda value: str(value).lower())


def text_for_number(tree: Tree, chance: random.Random) -> None:
    _put(tree, chance, lambda _, value: isinstance(value, (int, float)) and not isinstance(value, bool), str)


def empty_text(tree: Tree, chance: random.Random) -> None:
    _put(tree, chance, lambda name, value: isinstance(value, str) and name != "resourceType", lambda _: "")


def empty_list(tree: Tree, chance: random.Random) -> None:
    chance.choice(list(_objects(tree)))["extension"] = []


def empty_object(tree: Tree, chance: random.Random) -> None:
    def listed(_: str, value: Any) -> bool:
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict)

    _put(tree, chance, listed, lambda value: [*value, {}])


def lost_reference(tree: Tree, chance: random.Random) -> None:
    def literal(name: str, value: Any) -> bool:
        return name == "reference" and isinstance(value, str) and "/" in value

    _put(tree, chance, literal, lambda _: "#nothere")


def empty_extension(tree: Tree, chance: random.Random) -> None:
    node = chance.choice(list(_objects(tree)))
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    node.setdefault("extension", []).append({"url": url})


def wrong_id(tree: Tree, chance: random.Random) -> None:
    tree["id"] = chance.choice(("a_b", "x" * 70, "a b"))


def null(tree: Tree, chance: random.Random) -> None:
    node = chance.choice(list(_objects(tree)))
    node[chance.choice(list(node) or ["x"])] = None


def wrong_system(tree: Tree, chance: random.Random) -> None:
    node = chance.choice([n for n in _objects(tree) if isinstance(n.get("system"), str) and "code" in n])
    node["system"] = chance.choice(("local", "loinc", "http://hl7.org/fhir/ValueSet/observation-codes"))


def wrong_narrative(tree: Tree, chance: random.Random) -> None:
    xhtml = 'xmlns="http://www.w3.org/1999/xhtml"'
    div = chance.choice((
        "<div>x</div>", f"<div {xhtml}><script>1</script></div>", f"<p {xhtml}>x</p>", f"<div {xhtml}>a<br></div>",
        f'<div {xhtml} onclick="x">a</div>',
    ))  # fmt: skip
    tree["text"] = {"status": "generated", "div": div}


def orphan(tree: Tree, chance: random.Random) -> None:
    tree.setdefault("contained", []).append({"resourceType": "Patient", "id": "zz"})


def two_values(tree: Tree, chance: random.Random) -> None:
    def value(name: str, _: Any) -> bool:
        return name.startswith("value") and name[5:6].isupper()

    node, name = chance.choice(_properties(tree, value))
    other: tuple[str, Any] = ("valueBoolean", True) if name == "valueString" else ("valueString", "x")
    node[other[0]] = other[1]


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        unknown_property, wrong_date, unknown_code, missing_element, item_for_list, list_for_item, text_for_boolean,
        text_for_number, empty_text, empty_list, empty_object, lost_reference, empty_extension, wrong_id, null,
        wrong_system, wrong_narrative, orphan, two_values,
    )
}  # fmt: skip
