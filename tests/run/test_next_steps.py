"""What to do next: corrections, then exports, then declarations, reviews and attestations, each with what it moves."""

import re
from typing import Any

from dui_conformance import runjson
from dui_conformance.readiness.rollup import RolledUp, Status
from dui_conformance.run.next_steps import readiness_of
from tests.readiness.test_rollup import MORE, requirement, tables


def row(
    name: str, status: Status, *, applicable: Any = "yes", evidence: Any = None, undeclared: Any = (), **more: Any
) -> RolledUp:
    asked = requirement(id=name, aliases=(), evidence=tuple(evidence or ()), **more)
    return RolledUp(asked, applicable, status, MORE, (), (), evidence or {}, (), tuple(undeclared))


def readiness(*rows: RolledUp, wave: int = 1) -> runjson.Readiness:
    return readiness_of(rows, tables(), wave)


def told(found: runjson.Readiness) -> list[tuple[str, list[str]]]:
    return [(step["kind"], step["requirements"]) for step in found["next"]]


def test_all_settled_is_ready() -> None:
    found = readiness(
        row("A", "proved"), row("B", "attested"), row("C", "waived"), row("D", "not_applicable", applicable="no")
    )
    assert (found["ready"], found["binding"], found["settled"], found["next"]) == (True, 3, 3, [])
    assert re.fullmatch(r"Prêt pour le dépôt : .*\b3\b.*\b3\b.*", found["sentence"]["fr"])
    assert found["counts"] == {"proved": 1, "attested": 1, "waived": 1}


def test_nothing_binding_is_not_ready() -> None:
    assert readiness()["ready"] is False
    assert readiness(row("A", "proved", obligation="recommended"))["ready"] is False


def test_one_open_requirement_is_not_ready() -> None:
    for status in ("failed", "missing", "to_attest", "review", "blocked", "not_covered"):
        found = readiness(row("A", "proved"), row("B", status))
        assert (found["ready"], found["blocking"]) == (False, ["B"]), status


def test_a_recommendation_does_not_block() -> None:
    assert readiness(row("A", "proved"), row("B", "failed", obligation="recommended"))["ready"] is True


def test_other_tables_do_not_count() -> None:
    assert readiness(row("A", "proved"), row("B", "failed", table="wave1-common"))["ready"] is True


def test_wave_2_cannot_be_said_ready() -> None:
    settled = readiness(row("A", "proved", table="wave2-dui"), wave=2)
    assert settled["ready"] is None
    assert "ne peut pas dire" in settled["sentence"]["fr"]
    assert readiness(row("A", "failed", table="wave2-dui"), wave=2)["ready"] is False


def test_corrections_first() -> None:
    found = readiness(row("A", "to_attest"), row("B", "failed"), row("C", "failed"), row("D", "review"))
    assert told(found) == [("fix", ["B", "C"]), ("review", ["D"]), ("attest", ["A"])]


def test_the_export_that_serves_most_comes_first() -> None:
    absent: dict[str, list[str]] = {"mail": []}
    found = readiness(
        row("A", "missing", evidence={"cda_ins": []}),
        row("B", "missing", evidence=absent),
        row("C", "missing", evidence={**absent, "cda_ins": ["there"]}),
    )
    assert told(found) == [("produce", ["B", "C"]), ("produce", ["A"])]
    assert found["next"][0]["what"] == {"fr": "fr produce mail", "en": "en produce mail"}


def test_what_is_there_and_could_not_be_judged_is_looked_at() -> None:
    assert told(readiness(row("A", "missing", evidence={"mail": ["there"]}))) == [("review", ["A"])]
    assert told(readiness(row("A", "blocked"))) == [("review", ["A"])]


def test_an_option_that_is_not_declared_is_asked_for() -> None:
    found = readiness(
        row("A", "to_attest", applicable="assumed", undeclared=("options.hosted", "scope.domains")),
        row("B", "to_attest", applicable="assumed", undeclared=("options.hosted",)),
    )
    declare = [(step["what"]["fr"], step["requirements"]) for step in found["next"] if step["kind"] == "declare"]
    assert declare == [
        ("Déclarer options.hosted dans dui.toml.", ["A", "B"]),
        ("Déclarer scope.domains dans dui.toml.", ["A"]),
    ]


def test_what_remains_is_what_is_to_be_attested() -> None:
    found = readiness(row("A", "to_attest", remains=MORE))
    assert found["next"][0]["what"] == {"fr": "fr a video", "en": "en a video"}


def test_every_blocking_requirement_is_moved_by_a_step() -> None:
    statuses: list[Status] = ["failed", "missing", "to_attest", "review", "blocked", "not_covered"]
    found = readiness(*(row(name, status) for name, status in zip("ABCDEF", statuses, strict=True)))
    assert {name for step in found["next"] for name in step["requirements"]} == set(found["blocking"])
