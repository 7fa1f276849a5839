"""A recorded exchange between a DUI and a service, and the session it belongs to.

On disk a session is a folder: `session.json`, and a folder for each exchange, `exchanges/0001-<service>-<operation>/`,
with `exchange.json` (facts), `request.http` and `response.http` (raw bytes of HTTP), `transcript.txt` (other
protocols: one line per command, `C: …` from the client, `S: …` from the server), `message-1`, `message-2`… (what such
a protocol carried: a mail, an HL7 v2 message) and `masked.txt` (for a reviewer; never read here). A ZIP of the folder
of an exchange is an exchange too.

View of an exchange (`exchange.json` is as hostile as the rest: what is not of the expected type is left out):

    <exchange service operation protocol dui fault step started seconds number damaged>
      <tls version cipher sni failed reason offered alpn>  offered: suites of the ClientHello, blank-separated names;
        <certificate …/></tls>                             versions in @offeredVersions; the client's certificate
      <request method target path version size damaged>    path: without the query
        <header name="lower-case" raw="As-Written">value</header>  <query name>value</query>  <form name>value</form>
        <body type size sha256>text, if it is text</body>  <json>…</json>  <envelope …/>
        <part n id type size sha256 subject kind/>         of a multipart body
      </request>
      <response status reason …same as request/>
      <transcript><line n from="client|server">…</line></transcript>  <message n subject kind/>
      <facts><fact name>value</fact></facts>               what the service noted; a list gives several of one name
    </exchange>

`dui` is `client` or `server`: the side the DUI is on. The documents of its side are subjects of their own
(`…!/request.http!/…`), judged by the rules of documents. A value that is a JWT holds `<jwt>`; see
`subjects.projections` for it, JSON, SOAP envelopes (`<envelope>`) and certificates.

View of a session: `<session scenario mode complete tool started ended>` with `<service name>`, `<step id reached>`,
holding `<expect service operation seen times>` with `<exchange id/>`, `<forbid service operation seen>` likewise, and
`<confirm answer>`; see `simulators.scenario` for what they mean.
"""

import hashlib
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from dui_conformance.subjects import http, projections, xml
from dui_conformance.subjects.model import Budget, Element, Subject
from dui_conformance.subjects.soap import Envelope, envelope_of
from dui_conformance.subjects.xml import xml_safe

EXCHANGE_FORMAT = "dui-conformance/exchange/1"
SESSION_FORMAT = "dui-conformance/session/1"
FACTS, REQUEST, RESPONSE, TRANSCRIPT, MASKED = (
    "exchange.json",
    "request.http",
    "response.http",
    "transcript.txt",
    "masked.txt",
)
_MESSAGE = re.compile(r"message-\d{1,4}")
_TEXT = 65_536
_FIELDS = 1_000
_LINES = 20_000
_PARTS = 200
_TEXTUAL = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded", "application/fhir+")


@dataclass(frozen=True, slots=True)
class Carried:
    """A document of the DUI's side: where it is in the view, its name, its bytes, and its envelope if it is SOAP."""

    element: Element
    name: str
    data: bytes


def is_exchange(names: "set[str]") -> bool:
    """Whether names of files make the folder of an exchange."""
    return FACTS in names and bool(names & {REQUEST, RESPONSE, TRANSCRIPT, MASKED})


def is_file_of_exchange(name: str) -> bool:
    """Whether a file of such a folder is read."""
    return name in (FACTS, REQUEST, RESPONSE, TRANSCRIPT) or _MESSAGE.fullmatch(name) is not None


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of an exchange: of the names and digests of its files."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def project(subject: Subject, files: Mapping[str, bytes], budget: Budget) -> tuple[list[Carried], list[Envelope]]:
    """Give an exchange its view; what the DUI's side carried, and the SOAP envelopes to look into."""
    view = etree.Element("exchange")
    subject.view = view
    try:
        facts = projections.json_of(files.get(FACTS, b""))
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or facts.get("format") != EXCHANGE_FORMAT:
        subject.add("exchange.facts")
        view.set("damaged", "true")
        facts = {}
    for name in ("service", "operation", "protocol", "dui", "fault", "step", "started", "seconds", "number"):
        view.set(name, _word(facts.get(name)))
    if view.get("dui") not in ("client", "server"):
        view.set("dui", "client")
    _tls(view, facts.get("tls"))
    carried: list[Carried] = []
    envelopes: list[Envelope] = []
    for file, tag in ((REQUEST, "request"), (RESPONSE, "response")):
        if file in files:
            own = (tag == "request") == (view.get("dui") == "client")
            found, envelope = _message(view, tag, files[file], budget)
            if own:
                carried += found
                envelopes += [envelope] if envelope is not None else []
    if TRANSCRIPT in files:
        _transcript(view, files[TRANSCRIPT])
    for name in sorted((n for n in files if _MESSAGE.fullmatch(n)), key=lambda n: int(n[8:])):
        element = etree.SubElement(view, "message", n=name[8:], size=str(len(files[name])))
        carried.append(Carried(element, name, files[name]))
    _facts(view, facts.get("facts"))
    return carried, envelopes


def session_view(content: Mapping[str, Any]) -> Element:
    """The view of a session.json."""
    view = etree.Element("session")
    for name in ("scenario", "mode", "tool", "started", "ended", "complete"):
        view.set(name, _word(content.get(name)))
    for service in _list(content.get("services")):
        etree.SubElement(view, "service", name=_word(service))
    for step in _list(content.get("steps")):
        if not isinstance(step, dict):
            continue
        element = etree.SubElement(view, "step", id=_word(step.get("id")), reached=_word(step.get("reached")))
        for tag in ("expect", "forbid"):
            for wanted in _list(step.get(tag)):
                if not isinstance(wanted, dict):
                    continue
                line = etree.SubElement(element, tag)
                for name in ("service", "operation", "times", "fault"):
                    line.set(name, _word(wanted.get(name)))
                exchanges = _list(wanted.get("exchanges"))
                line.set("seen", str(len(exchanges)))
                for exchange in exchanges:
                    etree.SubElement(line, "exchange", id=_word(exchange))
        if isinstance(step.get("confirm"), dict):
            etree.SubElement(element, "confirm", answer=_word(step["confirm"].get("answer")))
    return view


def is_session(content: object) -> bool:
    """Whether a JSON value is that of a session.json."""
    return isinstance(content, dict) and content.get("format") == SESSION_FORMAT


def _list(value: object) -> list[Any]:
    return value[:_FIELDS] if isinstance(value, list) else []


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return xml_safe(str(value)[:2000]) if isinstance(value, str | int | float) else ""


def _tls(view: Element, facts: object) -> None:
    if not isinstance(facts, dict):
        return
    tls = etree.SubElement(view, "tls")
    for name in ("version", "cipher", "sni", "failed", "reason", "alpn"):
        tls.set(name, _word(facts.get(name)))
    tls.set("offered", " ".join(_word(suite) for suite in _list(facts.get("offered"))))
    tls.set("offeredVersions", " ".join(_word(version) for version in _list(facts.get("offeredVersions"))))
    pem = facts.get("clientCertificate")
    if isinstance(pem, str) and pem:
        projections.put_certificate(tls, pem[:65536])


def _message(view: Element, tag: str, data: bytes, budget: Budget) -> tuple[list[Carried], Envelope | None]:
    message = http.parse(data)
    element = etree.SubElement(view, tag, size=str(len(data)))
    if message.problems:
        element.set("damaged", " ".join(message.problems))
    words = message.start.split(" ", 2)
    if tag == "request":
        target = words[1] if len(words) > 1 else ""
        path, _, query = target.partition("?")
        element.set("method", words[0][:40])
        element.set("target", target[:_TEXT])
        element.set("path", path[:_TEXT])
        element.set("version", words[2][:40] if len(words) > 2 else "")
        _fields(element, "query", query)
    else:
        element.set("version", words[0][:40])
        element.set("status", words[1][:10] if len(words) > 1 else "")
        element.set("reason", words[2][:200] if len(words) > 2 else "")
        target = next((value for name, value in message.headers if name.lower() == "location"), "")
        _fields(element, "query", target.partition("#")[0].partition("?")[2])
    for name, value in message.headers:
        header = etree.SubElement(element, "header", name=name.lower()[:200], raw=name[:200])
        header.text = value[:_TEXT]
        projections.put_jwt(header, value)
    return _body(element, message, tag, budget)


def _fields(element: Element, tag: str, query: str) -> None:
    try:
        pairs = urllib.parse.parse_qsl(query[: 1 << 20], keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return
    for name, value in pairs:
        field = etree.SubElement(element, tag, name=xml_safe(name[:200]))
        field.text = xml_safe(value[:_TEXT])
        projections.put_jwt(field, value)


def _body(element: Element, message: http.Message, tag: str, budget: Budget) -> tuple[list[Carried], Envelope | None]:
    """Describe a body; what it carries that may be a document, and its SOAP envelope."""
    body = message.body
    if not body:
        return [], None
    kind, parameters = http.parameters(message.header("content-type"))
    node = etree.SubElement(
        element, "body", type=kind[:200], size=str(len(body)), sha256=hashlib.sha256(body).hexdigest()
    )
    file = f"{tag}.http!/"
    if kind.startswith("multipart/"):
        return _multipart(element, body, kind, parameters, file, budget)
    if len(body) <= _TEXT and (kind.startswith(_TEXTUAL) or not kind):
        node.text = xml_safe(body.decode("utf-8", "replace"))
    if kind == "application/x-www-form-urlencoded":
        _fields(element, "form", body.decode("utf-8", "replace"))
        return [], None
    if kind.endswith("json"):
        try:
            content = projections.json_of(body)
        except ValueError:
            node.set("damaged", "true")
            return [], None
        if isinstance(content, dict) and isinstance(content.get("resourceType"), str):
            return [Carried(node, f"{file}body.json", body)], None
        projections.put_json(etree.SubElement(element, "json"), content)
        return [], None
    if kind.endswith("xml") or (not kind and xml.looks_like_xml(body)):
        envelope = _soap(element, node, body, file, budget)
        if envelope is not None or node.get("damaged"):
            return [], envelope
        return [Carried(node, f"{file}body.xml", body)], None
    return ([] if kind.startswith("text/") else [Carried(node, f"{file}body", body)]), None


def _soap(element: Element, node: Element, body: bytes, file: str, budget: Budget) -> Envelope | None:
    parsed = xml.parse(body, budget)
    if parsed.root is None:
        node.set("damaged", " ".join(defect.code for defect in parsed.defects))
        return None
    return envelope_of(element, parsed.root, file, {})


def _multipart(
    element: Element, body: bytes, kind: str, parameters: Mapping[str, str], file: str, budget: Budget
) -> tuple[list[Carried], Envelope | None]:
    """The parts of a body; for XOP (MTOM) those that the envelope includes go with it, the others stand alone."""
    carried: dict[str, Carried] = {}
    envelope: Envelope | None = None
    root_id = parameters.get("start", "").strip("<>")
    found = http.parts_of(body, parameters.get("boundary", ""), _PARTS)
    parts: dict[str, tuple[Element, bytes]] = {}
    root: tuple[Element, bytes] | None = None
    for number, (headers, content) in enumerate(found, 1):
        part_type, part_parameters = http.parameters(headers.get("content-type", ""))
        identifier = headers.get("content-id", "").strip("<>")
        part = etree.SubElement(
            element, "part", n=str(number), id=xml_safe(identifier[:500]), type=xml_safe(part_type[:200])
        )
        part.set("size", str(len(content)))
        part.set("sha256", hashlib.sha256(content).hexdigest())
        part.set("encoding", xml_safe(headers.get("content-transfer-encoding", "")[:40].lower()))
        part.set("subtype", xml_safe(part_parameters.get("type", "")[:200]))
        if part_parameters.get("action"):
            part.set("action", xml_safe(part_parameters["action"][:500]))
        parts[identifier] = (part, content)
        carried[identifier or str(number)] = Carried(part, f"{file}part-{number}", content)
        if root is None and (identifier == root_id if root_id else True):
            root = (part, content)
    for name in ("start", "type", "start-info", "action"):
        if parameters.get(name):
            element.find("body").set(name.replace("-", ""), xml_safe(parameters[name][:500]))  # type: ignore[union-attr]
    if root is not None and kind == "multipart/related":
        parsed = xml.parse(root[1], budget)
        if parsed.root is None:
            root[0].set("damaged", " ".join(defect.code for defect in parsed.defects))
        else:
            envelope = envelope_of(element, parsed.root, file, parts)
            if envelope is not None:
                own = {id(root[0]), *(id(part) for part, _ in envelope.documents.values())}
                return [c for c in carried.values() if id(c.element) not in own], envelope
    return list(carried.values()), None


def _transcript(view: Element, data: bytes) -> None:
    transcript = etree.SubElement(view, "transcript")
    sides = {"C": "client", "S": "server"}
    for number, line in enumerate(data[: 64 << 20].decode("utf-8", "replace").split("\n")[:_LINES], 1):
        side = sides.get(line[:1]) if line[1:3] == ": " else None
        if side is not None:
            element = etree.SubElement(transcript, "line", n=str(number))
            element.set("from", side)
            element.text = xml_safe(line[3:].rstrip("\r")[:8192])


def _facts(view: Element, facts: object) -> None:
    holder = etree.SubElement(view, "facts")
    if not isinstance(facts, dict):
        return
    for name, value in list(facts.items())[:_FIELDS]:
        for item in value[:_FIELDS] if isinstance(value, list) else [value]:
            if isinstance(item, str | int | float | bool):
                etree.SubElement(holder, "fact", name=xml_safe(str(name)[:200])).text = _word(item)
