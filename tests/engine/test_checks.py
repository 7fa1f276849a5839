"""Every kind of check, on catalogues written for it: what it answers, what it says, where."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dui_conformance.checks.verdict import NOT_APPLICABLE, PASSED, Verdict, blocked, failed, review
from tests.engine.small import Trial, document, rule, value_set

LOINC = "2.16.840.1.113883.6.1"


class TestAssert:
    def test_holds(self, tmp_path: Path) -> None:
        assert Trial(tmp_path, rule(check="title")).outcome(document("<title>x</title>")) == "passed"

    def test_does_not_hold(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(check="title", **{"for": "."}))
        assert trial.outcome(document()) == "failed"
        finding = trial.finding(document())
        assert (finding.rule, finding.level, finding.outcome, finding.message.fr) == (
            "T-1",
            "error",
            "failed",
            "C'est faux.",
        )

    def test_without_context_it_does_not_apply(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(check="false()", **{"for": "author"}))
        assert trial.outcome(document()) == "not_applicable"
        assert trial.judge(document()).findings == []

    def test_without_its_condition_it_does_not_apply(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(when="languageCode"))
        assert trial.outcome(document()) == "not_applicable"
        assert trial.outcome(document("<languageCode/>")) == "failed"

    def test_each_context_is_judged_and_each_failure_found(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(check="@ok", **{"for": "author"}))
        result = trial.judge(document('<author/><author ok="1"/><author/>'))
        assert [f.location.path for f in result.findings] == [
            "/ClinicalDocument/author[1]",
            "/ClinicalDocument/author[3]",
        ]
        assert result.tallies["T-1"] == {"failed": 1}, "an outcome counts subjects, not places"

    def test_a_rule_that_asks_for_a_person_gives_review(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(outcome="review"))
        assert trial.outcome(document()) == "review"
        assert trial.finding(document()).outcome == "review"

    def test_constants_are_known(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(check="@root = $LOINC or in(INS, @root)", **{"for": "id"}))
        assert trial.outcome(document('<id root="1.2.250.1.213.1.4.9"/>')) == "passed"
        assert trial.outcome(document('<id root="1.2.250.1.213.1.4"/>')) == "failed"


class TestInValueSet:
    SETS = (value_set("J07", {LOINC: {"34842-5": "Grille"}, "1.2.3": {"A": "Autre"}}, date="2026-01-01"),)

    def trial(self, folder: Path, **more: Any) -> Trial:
        sets = [{**self.SETS[0], **more}]
        message = {"fr": "{code} {system} {set} {version}", "en": "{code}"}
        written = rule(check={"in_value_set": "J07"}, message=message, **{"for": "code"})
        return Trial(folder, written, sets=sets)

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (f'<code code="34842-5" codeSystem="{LOINC}"/>', "passed"),
            ('<code code="34842-5" codeSystem="1.2.3"/>', "failed"),
            ('<code code="34842-5"/>', "failed"),
            (f'<code code="99999-9" codeSystem="{LOINC}"/>', "failed"),
            ('<code nullFlavor="UNK"/>', "not_applicable"),
        ],
    )
    def test_a_code_is_judged_with_its_system(self, tmp_path: Path, code: str, outcome: str) -> None:
        assert self.trial(tmp_path).outcome(document(code)) == outcome

    def test_the_message_names_code_system_set_and_date(self, tmp_path: Path) -> None:
        finding = self.trial(tmp_path).finding(document('<code code="X" codeSystem="1.2.3"/>'))
        assert finding.message.fr == "X 1.2.3 JDV_J07 2026-01-01"

    def test_a_set_whose_system_is_not_judged(self, tmp_path: Path) -> None:
        trial = self.trial(tmp_path, system_judged=False)
        assert trial.outcome(document('<code code="34842-5" codeSystem="9"/>')) == "passed"

    def test_an_extract_cannot_refuse_a_code_and_lists_it(self, tmp_path: Path) -> None:
        result = self.trial(tmp_path, complete=False).judge(document('<code code="11488-4" codeSystem="1"/>'))
        assert result.findings == []
        assert result.tallies["T-1"] == {"not_applicable": 1}
        assert result.not_checked == {("code", "J07 11488-4"): 1}

    def test_an_extract_still_refuses_the_wrong_system_of_a_known_code(self, tmp_path: Path) -> None:
        assert self.trial(tmp_path, complete=False).outcome(document('<code code="A" codeSystem="9"/>')) == "failed"


class TestLabelOf:
    def trial(self, folder: Path, **more: Any) -> Trial:
        sets = [value_set("J07", {LOINC: {"A": "Projet d'été"}}, **more)]
        message = {"fr": "{found} / {expected}", "en": "{found}"}
        return Trial(folder, rule(check={"label_of": "J07"}, message=message, **{"for": "code"}), sets=sets)

    @pytest.mark.parametrize(
        ("label", "outcome"),
        [
            ("Projet d'été", "passed"),
            ("PROJET D’ETE", "passed"),
            (" projet  d'été ", "passed"),
            ("Projet d'hiver", "failed"),
            ("", "failed"),
        ],
    )
    def test_case_accents_and_blanks_do_not_matter(self, tmp_path: Path, label: str, outcome: str) -> None:
        code = f'<code code="A" codeSystem="{LOINC}" displayName="{label}"/>'
        assert self.trial(tmp_path).outcome(document(code)) == outcome

    @pytest.mark.parametrize("code", [f'<code code="A" codeSystem="{LOINC}"/>', '<code code="Z" displayName="x"/>'])
    def test_without_label_or_known_code_it_does_not_apply(self, tmp_path: Path, code: str) -> None:
        assert self.trial(tmp_path).outcome(document(code)) == "not_applicable"

    def test_a_label_of_another_official_copy_is_admitted(self, tmp_path: Path) -> None:
        trial = self.trial(tmp_path, other_labels={LOINC: {"A": ["Projet estival"]}})
        code = f'<code code="A" codeSystem="{LOINC}" displayName="projet estival"/>'
        assert trial.outcome(document(code)) == "passed"

    def test_the_message_shows_what_was_found_and_expected(self, tmp_path: Path) -> None:
        code = f'<code code="A" codeSystem="{LOINC}" displayName="Autre"/>'
        assert self.trial(tmp_path).finding(document(code)).message.fr == "Autre / Projet d'été"


class TestPython:
    @pytest.mark.parametrize(
        ("verdict", "outcome", "speaks"),
        [
            (PASSED, "passed", False),
            (NOT_APPLICABLE, "not_applicable", False),
            (failed(), "failed", True),
            (review(), "review", True),
            (blocked(), "blocked", True),
        ],
    )
    def test_each_answer(
        self, tmp_path: Path, predicates: Callable[..., None], verdict: Verdict, outcome: str, speaks: bool
    ) -> None:
        predicates(answer=lambda: verdict)
        result = Trial(tmp_path, rule(check={"python": "trial.answer"})).judge(document())
        assert result.tallies["T-1"] == {outcome: 1}
        assert [f.outcome for f in result.findings] == ([outcome] if speaks else [])

    def test_the_worst_answer_of_the_contexts_is_the_outcome(
        self, tmp_path: Path, predicates: Callable[..., None]
    ) -> None:
        order = ["passed", "review", "blocked", "failed"]
        predicates(answer=lambda code: Verdict(code))
        trial = Trial(tmp_path, rule(check={"python": "trial.answer", "with": {"code": "@c"}}, **{"for": "author"}))
        for worst, outcome in enumerate(order):
            contexts = "".join(f'<author c="{c}"/>' for c in order[: worst + 1])
            assert trial.outcome(document(contexts)) == outcome

    def test_a_predicate_that_raises_is_an_error_and_the_others_are_judged(
        self, tmp_path: Path, predicates: Callable[..., None]
    ) -> None:
        def bad(code: str) -> Verdict:
            raise KeyError("ZAXOVRETTE " + code)

        predicates(bad=bad)
        trial = Trial(
            tmp_path,
            rule("T-1", {"python": "trial.bad", "with": {"code": "code/@code"}}),
            rule("T-2", "title"),
        )
        result = trial.judge(document('<code code="A"/>'))
        assert result.tallies["T-1"] == {"error": 1}
        assert result.tallies["T-2"] == {"failed": 1}
        error = next(f for f in result.findings if f.rule == "T-1")
        assert error.outcome == "error"
        assert "KeyError" in error.message.fr
        assert "KeyError" in error.message.en
        assert "ZAXOVRETTE" not in error.message.fr + error.message.en, "an exception's text may be personal"

    def test_what_is_missing_makes_it_not_apply(self, tmp_path: Path, predicates: Callable[..., None]) -> None:
        predicates(takes=lambda one, two: failed())
        check = {"python": "trial.takes", "with": {"one": "@a", "two?": "@b"}}
        trial = Trial(tmp_path, rule(check=check, **{"for": "author"}))
        assert trial.outcome(document('<author b="1"/>')) == "not_applicable"
        assert trial.outcome(document('<author a="1"/>')) == "failed"

    def test_arguments_are_given_as_they_are_declared(self, tmp_path: Path, predicates: Callable[..., None]) -> None:
        seen: list[dict[str, Any]] = []
        predicates(takes=lambda **arguments: seen.append(arguments) or PASSED)
        check = {
            "python": "trial.takes",
            "with": {"first": "id/@root", "absent?": "code/@code", "all*": "id/@root", "counted": "count(id)"},
            "settings": {"nil": "nil", "place?": "environment"},
            "tables": {"labels": "J07"},
        }
        sets = [value_set("J07", {"1": {"A": "Un"}})]
        trial = Trial(tmp_path, rule(check=check), sets=sets)
        trial.judge(document('<id root="1"/><id root="2"/>'), settings={"nil": "CLV"})
        assert seen == [
            {
                "first": "1",
                "absent": "",
                "all": ("1", "2"),
                "counted": "2",
                "nil": "CLV",
                "place": "",
                "labels": {"A": {"1": "Un"}},
            }
        ]

    def test_values_of_the_verdict_and_arguments_fill_the_message(
        self, tmp_path: Path, predicates: Callable[..., None]
    ) -> None:
        predicates(takes=lambda code, roots: failed(expected="B"))
        check = {"python": "trial.takes", "with": {"code": "code/@code", "roots*": "id/@root"}}
        message = {"fr": "{code} au lieu de {expected} ({roots}, {shown})", "en": "{code}"}
        trial = Trial(tmp_path, rule(check=check, message=message, show={"shown": "string(title)"}))
        finding = trial.finding(document('<code code="A"/><id root="1"/><id root="2"/><title>T</title>'))
        assert finding.message.fr == "A au lieu de B (1, 2, T)"

    def test_personal_values_are_marked_and_others_are_not(
        self, tmp_path: Path, predicates: Callable[..., None]
    ) -> None:
        from dui_conformance.text import unmark

        predicates(takes=lambda code: failed(other=code))
        check = {"python": "trial.takes", "with": {"code": "code/@code"}}
        message = {"fr": "{code} {other}", "en": "{code}"}
        trial = Trial(tmp_path, rule(check=check, message=message, personal=["code"]))
        told = trial.finding(document('<code code="A"/>')).message.fr
        assert unmark(told, lambda value: f"[{value}]") == "[A] A"


class TestDefect:
    def test_silence_passes(self, tmp_path: Path) -> None:
        assert Trial(tmp_path, rule(check={"defect": "xml.bom"}), subject="any").outcome(document()) == "passed"

    def test_a_defect_is_told_with_its_place(self, tmp_path: Path) -> None:
        message = {"fr": "{opened} fermé par {closed}", "en": "{opened}"}
        trial = Trial(tmp_path, rule(check={"defect": ["xml.mismatch", "xml.bom"]}, message=message), subject="any")
        finding = trial.finding('<ClinicalDocument xmlns="urn:hl7-org:v3">\n <a><b></a>\n</ClinicalDocument>')
        assert finding.message.fr == "b fermé par a"
        assert finding.location.line == 2

    def test_what_cannot_be_read_blocks_the_rules_of_its_kind(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule("T-1"), rule("T-2", check="true()"))
        result = trial.judge('<ClinicalDocument xmlns="urn:hl7-org:v3"><a>')
        assert result.tallies == {"T-1": {"blocked": 1}, "T-2": {"blocked": 1}}
        assert result.subjects[0].kind == "cda"
        assert result.subjects[0].judged is False


class TestFindings:
    def test_fifty_places_are_listed_and_the_rest_counted(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(**{"for": "id"}))
        for count, listed, more in ((50, 50, 0), (51, 50, 1), (120, 50, 70)):
            found = trial.judge(document('<id root="1"/>' * count)).findings
            assert (len(found), found[-1].more) == (listed, more)
            assert [f.more for f in found[:-1]] == [0] * (listed - 1)

    def test_defects_are_capped_alike(self, tmp_path: Path) -> None:
        import io
        import zipfile

        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for number in range(60):
                archive.writestr(f"../{number}", b"x")
        trial = Trial(tmp_path, rule(check={"defect": "zip.path"}), subject="any")
        found = trial.judge(stream.getvalue(), name="a.zip").findings
        assert (len(found), found[-1].more) == (50, 10)

    def test_a_long_value_is_cut(self, tmp_path: Path) -> None:
        message = {"fr": "{t}", "en": "{t}"}
        trial = Trial(tmp_path, rule(message=message, show={"t": "string(title)"}))
        told = trial.finding(document(f"<title>{'x' * 5000}</title>")).message.fr
        assert told == "x" * 200 + "…"

    def test_the_excerpt_hides_values_and_shows_codes(self, tmp_path: Path) -> None:
        from dui_conformance.text import unmark

        trial = Trial(tmp_path, rule(**{"for": "id"}))
        finding = trial.finding(document('<id root="1.2" extension="238055313004220">x</id>'))
        assert unmark(finding.excerpt, lambda _: "*") == '<id root="1.2" extension="*">*</id>'

    def test_markup_in_a_value_cannot_forge_a_mark(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(message={"fr": "{t}", "en": "{t}"}, show={"t": "string(title)"}))
        told = trial.finding(document("<title>a\ue000b\ue001c\u202e</title>")).message.fr
        assert told == "abc "


class TestValidity:
    DATED = document('<effectiveTime value="{}"/>')

    @pytest.mark.parametrize(
        ("valid", "date", "outcome"),
        [
            ({"from": datetime.date(2021, 1, 1)}, "20201231235959+0100", "not_applicable"),
            ({"from": datetime.date(2021, 1, 1)}, "20210101000000+0100", "failed"),
            ({"to": datetime.date(2021, 1, 1)}, "20210101", "failed"),
            ({"to": datetime.date(2021, 1, 1)}, "20210102", "not_applicable"),
            ({"from": datetime.date(2021, 1, 1)}, "2020", "failed"),
            ({"from": datetime.date(2021, 1, 1)}, "hier", "failed"),
        ],
    )
    def test_a_rule_is_judged_at_the_date_of_the_document(
        self, tmp_path: Path, valid: dict[str, Any], date: str, outcome: str
    ) -> None:
        assert Trial(tmp_path, rule(valid=valid)).outcome(self.DATED.format(date)) == outcome


class TestGroups:
    """Rules that look at the same contexts are judged together, and each keeps its own answer."""

    def test_assertions_of_one_context_answer_each_for_itself(self, tmp_path: Path) -> None:
        checks = ("@a", "@b", "not(@a)", "@a or @b", "false()", "true()")
        rules = [rule(f"T-{n}", check, **{"for": "author"}) for n, check in enumerate(checks, 1)]
        result = Trial(tmp_path, *rules).judge(document('<author a="1"/><author b="1"/>'))
        told = {name: sorted(tally) for name, tally in result.tallies.items()}
        assert told == {
            "T-1": ["failed"], "T-2": ["failed"], "T-3": ["failed"], "T-4": ["passed"], "T-5": ["failed"],
            "T-6": ["passed"],
        }  # fmt: skip
        places = [(f.rule, f.location.path.rsplit("/", 1)[-1]) for f in result.findings]
        assert sorted(places) == [
            ("T-1", "author[2]"), ("T-2", "author[1]"), ("T-3", "author[1]"),
            ("T-5", "author[1]"), ("T-5", "author[2]"),
        ]  # fmt: skip

    def test_one_expression_that_cannot_be_evaluated_spoils_no_other(self, tmp_path: Path) -> None:
        bad = "matches(title, '(')"
        result = Trial(tmp_path, rule("T-1", "title"), rule("T-2", bad), rule("T-3", "code")).judge(
            document("<title>x</title>")
        )
        assert {name: dict(tally) for name, tally in result.tallies.items()} == {
            "T-1": {"passed": 1},
            "T-2": {"error": 1},
            "T-3": {"failed": 1},
        }
        assert {f.rule: f.outcome for f in result.findings} == {"T-2": "error", "T-3": "failed"}

    def test_a_context_that_cannot_be_selected_is_an_error_of_its_rules_alone(self, tmp_path: Path) -> None:
        bad = {"for": "author[matches(., '(')]"}
        result = Trial(tmp_path, rule("T-1", **bad), rule("T-2", "title")).judge(document("<author/><title/>"))
        assert result.tallies["T-1"] == {"error": 1}
        assert result.tallies["T-2"] == {"passed": 1}

    def test_conditions_and_dates_are_each_rule_s_own(self, tmp_path: Path) -> None:
        dated = document('<effectiveTime value="20200101"/><title/>')
        result = Trial(
            tmp_path,
            rule("T-1"),
            rule("T-2", when="title"),
            rule("T-3", when="code"),
            rule("T-4", valid={"from": datetime.date(2021, 1, 1)}),
            rule("T-5", valid={"to": datetime.date(2021, 1, 1)}),
        ).judge(dated)
        assert {name: next(iter(tally)) for name, tally in result.tallies.items()} == {
            "T-1": "failed", "T-2": "failed", "T-3": "not_applicable", "T-4": "not_applicable", "T-5": "failed",
        }  # fmt: skip

    def test_kinds_of_check_mix_in_one_context(self, tmp_path: Path, predicates: Callable[..., None]) -> None:
        predicates(no=lambda code: failed())
        sets = [value_set("J07", {"1": {"A": "a"}})]
        context = {"for": "code"}
        result = Trial(
            tmp_path,
            rule("T-1", "@code = 'A'", **context),
            rule("T-2", {"in_value_set": "J07"}, **context),
            rule("T-3", {"python": "trial.no", "with": {"code": "@code"}}, **context),
            sets=sets,
        ).judge(document('<code code="A" codeSystem="1"/>'))
        assert {name: next(iter(tally)) for name, tally in result.tallies.items()} == {
            "T-1": "passed", "T-2": "passed", "T-3": "failed",
        }  # fmt: skip


class TestSubjects:
    def test_a_rule_is_judged_on_its_kind_alone(self, tmp_path: Path) -> None:
        trial = Trial(tmp_path, rule(), subject="mail")
        assert trial.judge(document()).tallies == {}

    def test_what_no_rule_judges_is_listed(self, tmp_path: Path) -> None:
        result = Trial(tmp_path, rule()).judge(b'{"resourceType": "Patient"}', name="p.json")
        assert result.not_checked == {("kind", "fhir"): 1}
        assert result.subjects[0].judged is False

    def test_an_inventory_lists_what_is_not_known(self, tmp_path: Path) -> None:
        inventory = [{"what": "template", "for": "templateId", "value": "@root", "known": "INS"}]
        result = Trial(tmp_path, rule(check="true()"), inventory=inventory).judge(
            document(
                '<templateId root="1.2.250.1.213.1.4.8"/><templateId root="9"/><templateId root="9"/><templateId/>'
            )
        )
        assert result.not_checked == {("template", "9"): 2}

    def test_evidence_is_what_satisfies_its_condition(self, tmp_path: Path) -> None:
        from dui_conformance.engine.plan import Evidence
        from dui_conformance.rules.xpath import Expression

        trial = Trial(tmp_path, rule(check="true()"))
        constants = trial.catalogue.constants
        evidence = [
            Evidence("with_title", "cda", Expression("title", "cda", constants)),
            Evidence("with_code", "cda", Expression("code", "cda", constants)),
            Evidence("a_mail", "mail", Expression("true()", "mail", constants)),
        ]
        subject = trial.judge(document("<title>x</title>"), evidence=evidence).subjects[0]
        assert subject.evidence == ("with_title",)

    def test_subjects_inside_are_judged_and_say_where_they_lie(self, tmp_path: Path) -> None:
        import io
        import zipfile

        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a/one.xml", document())
            archive.writestr("two.xml", document())
        result = Trial(tmp_path, rule()).judge(stream.getvalue(), name="lot.zip")
        assert [(s.id, s.parent) for s in result.subjects] == [
            ("lot.zip", ""),
            ("lot.zip!/a/one.xml", "lot.zip"),
            ("lot.zip!/two.xml", "lot.zip"),
        ]
        assert [f.subject for f in result.findings] == ["lot.zip!/a/one.xml", "lot.zip!/two.xml"]
