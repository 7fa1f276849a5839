"""What was integrated against what was received."""

from dui_conformance.checks import integration


def test_a_property_is_kept_lost_altered_or_added() -> None:
    assert integration.kept("high 2, low 1", "high 2, low 1 ").answer == "passed"
    assert integration.kept("", "").answer == "not_applicable"
    assert integration.kept("", "low 1").values == {"declared": "—", "received": "low 1"}
    assert integration.kept("low 2", "low 1").answer == "failed"
    assert integration.kept("low 2", "").values == {"declared": "low 2", "received": "—"}


def test_a_uuid_may_change_case() -> None:
    assert integration.same_identifier("AADC9C14", "aadc9c14").answer == "passed"
    assert integration.same_identifier("AADC9C14", "aadc9c15").answer == "failed"


def test_words_are_kept_whatever_the_blanks() -> None:
    assert integration.words_kept("1 comprimé le matin", "1 comprimé\n le  matin").answer == "passed"
    assert integration.words_kept("1 comprimé le soir", "1 comprimé le matin").answer == "failed"
    assert integration.words_kept("", "1 comprimé").answer == "failed"
    assert integration.words_kept("", "").answer == "not_applicable"


def test_files_and_ranks() -> None:
    assert integration.files_differ(("a.xml", "b.xml")).answer == "passed"
    assert integration.files_differ(("a.xml", "a.xml")).values == {"file": "a.xml"}
    assert integration.ranks_differ(("1", "2")).answer == "passed"
    assert integration.ranks_differ(("1", "1")).answer == "failed"
    assert integration.ranks_differ(("un",)).answer == "failed"
    assert integration.ranks_differ(("",)).values == {"rank": "—"}


def test_traits() -> None:
    same = ("BERGERONNEAU", "1938-05-14", "F", "Bergeronneau", "1938-05-14", "F")
    other = ("BERGERONNEAU", "1938-05-14", "F", "BERGERONNEAU", "1938-05-15", "F")
    unknown = ("BERGERONNEAU", "1938-05-14", "", "", "1938-05-14", "M")
    assert integration.traits_agree(*same).answer == "passed"
    assert integration.traits_agree(*other).values["trait_fr"] == "date de naissance"
    assert integration.traits_agree(*unknown).answer == "passed"
    assert integration.refusal_is_due(*same).answer == "failed"
    assert integration.refusal_is_due(*other).answer == "passed"
