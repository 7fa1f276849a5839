"""What a service gets wrong on purpose. A scenario names a fault for an operation; somebody here plays it.

Played by the server, before or instead of the service: those of `CONNECTION` when a connection opens (operation
`handshake`), those of `ANSWER` in place of the service's answer, `slow` before it. Any other name goes to the service,
which reads `exchange.fault` and says in its own `FAULTS` which it knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from dui_conformance.simulators.pki import VARIANTS

CONNECTION: Mapping[str, str] = {
    **{variant: "the server presents this certificate" for variant in VARIANTS if variant != "sound"},
    "old_tls": "the server speaks TLS 1.0 and 1.1 alone",
    "no_tls": "the server answers in clear",
    "refused": "the server closes as soon as it is called",
}
ANSWER: Mapping[str, str] = {
    "server_error": "500",
    "unavailable": "503 with Retry-After",
    "soap_fault": "a SOAP fault; values: code, subcode, text",
    "wrong_content": "200 with a page of HTML",
    "empty": "200 with no body",
    "garbage": "bytes that are no HTTP",
    "cut": "half of the service's answer, then the connection closes",
    "reset": "the connection is reset",
}
DELAY: Mapping[str, str] = {"slow": "the answer comes after `seconds` (10)"}
GENERAL: frozenset[str] = frozenset((*CONNECTION, *ANSWER, *DELAY))


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and its particulars (`seconds`, `code`…)."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        value = self.values.get("seconds", 10)
        return float(value) if isinstance(value, int | float) else 10.0


def soap_fault(
    text: str, *, code: str = "Receiver", subcode: str = "", relates_to: str = "", action: str = ""
) -> bytes:
    """A SOAP 1.2 fault (SOAP 1.2 part 1 §5.4), in French, as the DMP sends its refusals (dmp-mssante A.2).

    `code`: Sender or Receiver; `subcode`: the service's own code; `relates_to`, `action`: WS-Addressing headers.
    """
    inner = (
        f'<s:Subcode><s:Value xmlns:f="urn:dui-conformance:faute">f:{escape(subcode)}</s:Value></s:Subcode>'
        if subcode
        else ""
    )
    header = f"<a:Action>{escape(action)}</a:Action>" if action else ""
    header += f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
        f"<s:Header>{header}</s:Header><s:Body><s:Fault><s:Code><s:Value>s:{escape(code)}</s:Value>{inner}</s:Code>"
        f'<s:Reason><s:Text xml:lang="fr">{escape(text)}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
    ).encode()
