"""The counter-examples of rules (`breaks`): small changes that turn a good export into one that breaks a rule.

`in` is the id of a subject below `fixtures/ready/exports`, containers included:
`xdm/projet/IHE_XDM.ZIP!/IHE_XDM/SUBSET01/METADATA.XML`, `fhir/lot.json!/document1`. The change is made there and
every container around it is put together again; when a document of an XDM archive changes, its hash and size in
METADATA.XML follow unless `rehash: false`. `settings: {NAME: VALUE}` judges the break under other settings than
those of the ready manifest (null: not declared), `budget: {NAME: NUMBER}` under another budget. `input: NAME` stands
for no change of bytes but for a trouble of the disk, see `tests/rules/inputs.py`. A break makes one change, or several
under `steps`:

* XML (paths in the dialect of the rules, from the ClinicalDocument for a CDA, from the root otherwise, where an
  unprefixed name is `rim:` in metadata): `{set: PATH, to: TEXT}` an attribute (made if absent, when the path ends in
  `/@name`) or an element's text; `{delete: PATH}`; `{duplicate: PATH}`; `{rename: PATH, to: NAME}`;
  `{insert: XML, into|before|after: PATH}`; `{nodes: PATH, …}` is not needed: every node selected is changed, or the
  one that `nth` names (from 1).
* bytes: `{replace: TEXT, to: TEXT}` (every occurrence, must occur), `{truncate: N}` (keep N bytes; negative: drop
  from the end), `{prepend: TEXT}`, `{append: TEXT}`, `{content: TEXT}`, `{encode: CODEC}` (from UTF-8),
  `{pad: N}` (append N line feeds), `{base64: TEXT}`: whole new bytes given in base64, `{make: NAME}`: whole new
  bytes made by `rules.hostile`.
* ZIP: `{zip: rename, entry: NAME, to: NAME}`, `{zip: remove, entry: NAME}`, `{zip: add, entry: NAME, text: TEXT}`,
  `{zip: duplicate, entry: NAME}`, `{zip: encrypt, entry: NAME}` (sets the flag).
* JSON: `{json: PATH, to: VALUE}` sets what a dotted path leads to (`entry.0.resource.status`; a rank one beyond the
  last adds an item), `{json: PATH, delete: true}` removes it.
* PDF: `{pdf: PATH, to: OBJECT}`, `{symbol: MESSAGE}`, `{erase: TEXT}`, `{blank: true}`, see `rules.pdf_mutations`.
* recorded exchanges: `in: ../sessions/psc/exchanges/0002-psc-authorize!/request.http` goes into the folder of an
  exchange as into an archive (`packed`); with `replace` or `json` there. The Content-Length of a changed
  `*.http` follows, unless `rehash: false`.
* mail: `{header: NAME, to: VALUE}` (set or add), `{drop_header: NAME}`, `{drop_part: N}`, `{part_name: N, to: NAME}`,
  `{part_header: N, name: NAME, to: VALUE}`; N counts leaf parts from 1.
"""

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from lxml import etree

from dui_conformance.rules import carried, mutations_mail
from dui_conformance.rules.hostile import MAKERS
from dui_conformance.rules.mutations_mail import MutationError
from dui_conformance.rules.pdf_mutations import pdf_step
from dui_conformance.rules.xpath import NAMESPACES, Constants, compiled, rewrite

__all__ = ("MutationError", "mutated", "packed")

Change = Mapping[str, Any]
_LCM_ROOT = f"{{{NAMESPACES['lcm']}}}SubmitObjectsRequest"
_HL7 = NAMESPACES["h"]


def mutated(read: Callable[[str], bytes], change: Change, constants: Constants) -> tuple[str, bytes]:
    """The name and the new bytes of the top file that holds what `change["in"]` names.

    `read` gives the bytes of a top file by its path. Raises MutationError.
    """
    top, *inner = str(change["in"]).split("!/")
    steps = change.get("steps") or [change]
    data = read(top)

    def apply(content: bytes) -> bytes:
        for step in steps:
            after = _applied(content, step, constants)
            if after == content:
                raise MutationError(f"{step} changes nothing in {change['in']}")
            content = after
        return content

    return top, _within(data, inner, apply, rehash=change.get("rehash", True))


def _within(data: bytes, inner: list[str], apply: Callable[[bytes], bytes], *, rehash: bool) -> bytes:
    """Apply a change at the end of a path of containers, and put these together again."""
    if not inner:
        return apply(data)
    name, rest = inner[0], inner[1:]
    if data[:2] == b"PK":
        return _in_zip(data, name, lambda content: _within(content, rest, apply, rehash=rehash), rehash=rehash)
    if data[:3] == b"MSH":
        return _in_hl7v2(data, name, lambda content: _within(content, rest, apply, rehash=rehash))
    if name == "nonXMLBody":
        return _in_body(data, lambda content: _within(content, rest, apply, rehash=rehash))
    if data[:1] == b"{":
        return carried.changed(data, name, lambda content: _within(content, rest, apply, rehash=rehash))
    return mutations_mail.inside(data, name, lambda content: _within(content, rest, apply, rehash=rehash))


def _in_zip(data: bytes, name: str, change: Callable[[bytes], bytes], *, rehash: bool) -> bytes:
    contents = _entries(data)
    if name not in dict(contents):
        raise MutationError(f"no entry {name}")
    old = dict(contents)[name]
    new = change(old)
    folder = name.rpartition("/")[0]
    out = []
    for entry, content in contents:
        if entry == name:
            content = _with_length(new) if rehash and entry.endswith(".http") else new
        elif rehash and entry == f"{folder}/METADATA.XML":
            content = _rehashed(content, old, new)
        out.append((entry, content))
    return _zipped(out)


def packed(folder: Path) -> bytes:
    """The folder of a recorded exchange as the ZIP that intake takes for the same."""
    return _zipped([(file.name, file.read_bytes()) for file in sorted(folder.iterdir()) if file.is_file()])


def _with_length(message: bytes) -> bytes:
    """An HTTP message with the Content-Length of its body."""
    head, blank, body = message.partition(b"\r\n\r\n")
    return re.sub(rb"(?i)(\r\ncontent-length: *)\d+", rb"\g<1>%d" % len(body), head) + blank + body


def _rehashed(metadata: bytes, old: bytes, new: bytes) -> bytes:
    before = hashlib.sha1(old).hexdigest()  # noqa: S324  the XDS hash attribute is SHA-1
    after = hashlib.sha1(new).hexdigest()  # noqa: S324
    for form in (str.upper, str.lower):
        at = metadata.find(form(before).encode())
        if at < 0:
            continue
        metadata = metadata.replace(form(before).encode(), form(after).encode())
        opening, closing = (
            metadata.rfind(b"<", 0, metadata.rfind(b"ExtrinsicObject ", 0, at)),
            metadata.find(b"ExtrinsicObject>", at),
        )
        block = metadata[opening:closing]
        return metadata[:opening] + block.replace(b">%d<" % len(old), b">%d<" % len(new)) + metadata[closing:]
    return metadata


def _entries(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def _zipped(contents: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in contents:
            archive.writestr(zipfile.ZipInfo(entry, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _in_body(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    root = etree.fromstring(data)
    text = cast("list[etree._Element]", compiled("//h:nonXMLBody/h:text")(root))[0]
    text.text = base64.b64encode(change(base64.b64decode(text.text or ""))).decode()
    return _serialised(root)


def _in_hl7v2(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the document of the nth OBX (`OBX-1`) of a message."""
    observations = [segment for segment in data.split(b"\r") if segment.startswith(b"OBX|")]
    try:
        segment = observations[int(name.removeprefix("OBX-")) - 1]
        old = segment.split(b"|")[5].split(b"^")[4]
    except (ValueError, IndexError) as error:
        raise MutationError(f"no document {name}") from error
    new = base64.b64encode(change(base64.b64decode(old)))
    return data.replace(segment, segment.replace(old, new))


def _applied(content: bytes, step: Change, constants: Constants) -> bytes:
    if "zip" in step:
        return _zip_step(content, step)
    if "json" in step:
        return _json_step(content, step)
    if step.keys() & {"pdf", "symbol", "erase", "blank"}:
        return pdf_step(content, step)
    if step.keys() & {"header", "drop_header", "drop_part", "part_name", "part_header"}:
        return mutations_mail.changed(content, step)
    if step.keys() & {"set", "delete", "duplicate", "rename", "insert"}:
        return _xml_step(content, step, constants)
    return _bytes_step(content, step)


def _bytes_step(content: bytes, step: Change) -> bytes:
    if "replace" in step:
        return content.replace(str(step["replace"]).encode(), str(step["to"]).encode())
    if "truncate" in step:
        return content[: int(step["truncate"])]
    if "prepend" in step:
        return str(step["prepend"]).encode() + content
    if "append" in step:
        return content + str(step["append"]).encode()
    if "pad" in step:
        return content + b"\n" * int(step["pad"])
    if "content" in step:
        return str(step["content"]).encode()
    if "encode" in step:
        return content.decode("utf-8").encode(step["encode"], "xmlcharrefreplace")
    if "base64" in step:
        return base64.b64decode(step["base64"])
    if "make" in step:
        if step["make"] not in MAKERS:
            raise MutationError(f"{step['make']} is not in rules.hostile")
        return MAKERS[step["make"]]()
    raise MutationError(f"no operation in {dict(step)}")


def _json_step(content: bytes, step: Change) -> bytes:
    root = json.loads(content)
    *above, last = str(step["json"]).split(".")
    node: Any = root
    try:
        for name in above:
            node = node[int(name)] if isinstance(node, list) else node[name]
        if step.get("delete"):
            del node[int(last) if isinstance(node, list) else last]
        elif isinstance(node, list) and int(last) == len(node):
            node.append(step["to"])
        else:
            node[int(last) if isinstance(node, list) else last] = step["to"]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MutationError(f"{step['json']} leads nowhere: {error!r}") from error
    return json.dumps(root, ensure_ascii=False, indent=2).encode()


def _xml_step(content: bytes, step: Change, constants: Constants) -> bytes:
    root = etree.fromstring(content.lstrip())
    start, prefix = root, ""
    if root.tag == _LCM_ROOT:
        prefix = "rim"
    else:
        prefix = "f" if root.tag.startswith(f"{{{NAMESPACES['f']}}}") else ""
        documents = list(root.iter(f"{{{_HL7}}}ClinicalDocument"))
        if documents:
            start, prefix = documents[0], "h"

    def select(path: str) -> list[Any]:
        found = compiled(rewrite(path, prefix, constants), knows_bearer=True)(start)
        if not isinstance(found, list) or not found:
            raise MutationError(f"{path} selects nothing")
        return [found[int(step["nth"]) - 1]] if "nth" in step else found

    if "set" in step:
        _set(str(step["set"]), str(step["to"]), select)
    elif "delete" in step:
        for item in select(step["delete"]):
            _delete(item)
    elif "duplicate" in step:
        for node in select(step["duplicate"]):
            node.addnext(etree.fromstring(etree.tostring(node, with_tail=False)))
    elif "rename" in step:
        for node in select(step["rename"]):
            node.tag = f"{{{etree.QName(node).namespace}}}{step['to']}"
    else:
        where = next(name for name in ("into", "before", "after", "first_in") if name in step)
        for node in select(step[where]):
            _insert(node, where, str(step["insert"]), NAMESPACES.get(prefix, ""))
    return _serialised(root)


def _set(path: str, value: str, select: Callable[[str], list[Any]]) -> None:
    owner, at, attribute = path.rpartition("@")
    if at and "]" not in attribute:
        for node in select(owner.rstrip("/") or "."):
            name = attribute
            if ":" in attribute:
                alias, _, local = attribute.partition(":")
                name = f"{{{NAMESPACES[alias]}}}{local}"
            node.set(name, value)
        return
    for node in select(path):
        for child in list(node):
            node.remove(child)
        node.text = value


def _delete(item: Any) -> None:
    if isinstance(item, etree._Element):
        parent = item.getparent()
        if parent is None:
            raise MutationError("the root cannot be deleted")
        if item.tail:
            previous = item.getprevious()
            if previous is None:
                parent.text = (parent.text or "") + item.tail
            else:
                previous.tail = (previous.tail or "") + item.tail
        parent.remove(item)
        return
    owner = item.getparent()
    if item.is_attribute:
        del owner.attrib[item.attrname]
    else:
        owner.text = None


def _insert(node: Any, where: str, fragment: str, namespace: str) -> None:
    declarations = "".join(f' xmlns:{alias}="{uri}"' for alias, uri in NAMESPACES.items())
    wrapper = etree.fromstring(f'<w xmlns="{namespace}"{declarations}>{fragment}</w>')
    if len(wrapper) == 0:
        node.text = (node.text or "") + (wrapper.text or "")
    for offset, child in enumerate(list(wrapper)):
        if where == "into":
            node.append(child)
        elif where == "first_in":
            node.insert(offset, child)
        elif where == "before":
            node.addprevious(child)
        else:
            node.addnext(child)


def _serialised(root: etree._Element) -> bytes:
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _zip_step(content: bytes, step: Change) -> bytes:
    contents, name = _entries(content), step["entry"]
    operation = step["zip"]
    if operation == "add":
        return _zipped([*contents, (name, str(step.get("text", "")).encode())])
    if name not in dict(contents):
        raise MutationError(f"no entry {name}")
    if operation == "rename":
        return _zipped([(step["to"] if entry == name else entry, data) for entry, data in contents])
    if operation == "remove":
        return _zipped([(entry, data) for entry, data in contents if entry != name])
    if operation == "duplicate":
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _zipped([*contents, (name, dict(contents)[name])])
    if operation == "encrypt":
        return _flagged(content, name)
    raise MutationError(f"no ZIP operation {operation}")


def _flagged(content: bytes, name: str) -> bytes:
    """The archive with the encryption flag set on one entry, in its local and its central header."""
    data = bytearray(content)
    for signature, flag, length, at_name in ((b"PK\x03\x04", 6, 26, 30), (b"PK\x01\x02", 8, 28, 46)):
        at = data.find(signature)
        while at >= 0:
            size = int.from_bytes(data[at + length : at + length + 2], "little")
            if data[at + at_name : at + at_name + size] == name.encode():
                data[at + flag] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)
