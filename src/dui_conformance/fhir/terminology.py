"""Membership of codes in value sets, from local definitions only. Three answers: in, out, cannot say."""

from collections.abc import Iterable
from typing import Any

from dui_conformance.fhir.definitions import Definitions, Resource, without_version

_MAX_IMPORTS = 12
_HIERARCHY = ("is-a", "descendent-of", "is-not-a", "child-of", "descendent-leaf")


class CodeSystem:
    """A code system held in full, or in part (`complete` says)."""

    def __init__(self, data: Resource) -> None:
        self.url = str(data["url"])
        self.complete = data.get("content") == "complete" and bool(data.get("codes"))
        self.fold = data.get("caseSensitive") is False
        codes = data.get("codes", ())
        self.codes = frozenset(c.casefold() for c in codes) if self.fold else frozenset(codes)
        self.listed = tuple(codes)
        self.parents: dict[str, list[str]] = data.get("parents", {})

    def has(self, code: str) -> bool | None:
        found = (code.casefold() if self.fold else code) in self.codes
        return True if found else (False if self.complete else None)

    def below(self, top: str, itself: bool) -> set[str]:
        """The codes under one code, whatever the number of ways to them."""
        children: dict[str, list[str]] = {}
        for code, parents in self.parents.items():
            for parent in parents:
                children.setdefault(parent, []).append(code)
        out = {top} if itself and top in self.listed else set()
        stack = [top]
        seen = {top}
        while stack:
            for child in children.get(stack.pop(), ()):
                if child not in seen:
                    seen.add(child)
                    out.add(child)
                    stack.append(child)
        return out


class ValueSet:
    """A value set resolved: for each system the codes in it, and the systems of which we cannot say."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.codes: dict[str, set[str]] = {}
        self.whole: dict[str, CodeSystem | None] = {}  # systems taken whole; None: one we do not hold
        self.unsure: set[str] = set()  # systems of which some codes are in, we cannot tell which
        self.excluded: dict[str, set[str]] = {}
        self.unknown = False  # a part of it cannot be read at all
        self.fold: dict[str, bool] = {}

    def has(self, system: str | None, code: str) -> bool | None:
        """In, out, or None. Without a system (an element of type code) any system of the set will do."""
        if system is None:
            answers = [self.has(s, code) for s in {*self.codes, *self.whole, *self.unsure}]
            if True in answers:
                return True
            return None if None in answers or self.unknown else False
        system = system.split("|", 1)[0]
        if code in self.excluded.get(system, ()):
            return False
        if code in self.codes.get(system, ()):
            return True
        if system in self.whole:
            held = self.whole[system]
            return held.has(code) if held is not None else None
        return None if system in self.unsure or self.unknown else False

    @property
    def empty(self) -> bool:
        return not (self.codes or self.whole or self.unsure or self.unknown)


class Terminology:
    """Value sets and code systems of the definitions, resolved on first use."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._sets: dict[str, ValueSet | None] = {}
        self._systems: dict[str, CodeSystem | None] = {}

    def code_system(self, url: str) -> CodeSystem | None:
        if url in self._systems:
            return self._systems[url]
        url = without_version(url)
        if url not in self._systems:
            data = self.definitions.get("CodeSystem", url)
            if data is not None and data.get("content") == "supplement":
                data = None
            self._systems[url] = CodeSystem(data) if data is not None else None
        return self._systems[url]

    def value_set(self, canonical: str, depth: int = 0) -> ValueSet | None:
        """A value set, or None when no definition of it is held."""
        if canonical in self._sets:
            return self._sets[canonical]
        url = without_version(canonical)
        if url in self._sets:
            self._sets[canonical] = self._sets[url]
            return self._sets[url]
        data = self.definitions.get("ValueSet", url)
        if data is None:
            self._sets[url] = None
            return None
        out = ValueSet(url)
        self._sets[url] = self._sets[canonical] = out  # before its imports: a value set that includes itself ends here
        if depth > _MAX_IMPORTS:
            out.unknown = True
            return out
        compose = data.get("compose") or {}
        for include in compose.get("include", ()):
            self._include(out, include, depth)
        for exclude in compose.get("exclude", ()):
            self._exclude(out, exclude, depth)
        expansion = data.get("expansion")
        if expansion and (not compose or out.unsure or out.unknown):
            for system, codes in expansion["codes"].items():
                out.codes.setdefault(system, set()).update(codes)
            if expansion["complete"] and not compose:
                out.unknown = False
        elif not compose:
            out.unknown = True
        return out

    def enumerated(self, canonical: str) -> frozenset[str]:
        """Codes that are in the set whatever their system: a quick yes; their absence says nothing."""
        held = self.value_set(canonical)
        if held is None:
            return frozenset()
        whole = [c for c in held.whole.values() if c is not None and not c.fold]
        return (
            frozenset().union(*held.codes.values(), *(c.codes for c in whole)) if held.codes or whole else frozenset()
        )

    def _include(self, out: ValueSet, include: Resource, depth: int) -> None:
        system = include.get("system")
        imports = [self.value_set(str(u), depth + 1) for u in include.get("valueSet", ())]
        if not system:
            if len(imports) == 1 and imports[0] is not None:
                self._merge(out, imports[0])
            elif imports:
                out.unknown = True  # the meeting of several sets: not resolved
            return
        if imports:
            # codes of the system that are also in those sets
            codes = self._enumerated(include)
            if codes is None or any(i is None for i in imports):
                out.unsure.add(system)
                return
            for code in codes:
                answers = [i.has(system, code) for i in imports if i is not None]
                if all(answers):
                    out.codes.setdefault(system, set()).add(code)
                elif None in answers:
                    out.unsure.add(system)
            return
        if "concept" not in include and not include.get("filter"):
            held = self.code_system(system)
            out.whole[system] = held
            return
        found = self._enumerated(include)
        if found is None:
            out.unsure.add(system)
        else:
            out.codes.setdefault(system, set()).update(found)

    def _enumerated(self, include: Resource) -> Iterable[str] | None:
        """The codes of one include, or None when they cannot be told."""
        if "concept" in include:
            return list(include["concept"])
        held = self.code_system(str(include.get("system", "")))
        if held is None or not held.complete:
            return None
        codes: set[str] = set(held.listed)
        for rule in include.get("filter", ()):
            kept = self._filtered(held, rule)
            if kept is None:
                return None
            codes &= kept
        return codes

    @staticmethod
    def _filtered(held: CodeSystem, rule: Resource) -> set[str] | None:
        op, prop, value = rule.get("op"), rule.get("property"), str(rule.get("value", ""))
        if prop in ("concept", "code") and op in _HIERARCHY:
            if op == "is-a":
                return held.below(value, True)
            if op == "descendent-of":
                return held.below(value, False)
            if op == "is-not-a":
                return set(held.listed) - held.below(value, True)
            return None
        if prop in ("concept", "code") and op == "=":
            return {value}
        if prop in ("concept", "code") and op == "in":
            return {v.strip() for v in value.split(",")}
        return None

    @staticmethod
    def _merge(out: ValueSet, other: ValueSet) -> None:
        for system, codes in other.codes.items():
            out.codes.setdefault(system, set()).update(codes)
        for system, held in other.whole.items():
            gone = other.excluded.get(system)
            if not gone:
                out.whole[system] = held
            elif held is not None and held.complete:
                out.codes.setdefault(system, set()).update(set(held.listed) - gone)
            else:
                out.unsure.add(system)
        out.unsure |= other.unsure
        out.unknown = out.unknown or other.unknown

    def _exclude(self, out: ValueSet, exclude: Resource, depth: int) -> None:
        system = exclude.get("system")
        codes = self._enumerated(exclude) if system and not exclude.get("valueSet") else None
        if system is None or codes is None:
            out.unsure |= {system} if system else set(out.codes) | set(out.whole)
            return
        out.excluded.setdefault(system, set()).update(codes)
        if system in out.codes:
            out.codes[system] -= set(codes)


def codings(value: Any) -> list[tuple[str | None, str | None]]:
    """The (system, code) pairs of a code, Coding, CodeableConcept or Quantity."""
    if isinstance(value, str):
        return [(None, value)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("coding"), list):
        return [pair for c in value["coding"] for pair in codings(c)]
    if "coding" in value or ("text" in value and "code" not in value):
        return []
    system, code = value.get("system"), value.get("code")
    return [(system if isinstance(system, str) else "", code if isinstance(code, str) else None)]
