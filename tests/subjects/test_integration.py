"""The door of integration reports: in a ZIP, in a folder, alone; lines paired; hostile bytes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.data import profiles_root
from dui_conformance.subjects import integration
from dui_conformance.subjects.intake import Skipped, open_unit, units
from dui_conformance.subjects.model import Budget, Element, Subject
from tests.subjects.opening import QUICK, codes, damaged, fixture, opened, within

RECEPTION = "prescriptions/recues.zip"
SCHEMA = json.loads((profiles_root() / "schemas" / "integration.schema.json").read_bytes())


def entries() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(fixture(RECEPTION))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def report_of(top: Subject) -> Subject:
    return next(subject for subject in top.walk() if subject.kind == "integration")


def view_of(top: Subject) -> Element:
    view = report_of(top).view
    assert view is not None
    return view


def rewritten(**changes: Any) -> bytes:
    """The ZIP of the ready editor with another report."""
    files = entries()
    report = json.loads(files["integration.json"]) | changes
    files["integration.json"] = json.dumps(report).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_in_a_zip_the_documents_received_belong_to_the_report() -> None:
    top = opened(fixture(RECEPTION), RECEPTION)
    report = report_of(top)
    assert report.id == f"{RECEPTION}!/integration.json"
    received = {child.id.removeprefix(f"{RECEPTION}!/"): child.kind for child in report.children}
    assert received["recues/ordonnance-2022.xml"] == "cda"
    assert received["recues/lot/IHE_XDM.ZIP"] == "xdm"
    assert codes(top) == []


def test_a_folder_is_one_unit(tmp_path: Path) -> None:
    folder = tmp_path / "recues"
    for name, data in entries().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / ".cache").write_bytes(b"x")
    found = list(units([tmp_path], tmp_path.parent))
    assert [unit.id.rpartition("/")[2] for unit in found] == ["recues", ".cache"]
    assert isinstance(found[1], Skipped)
    top = open_unit(found[0], Budget())  # type: ignore[arg-type]
    assert top.kind == "integration"
    assert top.id.endswith("/recues/integration.json")
    zipped = view_of(opened(fixture(RECEPTION)))
    paired = "documents/lines/received"
    assert len(view_of(top).findall(paired)) == len(zipped.findall(paired)) == 15
    assert not any("cache" in subject.id for subject in top.walk())


def test_a_folder_whose_integration_json_is_of_another_kind_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "integration.json").write_bytes(b'{"name": "CI"}')
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    assert [unit.id.rpartition("/")[2] for unit in units([tmp_path], tmp_path)] == ["a.xml", "integration.json"]


def test_a_folder_beyond_the_budget_is_refused(tmp_path: Path) -> None:
    for name, data in entries().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    unit = next(iter(units([tmp_path], tmp_path.parent)))
    for budget in (Budget(entries=3), Budget(file_size=1000)):
        assert codes(open_unit(unit, budget)) == ["input.budget"]  # type: ignore[arg-type]


def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "integration.json").write_bytes(entries()["integration.json"])
    (tmp_path / "lien.xml").symlink_to("/etc/hostname")
    unit = next(iter(units([tmp_path], tmp_path.parent)))
    assert codes(open_unit(unit, Budget())) == ["input.symlink"]  # type: ignore[arg-type]


def test_alone_the_report_has_no_document() -> None:
    view = view_of(opened(entries()["integration.json"], "integration.json"))
    assert view.find("documents/received") is None
    assert len(view.findall("documents")) == 8


def test_every_line_and_step_received_stands_beside_what_is_declared() -> None:
    view = view_of(opened(fixture(RECEPTION)))
    rich = view.findall("documents")[0]
    assert [line.find("received/kind").get("value") for line in rich.findall("lines")] == ["medicine"] * 7 + ["device"]  # type: ignore[union-attr]
    assert [len(line.findall("steps/received")) for line in rich.findall("lines")] == [0, 2, 2, 2, 2, 0, 0, 0]
    for element in rich.iter("lines", "steps"):
        received = element.find("received")
        assert received is not None
        for name in {child.tag for child in received} - {"steps"}:
            declared = element.find(str(name))
            assert declared is not None, name
            assert declared.get("is") == received.find(str(name)).get("is"), name  # type: ignore[union-attr]


def test_users_replacements_and_doubles_are_tied() -> None:
    documents = view_of(opened(fixture(RECEPTION))).findall("documents")
    assert [d.find("owner") is not None for d in documents] == [True] * 6 + [False, True]
    assert [d.find("replacedBy") is not None for d in documents] == [False, True] + [False] * 6
    assert [d.find("before") is not None for d in documents] == [False] * 5 + [True, False, False]


def test_a_document_for_another_person_replaces_nothing() -> None:
    files = entries()
    stranger = files["recues/autre-personne.xml"].decode()
    assert "relatedDocument" not in stranger
    parent = '<parentDocument><id root="2.999.611.53.3.1"/></parentDocument>'
    forged = stranger.replace(
        "<componentOf>", f'<relatedDocument typeCode="RPLC">{parent}</relatedDocument><componentOf>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, forged if name == "recues/autre-personne.xml" else data)
    old = view_of(opened(out.getvalue())).findall("documents")[3]
    assert old.find("document").get("value") == "2.999.611.53.3.1"  # type: ignore[union-attr]
    assert old.find("replacedBy") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"value": 4.0, "unit": "mg"}, {"unit": "mg", "value": "4"}),
        ({"low": "2026-06-02"}, {"low": "20260602"}),
        ({"low": "2026-06-02T09:30:00+02:00"}, {"low": "20260602073000+0000"}),
    ],
)
def test_one_value_has_one_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    document = {"file": "x", "outcome": "pending", "validity": one}
    again = {"file": "x", "outcome": "pending", "validity": other}
    views = [view_of(opened(rewritten(documents=[d]))) for d in (document, again)]
    first, second = (view.find("documents/validity") for view in views)
    assert first is not None
    assert second is not None
    assert first.get("is") == second.get("is")


@pytest.mark.parametrize("code", ["0700", "19991231", "1E3"])
def test_a_code_is_not_a_number_nor_a_date(code: str) -> None:
    product = {"file": "x", "lines": [{"rank": 1, "product": {"code": code}}]}
    found = view_of(opened(rewritten(documents=[product]))).find("documents/lines/product/code")
    assert found is not None
    assert found.get("is") == code


def test_what_is_ours_by_name_cannot_be_declared() -> None:
    forged = {"file": "x", "received": {"level": "3"}, "owner": {"id": "A"}, "lines": [{"received": {}, "rank": 1}]}
    view = view_of(opened(rewritten(documents=[forged])))
    assert view.find("documents/received") is None
    assert view.find("documents/owner") is None
    assert view.find("documents/lines/received") is None


@pytest.mark.parametrize(
    "content",
    [
        b'{"format": "dui-conformance/integration/1", ',
        b'["format", {"format": "dui-conformance/integration/1"}]',
        b'{"format": "dui-conformance/integration/1", "users": ' + b"[" * 100_000,
        b'{"format": "dui-conformance/integration/1", "users": [' + b"1," * 400_001 + b"1]}",
    ],
)
def test_a_report_that_cannot_be_read(content: bytes) -> None:
    assert codes(opened(content, "integration.json")) == ["integration.unreadable"]


def test_deep_and_wide_reports_cost_little() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": deep}
    wide = [{"file": f"{n}.xml", "outcome": "kept", "lines": [{"rank": n}]} for n in range(4_000)]
    with within(20):
        top = opened(rewritten(documents=wide, users=[deep]))
    assert len(view_of(top).findall("documents")) == 4_000


@QUICK
@given(damaged(RECEPTION))
def test_damage_never_raises(data: bytes) -> None:
    opened(data)


SCALARS = st.none() | st.booleans() | st.floats() | st.text()


@QUICK
@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_read(content: Any) -> None:
    documents = [content, {"file": content, "lines": content}]
    report = {"format": integration.FORMAT, "users": content, "documents": documents}
    opened(json.dumps(report).encode(), "integration.json")


def test_a_file_named_a_thousand_times_is_compared_twice() -> None:
    entry = {"file": "recues/ordonnance-2024.xml", "outcome": "integrated"}
    with within(20):
        view = view_of(opened(rewritten(documents=[entry] * 1_000)))
    assert len(view.findall("documents/lost")) == 16


class TestSchema:
    @pytest.mark.parametrize(
        "content",
        [entries()["integration.json"], (profiles_root() / "templates" / "integration.json").read_bytes()],
        ids=["ready", "template"],
    )
    def test_what_we_write_follows_it(self, content: bytes) -> None:
        jsonschema.validate(json.loads(content), SCHEMA, jsonschema.Draft202012Validator)

    def test_the_template_is_recognised(self) -> None:
        content = (profiles_root() / "templates" / "integration.json").read_bytes()
        assert opened(content).kind == "integration"

    def test_a_property_of_another_name_is_refused(self) -> None:
        report = json.loads(entries()["integration.json"])
        report["documents"][0]["lines"][0]["doses"] = {}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
