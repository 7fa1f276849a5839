"""FHIRPath text to a syntax tree of tuples (the grammar of FHIRPath N1, annex D).

Nodes: ("literal", value) · ("quantity", number, unit) · ("this",) ("index",) ("total",) · ("variable", name) ·
("name", text) · ("call", name, [args]) · ("path", left, right) · ("at", left, index) · ("unary", op, x) ·
("binary", op, left, right) · ("type", op, x, name) · ("empty",).
"""

import re
from decimal import Decimal
from typing import Any

from dui_conformance.fhir.fhirpath.values import Moment

Tree = tuple[Any, ...]

_MAX_LENGTH = 20_000
_MAX_DEPTH = 60


class SyntaxProblem(ValueError):
    """An expression that is not FHIRPath; the message says where."""


_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<moment>@(?:T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?|[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?(?:T(?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?))
    |(?P<number>[0-9]+(?:\.[0-9]+)?)L?
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<this>\$[a-z]+)
    |(?P<percent>%)
    |(?P<symbol><=|>=|!=|!~|[-+*/&|=~<>.,()\[\]{}])
    """,
    re.X | re.S,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.S)
_ESCAPES = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_BINARY = {
    "implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5, "<": 6, "<=": 6, ">": 6, ">=": 6, "|": 7,
    "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_UNARY_LEVEL = 11
CALENDAR = (
    "year", "month", "week", "day", "hour", "minute", "second", "millisecond",
    "years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds",
)  # fmt: skip


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)

    return _ESCAPE.sub(one, text[1:-1])


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        self.depth = 0
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match or match.end() == position:
                raise SyntaxProblem(f"unexpected {text[position]!r} at {position}")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match[match.lastgroup], position))
            position = match.end()
        self.tokens.append(("end", "", len(text)))

    def problem(self, wanted: str) -> SyntaxProblem:
        _, text, position = self.tokens[self.at]
        return SyntaxProblem(f"{wanted} expected at {position}, found {text or 'the end'!r}")

    def accept(self, text: str) -> bool:
        kind, found, _ = self.tokens[self.at]
        if found == text and kind in ("symbol", "percent"):
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.accept(text):
            raise self.problem(repr(text))

    def expression(self, level: int = 0) -> Tree:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise SyntaxProblem("the expression is nested too deeply")
        left = self.unary()
        while True:
            kind, op, _ = self.tokens[self.at]
            strength = _BINARY.get(op, -1) if kind in ("symbol", "word") else -1
            if strength <= level:
                break
            self.at += 1
            if op in ("is", "as"):
                left = ("type", op, left, self.type_name())
            else:
                left = ("binary", op, left, self.expression(strength))
        self.depth -= 1
        return left

    def unary(self) -> Tree:
        for op in "+-":
            if self.accept(op):
                return ("unary", op, self.expression(_UNARY_LEVEL - 1))
        return self.postfix(self.term())

    def postfix(self, left: Tree) -> Tree:
        while True:
            if self.accept("."):
                left = ("path", left, self.invocation())
            elif self.accept("["):
                left = ("at", left, self.expression())
                self.need("]")
            else:
                return left

    def type_name(self) -> str:
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return ".".join(parts)

    def identifier(self) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind == "word":
            self.at += 1
            return text
        if kind == "quoted":
            self.at += 1
            return _unescaped(text)
        raise self.problem("a name")

    def invocation(self) -> Tree:
        kind, text, _ = self.tokens[self.at]
        if kind == "this":
            self.at += 1
            return self.special(text)
        quoted = kind == "quoted"
        name = self.identifier()
        if not quoted and self.accept("("):
            args: list[Tree] = []
            if not self.accept(")"):
                args.append(self.expression())
                while self.accept(","):
                    args.append(self.expression())
                self.need(")")
            return ("call", name, args)
        return ("name", name)

    def special(self, text: str) -> Tree:
        if text in ("$this", "$index", "$total"):
            return (text[1:],)
        raise SyntaxProblem(f"unknown {text}")

    def term(self) -> Tree:
        kind, text, _ = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return self.with_unit(Decimal(text) if "." in text else int(text))
        if kind == "string":
            self.at += 1
            return ("literal", _unescaped(text))
        if kind == "moment":
            self.at += 1
            moment = Moment.literal(text[1:])
            if moment is None:
                raise SyntaxProblem(f"{text} is not a date")
            return ("literal", moment)
        if kind == "word" and text in ("true", "false"):
            self.at += 1
            return ("literal", text == "true")
        if self.accept("("):
            inner = self.expression()
            self.need(")")
            return inner
        if self.accept("{"):
            self.need("}")
            return ("empty",)
        if self.accept("%"):
            kind, text, _ = self.tokens[self.at]
            if kind == "string":
                self.at += 1
                return ("variable", _unescaped(text))
            return ("variable", self.hyphenated())
        return self.invocation()

    def hyphenated(self) -> str:
        """A variable name; `%vs-name` and `%ext-name` may carry hyphens without quotes."""
        name = self.identifier()
        if name in ("vs", "ext"):
            while self.accept("-"):
                name += "-" + self.identifier()
        return name

    def with_unit(self, number: int | Decimal) -> Tree:
        kind, text, _ = self.tokens[self.at]
        if kind == "string":
            self.at += 1
            return ("quantity", Decimal(number), _unescaped(text))
        if kind == "word" and text in CALENDAR:
            self.at += 1
            return ("quantity", Decimal(number), text)
        return ("literal", number)


def parse(text: str) -> Tree:
    """The tree of an expression. Raises SyntaxProblem."""
    if len(text) > _MAX_LENGTH:
        raise SyntaxProblem("the expression is too long")
    parser = _Parser(text)
    tree = parser.expression()
    if parser.tokens[parser.at][0] != "end":
        raise parser.problem("an operator")
    return tree
