"""Which rule of ours says what an assert of the kit says: measured on mutants, written to profiles/official/ties.yaml.

One change, so whatever both judges add is about it. An assert and a rule are tied when, on some mutant, each was the
only one of its judge to speak at a place (the element, its parent or a child of it); once is enough when the assert and
the rule name one thing in their expressions, twice otherwise.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bench.agreement_judges import Compared, Spoken
from bench.tables import say
from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.engine.secondary import names_of, words_of
from dui_conformance.rules import catalogue

FILE = profiles_root() / "official" / "ties.yaml"
_COMMON = frozenset(("ClinicalDocument", "root", "extension", "and", "or", "not", "templateId", "nullFlavor"))
_HEAD = """\
# Which asserts of the ANS kit say what rules of ours say, so that one fault is shown once (engine.second_opinion).
# Written by `python -m bench.agreement --ties`: both spoke alone at one place of a mutant of an official example.
# An assert is named by the digest of its schema, the context of its rule and its test (official.stylesheet).
source: "ANS, testContenuCDA, commit 61e148b6 (2025-03-06), run repaired on mutants of its 94 examples"
ties:
"""


def found(results: Sequence[Compared]) -> dict[str, set[str]]:
    """Digest of an assert → rules."""
    rules = catalogue.load().rules
    counts: Counter[tuple[str, str]] = Counter()
    tests: dict[str, str] = {}
    for result in results:
        if result.operator:
            for one, rule in _pairs(result):
                counts[one.name, rule.name] += 1
                tests[one.name] = one.test or one.message
    out: defaultdict[str, set[str]] = defaultdict(set)
    for (digest, rule), count in counts.items():
        about = (names_of(rules[rule]) & words_of(tests[digest])) - _COMMON
        if count >= 2 or about:
            out[digest].add(rule)
    return out


def _pairs(result: Compared) -> Iterator[tuple[Spoken, Spoken]]:
    """An assert and a rule that are alone with one another at a place."""
    for one in result.verdict.kit:
        near = [rule for rule in result.verdict.ours if _near(one.path, rule.path)]
        if len({rule.name for rule in near}) == 1:
            others = [o for o in result.verdict.kit if o.schema == one.schema and _near(o.path, near[0].path)]
            if len({o.name for o in others}) == 1:
                yield one, near[0]


def _near(one: str, other: str) -> bool:
    return one == other or one.rpartition("/")[0] == other or other.rpartition("/")[0] == one


def write(results: Sequence[Compared]) -> None:
    """Add what was measured to the file; ties of rules that are no more are dropped."""
    rules = catalogue.load().rules
    known = read_yaml(FILE)["ties"] if FILE.is_file() else {}
    ties = {str(digest): {rule for rule in named if rule in rules} for digest, named in (known or {}).items()}
    for digest, named in found(results).items():
        ties.setdefault(digest, set()).update(named)
    lines = [f'  "{digest}": [{", ".join(sorted(named))}]\n' for digest, named in sorted(ties.items()) if named]
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(_HEAD + "".join(lines), encoding="utf-8")
    say(f"{len(lines)} asserts tied, {FILE}")
