"""What referencing is worth: the arithmetic of the schemes, and the examples of the programme."""

import datetime
from typing import Any

import pytest

from dui_conformance.readiness.funding import Funding, Line, compute, schemes
from dui_conformance.readiness.manifest import Project

KNOWN = schemes()
NATIONAL = "cnsa-national-2022"


def project(essms: int, scheme: str = NATIONAL, *, equipped: bool = False, **amounts: float) -> Project:
    return Project(scheme, essms, equipped, amounts)


def lines(funding: Funding) -> dict[str, Line]:
    return {line.id: line for line in funding.lines}


class TestNationalCall2022:
    @pytest.mark.parametrize(("essms", "euros"), [(80, 93_000), (49, 0), (50, 3_000), (1, 0), (100, 153_000)])
    def test_what_referencing_adds(self, essms: int, euros: int) -> None:
        assert compute(project(essms), KNOWN, referenced=False).at_stake == euros

    def test_each_line_of_80_essms(self) -> None:
        found = lines(compute(project(80), KNOWN, referenced=False))
        assert {name: (line.essms, line.amount, line.state) for name, line in found.items()} == {
            "regional_first_49": (49, None, "granted"),
            "moa": (31, 62_000, "granted"),
            "editor": (31, 31_000, "granted"),
            "referencing_bonus": (31, 93_000, "at_stake"),
        }
        assert found["editor"].ceiling is True, "up to 1 000 €"
        assert found["referencing_bonus"].ceiling is False
        assert [part["share"] for part in found["moa"].payment] == [0.5, 0.5]

    def test_once_referenced_it_is_granted(self) -> None:
        funding = compute(project(80), KNOWN, referenced=True)
        assert funding.at_stake == 0
        assert lines(funding)["referencing_bonus"].state == "granted"
        assert lines(funding)["referencing_bonus"].amount == 93_000

    def test_already_equipped(self) -> None:
        funding = compute(project(80, equipped=True), KNOWN, referenced=False)
        found = lines(funding)
        assert set(found) == {"regional_first_49", "moa_already_equipped", "upgrade"}
        assert found["moa_already_equipped"].amount == 62_000
        assert (found["upgrade"].amount, found["upgrade"].state) == (None, "at_stake")
        assert found["upgrade"].unknown is not None
        assert funding.at_stake == 0
        assert funding.unknown_at_stake is True, "an amount nobody published is not nothing"

    def test_the_manifest_may_give_an_amount(self) -> None:
        funding = compute(project(80, equipped=True, upgrade=500), KNOWN, referenced=False)
        assert (funding.at_stake, funding.unknown_at_stake) == (40_000, False)
        assert lines(funding)["upgrade"].unknown is None
        assert (
            lines(compute(project(80, regional_first_49=2500), KNOWN, referenced=False))["regional_first_49"].amount
            == 122_500
        )

    def test_an_amount_of_nothing_is_known(self) -> None:
        funding = compute(project(80, equipped=True, upgrade=0), KNOWN, referenced=False)
        assert (funding.at_stake, funding.unknown_at_stake) == (0, False)

    @pytest.mark.parametrize(("essms", "eligible"), [(49, False), (50, True), (51, True)])
    def test_the_size_that_it_takes(self, essms: int, eligible: bool) -> None:
        funding = compute(project(essms), KNOWN, referenced=False)
        assert funding.eligible is eligible
        assert bool(funding.notes) is not eligible
        assert all("ars-regional-2022" in note.fr and "ars-regional-2022" in note.en for note in funding.notes)

    def test_below_the_first_49_nothing_is_counted_beyond(self) -> None:
        found = lines(compute(project(30), KNOWN, referenced=False))
        assert (found["regional_first_49"].essms, found["moa"].essms, found["moa"].amount) == (30, 0, 0)


class TestOtherSchemes:
    def test_above_the_regional_call(self) -> None:
        funding = compute(project(60, "ars-regional-2022"), KNOWN, referenced=False)
        assert funding.eligible is False
        assert "cnsa-national-2022" in funding.notes[0].fr

    def test_a_scheme_that_counts_at_most_thirty(self) -> None:
        funding = compute(project(45, "occitanie-2021"), KNOWN, referenced=False)
        counted = [line for line in funding.lines if line.essms]
        assert {line.essms for line in counted} == {30}
        assert any("30" in note.fr for note in funding.notes)
        assert not any(
            "30" in note.fr for note in compute(project(30, "occitanie-2021"), KNOWN, referenced=False).notes
        )

    def test_too_small_where_no_other_scheme_is_known(self) -> None:
        funding = compute(project(10, "esms-numerique-2024"), KNOWN, referenced=False)
        assert funding.eligible is False
        assert "?" not in funding.notes[0].fr
        assert "15" in funding.notes[0].fr

    def test_an_unknown_scheme(self) -> None:
        with pytest.raises(KeyError):
            compute(project(80, "nothing"), KNOWN, referenced=False)

    @pytest.mark.parametrize("scheme", sorted(KNOWN))
    @pytest.mark.parametrize("equipped", [False, True])
    def test_every_scheme_can_be_applied(self, scheme: str, equipped: bool) -> None:
        for essms in (1, 15, 49, 50, 51, 500):
            for referenced in (False, True):
                funding = compute(project(essms, scheme, equipped=equipped), KNOWN, referenced=referenced)
                assert funding.lines or "ne finance pas" in funding.notes[-1].fr, "nothing, and no word of it"
                for line in funding.lines:
                    assert 0 <= line.essms <= essms
                    assert (line.amount is None) == (line.per_essms is None and line.essms > 0)
                    assert (line.state == "excluded") == (not funding.eligible)
                    assert not (referenced and line.state == "at_stake")
                    assert line.per_essms is not None or line.unknown is not None, f"{line.id}: unknown, and not said"
        assert compute(project(80, scheme, equipped=equipped), KNOWN, referenced=True).at_stake == 0


class TestData:
    @pytest.mark.parametrize("scheme", sorted(KNOWN))
    def test_each_figure_has_its_source_and_date(self, scheme: str) -> None:
        data = KNOWN[scheme]
        for part in (*data["lines"], *data.get("conditions", ()), *data.get("facts", ())):
            source = part["source"]
            assert source["text"], part
            assert str(source["date"]), part
            if source.get("mark") == "M" or part.get("mark") == "M":
                assert part.get("per_essms") is None, "an amount from memory is a guess"

    @pytest.mark.parametrize("scheme", sorted(KNOWN))
    def test_each_text_is_in_both_languages(self, scheme: str) -> None:
        def texts(value: Any) -> Any:
            if isinstance(value, dict):
                if {"fr", "en"} & value.keys():
                    yield value
                for part in value.values():
                    yield from texts(part)
            elif isinstance(value, list):
                for part in value:
                    yield from texts(part)

        found = list(texts(KNOWN[scheme]))
        assert found
        assert all(text.get("fr") and text.get("en") for text in found)

    @pytest.mark.parametrize("scheme", sorted(KNOWN))
    def test_a_scheme_refers_to_schemes_that_exist(self, scheme: str) -> None:
        size = KNOWN[scheme].get("project_size") or {}
        assert {size.get("below"), size.get("above")} - {None} <= set(KNOWN)

    def test_the_file_is_named_after_its_scheme(self) -> None:
        from dui_conformance.data import profiles_root

        assert {path.stem for path in (profiles_root() / "funding").glob("*.yaml")} == set(KNOWN)

    def test_the_window_of_the_national_call(self) -> None:
        window = KNOWN[NATIONAL]["window"]
        assert (window["opens"], window["closes"]) == (datetime.date(2022, 5, 18), datetime.date(2022, 7, 18))
