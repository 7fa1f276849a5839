"""The personal values, and the secrets, that a recorded exchange holds.

What signs a request in (tokens, passwords, codes, cookies) is masked as names are: a report is passed on.
"""

import re
from collections.abc import Iterator

from dui_conformance.engine.personal_hl7v2 import line_values
from dui_conformance.engine.personal_words import dates
from dui_conformance.subjects.model import Element

# fields of forms, queries and JSON, facts, claims and attributes of SAML, in lower case
_PERSONS = frozenset(
    "given_name family_name name preferred_username email nickname login_hint subjectnameid nomdexercice "
    "prenomdexercice username user sub birthdate phone_number identifiant "
    "urn:oasis:names:tc:xspa:1.0:subject:subject-id urn:oasis:names:tc:xacml:2.0:resource:resource-id".split()
)
SECRETS = frozenset(
    "access_token refresh_token id_token id_token_hint code code_verifier client_secret client_assertion assertion "
    "subject_token actor_token token password auth_req_id state nonce session_state secret".split()
)
_SECRET_HEADERS = frozenset("authorization cookie set-cookie esante-api-key x-api-key proxy-authorization".split())
# elements of SOAP bodies (INSi, HL7 v3, VIHF) whose text or @value, @extension names somebody
_SOAP = frozenset(
    "nomnaissance nomutilise prenom listeprenom datenaissance lieunaissance numidentifiant numsecu family given "
    "nameid birthtime streetaddressline telecom idnat".split()
)
_PATIENT = re.compile(r"([0-9AB]{15})\^\^\^")
_CREDENTIAL = re.compile(r"\S{8,}")
_MAILBOX = re.compile(r"<([^<>@\s]{1,64})@[^<>\s]{1,255}>")


def exchange_values(view: Element) -> Iterator[str]:
    """Everything personal or secret that the view of an exchange holds."""
    for element in view.iter("value", "query", "form", "fact"):
        name = element.get("name", "").lower()
        if name in _PERSONS or (name in SECRETS and element.tag != "fact"):
            yield from _text(element)
    for header in view.iter("header"):
        if header.get("name") in _SECRET_HEADERS:
            yield from _CREDENTIAL.findall(header.text or "")
    for envelope in view.iter("envelope"):
        for element in envelope.iter():
            local = str(element.tag).lower()
            if local in _SOAP:
                yield (element.text or "").strip()
                for value in (element.get("value", ""), element.get("extension", "")):
                    yield value
                    yield from dates(value[:8])
            elif local == "attribute" and element.get("Name", "").lower() in _PERSONS:
                yield from (" ".join(map(str, child.itertext())).strip() for child in element)
            if element.text and "^^^" in element.text:
                yield from _PATIENT.findall(element.text)
    for line in view.iterfind("transcript/line"):
        text = line.text or ""
        if view.get("protocol") == "mllp":
            yield from line_values(text)
        yield from _MAILBOX.findall(text)
        if text[:5].upper().startswith("AUTH ") or "AUTHENTICATE " in text[:40].upper():
            yield from _CREDENTIAL.findall(text)


def _text(element: Element) -> Iterator[str]:
    text = (element.text or "").strip()
    if len(text) >= 2:
        yield text
    for item in element.iterfind("value"):
        yield from _text(item)
