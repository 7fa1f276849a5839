"""What a walk over the objects of a PDF finds, wherever it hangs."""

from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from dui_conformance.subjects.intake import open_bytes
from dui_conformance.subjects.model import Budget
from dui_conformance.subjects.pdf_objects import FEATURES
from tests.places import READY
from tests.subjects.pdfs import helvetica, itself, made, shown

TEXT = shown("Bonjour")


def view(data: bytes) -> Any:
    found = open_bytes("document.pdf", data, Budget()).view
    assert found is not None
    return found


def features(data: bytes) -> set[str]:
    return {feature.get("is") for feature in view(data).iter("feature")}


def fonts(data: bytes) -> list[tuple[str, str, str]]:
    return [(font.get("name"), font.get("embedded"), font.get("used")) for font in view(data).iter("font")]


def test_the_fixtures_hold_nothing_of_it() -> None:
    for path in sorted((READY / "exports/pdf").glob("*.pdf")):
        assert features(path.read_bytes()) == set()
        assert {used[1:] for used in fonts(path.read_bytes())} == {("true", "true")}


def script(_document: pikepdf.Pdf) -> Any:
    return Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.beep(0)"))


def on_page(make: Callable[[pikepdf.Pdf], Any]) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, F=4, Rect=Array([0, 0, 9, 9]))
        link.A = Dictionary(S=Name.URI, URI=pikepdf.String("https://exemple.fr"), Next=Array([make(document)]))
        document.pages[0].Annots = document.make_indirect(Array([document.make_indirect(link)]))

    return change


def in_a_form(make: Callable[[pikepdf.Pdf], Any]) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        form = document.make_stream(b"/a gs")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
        form.Resources = Dictionary(ExtGState=Dictionary(a=make(document)))
        document.pages[0].Resources = Dictionary(XObject=Dictionary(F=document.make_indirect(form)))

    return change


def test_an_action_is_found_at_the_end_of_a_chain_in_an_array() -> None:
    assert features(made(change=on_page(script))) == {"javascript"}


def test_transparency_is_found_in_the_resources_of_a_form() -> None:
    assert features(made(change=in_a_form(lambda _d: Dictionary(ca=0.5)))) == {"transparency"}
    assert features(made(change=in_a_form(lambda _d: Dictionary(ca=1.0, BM=Name.Normal, SMask=Name("/None"))))) == set()


def test_a_script_in_the_names_of_the_document_is_found() -> None:
    def change(document: pikepdf.Pdf) -> None:
        document.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([pikepdf.String("a"), script(document)])))

    assert features(made(change=change)) == {"javascript"}


def test_every_feature_is_named_with_its_clause() -> None:
    assert all(clause.startswith("§6.") for clause in FEATURES.values())


def test_a_form_that_draws_itself_is_walked_once() -> None:
    found = view(made(b"/F Do", resources=itself))
    assert found.get("walked") == "true"


def test_a_font_is_used_where_text_is_shown_in_it() -> None:
    assert fonts(made(TEXT, resources=helvetica)) == [("Helvetica", "false", "true")]
    assert fonts(made(b"BT /F 12 Tf ET", resources=helvetica)) == [("Helvetica", "false", "false")]


def test_invisible_text_does_not_use_its_font() -> None:
    hidden = b"BT 3 Tr /F 12 Tf (Bonjour) Tj ET"
    assert fonts(made(hidden, resources=helvetica)) == [("Helvetica", "false", "false")]
    seen_again = b"q BT 3 Tr /F 12 Tf (Bon) Tj ET Q BT /F 12 Tf (jour) Tj ET"
    assert fonts(made(seen_again, resources=helvetica)) == [("Helvetica", "false", "true")]


def inherited(document: pikepdf.Pdf) -> None:
    del document.pages[0].obj["/Resources"]
    document.Root.Pages.Resources = helvetica(document)


def in_two_streams(document: pikepdf.Pdf) -> None:
    streams = [document.make_stream(part) for part in (b"BT /F 12 Tf", b"72 700 Td (Bonjour) Tj ET")]
    document.pages[0].obj.Contents = Array(streams)


@pytest.mark.parametrize("change", [inherited, in_two_streams])
def test_fonts_are_found_in_inherited_resources_and_arrays_of_contents(
    change: Callable[[pikepdf.Pdf], None],
) -> None:
    assert fonts(made(TEXT, resources=helvetica, change=change)) == [("Helvetica", "false", "true")]


def composite(*, embedded: bool) -> Callable[[pikepdf.Pdf], Any]:
    def resources(document: pikepdf.Pdf) -> Any:
        descriptor = Dictionary(Type=Name.FontDescriptor, FontName=Name("/ABCDEF+Sans"))
        if embedded:
            descriptor.FontFile2 = document.make_stream(b"font")
        descendant = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name("/ABCDEF+Sans"), FontDescriptor=descriptor
        )
        font = Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name("/ABCDEF+Sans"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([document.make_indirect(descendant)]),
        )
        return Dictionary(Font=Dictionary(F=document.make_indirect(font)))

    return resources


def test_a_composite_font_is_embedded_by_its_descendant() -> None:
    assert fonts(made(TEXT, resources=composite(embedded=True))) == [("ABCDEF+Sans", "true", "true")]
    assert fonts(made(TEXT, resources=composite(embedded=False))) == [("ABCDEF+Sans", "false", "true")]


def test_an_empty_font_program_is_no_font() -> None:
    def emptied(document: pikepdf.Pdf) -> None:
        descendant = document.pages[0].Resources.Font.F.DescendantFonts[0]
        descendant.FontDescriptor.FontFile2 = document.make_stream(b"")

    assert fonts(made(TEXT, resources=composite(embedded=True), change=emptied)) == [("ABCDEF+Sans", "false", "true")]


def test_too_many_objects_are_not_all_walked() -> None:
    def crowd(document: pikepdf.Pdf) -> None:
        document.Root.Crowd = Array([Dictionary() for _ in range(30_001)])

    assert view(made(change=crowd)).get("walked") == "false"
