"""Line, column and path: those of the tag itself, in every encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dui_conformance.subjects.model import Location
from dui_conformance.subjects.positions import locate, path_of
from tests.subjects.opening import QUICK, fixture, opened, within

DOCUMENT = '<ClinicalDocument xmlns="urn:hl7-org:v3">\n é<id/>\n  <!-- <title/> --><title a="é"\n/></ClinicalDocument>'


def declared(encoding: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>{DOCUMENT}'.encode(encoding)


def place(data: bytes, tag: str = "title") -> Location:
    subject = opened(data)
    assert subject.view is not None
    return locate(subject, next(subject.view.iter("{*}" + tag)))


@pytest.mark.parametrize(
    "data",
    [
        DOCUMENT.encode(),
        b"\xef\xbb\xbf" + DOCUMENT.encode(),
        DOCUMENT.encode("utf-16"),
        b"\xfe\xff" + DOCUMENT.encode("utf-16-be"),
        declared("UTF-8"),
        declared("UTF-16"),
        declared("ISO-8859-1"),
        declared("ISO-8859-15"),
        declared("windows-1252"),
        DOCUMENT.replace("\n", "\r\n").encode(),
        DOCUMENT.replace("\n", "\r").encode(),
    ],
)
def test_the_place_of_a_tag_is_where_it_begins(data: bytes) -> None:
    assert place(data) == Location(3, 20, "/ClinicalDocument/title")


def test_columns_count_characters() -> None:
    text = '<ClinicalDocument xmlns="urn:hl7-org:v3"><id extension="éé𝄞"/><title/></ClinicalDocument>'
    assert place(text.encode()).column == 63


def test_blanks_before_metadata_do_not_shift_places() -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(fixture("xdm/projet-personnalise/IHE_XDM.ZIP"))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in contents if name.endswith("METADATA.XML"))
    plain = contents[name].removeprefix(b"\xef\xbb\xbf").lstrip()
    places = []
    plain_body = plain.partition(b"?>")[2].lstrip() if plain.startswith(b"<?xml") else plain
    for before in (b"", b"\n\n", b"\r\n", b"   \n  ", b"   ", b"\xef\xbb\xbf\n "):
        contents[name] = before + plain_body
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for entry, content in contents.items():
                archive.writestr(entry, content)
        metadata = next(s for s in opened(out.getvalue()).walk() if s.kind == "xds")
        assert metadata.view is not None
        lines = contents[name].decode("utf-8-sig").split("\n")
        roots = ((metadata.view, "SubmitObjectsRequest"), (metadata.view[0], ""), (metadata.view[-1], ""))
        for element, tag in roots:
            found = locate(metadata, element)
            assert found.line is not None
            assert found.column is not None
            assert lines[found.line - 1][found.column - 1 :].startswith("<"), (before, found)
            assert tag in lines[found.line - 1][found.column - 1 :][:60]
            places.append(found.path)
    assert len(set(places)) == 3


def test_a_projection_is_followed_to_its_source() -> None:
    metadata = next(s for s in opened(fixture("xdm/projet-personnalise/IHE_XDM.ZIP")).walk() if s.kind == "xds")
    assert metadata.view is not None
    for element in metadata.view.iter():
        found = locate(metadata, element)
        assert found.line is not None
        assert found.path.startswith("/SubmitObjectsRequest")


def test_the_header_of_a_mail_has_its_line() -> None:
    subject = opened(fixture("mails/reponse.eml"))
    assert subject.view is not None
    lines = fixture("mails/reponse.eml").decode().split("\r\n")
    for header in subject.view.iterfind("header"):
        found = locate(subject, header)
        assert found.line is not None
        assert lines[found.line - 1].lower().startswith(header.get("name", "?") + ":")


def test_paths_number_the_brothers_that_share_a_name() -> None:
    body = b'<id/><code/><id root="1"/><!-- x -->'
    subject = opened(b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + body + b"</ClinicalDocument>")
    assert subject.view is not None
    second = subject.view[2]
    assert path_of(second, "root") == "/ClinicalDocument/id[2]/@root"
    assert path_of(subject.view[1]) == "/ClinicalDocument/code"
    assert locate(subject, None) == Location()


def test_a_crowded_document_is_located_in_time() -> None:
    head = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component>'
    subject = opened(head + b"<id/>" * 200_000 + b"</component><title/></ClinicalDocument>")
    assert subject.view is not None
    with within(5):
        for _ in range(20):
            assert locate(subject, subject.view[-1]).column == len(head) + 5 * 200_000 + len("</component>") + 1


@QUICK
@given(st.text("abéœ𝄞 \t\n<>&\"'", max_size=60), st.sampled_from(("utf-8", "utf-16", "utf-8-sig")))
def test_any_text_before_a_tag(text: str, codec: str) -> None:
    from xml.sax.saxutils import escape

    head = '<ClinicalDocument xmlns="urn:hl7-org:v3">' + escape(text)
    found = place((head + "<title/></ClinicalDocument>").encode(codec))
    lines = head.split("\n")
    assert (found.line, found.column) == (len(lines), len(lines[-1]) + 1)
