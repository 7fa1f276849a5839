"""Telecommunication addresses of the CDA header (CI-SIS Structuration minimale 1.16, type TEL)."""

import re

from dui_conformance.checks.verdict import PASSED, Verdict, failed

# What a URI cannot hold as it is (RFC 3986; RFC 2396 §2.4.3 for the delimiters).
_FORBIDDEN = re.compile(r"""[^!#-;=?-\[\]_a-z~]""")


def is_uri(value: str) -> Verdict:
    """No space, no accent, no character that a URI must escape. The verdict names the first one."""
    wrong = _FORBIDDEN.search(value)
    if wrong is None:
        return PASSED
    code = f"U+{ord(wrong[0]):04X}"
    return failed(character=code if wrong[0].isspace() else f"{wrong[0]} ({code})")


def differ(values: tuple[str, ...], uses: tuple[str, ...]) -> Verdict:
    """No telecom comes twice for the same use. `values` and `uses` go in pairs."""
    seen: set[tuple[str, str]] = set()
    for pair in zip(values, uses, strict=False):
        if pair in seen:
            return failed(value=pair[0])
        seen.add(pair)
    return PASSED
