"""Message ids to texts in French and English."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dui_conformance.fhir import places
from dui_conformance.fhir.values import coded
from dui_conformance.text import Text, personal, plain

if TYPE_CHECKING:
    from dui_conformance.fhir.found import Found

# What these places hold comes from the resource and may name a person; the rest comes from definitions.
_PERSONAL = frozenset({"value", "codes", "code", "reference", "found_url", "expected_id"})
_LIMIT = 120
_REASON = "reason."


@dataclass(frozen=True, slots=True)
class Message:
    severity: str
    code: str
    text: Text
    fix: Text


class _Catalogue(Mapping[str, Message]):
    """The messages file, read when the first message is needed."""

    @property
    def _messages(self) -> dict[str, Message]:
        return _loaded()

    def __getitem__(self, rule: str) -> Message:
        return self._messages[rule]

    def __iter__(self) -> Any:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)


@cache
def _file() -> dict[str, dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = Path(__file__).with_name("messages.yaml").read_bytes()
    data: dict[str, dict[str, Any]] = yaml.load(text, Loader=loader)  # noqa: S506
    return data


@cache
def _loaded() -> dict[str, Message]:
    return {
        rule: Message(m["severity"], m["code"], Text(m["fr"], m["en"]), Text(m["fix"]["fr"], m["fix"]["en"]))
        for rule, m in _file().items()
        if not rule.startswith(_REASON)
    }


@cache
def _reasons() -> dict[str, Text]:
    return {k.removeprefix(_REASON): Text(m["fr"], m["en"]) for k, m in _file().items() if k.startswith(_REASON)}


CATALOGUE = _Catalogue()


def reason(name: str) -> Text:
    """Why something was not checked."""
    return _reasons().get(name) or _reasons()["failed"]


_OPTIONAL = re.compile(r"\{(\w+)\?((?:[^{}]|\{\w+\})*)\}")
_PLACE = re.compile(r"\{(\w+)\}")


def texts(found: "Found", root: str) -> tuple[Text, Text]:
    """The message and the fix of an issue."""
    entry = CATALOGUE[found.id]
    return (
        Text(_filled(entry.text.fr, found.values, "fr", root), _filled(entry.text.en, found.values, "en", root)),
        Text(_filled(entry.fix.fr, found.values, "fr", root), _filled(entry.fix.en, found.values, "en", root)),
    )


def _filled(sentence: str, values: dict[str, Any], language: str, root: str) -> str:
    if "?" in sentence:
        sentence = _OPTIONAL.sub(lambda m: _glued(m[2]) if values.get(m[1]) else "", sentence)
    return _PLACE.sub(lambda m: _value(m[1], values[m[1]], language, root) if m[1] in values else "", sentence)


def _glued(text: str) -> str:
    """`{near?, (…)}` puts a space before a parenthesis, `{near?. La…}` keeps its full stop."""
    return text[1:] if text.startswith(", (") else ", " + text[2:] if text.startswith(", ") else text


def _value(name: str, value: Any, language: str, root: str) -> str:
    from dui_conformance.fhir.found import Found

    if isinstance(value, Found):
        return _sentence(value.id, value.values, language, root) + f" ({places.path(root, value.place)})"
    if name in ("why", "problems") and isinstance(value, list):
        told = []
        for one in value[:3]:
            if isinstance(one, Found):
                colon = " : " if language == "fr" else ": "
                told.append(places.path(root, one.place) + colon + _sentence(one.id, one.values, language, root))
            else:
                told.append(_sentence(one[0], one[1], language, root))
        more = f" (+{len(value) - 3})" if len(value) > 3 else ""
        return (" ; " if language == "fr" else "; ").join(told) + more
    if name == "near" and hasattr(value, "place"):
        return places.path(root, value.place)
    if name == "expected" and isinstance(value, tuple):
        return ", ".join(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, (dict, list)):
        text = coded(value) or json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= _LIMIT or name == "expression" else text[: _LIMIT - 1] + "…"
    return personal(text) if name in _PERSONAL else plain(text)


def _sentence(rule: str, values: dict[str, Any], language: str, root: str) -> str:
    entry = CATALOGUE[rule].text
    return _filled(entry.fr if language == "fr" else entry.en, values, language, root).rstrip(".")
