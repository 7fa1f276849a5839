"""What is looked for on printed pages: found whatever its spelling, missed when it is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.checks import printed
from dui_conformance.checks.verdict import Verdict

PAGE = (
    "Compte rendu de visite\nNom de naissance D'ARGENTRÉ\nPrénoms Jean-Baptiste Marie\nNé le 1er mars 1938 à Ajaccio\n"
    "Sexe : M\nMatricule INS (NIR) 1 38 03 2A 004 117 63\nDestinataires : Dr Œuvrard, Cabinet du La-\nvoir\n"
    "Vos données sont traitées par l'éta-\nblissement.",
)
NO_PICTURE, PICTURE = ("0",), ("35",)


def answers(verdict: Verdict) -> str:
    return verdict.answer


@pytest.mark.parametrize(
    "value", ["D'ARGENTRE", "d’argentré", "Jean Baptiste", "Oeuvrard", "Cabinet du Lavoir", "AJACCIO"]
)
def test_a_name_is_found_whatever_its_spelling(value: str) -> None:
    assert answers(printed.shows((value,), PAGE, NO_PICTURE, ("1",))) == "passed"


@pytest.mark.parametrize("value", ["DARGENT", "Lav", "Jeanne", "MARI"])
def test_a_piece_of_a_word_is_not_a_name(value: str) -> None:
    verdict = printed.shows((value,), PAGE, NO_PICTURE, ("1",))
    assert (verdict.answer, verdict.values["missing"]) == ("failed", value)


def test_what_a_large_picture_may_hold_is_for_a_person() -> None:
    assert answers(printed.shows(("AUTRE",), PAGE, PICTURE, ("1",))) == "review"
    assert answers(printed.shows(("AUTRE",), PAGE, ("9",), ("1",))) == "failed"


def test_where_the_document_is_not_known_a_person_says() -> None:
    assert answers(printed.shows(("AUTRE",), PAGE, NO_PICTURE, ("1", "2"))) == "review"


def test_one_of_several_documents_is_enough() -> None:
    assert answers(printed.shows_one(("Bilan annuel", "Compte rendu de visite"), PAGE, NO_PICTURE)) == "passed"
    assert answers(printed.shows_one(("Bilan annuel",), PAGE, NO_PICTURE)) == "failed"
    assert answers(printed.shows_one(("", " "), PAGE, NO_PICTURE)) == "not_applicable"


@pytest.mark.parametrize(
    "written",
    ["01/03/1938", "1-3-1938", "1938-03-01", "01.03.38", "01031938", "1er mars 1938", "1 Mars 1938", "01 MARS 1938"],
)
def test_a_day_is_found_in_each_of_its_forms(written: str) -> None:
    text = (f"Nom de naissance et date : {written} à Ajaccio",)
    assert answers(printed.shows_a_date(("19380301",), text, NO_PICTURE)) == "passed"
    assert answers(printed.shows_a_date(("19380302",), text, NO_PICTURE)) == "failed"


def trait(name: str, wanted: str, texts: tuple[str, ...] = PAGE, **more: tuple[str, ...]) -> str:
    given = {"names": ("D'ARGENTRE",), "symbols": (), "matricules": (), **more}
    return printed.shows_trait(name, (wanted,), texts=texts, pictured=NO_PICTURE, **given).answer


def test_the_sex_is_that_which_is_labelled() -> None:
    assert (trait("sex", "M"), trait("sex", "F"), trait("sex", "UN")) == ("passed", "failed", "not_applicable")
    titled = ("Madame Annick D'ARGENTRE, née le 29/02/1944",)
    assert (trait("sex", "M", titled), trait("sex", "F", titled)) == ("failed", "passed")


def test_a_matricule_is_found_in_groups() -> None:
    assert trait("matricule", "138032A00411763") == "passed"
    assert trait("matricule", "138032A00411764") == "failed"
    assert answers(printed.names_its_kind(("138032A00411763",), PAGE, NO_PICTURE)) == "passed"
    assert answers(printed.names_its_kind(("1",), ("Numéro de sécurité sociale : 1",), NO_PICTURE)) == "failed"


def test_traits_are_looked_for_beside_the_name() -> None:
    assert (trait("given", "Jean-Baptiste"), trait("given", "Jeanne")) == ("passed", "failed")
    assert (trait("birth", "19380301"), trait("birth", "19380302")) == ("passed", "failed")
    assert trait("given", "Jeanne", names=("QUILLEVERE",)) == "not_applicable"
    assert trait("given", "Jeanne", symbols=("2",), matricules=("1",)) == "not_applicable"
    assert trait("given", "Jeanne", symbols=("1",), matricules=("1",)) == "failed"


def test_pages_of_somebody_else_are_told_by_their_symbol_alone() -> None:
    def named(symbol: str) -> str:
        return printed.names_the_user(("QUILLEVERE",), PAGE, NO_PICTURE, (symbol,), ("2 44 02",)).answer

    assert (named("24402"), named("13803")) == ("failed", "not_applicable")


def test_the_notice_is_the_one_declared_and_at_the_foot() -> None:
    notice = "Vos données sont traitées par l'établissement."
    foot = ("Vos données sont traitées par l'éta-\nblissement.",)
    assert answers(printed.notice_is_printed(notice, PAGE, NO_PICTURE)) == "passed"
    assert answers(printed.notice_is_printed("Vos données sont à vous.", PAGE, NO_PICTURE)) == "failed"
    assert answers(printed.notice_is_at_the_foot(notice, foot, PAGE)) == "passed"
    assert answers(printed.notice_is_at_the_foot(notice, ("Page 1",), PAGE)) == "failed"
    assert answers(printed.notice_is_at_the_foot("Autre mention", foot, PAGE)) == "not_applicable"


def test_a_replacement_says_so() -> None:
    assert (
        answers(printed.replacement_is_told(("2.999",), ("[ANNULE ET REMPLACE] Compte rendu",), NO_PICTURE)) == "passed"
    )
    assert answers(printed.replacement_is_told(("2.999",), PAGE, NO_PICTURE)) == "failed"
    assert answers(printed.replacement_is_told((), PAGE, NO_PICTURE)) == "not_applicable"


def test_pages_without_text_are_for_a_person_and_for_one_rule_only() -> None:
    for texts in ((), ("",), ("\ue001\ue002\ue003 " * 9 + "page un de deux",)):
        assert answers(printed.is_readable(texts)) == "review"
        assert answers(printed.shows(("AUTRE",), texts, PICTURE, ("1",))) == "not_applicable"
        assert answers(printed.caption_is_there(texts)) == "not_applicable"
    assert answers(printed.is_readable(PAGE)) == "passed"


@given(st.text(max_size=80), st.text(max_size=300))
def test_what_is_printed_as_it_is_is_always_found(value: str, around: str) -> None:
    text = (f"{PAGE[0]} {around} {value} {around}",)
    assert answers(printed.shows((value,), text, NO_PICTURE, ("1",))) in ("passed", "not_applicable")
