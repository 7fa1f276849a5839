"""Recorded exchanges become views: HTTP, forms, JSON, JWT, SOAP, MTOM; whatever the bytes, nothing is raised."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from dui_conformance.subjects import exchange, http, projections
from dui_conformance.subjects.exchange import EXCHANGE_FORMAT, project, session_view
from dui_conformance.subjects.model import Budget, Subject
from tests.places import READY
from tests.subjects.opening import QUICK, codes, fixture, opened, within

EXCHANGE = READY / "sessions" / "psc-connexion" / "exchanges" / "0003-psc-token"
FACTS = {"format": EXCHANGE_FORMAT, "service": "psc", "operation": "token", "dui": "client"}


def viewed(files: dict[str, bytes], **facts: Any) -> Subject:
    """The subject of an exchange whose files these are."""
    subject = Subject("0001", "0001", "exchange", b"")
    project(subject, {"exchange.json": json.dumps({**FACTS, **facts}).encode(), **files}, Budget())
    return subject


def said(subject: Subject, path: str) -> str:
    assert subject.view is not None
    return str(subject.view.xpath(f"string({path})"))


def request(body: bytes, kind: str, *headers: str) -> bytes:
    lines = ["POST /a/b?x=1&x=2&y=%C3%A9 HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *headers]
    return "\r\n".join(lines).encode() + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def token(header: object, claims: object, signature: str = "c2lnbmF0dXJl") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, signature))


class TestHttp:
    def test_a_request_of_a_form(self) -> None:
        subject = viewed(
            {"request.http": request(b"grant_type=code&code=a%2Bb", "application/x-www-form-urlencoded", "X-Dui: oui")}
        )
        assert said(subject, "request/@method") == "POST"
        assert said(subject, "request/@path") == "/a/b"
        assert said(subject, "request/query[2]") == "2"
        assert said(subject, "request/query[@name='y']") == "é"
        assert said(subject, "request/header[@name='x-dui']") == "oui"
        assert said(subject, "request/header[@name='x-dui']/@raw") == "X-Dui"
        assert said(subject, "request/form[@name='code']") == "a+b"
        assert said(subject, "request/body") == "grant_type=code&code=a%2Bb"

    def test_a_redirection_shows_what_it_carries(self) -> None:
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://localhost/retour?state=abc&code=d#x\r\n\r\n"
        subject = viewed({"response.http": answer})
        assert said(subject, "response/@status") == "302"
        assert said(subject, "response/query[@name='state']") == "abc"

    def test_chunks_are_put_together_and_100_continue_passed_over(self) -> None:
        data = (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b'Transfer-Encoding: chunked\r\n\r\n4;a=b\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
        )
        subject = viewed({"response.http": data})
        assert said(subject, "response/json/value/value[@name='a']") == "1"
        assert said(subject, "response/@damaged") == ""

    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (b"POST / HTTP/1.1\r\nHost: x", "http.cut"),
            (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "http.cut"),
            (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", "http.header"),
            (b"\x16\x03\x01 nothing\r\n\r\n", "http.start"),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "http.chunk"),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc", "http.chunk"),
        ],
    )
    def test_what_is_damaged_is_said(self, data: bytes, problem: str) -> None:
        assert said(viewed({"request.http": data}), "request/@damaged") == problem

    def test_parameters_of_a_header(self) -> None:
        kind, found = http.parameters('Multipart/Related; boundary="a;\\"b"; start=<x>; start="second"')
        assert (kind, found) == ("multipart/related", {"boundary": 'a;"b', "start": "<x>"})


class TestJson:
    def test_values_keep_their_names_and_types(self) -> None:
        content = {"a": [1, {"b": None}, True], "c": "é", "n": 1.50}
        parent = etree.Element("json")
        projections.put_json(parent, projections.json_of(json.dumps(content).encode()))
        top = parent[0]
        assert top.xpath("string(value[@name='a']/value[1])") == "1"
        assert top.xpath("string(value[@name='a']/value[2]/value[@name='b']/@type)") == "null"
        assert top.xpath("string(value[@name='a']/value[3])") == "true"
        assert top.xpath("string(value[@name='n'])") == "1.5"
        assert [value.get("name") for value in top] == ["a", "c", "n"]

    @pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000])
    def test_what_is_no_json_raises_value_error(self, data: bytes) -> None:
        with pytest.raises(ValueError, match=r"."):
            projections.json_of(data)

    def test_a_huge_value_is_cut_and_numbers_are_never_computed(self) -> None:
        parent = etree.Element("json")
        with within(5):
            projections.put_json(parent, projections.json_of(b"[" + b"9" * 200_000 + b"," + b"1," * 60_000 + b"1e999]"))
        assert len(parent[0][0].text or "") == 65_536
        assert len(list(parent.iter())) <= 20_001


class TestJwt:
    def test_a_token_is_opened_wherever_it_is(self) -> None:
        signed = token({"alg": "RS256"}, {"aud": ["dui", "autre"], "exp": 12})
        subject = viewed({"request.http": request(f"t={signed}".encode(), "application/x-www-form-urlencoded",
                                                  f"Authorization: Bearer {signed}")})  # fmt: skip
        for place in ("form[@name='t']", "header[@name='authorization']"):
            assert said(subject, f"request/{place}/jwt/@alg") == "RS256"
            assert said(subject, f"request/{place}/jwt/@signed") == "true"
            assert said(subject, f"request/{place}/jwt/claims/value[@name='aud']/value[2]") == "autre"
            assert said(subject, f"request/{place}/jwt/claims/value[@name='exp']") == "12"

    def test_a_token_without_a_signature_is_told(self) -> None:
        parent = etree.Element("p")
        projections.put_jwt(parent, token({"alg": "none"}, {}, ""))
        assert parent[0].get("signed") == "false"

    @pytest.mark.parametrize(
        "text",
        ["", "eyJ.eyJ.", "a.b.c", "ey" + "A" * 99_999, token([], {}), token({}, "texte"), "eyJhbGci.!!!!.x"],
    )
    def test_anything_else_is_left_alone(self, text: str) -> None:
        parent = etree.Element("p")
        projections.put_jwt(parent, text)
        assert len(parent) == 0


DOCUMENT = fixture("documents/dlu.xml")
ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action s:mustUnderstand="1">urn:x</a:Action>'
    "</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
PROVIDE = (
    '<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
    '<xdsb:Document id="Document01">{content}</xdsb:Document></xdsb:ProvideAndRegisterDocumentSetRequest>'
)
INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:{href}"/>'


def multipart(href: str, *, boundary: str = "limite") -> tuple[bytes, str]:
    """An MTOM package (XOP) with one document, and its Content-Type."""
    root = ENVELOPE.format(body=PROVIDE.format(content=INCLUDE.format(href=href))).encode()
    parts = [
        (b'Content-Type: application/xop+xml; type="application/soap+xml"\r\nContent-ID: <racine@dui>', root),
        (b"Content-Type: text/xml\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <doc%1@dui>", DOCUMENT),
    ]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
    kind = (
        f'multipart/related; type="application/xop+xml"; start="<racine@dui>"; boundary="{boundary}"; '
        'start-info="application/soap+xml"; action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"'
    )
    return body + f"--{boundary}--\r\n".encode(), kind


def packed(files: dict[str, bytes]) -> bytes:
    """An exchange as a ZIP, which intake takes for the same."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {"exchange.json": json.dumps(FACTS).encode(), **files}.items():
            archive.writestr(name, data)
    return out.getvalue()


class TestSoap:
    def test_an_envelope_is_shown_under_local_names(self) -> None:
        data = request(ENVELOPE.format(body="<x:A xmlns:x='urn:x' b='1'>t</x:A>").encode(), "application/soap+xml")
        subject = viewed({"request.http": data})
        assert said(subject, "request/envelope/Header/Action") == "urn:x"
        assert said(subject, "request/envelope/Header/Action/@mustUnderstand") == "1"
        assert said(subject, "request/envelope/Body/A[@ns='urn:x']/@b") == "1"

    def test_mtom_gives_the_document_that_the_envelope_includes(self) -> None:
        body, kind = multipart("doc%251@dui")
        subject = opened(packed({"request.http": request(body, kind)}), "0001.zip")
        assert subject.kind == "exchange"
        assert [(child.kind, child.data) for child in subject.children] == [("cda", DOCUMENT)]
        assert said(subject, "request/part[2]/@id") == "doc%1@dui"
        assert said(subject, "request/part[2]/@kind") == "cda"
        assert said(subject, "request/part[2]/@encoding") == "binary"
        assert said(subject, "//Document/@part") == "2"
        assert said(subject, "request/body/@startinfo") == "application/soap+xml"

    def test_an_include_that_leads_nowhere_is_said(self) -> None:
        body, kind = multipart("perdu@dui")
        subject = viewed({"request.http": request(body, kind)})
        assert said(subject, "//Document/@dangling") == "true"

    def test_a_document_in_base64(self) -> None:
        content = base64.b64encode(DOCUMENT).decode()
        body = ENVELOPE.format(body=PROVIDE.format(content=content)).encode()
        subject = opened(packed({"request.http": request(body, "application/soap+xml; charset=utf-8")}), "0001.zip")
        assert [(child.kind, child.data) for child in subject.children] == [("cda", DOCUMENT)]
        broken = ENVELOPE.format(body=PROVIDE.format(content="pas du base64 !")).encode()
        assert said(viewed({"request.http": request(broken, "text/xml")}), "//Document/@damaged") == "true"

    def test_a_hostile_envelope_is_said_to_be_one(self) -> None:
        bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
        subject = viewed({"request.http": request(bomb, "application/soap+xml")})
        assert "xml." in said(subject, "request/body/@damaged")

    def test_a_deep_envelope_does_not_matter(self) -> None:
        deep = ENVELOPE.format(body="<a>" * 150 + "</a>" * 150).encode()
        assert viewed({"request.http": request(deep, "application/soap+xml")}).view is not None


class TestFacts:
    @pytest.mark.parametrize(
        "data", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"format": "other"}', b"[" * 100_000, b'{"format": 1}']
    )
    def test_facts_that_cannot_be_read_are_a_defect(self, data: bytes) -> None:
        subject = Subject("0001", "0001", "exchange", b"")
        project(subject, {"exchange.json": data, "request.http": b"GET / HTTP/1.1\r\n\r\n"}, Budget())
        assert codes(subject) == ["exchange.facts"]
        assert said(subject, "@damaged") == "true"
        assert said(subject, "request/@method") == "GET"

    def test_values_of_another_type_are_left_out(self) -> None:
        subject = viewed({}, service=["x"], dui="nobody", tls=7, facts=[1], seconds={"a": 1}, fault=True)
        assert (said(subject, "@service"), said(subject, "@dui"), said(subject, "@fault")) == ("", "client", "true")
        assert said(subject, "count(tls)") == "0"

    def test_a_list_gives_several_facts(self) -> None:
        subject = viewed({}, facts={"after": ["wrong_state", "slow"], "ok": True, "odd": {"a": 1}})
        assert said(subject, "count(facts/fact[@name='after'])") == "2"
        assert said(subject, "facts/fact[@name='ok']") == "true"

    def test_a_certificate_that_is_none_is_damaged(self) -> None:
        subject = viewed({}, tls={"clientCertificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"})
        assert said(subject, "tls/certificate/@damaged") == "true"

    def test_the_side_of_the_dui_holds_the_documents(self) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + DOCUMENT
        for dui, kinds in (("client", []), ("server", ["cda"])):
            facts = json.dumps({**FACTS, "dui": dui}).encode()
            subject = opened(packed({"response.http": answer, "exchange.json": facts}), "0001.zip")
            assert [child.kind for child in subject.children] == kinds

    def test_a_transcript_and_its_messages(self) -> None:
        subject = viewed(
            {"transcript.txt": b"C: EHLO x\nS: 250 ok\nodd\nC: <message-2>\n", "message-2": b"b", "message-10": b"a"}
        )
        assert said(subject, "count(transcript/line)") == "3"
        assert said(subject, "transcript/line[@from='server']") == "250 ok"
        assert [m.get("n") for m in subject.view.iterfind("message")] == ["2", "10"]  # type: ignore[union-attr]


class TestSession:
    def test_what_was_seen_is_counted(self) -> None:
        wanted = {"service": "psc", "operation": "token", "times": 2, "exchanges": ["0001", "0002"]}
        view = session_view(
            {"scenario": "s", "complete": True, "steps": [{"id": "a", "reached": True, "expect": [wanted]}]}
        )
        assert view.get("complete") == "true"
        assert view.xpath("string(step/expect/@seen)") == "2"
        assert view.xpath("string(step/expect/exchange[2]/@id)") == "0002"

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["steps", "expect", "forbid", "exchanges", "confirm", "answer", "id", "services"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        )
    )
    @QUICK
    def test_any_content_has_a_view(self, content: Any) -> None:
        assert session_view(content if isinstance(content, dict) else {"steps": content}).tag == "session"


FILES = {path.name: path.read_bytes() for path in EXCHANGE.iterdir() if exchange.is_file_of_exchange(path.name)}
MTOM = request(*multipart("doc%251@dui"))


class TestHostile:
    @given(st.binary(max_size=300), st.sampled_from(sorted(FILES)))
    @QUICK
    def test_any_bytes(self, data: bytes, name: str) -> None:
        subject = opened(packed({**FILES, name: data}), "0001.zip")
        assert subject.kind == "exchange"
        assert subject.view is not None

    @given(st.data())
    @QUICK
    def test_damaged_files(self, data: st.DataObject) -> None:
        files = {**FILES, "request.http": data.draw(st.sampled_from([FILES["request.http"], MTOM]))}
        name = data.draw(st.sampled_from(sorted(files)))
        content = bytearray(files[name])
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 50))] = data.draw(st.binary(max_size=20))
        subject = opened(packed({**files, name: bytes(content)}), "0001.zip")
        assert subject.kind == "exchange"
        etree.tostring(subject.view)

    @given(st.text(max_size=200), st.text(max_size=40))
    @QUICK
    def test_any_header_and_boundary(self, value: str, boundary: str) -> None:
        http.parameters(value)
        http.parts_of(boundary.encode("utf-8", "replace") * 3, boundary, 10)

    def test_many_parts_and_fields_take_no_time(self) -> None:
        with within(10):
            parts = b"--b\r\n\r\n\r\n" * 200_000 + b"--b--"
            subject = viewed({"request.http": request(parts, "multipart/related; boundary=b")})
            assert int(float(said(subject, "count(request/part)"))) <= 200
            viewed({"request.http": request(b"a=b&" * 200_000, "application/x-www-form-urlencoded")})
            viewed({"transcript.txt": b"C: a\n" * 500_000})
            viewed({"response.http": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000 + b"\r\n"})
