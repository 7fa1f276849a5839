"""Prescriptions: amounts, spans of days, ranks, what the text and the code both say, the printed number."""

import base64

import pytest

from dui_conformance.checks import prescription, prescription_codes, prescription_copy

LONG = "9" * 40


class TestNumbers:
    @pytest.mark.parametrize(("text", "value"), [("1", "1"), ("0.5", "0.5"), ("-2", "-2"), ("2.50", "2.50")])
    def test_a_decimal_is_read(self, text: str, value: str) -> None:
        assert str(prescription.number(text)) == value

    @pytest.mark.parametrize("text", ["", "un", "1,5", "NaN", "Infinity", "1e9999", LONG])
    def test_what_is_no_amount_is_none(self, text: str) -> None:
        assert prescription.number(text) is None


class TestRenewals:
    def test_a_month_may_be_renewed_eleven_times(self) -> None:
        assert prescription.renewals_last("11", "20260101", "20260130", "", "").answer == "passed"

    def test_ninety_days_may_not_be_renewed_nine_times(self) -> None:
        verdict = prescription.renewals_last("9", "20260602", "20260830", "", "")
        assert verdict.answer == "failed"
        assert verdict.values == {"renewals": "9", "days": "90", "total": "900"}

    def test_a_width_counts_too(self) -> None:
        assert prescription.renewals_last("12", "20260101", "", "5", "wk").answer == "failed"
        assert prescription.renewals_last("6", "", "", "5", "wk").answer == "passed"

    @pytest.mark.parametrize(
        ("renewals", "low", "high", "width", "unit"),
        [
            ("0", "20260101", "20300101", "", ""),
            ("3", "20260101", "", "", ""),
            ("3", "20260101", "20250101", "", ""),
            ("x", "20260101", "20260110", "", ""),
            ("3", "99991231", "", "900000", "a"),
            ("3", "20260101", "", LONG, "d"),
        ],
    )
    def test_what_is_not_known_is_not_judged(self, renewals: str, low: str, high: str, width: str, unit: str) -> None:
        assert prescription.renewals_last(renewals, low, high, width, unit).answer == "not_applicable"


class TestSteps:
    def test_ranks(self) -> None:
        assert prescription.ranks_differ(("1", "2")).answer == "passed"
        assert prescription.ranks_differ(("1", "2", "1")).values == {"twice": "1"}
        assert prescription.ranks_follow(("2", "1", "3")).answer == "passed"
        assert prescription.ranks_follow(("1", "3")).answer == "failed"
        assert prescription.ranks_follow(("2",)).answer == "failed"
        assert prescription.ranks_follow(("1", "1")).answer == "not_applicable"
        assert prescription.ranks_follow(("un",)).answer == "failed"

    def test_both_ends_of_a_span_count(self) -> None:
        # from the 3rd for four days: 3, 4, 5, 6
        inside = prescription.step_is_within("20231203", "", "4", "d", "20231201", "20231206")
        beyond = prescription.step_is_within("20231203", "", "5", "d", "20231201", "20231206")
        assert inside.answer == "passed"
        assert beyond.answer == "failed"
        assert beyond.values["last"] == "20231207"

    def test_a_step_before_the_treatment(self) -> None:
        assert prescription.step_is_within("20231130", "20231202", "", "", "20231201", "").answer == "failed"

    def test_a_step_without_end_begins_in_the_treatment(self) -> None:
        assert prescription.step_is_within("20231206", "", "", "", "20231201", "20231206").answer == "passed"
        assert prescription.step_is_within("20231207", "", "", "", "20231201", "20231206").answer == "failed"

    def test_steps_follow_in_the_order_of_their_ranks(self) -> None:
        follow = prescription.steps_follow(("2", "1"), ("20260607", "20260602"), ("5", "5"), ("d", "d"))
        overlap = prescription.steps_follow(("1", "2"), ("20260602", "20260606"), ("5", "5"), ("d", "d"))
        assert follow.answer == "passed"
        assert overlap.answer == "failed"
        assert overlap.values == {"rank": "2", "low": "20260606", "last": "20260606"}

    def test_steps_that_cannot_be_placed(self) -> None:
        assert prescription.steps_follow(("1",), ("20260602",), (), ()).answer == "not_applicable"
        assert prescription.steps_follow(("1",), ("juin",), ("5",), ("d",)).answer == "not_applicable"
        assert prescription.steps_follow(("1",), ("99991230",), ("9",), ("d",)).answer == "not_applicable"

    def test_a_delayed_start_is_on_a_later_day(self) -> None:
        assert prescription.starts_later("20260602093000+0200", "20260603").answer == "passed"
        assert prescription.starts_later("20260602093000+0200", "20260602").answer == "failed"
        assert prescription.starts_later("2026", "20260602").answer == "not_applicable"


class TestAmounts:
    def test_order(self) -> None:
        assert prescription.amounts_are_ordered("1", "2", "mg", "mg").answer == "passed"
        assert prescription.amounts_are_ordered("2", "1", "mg", "mg").answer == "failed"
        assert prescription.amounts_are_ordered("2", "1", "mg", "g").answer == "not_applicable"
        assert prescription.amounts_are_ordered("deux", "1", "", "").answer == "not_applicable"

    def test_three_times_two_is_not_more_than_six(self) -> None:
        six = prescription.within_maximum("2", "{Tablet}", "8", "h", "6", "{Tablet}", "1", "d")
        five = prescription.within_maximum("2", "{Tablet}", "8", "h", "5", "{Tablet}", "1", "d")
        assert six.answer == "passed"
        assert five.answer == "failed"
        assert five.values["reached"] == "6"

    def test_a_rare_dose_counts_once(self) -> None:
        assert prescription.within_maximum("2", "mg", "1", "wk", "2", "mg", "1", "d").answer == "passed"

    def test_without_a_period_one_dose_is_compared(self) -> None:
        assert prescription.within_maximum("5", "mL", "", "", "4", "mL", "1", "d").answer == "failed"

    @pytest.mark.parametrize(
        "values",
        [
            ("2", "mg", "8", "h", "6", "mL", "1", "d"),
            ("2", "mg", "8", "h", "6", "mg", "1", "jour"),
            ("2", "mg", "8", "h", "6", "mg", "0", "d"),
            ("", "mg", "8", "h", "6", "mg", "1", "d"),
        ],
    )
    def test_what_cannot_be_compared(self, values: tuple[str, ...]) -> None:
        assert prescription.within_maximum(*values).answer == "not_applicable"


class TestTextAndCode:
    def test_identifiers(self) -> None:
        assert prescription.identifiers_differ(("A", "B"), ("1.2", "1.2"), ("x", "y")).answer == "passed"
        assert prescription.identifiers_differ(("a", "A"), (), ()).values == {"twice": "A"}
        assert prescription.identifiers_differ((), ("1.2", "1.2"), ("x", "x")).values == {"twice": "1.2 x"}

    def test_the_text_names_the_product(self) -> None:
        ids, texts = ("med-1",), ("Clairdolor 500 mg, matin et soir",)
        assert prescription.products_are_named(("#med-1",), ("CLAIRDOLOR 500 mg",), ids, texts).answer == "passed"
        assert prescription.products_are_named(("med-1",), ("Éfferal",), ids, texts).answer == "failed"
        assert prescription.products_are_named(("#absent",), ("Éfferal",), ids, texts).answer == "passed"

    @pytest.mark.parametrize(
        ("text", "value", "answer"),
        [
            ("Oui", "true", "passed"),
            ("Non", "true", "failed"),
            ("oui (bizone)", "false", "failed"),
            ("—", "true", "passed"),
            ("", "false", "passed"),
        ],
    )
    def test_yes_and_no(self, text: str, value: str, answer: str) -> None:
        assert prescription.answers_agree(("#a",), (value,), ("a",), (text,)).answer == answer

    def test_a_reason_is_more_than_no(self) -> None:
        assert prescription.reasons_are_read(("#s",), ("s",), ("Non (marge étroite)",)).answer == "passed"
        assert prescription.reasons_are_read(("s",), ("s",), (" Néant ",)).answer == "failed"
        assert prescription.reasons_are_read((), (), ()).answer == "not_applicable"

    def test_one_prescriber(self) -> None:
        assert prescription.one_person_one_identifier("8", "B", "A", ("8", "8")).answer == "passed"
        assert prescription.one_person_one_identifier("8", "B", "A", ("8", "9")).values["other"] == "9"
        assert prescription.one_person_one_identifier("8", "B", "", ("9",)).answer == "not_applicable"


class TestPrintedNumber:
    def test_in_clear(self) -> None:
        assert prescription.number_is_printed("01AB", ("Ordonnance n° 01 AB",)).answer == "passed"
        assert prescription.number_is_printed("01AB", ("Ordonnance",)).answer == "failed"
        assert prescription.number_is_printed("01AB", ("", " ")).answer == "review"
        assert prescription.number_is_printed("01AB", ()).answer == "not_applicable"

    def test_in_a_code_and_alone(self) -> None:
        assert prescription.code_holds_number("01AB", ("p",), ("autre", "01AB")).answer == "passed"
        assert prescription.code_holds_number("01AB", ("p",), ("https://x/?n=01AB",)).answer == "failed"
        assert prescription.code_holds_number("01AB", ("p",), ()).answer == "failed"
        assert prescription.code_holds_number("01AB", (), ()).answer == "not_applicable"

    def test_in_a_picture(self) -> None:
        assert prescription.picture_holds_number("01AB", ("01AB",)).answer == "passed"
        assert prescription.picture_holds_number("01AB", ("Hello",)).answer == "failed"
        assert prescription.picture_holds_number("01AB", ()).answer == "review"


class TestCodes:
    @pytest.mark.parametrize(
        ("system", "code"),
        [
            ("1.2.250.1.213.2.3.1", "63107752"),
            ("1.2.250.1.213.2.3.2", "3400933516390"),
            ("1.2.250.1.213.2.3.2", "3351639"),
            ("1.2.250.1.213.2.59", "MV00002306"),
            ("2.16.840.1.113883.6.73", "N02BE01"),
            ("2.16.840.1.113883.6.73", "N02"),
            ("1.2.250.1.215.200.2.1", "1215702"),
            ("1.2.250.1.213.2.68", "V0806"),
        ],
    )
    def test_codes_of_the_official_examples(self, system: str, code: str) -> None:
        assert prescription_codes.product_code_is_formed(system, code).answer == "passed"

    @pytest.mark.parametrize(
        ("system", "code"),
        [
            ("1.2.250.1.213.2.3.1", "6310775"),
            ("1.2.250.1.213.2.3.2", "3400933516391"),
            ("1.2.250.1.213.2.59", "00002306"),
            ("2.16.840.1.113883.6.73", "N2BE01"),
            ("1.2.250.1.215.200.2.1", "121570"),
            ("1.2.250.1.213.2.68", "V080"),
            ("1.2.250.1.213.2.3.2", "³400933516390"),
        ],
    )
    def test_codes_out_of_shape(self, system: str, code: str) -> None:
        assert prescription_codes.product_code_is_formed(system, code).answer == "failed"

    def test_other_systems_are_not_judged(self) -> None:
        assert prescription_codes.product_code_is_formed("1.2.3", "x").answer == "not_applicable"

    @pytest.mark.parametrize(
        ("unit", "answer"), [("mg/d", "passed"), ("mL/h", "passed"), ("mg", "failed"), ("/d", "failed")]
    )
    def test_rates(self, unit: str, answer: str) -> None:
        assert prescription_codes.unit_is_rate(unit).answer == answer


class TestFiles:
    def test_a_picture(self) -> None:
        png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
        assert prescription_copy.picture_is_of_its_type("image/png", png).answer == "passed"
        assert prescription_copy.picture_is_of_its_type("image/jpeg", png).values["found"] == "image/png"
        assert prescription_copy.picture_is_of_its_type("image/png", "%%%").answer == "not_applicable"

    def test_a_copy(self) -> None:
        assert prescription_copy.is_pdf(base64.b64encode(b"%PDF-1.4\n1 0 obj").decode()).answer == "passed"
        assert prescription_copy.is_pdf(base64.b64encode(b"Prescription").decode()).answer == "failed"
        assert prescription_copy.is_pdf("data:application/pdf;base64,JVBERi0xLjQK").answer == "failed"
        assert prescription_copy.is_pdf("").answer == "failed"
