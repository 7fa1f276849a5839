"""Versions: of the model a document follows, and of the document itself (setId, versionNumber, replacement).

The kit checks none of this (a templateId's @extension is not compared with a model, a replacement not with what it
replaces). Clauses: CI-SIS Structuration minimale 1.16 (templateId, relatedDocument), HL7 CDA R2 (id, setId,
versionNumber).
"""

from collections.abc import Iterator, Mapping, Sequence

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, check, failed

Table = Mapping[str, Mapping[str, str]]  # an association: root → {"templateId": targets separated by blanks}
Records = Sequence[tuple[str, Mapping[str, str]]]

_WITHOUT = "none"  # marks of the table model-versions: a templateId without extension,
_UNPROVEN = "any"  # and a model with a version whose extension nobody published
_LONGEST_NUMBER = 18


def model_version_is_known(root: str, extension: str, models: Table) -> Verdict:
    """The @extension of a model's templateId is one of the versions known of this model."""
    known = _targets(models, root)
    if not known or _UNPROVEN in known:
        return NOT_APPLICABLE
    shown = ", ".join(known)
    return check((extension or _WITHOUT) in known, found=extension or _WITHOUT, known=shown)


def code_suits_model(code: str, roots: tuple[str, ...], models: Table) -> Verdict:
    """ClinicalDocument/code is a code of the model that the templateIds name."""
    named = [root for root in roots if _targets(models, root)]
    if not named:
        return NOT_APPLICABLE
    for root in named:
        expected = _targets(models, root)
        if code not in expected:
            return failed(root=root, expected=", ".join(expected))
    return PASSED


def parent_is_older(version: str, parent: str) -> Verdict:
    """The document that is replaced has a lower versionNumber (CI-SIS: the new one adds 1)."""
    mine, its = _number(version), _number(parent)
    if mine is None or its is None:
        return NOT_APPLICABLE
    return check(its < mine, version=version, parent=parent)


def ids_are_unique(records: Records) -> Iterator[tuple[int, Verdict]]:
    """Two documents of a run with the same id have the same content (HL7 CDA R2, ClinicalDocument/id).

    The same document may be there several times (alone, in an archive, in a mail). Facts: `id`, `content`.
    """
    first: dict[str, int] = {}
    for index, (_, facts) in enumerate(records):
        identifier = facts["id"]
        at = first.setdefault(identifier, index)
        if not identifier or at == index:
            continue
        other, its = records[at]
        yield index, check(its["content"] == facts["content"], id=identifier, other=other)


def versions_are_unique(records: Records) -> Iterator[tuple[int, Verdict]]:
    """Two documents of a run with the same setId and versionNumber have the same id (HL7 CDA R2, versionNumber).

    Facts: `id`, `set`, `version`.
    """
    first: dict[tuple[str, str], int] = {}
    for index, (_, facts) in enumerate(records):
        version = (facts["set"], facts["version"])
        at = first.setdefault(version, index)
        if not all(version) or not facts["id"] or at == index:
            continue
        other, its = records[at]
        yield index, check(its["id"] == facts["id"], set=version[0], version=version[1], other=other)


def _targets(models: Table, root: str) -> list[str]:
    return " ".join(models.get(root, {}).values()).split()


def _number(text: str) -> int | None:
    plain_digits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain_digits else None
