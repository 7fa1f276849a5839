"""The changes of mails (`rules.mutations`): headers, and parts counted as leaves."""

import base64
import email
import email.message
import email.policy
from collections.abc import Callable, Mapping
from typing import Any, cast


class MutationError(ValueError):
    """A change that changes nothing or cannot be made; the message says which and why."""


def inside(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the content of the part of a name. Raises MutationError."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if _decoded_name(part) == name:
            content = cast(bytes, part.get_payload(decode=True))
            part.set_payload(base64.encodebytes(change(content)).decode())
            return message.as_bytes()
    raise MutationError(f"no part {name}")


def changed(content: bytes, step: Mapping[str, Any]) -> bytes:
    """Make one change of a header or of a part. Raises MutationError."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    if "header" in step:
        name = step["header"]
        if name in message:
            message.replace_header(name, step["to"])
        else:
            message[name] = step["to"]
    elif "drop_header" in step:
        if step["drop_header"] not in message:
            raise MutationError(f"no header {step['drop_header']}")
        del message[step["drop_header"]]
    elif "drop_part" in step:
        leaf = _leaves(message)[int(step["drop_part"]) - 1]
        for part in message.walk():
            payload = part.get_payload()
            if isinstance(payload, list) and leaf in payload:
                payload.remove(leaf)
    elif "part_name" in step:
        leaf = _leaves(message)[int(step["part_name"]) - 1]
        for header in ("content-disposition", "content-type"):
            if header in leaf:
                parameter = "filename" if header == "content-disposition" else "name"
                if leaf.get_param(parameter, header=header) is not None:
                    leaf.set_param(parameter, step["to"], header=header, replace=True)
    else:
        leaf = _leaves(message)[int(step["part_header"]) - 1]
        del leaf[step["name"]]
        leaf[step["name"]] = step["to"]
    return message.as_bytes()


def _leaves(message: email.message.Message) -> list[email.message.Message]:
    return [part for part in message.walk() if not part.is_multipart() or part.get_content_maintype() == "message"]


def _decoded_name(part: email.message.Message) -> str:
    from email.header import decode_header, make_header

    name = part.get_filename()
    return str(make_header(decode_header(name))) if name else ""
