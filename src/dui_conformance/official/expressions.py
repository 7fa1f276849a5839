"""XPath as text: what a Schematron writes in its attributes, cut into tokens and made safe to run.

Nothing is parsed beyond tokens. It is enough for the three things that are done to an expression: parameters of an
abstract pattern are put in their places, the variables it reads are listed, and the functions that read files are
replaced by ours, which know the files of the artefact and no other.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from dui_conformance.text import Text

_TOKEN = re.compile(
    r"""(?P<comment>\(:(?:[^:]|:(?!\)))*:\))
    |(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<variable>\$\s*[\w.-]+(?::[\w.-]+)?)
    |(?P<uri>Q\{)
    |(?P<name>(?:\*:)?[^\W\d][\w.-]*(?::(?!:)(?:\*|[^\W\d][\w.-]*))?)
    |(?P<space>\s+)
    |(?P<other>::|//|\d+(?:\.\d*)?|.)""",
    re.VERBOSE | re.DOTALL,
)
_FILES = {"doc": "dui:doc", "document": "dui:doc", "doc-available": "dui:doc-available"}
_REFUSED = frozenset(
    """available-environment-variables collection environment-variable evaluate function-lookup json-doc
    load-xquery-module parse-xml parse-xml-fragment stream-available system-property transform unparsed-text
    unparsed-text-available unparsed-text-lines uri-collection""".split()
)
_KNOWN_PREFIXES = frozenset(("fn", "xs", "math", "map", "array"))


class SchematronError(ValueError):
    """A Schematron that cannot be run; `said` tells why."""

    def __init__(self, french: str, english: str) -> None:
        super().__init__(english)
        self.said = Text(french, english)


def tokens(expression: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of each token: comment, string, variable, name, space, other. Nothing is lost."""
    for found in _TOKEN.finditer(expression):
        yield found.lastgroup or "other", found[0]


def variables(expression: str) -> set[str]:
    """The names of the variables that an expression reads and does not bind itself (`for $x in`, `let $x :=`)."""
    if "$" not in expression:
        return set()
    pieces = [piece for piece in tokens(expression) if piece[0] not in ("space", "comment")]
    read: set[str] = set()
    bound: set[str] = set()
    for index, (kind, text) in enumerate(pieces):
        if kind == "variable":
            follower = "".join(piece[1] for piece in pieces[index + 1 : index + 3])
            (bound if follower == ":=" or pieces[index + 1 : index + 2] == [("name", "in")] else read).add(
                text[1:].strip()
            )
    return read - bound


def with_parameters(expression: str, values: Mapping[str, str]) -> str:
    """The expression of an abstract pattern with the parameters of an instance (ISO/IEC 19757-3, 6.3)."""
    if "$" not in expression:
        return expression
    return "".join(
        values.get(text[1:].strip(), text) if kind == "variable" else text for kind, text in tokens(expression)
    )


def renamed(expression: str, names: Mapping[str, str]) -> str:
    """The expression with some of its variables under another name."""
    return with_parameters(expression, {old: f"${new}" for old, new in names.items()}) if names else expression


def safe(expression: str, functions: Collection[str] = ()) -> str:
    """The expression with the functions that read files replaced, see `Schema.functions`. Raises SchematronError.

    A function that reaches beyond the document and the artefact (text files, environment, network) is refused, as is
    one of a namespace that is neither of XPath nor defined by the schema.
    """
    return _mapped(expression, lambda name: _function(name, functions))


def _mapped(expression: str, of: Callable[[str], str]) -> str:
    pieces = list(tokens(expression))
    out = []
    for index, (kind, text) in enumerate(pieces):
        if text == "Q{":
            raise SchematronError(
                f"nom qualifié par une URI : {expression[:80]}", f"URI-qualified name: {expression[:80]}"
            )
        if kind == "comment":
            continue
        if kind == "name":
            follower = _follower(pieces, index)
            if follower == "#" and text.rpartition(":")[2] in {*_FILES, *_REFUSED}:
                raise _refused(text)
            out.append(of(text) if follower == "(" else text)
        else:
            out.append(text)
    return "".join(out)


def _follower(pieces: list[tuple[str, str]], index: int) -> str:
    for kind, text in pieces[index + 1 :]:
        if kind not in ("space", "comment"):
            return text
    return ""


def _function(name: str, functions: Collection[str]) -> str:
    prefix, _, local = name.rpartition(":")
    if name in functions:
        return name
    if prefix and prefix not in _KNOWN_PREFIXES:
        raise _refused(name)
    if prefix in ("", "fn"):
        if local in _REFUSED:
            raise _refused(name)
        return _FILES.get(local, name)
    return name


def _refused(name: str) -> SchematronError:
    return SchematronError(f"fonction refusée : {name}()", f"function refused: {name}()")


def alternatives(pattern: str) -> list[str]:
    """The alternatives of a match pattern: what `|` or `union` joins outside brackets."""
    out, depth, current = [], 0, ""
    for kind, text in tokens(pattern):
        if kind == "other" and text in "([{":
            depth += 1
        elif kind == "other" and text in ")]}":
            depth -= 1
        if depth == 0 and (text == "|" or (kind == "name" and text == "union")):
            out.append(current)
            current = ""
        else:
            current += text
    return [piece.strip() for piece in (*out, current) if piece.strip()]


def selecting(pattern: str) -> str:
    """A path that selects, from the root of a document, what a match pattern matches (XSLT 3.0, 5.5.3)."""
    out = []
    for alternative in alternatives(pattern):
        rooted = alternative.startswith(("/", "id(", "key(", "$"))
        out.append(alternative if rooted else f"//{alternative}")
    return " | ".join(out)


def reached(pattern: str) -> set[str]:
    """Which kinds of node a match pattern may match beside elements: `@` attributes, `text` text nodes."""
    out, depth = set(), 0
    for kind, text in tokens(pattern):
        if kind == "other" and text in "([{":
            depth += 1
        elif kind == "other" and text in ")]}":
            depth -= 1
        elif depth == 0 and (text == "@" or text == "attribute"):
            out.add("@")
        elif depth == 0 and kind == "name" and text in ("text", "node"):
            out.add("text")
    return out
