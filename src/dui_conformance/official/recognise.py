"""What a user has given: told by what the files are, never by their names alone."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from dui_conformance.official import kit
from dui_conformance.official.bundle import Bundle

Kind = Literal["kit", "schematron", "value_sets", "authorities", "fhir"]

_HEAD = 65536
_SCHEMATRON = re.compile(rb"<(?:[\w.-]+:)?schema\b[^>]*http://purl\.oclc\.org/dsdl/schematron", re.DOTALL)
_SVS = re.compile(rb"<(?:[\w.-]+:)?(?:RetrieveValueSetResponse|RetrieveMultipleValueSetsResponse)\b")
_SVS_NAME = b"urn:ihe:iti:svs:2008"
_FHIR_XML = re.compile(rb"<(?:[\w.-]+:)?ValueSet\b[^>]*http://hl7\.org/fhir")
_FHIR_JSON = re.compile(rb'"resourceType"\s*:\s*"(\w+)"')
_PEM = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Recognised:
    """`root`: the folder of the bundle in which the artefact lies (a zip often has one folder around everything)."""

    kind: Kind
    root: str = ""


def recognise(bundle: Bundle) -> Recognised | None:
    """The artefact that a bundle is, None if it is none that is known."""
    root = _kit_root(bundle)
    if root is not None:
        return Recognised("kit", root)
    kinds = {path: of_file(path, data) for path, data in bundle.files.items()}
    found = {kind for kind in kinds.values() if kind is not None}
    for kind in ("schematron", "value_sets", "authorities", "fhir"):
        if kind in found and (kind != "value_sets" or "fhir" not in found):
            return Recognised(kind)
    return None


def _kit_root(bundle: Bundle) -> str | None:
    """The folder that holds `schematrons` and `jeuxDeValeurs`, as the kit does."""
    for path in sorted(bundle.files, key=lambda p: (p.count("/"), p)):
        steps = PurePosixPath(path).parts
        for index, step in enumerate(steps[:-1]):
            if step == "schematrons":
                root = "/".join(steps[:index])
                start = f"{root}/" if root else ""
                below = [p for p in bundle.files if p.startswith(start)]
                if any(p.startswith(f"{start}{kit.VALUE_SETS}/") for p in below) and any(
                    p.startswith(f"{start}schematrons/profils/") for p in below
                ):
                    return root
    return None


def of_file(path: str, data: bytes) -> Kind | None:
    """What one file is."""
    head = data[:_HEAD]
    lower = path.lower()
    if lower.endswith(".sch") or _SCHEMATRON.search(head):
        return "schematron" if b"http://purl.oclc.org/dsdl/schematron" in head and _schema(head) else None
    if (_SVS.search(head) and _SVS_NAME in head) or _FHIR_XML.search(head):
        return "value_sets"
    if _PEM in head:
        return "authorities"
    if lower.endswith(".json"):
        resource = _FHIR_JSON.search(head)
        if resource is not None:
            return "value_sets" if resource[1] == b"ValueSet" else "fhir"
    return None


def _schema(head: bytes) -> bool:
    """Whether the root is a schema, and not a pattern that others include."""
    return re.search(rb"<(?:[\w.-]+:)?schema[\s>]", head) is not None
