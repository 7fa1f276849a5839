"""The documents that a JSON resource carries in its attachments, for the mutations of rules."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The resource with its nth document (`document1`, as the door of FHIR names them) changed. Raises LookupError."""
    root = json.loads(data)
    number = name.removeprefix("document")
    attachments = list(_attachments(root))
    if not number.isdigit() or not 0 < int(number) <= len(attachments):
        raise LookupError(f"no document {name}")
    attachment = attachments[int(number) - 1]
    attachment["data"] = base64.b64encode(change(base64.b64decode(attachment["data"]))).decode()
    return json.dumps(root, ensure_ascii=False, indent=2).encode()


def _attachments(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("data"), str) and "contentType" in node:
            yield node
        for value in node.values():
            yield from _attachments(value)
    elif isinstance(node, list):
        for item in node:
            yield from _attachments(item)
