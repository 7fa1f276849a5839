"""The catalogue that is shipped: coherent, cited, in both languages, and fit for the predicates it calls.

Each test goes through every rule and tells all that are wrong, by id.
"""

import ast
import datetime
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.engine.plan import plan, predicate
from dui_conformance.readiness import requirements
from dui_conformance.readiness.manifest import Manifest
from dui_conformance.rules import catalogue
from dui_conformance.rules.model import Assertion, Check, Collected, Membership, Predicate, Rule, Structural, Validated
from dui_conformance.rules.structure_words import CAUSES
from dui_conformance.rules.xpath import DialectError, Expression, compiled
from dui_conformance.text import places
from tests.places import READY, settings_of

Data = dict[str, Any]
Told = Iterator[str]
ROOT = profiles_root()
CATALOGUE = catalogue.load()
FILES = list(catalogue.sources())
RULES: list[tuple[str, Data]] = [(family["family"], data) for _path, family in FILES for data in family["rules"]]
SETTINGS = {"nil", "product", "version", "environment", "gdpr_notice", "structures", "mail_domains"}
ASKED = {"verapdf"}  # settings of a run, not of a manifest


def nothing_is_wrong(judge: Callable[[Data, Rule], Told]) -> None:
    """Fails with what is wrong with which rule."""
    problems = [f"{data['id']}: {told}" for _, data in RULES for told in judge(data, CATALOGUE.rules[data["id"]])]
    assert not problems, f"{len(problems)} problems\n" + "\n".join(problems[:60])


@pytest.mark.parametrize("path", [path for path, _ in FILES], ids=lambda path: path.name)
def test_a_file_follows_the_schema(path: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "rules.schema.json").read_bytes())
    data = json.loads(json.dumps(read_yaml(path), default=str))
    problems = [
        f"{data['rules'][e.path[1]]['id'] if len(e.path) > 1 else ''} {e.json_path}: {e.message[:200]}"
        for e in Draft202012Validator(schema).iter_errors(data)
    ]
    assert not problems, "\n".join(problems)


class TestIdentifiers:
    def test_they_are_unique_and_none_is_reused(self) -> None:
        counts = Counter(data["id"] for _family, data in RULES)
        assert [name for name, count in counts.items() if count > 1] == []
        retired = ROOT / "rules" / "retired.txt"
        gone = set(retired.read_text(encoding="utf-8").split()) if retired.exists() else set()
        assert gone & set(counts) == set(), "a retired id is never reused"

    def test_a_family_is_written_in_one_file(self) -> None:
        counts = Counter(family["family"] for _path, family in FILES)
        assert [name for name, count in counts.items() if count > 1] == []

    def test_one_prefix_one_kind_of_subject(self) -> None:
        subjects: dict[str, set[str]] = {}
        for _path, family in FILES:
            for data in family["rules"]:
                prefix = data["id"].split("-")[0]
                kinds = subjects.setdefault(prefix, set())
                if family["subject"] != "run":  # about the subjects that it collects from
                    kinds.add(family["subject"])
        allowed = {"INS", "ID", "INPUT", "EXC", "HL7", "PRE"}  # by nature about several kinds
        assert {p: s for p, s in subjects.items() if len(s) > 1 and p not in allowed} == {}


class TestTexts:
    # words that French writes with an accent, in a form that is no other word
    UNACCENTED = re.compile(
        r"\b(systeme|modele|donnees?|numero|identite|etablissement|prenoms?|cles?|regles?|metadonnees|pieces?|"
        r"elements?|echec|requete|reponse|medecin|sante|derniere|premiere|meme|etre|apres|tres|deja|en-tete|"
        r"bibliotheque|caracteres?|schemas?|securite|specialite|qualite|societe|periode|duree|annee|medical|medicale|"
        r"prevue?|generee?|evenements?|verifier|repeter|repetee?|creer|defini|definie|reference|referencee|declare|"
        r"declaree|presente|refuse|refusee|chiffree|encodee|datee|signee)\b"
    )
    VERBS = frozenset(("déclare", "présente", "refuse"))
    ENGLISH = re.compile(r"\b(the|is|are|must|should|which|with|not|missing|of|and|from)\b")
    FRENCH = re.compile(r"\b(le|les|est|sont|doit|avec|dans|pour|une|des|manque|valeur|du)\b")

    @staticmethod
    def of(data: Data) -> Iterator[tuple[str, str, str]]:
        return ((name, data[name]["fr"], data[name]["en"]) for name in ("title", "message", "remedy"))

    def test_french_has_its_accents(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            for name, french, _english in self.of(data):
                bare = set(self.UNACCENTED.findall(_spoken(french).lower())) - {"refuse", "reference"}
                if bare:
                    yield f"{name}: {bare} in {french}"

        nothing_is_wrong(judge)

    def test_french_is_not_english_nor_english_french(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            for name, french, english in self.of(data):
                if self.ENGLISH.findall(_spoken(french)):
                    yield f"{name}: English in {french}"
                if len(self.FRENCH.findall(_spoken(english))) > 1:
                    yield f"{name}: French in {english}"
                if french == english and len(french.split()) > 3:
                    yield f"{name}: not translated: {english}"

        nothing_is_wrong(judge)

    def test_texts_are_clean(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            for name, french, english in self.of(data):
                for text in (french, english):
                    if text != " ".join(text.split()) or not text.isprintable():
                        yield f"{name}: blanks or controls in {text!r}"
                    if "..." in _spoken(text):
                        yield f"{name}: … is one character: {text}"
                    if text.count("{") != text.count("}") or "{}" in text:
                        yield f"{name}: braces: {text}"

        nothing_is_wrong(judge)

    def test_both_languages_show_the_same_values(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            for name, french, english in self.of(data):
                shown = [{re.sub("_(fr|en)$", "", place) for place in places(text)} for text in (french, english)]
                if shown[0] != shown[1]:
                    yield f"{name}: {shown[0] ^ shown[1]}"
            if places(data["title"]["fr"]) | places(data["remedy"]["fr"]):
                yield "only a message shows values"

        nothing_is_wrong(judge)

    def test_a_remedy_is_a_sentence(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            for text in data["remedy"].values():
                if len(text.split()) < 2 or not text.endswith((".", "…", "»", ")", "”")):
                    yield text

        nothing_is_wrong(judge)

    def test_titles_are_not_shared_within_a_family(self) -> None:
        counts = Counter((family, data["title"][lang]) for family, data in RULES for lang in ("fr", "en"))
        assert [title for title, count in counts.items() if count > 1] == []


def _spoken(text: str) -> str:
    """A text without what it quotes: values, codes, names of attributes and elements, paths, addresses."""
    text = re.sub(r"«[^»]*»|“[^”]*”|`[^`]*`|\"[^\"]*\"|\{\w+\}|https?://\S+", " ", text)
    return re.sub(r"\S*[@/_:<>=\d]\S*|\b\w+\.\w\S*|\b\w*[a-zé][A-Z]\w*\b|\b[a-z]+\[[^]]*\]", " ", text)


class TestSources:
    def test_an_error_does_not_rest_on_memory(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            if data["level"] == "error" and data.get("outcome") != "review" and data["source"].get("mark") == "M":
                yield "a fact from memory gives a warning at most"

        nothing_is_wrong(judge)

    def test_an_error_uses_no_constant_from_memory(self) -> None:
        whole = read_yaml(ROOT / "constants.yaml")
        remembered = {
            name for part in ("scalars", "lists") for name, entry in whole[part].items() if entry.get("mark") == "M"
        }
        assert remembered, "the constants mark what was not read in a source"

        def judge(data: Data, _rule: Rule) -> Told:
            text = json.dumps([data.get(k) for k in ("for", "when", "check", "at")], default=str)
            used = {a or b for a, b in re.findall(r"\$(\w+)|\bin\((\w+)", text)} & remembered
            if data["level"] == "error" and used:
                yield f"error on {used}"

        nothing_is_wrong(judge)

    def test_what_it_proves_exists(self) -> None:
        tables = requirements.load()

        def judge(data: Data, _rule: Rule) -> Told:
            yield from (name for name in data.get("proves", ()) if tables.named(name) is None)

        nothing_is_wrong(judge)

    def test_validity_dates(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            valid = data.get("valid", {})
            dates = [datetime.date.fromisoformat(str(valid[n])) for n in ("from", "to") if n in valid]
            if dates != sorted(dates):
                yield f"{dates}"

        nothing_is_wrong(judge)


class TestExpressions:
    def test_every_expression_compiles(self) -> None:
        def judge(_data: Data, rule: Rule) -> Told:
            for expression in _expressions(rule):
                try:
                    compiled(expression.text)
                except DialectError as error:
                    yield f"{expression.source}: {error}"

        nothing_is_wrong(judge)

    def test_every_regular_expression_is_one(self) -> None:
        seen = 0

        def judge(_data: Data, rule: Rule) -> Told:
            nonlocal seen
            for expression in _expressions(rule):
                for pattern in re.findall(r"re:test\((?:[^()']|\([^()]*\))*,\s*'([^']*)'", expression.text):
                    seen += 1
                    try:
                        re.compile(pattern)
                    except re.error as error:
                        yield f"{pattern}: {error}"

        nothing_is_wrong(judge)
        assert seen > 10

    def test_the_dialect_is_used(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            text = json.dumps([data.get(k) for k in ("for", "when", "check", "at", "show")], default=str)
            if re.search(r"(?<![\w:$])h:[A-Za-z]", text):
                yield "h: is added by the dialect"

        nothing_is_wrong(judge)


def _expressions(rule: Rule) -> Iterator[Expression]:
    yield rule.contexts
    yield from (e for e in (rule.when, rule.at) if e is not None)
    yield from rule.shown.values()
    check = rule.check
    if isinstance(check, Assertion):
        yield check.holds
    elif isinstance(check, Membership):
        yield from (e for e in (check.code, check.system, check.label) if e is not None)
    elif isinstance(check, Predicate):
        yield from (a.value for a in check.arguments)
        yield from (a.value for given in check.given for a in given.arguments)
    elif isinstance(check, Collected):
        yield from (a.value for arguments in check.facts.values() for a in arguments)


class TestChecks:
    def test_the_settings_are_those_of_the_manifest(self) -> None:
        exports = {"gdpr_notice": "x", "structures": ("x",)}
        declared = Manifest(nil="x", product="x", version="x", environment="test", exports=exports)
        assert set(declared.settings()) == SETTINGS

    def test_a_predicate_takes_what_it_is_given(self) -> None:
        def judge(_data: Data, rule: Rule) -> Told:
            check = rule.check
            if not isinstance(check, Predicate | Collected):
                return
            signature = inspect.signature(predicate(check.name))
            given = [name.rstrip("?") for name in check.settings]
            if isinstance(check, Predicate):
                given += [a.name for a in check.arguments] + [a.name for g in check.given for a in g.arguments]
                given += list(check.tables)
            if len(given) != len(set(given)):
                yield f"two arguments of one name: {given}"
            try:
                signature.bind(*(() if isinstance(check, Predicate) else ([],)), **dict.fromkeys(given))
            except TypeError as error:
                yield f"{check.name}: {error}"

        nothing_is_wrong(judge)

    def test_an_argument_that_may_repeat_is_taken_as_such(self) -> None:
        def judge(_data: Data, rule: Rule) -> Told:
            if not isinstance(rule.check, Predicate):
                return
            parameters = inspect.signature(predicate(rule.check.name)).parameters
            rest = next((p for p in parameters.values() if p.kind is p.VAR_KEYWORD), None)
            for argument in [*rule.check.arguments, *(a for g in rule.check.given for a in g.arguments)]:
                annotation = str((parameters.get(argument.name) or rest).annotation)  # type: ignore[union-attr]
                if argument.many != bool(re.search("Sequence|tuple|Iterable|Collection|list", annotation)):
                    yield f"{argument.name}: {annotation}"

        nothing_is_wrong(judge)

    def test_its_settings_and_tables_exist(self) -> None:
        def judge(_data: Data, rule: Rule) -> Told:
            if isinstance(rule.check, Predicate | Collected):
                yield from set(rule.check.settings.values()) - SETTINGS - ASKED
            yield from rule.value_sets - set(CATALOGUE.value_sets)

        nothing_is_wrong(judge)

    def test_the_values_of_a_message_are_given(self) -> None:
        def judge(data: Data, rule: Rule) -> Told:
            if "defect" not in data["check"]:
                yield from places(data["message"]["fr"]) - _given(data, rule.check)

        nothing_is_wrong(judge)

    def test_personal_names_something_that_exists(self) -> None:
        def judge(data: Data, rule: Rule) -> Told:
            known = places(data["message"]["fr"]) | _given(data, rule.check)
            yield from set(data.get("personal", ())) - known

        nothing_is_wrong(judge)

    def test_a_value_of_the_patient_is_declared_personal(self) -> None:
        def judge(data: Data, _rule: Rule) -> Told:
            shown = {**data.get("show", {}), **{n.rstrip("*?"): v for n, v in data["check"].get("with", {}).items()}}
            for name in places(data["message"]["fr"]) & set(shown):
                value = str(shown[name])
                path = f"{data.get('for', '')} {value}"
                whose = re.search(r"patientRole|recordTarget|sourcePatientInfo", path)
                what = re.search(r"@extension|family|given|birthTime|@value|county|^\.$|streetName|city$", value)
                harmless = re.search(
                    r"string-length|count\(|@root|qualifier|local-name|codeSystem|name\(\)|effectiveTime", value
                )
                if whose and what and not harmless and name not in data.get("personal", ()):
                    yield f"{name}: {path}"

        nothing_is_wrong(judge)

    def test_with_everything_declared_every_rule_runs(self) -> None:
        made = plan(CATALOGUE, {**dict.fromkeys(SETTINGS | ASKED, "x"), **settings_of(READY / "dui.toml")})
        assert [(u.rule, u.why.en) for u in made.unplanned] == []

    def test_every_predicate_is_used(self) -> None:
        used = {rule.check.name for rule in CATALOGUE.rules.values() if isinstance(rule.check, Predicate | Collected)}
        offered = {
            f"{path.stem}.{node.name}"
            for path in (Path(inspect.getfile(catalogue)).parents[1] / "checks").glob("*.py")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
            and not node.name.startswith("_")
            and "Verdict" in ast.unparse(node.returns or ast.Constant(None))
            and path.stem != "verdict"
        }
        assert not offered - used, f"predicates that no rule calls: {sorted(offered - used)}"


def _given(data: Data, check: Check) -> set[str]:
    """The names that a message may show."""
    known = set(data.get("show", {}))
    if isinstance(check, Membership):
        known |= {"code", "system", "set", "version", "expected", *(("found",) if check.label else ())}
    elif isinstance(check, Predicate):
        known |= {a.name for a in check.arguments} | {a.name for g in check.given for a in g.arguments}
        known |= {name.rstrip("?") for name in check.settings} | _told(check.name)
    elif isinstance(check, Collected):
        known |= _told(check.name)
    elif isinstance(check, Validated):
        known |= {"issue_fr", "issue_en"}
    elif isinstance(check, Structural):
        known |= CAUSES[check.cause]
    return known


@cache
def _told(name: str) -> frozenset[str]:
    """The values that a predicate's verdicts may hold: the keywords of calls in its module, the keys of its dicts."""
    module = inspect.getmodule(predicate(name))
    assert module is not None
    names: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            names |= {k.arg for k in node.keywords if k.arg}
        if isinstance(node, ast.Dict):
            names |= {k.value for k in node.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
    return frozenset(names)


class TestValueSets:
    @pytest.mark.parametrize("path", sorted((ROOT / "valuesets").glob("*.yaml")), ids=lambda path: path.stem)
    def test_a_value_set_says_what_it_is(self, path: Path) -> None:
        loaded = CATALOGUE.value_sets[read_yaml(path)["id"]]
        assert loaded.id == path.stem
        assert loaded.codes, "an empty set refuses everything"
        assert loaded.source
        assert loaded.name
        if loaded.oid:
            assert re.fullmatch(r"[0-2](\.(0|[1-9]\d*))+", loaded.oid)
            assert datetime.date.fromisoformat(loaded.date), "what has an OID is published, at a date"
        assert all(code.strip() == code and code for code in loaded.codes)

    def test_an_association_gives_its_targets(self) -> None:
        classes = CATALOGUE.value_sets["class-of-type"]
        assert classes.codes
        assert all(target for systems in classes.codes.values() for target in systems.values())

    def test_constants_say_where_they_come_from(self) -> None:
        whole = read_yaml(ROOT / "constants.yaml")
        for part in ("scalars", "lists"):
            for name, entry in whole[part].items():
                assert entry["source"] in whole["sources"], name
                assert entry["label"]["fr"], name
                assert entry["label"]["en"], name

    def test_constants_can_stand_in_an_expression(self) -> None:
        for name, value in CATALOGUE.constants.scalars.items():
            assert "'" not in value, f"{name} would break the expression it stands in"
        for name, values in CATALOGUE.constants.lists.items():
            assert values, name
            assert not any("'" in v or "|" in v for v in values), name
            assert len(values) == len(set(values)), name
