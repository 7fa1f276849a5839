"""Predicates on sign-ins with Pro Santé Connect (dmp-mssante G; OpenID Connect Core 1.0; RFC 7636)."""

import re
from collections.abc import Iterable, Mapping, Sequence

from dui_conformance.checks.verdict import Verdict, check, failed

_BITS = 128
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f-]+")


def random_enough(value: str) -> Verdict:
    """Whether a state or a nonce is long enough to hold 128 random bits: 32 hexadecimal digits, or 22 of base64url.

    A value of one repeated character is refused; no more can be said of one value. Gives `bits`.
    """
    bits = len(value.replace("-", "")) * 4 if _HEXADECIMAL.fullmatch(value) else len(value) * 6
    bits = 0 if len(set(value)) < 4 else bits
    return check(bits >= _BITS, bits=str(bits))


def never_used_twice(records: Sequence[tuple[str, Mapping[str, object]]]) -> Iterable[tuple[int, Verdict]]:
    """The state and the nonce of a sign-in are made for it alone (OpenID Connect Core §3.1.2.1, §15.5.2)."""
    known: dict[tuple[str, str], str] = {}
    for index, (subject, facts) in enumerate(records):
        for name in ("state", "nonce"):
            value = str(facts.get(name, ""))
            if not value:
                continue
            first = known.setdefault((name, value), subject)
            if first != subject:
                yield index, failed(parameter=name, other=first)
                break
