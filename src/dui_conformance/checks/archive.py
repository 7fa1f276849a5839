"""XDM archives: names of entries, and what README.TXT and INDEX.HTM say.

Clauses: IHE ITI TF-2 §3.32; the ANS portability guide (ISO 9660 level 1); dmp-mssante C.1, C.5.
"""

import re

from dui_conformance.checks.verdict import NOT_APPLICABLE, Verdict, check

_STEP = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?")
_DEPTH = 8
_ARCHIVE_NAME = "IHE_XDM.ZIP"


def name_is_iso9660(name: str) -> Verdict:
    """Each step of a path is 8.3 in capitals, digits and underscores, eight deep at most (XDM-NAME-83)."""
    steps = name.rstrip("/").split("/")
    wrong = [step for step in steps if _STEP.fullmatch(step) is None]
    return check(not wrong and len(steps) <= _DEPTH, found=", ".join(wrong) or name)


def attachment_is_named(name: str) -> Verdict:
    """The archive of a mail is called IHE_XDM.ZIP, capitals apart (XDM-ZIP-NAME)."""
    return check(name.upper() == _ARCHIVE_NAME, found=name)


def attachment_is_in_capitals(name: str) -> Verdict:
    """… and in capitals (XDM-ZIP-NAME)."""
    return check(name == _ARCHIVE_NAME, found=name) if name.upper() == _ARCHIVE_NAME else NOT_APPLICABLE


def readme_lists_documents(readme: str, names: tuple[str, ...]) -> Verdict:
    """README.TXT shows the tree of the archive (XDM-README-CONTENT)."""
    files = [name.rpartition("/")[2] for name in names]
    absent = [name for name in files if name not in readme]
    return check(not absent, missing=", ".join(absent)) if readme.strip() else NOT_APPLICABLE


def readme_names_sender(readme: str, institutions: tuple[str, ...]) -> Verdict:
    """README.TXT names the sending structure by its national identifier (XDM-README-CONTENT)."""
    return _names_structure(readme, institutions)


def index_names_sender(index: str, institutions: tuple[str, ...]) -> Verdict:
    """INDEX.HTM shows the national identifier of the sending structure (XDM-INDEX-LINK)."""
    return _names_structure(index, institutions)


def index_links_readme(index: str) -> Verdict:
    """INDEX.HTM has a link to README.TXT (XDM-INDEX-LINK)."""
    return check(re.search(r"""href\s*=\s*["']?\s*(?:\./)?README\.TXT""", index, re.IGNORECASE) is not None)


def readme_names_software(readme: str, product: str, version: str) -> Verdict:
    """README.TXT names the software that made the archive, and its version (XDM-README-CONTENT)."""
    if not readme.strip():
        return NOT_APPLICABLE
    absent = [word for word in (product, version) if word and word.casefold() not in readme.casefold()]
    return check(not absent, missing=", ".join(absent))


def _names_structure(text: str, institutions: tuple[str, ...]) -> Verdict:
    identifiers = {institution.rpartition("^")[2] for institution in institutions} - {""}
    if not identifiers or not text.strip():
        return NOT_APPLICABLE
    return check(any(identifier in text for identifier in identifiers), expected=", ".join(sorted(identifiers)))
