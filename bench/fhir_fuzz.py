"""Damaged JSON and XML: every input ends, in time, with issues that have texts."""

import json
import os
import random
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.fhir_places import EXAMPLES, SUITE, examples
from bench.places import EXPORTS, outside
from bench.tables import Aim, say, table
from dui_conformance.engine.guides import guides
from dui_conformance.fhir import Definitions, Options, Validator

_HANG = 10  # seconds
_JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, "", " ", "x", "#", "#a", "urn:uuid:", "Patient/1", [], {}, [[]], [{}], {"a": 1},
    [None], "2020-01-01", "9" * 30, 10**30, "\ue000", "<div>", '<div xmlns="http://www.w3.org/1999/xhtml"><b>',
    "http://loinc.org", {"resourceType": "Patient"}, {"reference": "#"}, {"extension": []}, [[["x"]]], "\x00",
    {"resourceType": "Bundle", "type": "document", "entry": [{"resource": {"resourceType": "Composition"}}]},
)  # fmt: skip
_BYTES = (
    b"{", b"[", b'"', b"<", b"&x;", b"<a>", b"null", b"}", b"]", b"\xff", b"\\u0000", b"1e999999", b"-",
    b"<!DOCTYPE x>", b'{"a":' * 150, b"9" * 5000,
)  # fmt: skip
_NAMES = (
    "extension", "contained", "valueString", "value", "id", "meta", "entry", "resourceType", "url", "coding",
    "reference", "modifierExtension",
)  # fmt: skip


class Hang(Exception):
    """An input took longer than is allowed."""


@dataclass(slots=True)
class Fuzzed:
    """What came of it: how many inputs, how many valid, the failures (input, what happened), the slowest."""

    inputs: int = 0
    valid: int = 0
    failures: list[str] = field(default_factory=list)
    worst: float = 0.0
    seconds: float = 0.0


def measure(number: int, seed: int) -> list[Aim]:
    """Print what came of `number` inputs."""
    found = fuzzed(number, seed)
    heads = ("inputs", "still valid", "crashes and hangs", "slowest", "in all")
    line = (found.inputs, found.valid, len(found.failures), f"{1000 * found.worst:.0f} ms", f"{found.seconds:.0f} s")
    table(f"Damaged JSON and XML, seed {seed}", heads, [line], range(5))
    for failure in found.failures[:5]:
        say(failure)
    measured = f"{len(found.failures)} in {found.inputs}, slowest {1000 * found.worst:.0f} ms"
    return [Aim("FHIR: crashes and hangs on damaged input", "0", measured, not found.failures, decides=True)]


def fuzzed(number: int, seed: int) -> Fuzzed:
    """Validate that many damaged inputs, against the core and against both guides."""
    chance = random.Random(seed)
    trees, documents = _seeds()
    core, guided, profiles, own = _validators()
    out = Fuzzed()
    started = time.perf_counter()
    for _ in range(number):
        data = _input(chance, trees, documents)
        validator, asked = core, [chance.choice(profiles)] if chance.random() < 0.2 else []
        if chance.random() < 0.4:
            validator, asked = guided, [chance.choice(own)] if chance.random() < 0.6 else []
        began = time.perf_counter()
        try:
            with _limited():
                result = validator.validate(data, asked)
            if not all(issue.message.fr and issue.message.en for issue in result.issues):
                raise ValueError("an issue without a text")
            out.valid += result.valid
        except Exception:
            out.failures.append(f"{data[:300]!r}\n{traceback.format_exc(limit=-4)}")
        out.inputs += 1
        out.worst = max(out.worst, time.perf_counter() - began)
    out.seconds = time.perf_counter() - started
    return out


def _validators() -> tuple[Validator, Validator, list[str], list[str]]:
    core = Validator()
    held = guides()["resources"]
    strict = Options(best_practice=True, example_urls=False, no_html_in_markdown=True, references="exist")
    guided = Validator(Definitions.core().with_resources(held), strict)
    profiles = []
    for url in sorted(core.definitions.urls("StructureDefinition")):
        data = core.definitions.structure(url) or {}
        if data.get("derivation") == "constraint" and data.get("kind") == "resource":
            profiles.append(url)
    own = [r["url"] for r in held if r["resourceType"] == "StructureDefinition" and r.get("kind") == "resource"]
    return core, guided, profiles, own


def _seeds() -> tuple[list[bytes], list[bytes]]:
    """JSON and XML to damage: our fixtures, and the official material whose place is given."""
    fixtures = [*EXPORTS.joinpath("fhir").iterdir(), *EXPORTS.parent.parent.glob("failing/exports/fhir/*")]
    held = [path.read_bytes() for path in fixtures if path.is_file()]
    entries = json.loads((EXPORTS / "fhir" / "tddui-transaction.json").read_bytes())["entry"]
    held += [json.dumps(entry["resource"]).encode() for entry in entries]
    place, suite = outside(EXAMPLES), outside(SUITE)
    if place is not None:
        held += [data for data in examples(place).values() if 500 < len(data) < 4000]
    if suite is not None:
        held += [data for data in map(Path.read_bytes, suite.glob("validator/*.[jx]*")) if 300 < len(data) < 5000]
    trees = [data for data in held if data.lstrip()[:1] == b"{"]
    documents = [data for data in held if data.lstrip()[:1] == b"<"]
    return trees, documents or [_as_xml()]


def _as_xml() -> bytes:
    return b'<Patient xmlns="http://hl7.org/fhir"><id value="a"/><name><family value="TEST"/></name></Patient>'


def _input(chance: random.Random, trees: list[bytes], documents: list[bytes]) -> bytes:
    way = chance.random()
    if way < 0.5:
        return _damaged_tree(chance, chance.choice(trees))
    if way < 0.7:
        return _damaged_bytes(chance, chance.choice(trees))
    if way < 0.97:
        return _damaged_bytes(chance, chance.choice(documents))
    return os.urandom(chance.randrange(200))


def _slots(tree: Any) -> Iterator[tuple[Any, Any]]:
    stack = [tree]
    while stack:
        node = stack.pop()
        names: Any = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for name in names:
            yield node, name
            stack.append(node[name])


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _damaged_tree(chance: random.Random, data: bytes) -> bytes:
    try:
        tree = json.loads(data)
    except ValueError:
        return data
    for _ in range(chance.choice((1, 1, 2, 4, 10))):
        slots = list(_slots(tree))
        if not slots:
            break
        node, name = chance.choice(slots)
        _damage(chance, node, name, slots)
    return json.dumps(tree).encode()


def _damage(chance: random.Random, node: Any, name: Any, slots: list[tuple[Any, Any]]) -> None:
    way, junk = chance.random(), _copied(chance.choice(_JUNK))
    if way < 0.55:
        node[name] = junk
    elif way < 0.7:
        other, at = chance.choice(slots)
        node[name] = _copied(other[at])
    elif not isinstance(node, dict):
        node.append(junk)
    elif way < 0.8:
        node[f"_{name}"] = junk
    elif way < 0.9:
        del node[name]
    else:
        node[chance.choice(_NAMES)] = junk


def _damaged_bytes(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 5, 20))):
        if not out:
            break
        way, at = chance.random(), chance.randrange(len(out))
        if way < 0.3:
            out[at] = chance.randrange(256)
        elif way < 0.5:
            del out[at : at + chance.randrange(1, 30)]
        elif way < 0.7:
            out[at:at] = chance.choice(_BYTES)
        else:
            start = chance.randrange(len(out))
            out[at:at] = out[start : start + chance.randrange(1, 200)]
    return bytes(out)


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    previous: Any = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
