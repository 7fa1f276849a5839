"""Whether an assert of an official artefact and a finding of ours are about one fault, where no tie was measured.

Three ways, each narrow; in all of them both fail, at one level. The words of the artefact are shown beside ours anyway:
what is at stake is only whether they stand together.

* At one element, when they name one thing: a child or an attribute that is not named everywhere.
* About one child: the assert asks something of a child of its element, and ours speaks at that child.
* About one template: the assert wants a templateId that our message names, at most two steps away.

Where the assert names attributes, the rule names one of them too.
"""

import re

from dui_conformance.engine.outcomes import Finding
from dui_conformance.engine.secondary import names_of, words_of
from dui_conformance.rules.model import Rule, Structural

_COMMON = frozenset(
    """ClinicalDocument hl7 cda h root extension code codeSystem displayName nullFlavor value and or not count true
    false string number normalize-space text node id templateId""".split()
)
_ATTRIBUTE = re.compile(r"@([\w-]+)(?!:)")
_TEMPLATE = re.compile(r"templateId[^\]]*?['\"]([\d.]+)['\"]")
_INDEX = re.compile(r"\[\d+\]")


def same(kind: str, test: str, message: str, place: str, finding: Finding, rule: Rule) -> bool:
    """`kind`, `test`, `message`: of the assert (see `official.judge.Said`); `place`: the path of its element."""
    if (kind == "xsd") != isinstance(rule.check, Structural):
        return False
    where = finding.location.path.partition("/@")[0]
    names = names_of(rule)
    if kind == "xsd":
        return where == place and bool(names_in(message) & _about(finding))
    if any(re.search(rf"{re.escape(oid)}(?![\d.])", finding.message.fr) for oid in _TEMPLATE.findall(test)):
        return _within(where, place, 2)
    attributes = set(_ATTRIBUTE.findall(test)) - {"nullFlavor", "root"}
    if attributes and not attributes & names:
        return False
    asked = words_of(test)
    if where == place:
        return bool((asked - _COMMON or words_of(message) - _COMMON) & names)
    child = _INDEX.sub("", where.rpartition("/")[2])
    return where.rpartition("/")[0] == place and child in asked


def names_in(message: str) -> set[str]:
    """The names that libxml2 quotes in a message: `{urn:hl7-org:v3}id`, 'code'."""
    return {found[0] or found[1] for found in re.findall(r"\{[^}]*\}([\w.-]+)|attribute '([\w.-]+)'", message)}


def _about(finding: Finding) -> set[str]:
    """The names in the message of a structural finding, which quotes them too."""
    return set(re.findall(r"[A-Za-z][\w.-]+", finding.message.en))


def _within(one: str, other: str, steps: int) -> bool:
    """Whether one path is the other or at most so many steps above it."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return (longer == shorter or longer.startswith(f"{shorter}/")) and longer.count("/") - shorter.count("/") <= steps
