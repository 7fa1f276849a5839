"""Projections of what messages carry, so that XPath rules read them: JSON, JWT, SOAP, certificates.

* JSON: `<value name type>text</value>`, nested for objects and arrays (type: string, number, boolean, null, object,
  array; an item of an array has no name).
* JWT (RFC 7519): `<jwt alg signed>` holding `<header><value …/></header>` and `<claims><value …/></claims>`; the
  signature is not verified here, `signed` says whether there is one.
* XML: local names, attributes by their local names; `@ns` on each element whose namespace is not its parent's.
* X.509: `<certificate subject issuer serial notBefore notAfter sha256 cn ou o>`, dates as UTC `YYYY-MM-DDTHH:MM:SSZ`.
"""

import base64
import binascii
import json
import re
from typing import Any

from lxml import etree

from dui_conformance.subjects.model import Element
from dui_conformance.subjects.xml import xml_safe

_VALUES = 20_000  # of one JSON projection
_ELEMENTS = 200_000  # of one XML projection
_DEPTH = 60
_TEXT = 65_536  # characters of one value that a view keeps
_JWT = re.compile(r"[A-Za-z0-9_-]{4,16384}\.[A-Za-z0-9_-]{2,65536}\.[A-Za-z0-9_-]{0,8192}")


def json_of(data: bytes) -> Any:
    """The content of JSON bytes. Raises ValueError."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def put_json(parent: Element, content: object, name: str = "") -> None:
    """Append the projection of a JSON value; what lies beyond the limits is left out."""
    left = _VALUES
    stack: list[tuple[Element, object, str, int]] = [(parent, content, name, 0)]
    while stack and left > 0:
        left -= 1
        above, value, called, depth = stack.pop()
        element = etree.SubElement(above, "value")
        if called:
            element.set("name", xml_safe(called[:200]))
        if isinstance(value, dict | list):
            element.set("type", "object" if isinstance(value, dict) else "array")
            if depth < _DEPTH:
                items = value.items() if isinstance(value, dict) else (("", item) for item in value[:_VALUES])
                stack += reversed([(element, item, str(key), depth + 1) for key, item in items])
            continue
        if isinstance(value, bool) or value is None:
            element.set("type", "null" if value is None else "boolean")
            element.text = "" if value is None else str(value).lower()
        else:
            element.set("type", "string")
            element.text = xml_safe(str(value)[:_TEXT])
            put_jwt(element, str(value))


def put_jwt(parent: Element, text: str) -> None:
    """Append what a JWT says, if the text is one (`Bearer` before it is passed over)."""
    token = text.removeprefix("Bearer ").strip()
    if not token.startswith("ey") or _JWT.fullmatch(token) is None:
        return
    head, body, signature = token.split(".")
    try:
        header, claims = (json_of(_base64url(part)) for part in (head, body))
    except ValueError:
        return
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return
    jwt = etree.SubElement(parent, "jwt", signed="true" if signature else "false")
    jwt.set("alg", xml_safe(str(header.get("alg", ""))[:40]))
    for name, content in (("header", header), ("claims", claims)):
        element = etree.SubElement(jwt, name)
        for key, value in list(content.items())[:500]:
            put_json(element, value if not isinstance(value, str) else value[:_TEXT], str(key))


def _base64url(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def put_xml(parent: Element, root: Element, tag: str = "") -> dict[Element, Element]:
    """Append an XML tree under local names; gives source element → projected element."""
    known: dict[Element, Element] = {}
    stack: list[tuple[Element, Element, str, int]] = [(parent, root, "", 0)]
    while stack and len(known) < _ELEMENTS:
        above, node, namespace, depth = stack.pop()
        name = etree.QName(node)
        element = etree.SubElement(above, tag if node is root and tag else name.localname)
        known[node] = element
        if (name.namespace or "") != namespace:
            element.set("ns", name.namespace or "")
        for key, value in node.attrib.items():
            local = etree.QName(key).localname
            if local not in element.attrib:
                element.set(local, xml_safe(str(value)[:_TEXT]))
        element.text = (node.text or "")[:_TEXT]
        if depth < _DEPTH:
            children = [child for child in node if isinstance(child.tag, str)]
            stack += [(element, child, name.namespace or "", depth + 1) for child in reversed(children)]
    return known


def put_certificate(parent: Element, pem: str) -> None:
    """Append what a PEM certificate says; `<certificate damaged="true"/>` if it cannot be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    element = etree.SubElement(parent, "certificate")
    try:
        found = x509.load_pem_x509_certificate(pem.encode("ascii", "replace"))
        for name, oid in (
            ("cn", NameOID.COMMON_NAME),
            ("ou", NameOID.ORGANIZATIONAL_UNIT_NAME),
            ("o", NameOID.ORGANIZATION_NAME),
        ):
            values = found.subject.get_attributes_for_oid(oid)
            if values:
                element.set(name, xml_safe(str(values[0].value)))
        element.set("subject", xml_safe(found.subject.rfc4514_string()))
        element.set("issuer", xml_safe(found.issuer.rfc4514_string()))
        element.set("serial", f"{found.serial_number:x}")
        element.set("notBefore", found.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"))
        element.set("notAfter", found.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"))
        element.set("sha256", found.fingerprint(hashes.SHA256()).hex())
    except Exception:  # cryptography raises many kinds for hostile certificates
        element.set("damaged", "true")
