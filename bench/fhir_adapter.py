"""This product as an adapter of the harness of HL7's suite: one request in, its issues out.

The settings are those of the suite, which judges for publishers of profiles: an extension that is not defined is an
error, and so on, as each case says.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from dui_conformance.fhir import Definitions, Options, Validator
from dui_conformance.fhir.packages import read as read_package
from dui_conformance.fhir.reading import read
from dui_conformance.fhir.schema import Types
from dui_conformance.text import unmark

_Key = tuple[tuple[str, ...], str | None, Options]


def validate(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The issues of one check."""
    asked = request["options"]
    options = Options(
        unknown_extensions="error",
        narrative_links="error",
        extension_domains=_domains(asked.get("allowed-extension-domain")),
        example_urls=asked.get("examples", True),
        no_html_in_markdown=bool(asked.get("noHtmlInMarkdown")),
        no_experimental=bool(asked.get("no-experimental-content")),
        contained="ignore" if asked.get("validateContains") == "IGNORE" else "check",
        references="exist" if str(asked.get("validateReference", "")).startswith("CHECK_EXISTS") else "",
    )
    validator, own = _validator((tuple(request["supporting"]), request["profile_file"], options))
    profiles = [*request["profiles"], *([own] if own else [])]
    result = validator.validate(Path(request["file"]).read_bytes(), profiles)
    return [
        {
            "severity": issue.severity,
            "expression": [issue.location.path],
            "code": issue.code,
            "text": f"{issue.id} {unmark(issue.message.en, str)}",
        }
        for issue in result.issues
    ]


def _domains(stated: Any) -> tuple[str, ...]:
    return (stated,) if isinstance(stated, str) else tuple(stated or ())


@lru_cache(maxsize=1)
def _validator(key: _Key) -> tuple[Validator, str | None]:
    supporting, profile, options = key
    resources = [resource for path in supporting for resource in _loaded(path)]
    url = None
    if profile:
        held = _loaded(profile)
        resources += held
        url = held[0]["url"]
    return Validator(Definitions.core().with_resources(resources), options), url


def _loaded(path: str) -> list[dict[str, Any]]:
    """The resources of a file: a package, a bundle or one resource, in JSON or XML."""
    if path.endswith(".tgz"):
        return list(read_package(Path(path)).resources)
    tree = read(Path(path).read_bytes(), _types()).tree
    if tree is None:
        return []
    entries = tree.get("entry", []) if tree.get("resourceType") == "Bundle" else []
    return [tree, *(e["resource"] for e in entries if isinstance(e.get("resource"), dict))]


@lru_cache(maxsize=1)
def _types() -> Types:
    return Types(Definitions.core())
