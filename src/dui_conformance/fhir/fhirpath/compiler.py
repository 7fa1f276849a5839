"""FHIRPath expressions compiled once to Python closures."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from dui_conformance.fhir.fhirpath import operators
from dui_conformance.fhir.fhirpath.engine import Collection, Env, Failed, Run, Undecided, boolean, truth
from dui_conformance.fhir.fhirpath.registry import FUNCTIONS, LAMBDAS
from dui_conformance.fhir.fhirpath.syntax import SyntaxProblem, Tree, parse
from dui_conformance.fhir.fhirpath.typing_ import is_exactly, is_type
from dui_conformance.fhir.fhirpath.values import Node, Quantity, TypeInfo, system

_CONSTANTS = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}
_MAY_UNDECIDE = {"memberOf", "resolve", "conformsTo"}


@lru_cache(maxsize=4096)
def compiled(expression: str) -> Run:
    """The closure of an expression. Raises SyntaxProblem (also for an unknown function)."""
    return _compile(parse(expression), True)


def _compile(tree: Tree, head: bool = False) -> Run:
    return _BUILDERS[tree[0]](tree, head)


def _literal(tree: Tree, head: bool) -> Run:
    return _constant([tree[1]])


def _constant(items: Collection) -> Run:
    def constant(env: Env, this: Collection) -> Collection:
        return items

    constant.items = items  # type: ignore[attr-defined]  # what other operators fold
    return constant


def _quantity(tree: Tree, head: bool) -> Run:
    constant = [Quantity(tree[1], tree[2])]
    return lambda env, this: constant


def _empty(tree: Tree, head: bool) -> Run:
    nothing: Collection = []
    return lambda env, this: nothing


def _this(tree: Tree, head: bool) -> Run:
    return lambda env, this: this


def _index(tree: Tree, head: bool) -> Run:
    return lambda env, this: [env.index]


def _total(tree: Tree, head: bool) -> Run:
    return lambda env, this: env.total


def _variable(tree: Tree, head: bool) -> Run:
    name: str = tree[1]
    if name in _CONSTANTS:
        constant = [_CONSTANTS[name]]
        return lambda env, this: constant
    if name == "resource":
        return lambda env, this: [env.resource] if env.resource is not None else []
    if name == "rootResource":
        return lambda env, this: [env.root] if env.root is not None else []
    if name == "context":
        return lambda env, this: env.context
    for prefix, base in (
        ("vs-", "http://hl7.org/fhir/ValueSet/"),
        ("ext-", "http://hl7.org/fhir/StructureDefinition/"),
    ):
        if name.startswith(prefix):
            url = [base + name[len(prefix) :]]
            return lambda env, this: url

    def look_up(env: Env, this: Collection) -> Collection:
        if name not in env.variables:
            raise Failed(f"%{name} is not defined")
        return env.variables[name]

    return look_up


def _step(name: str) -> Callable[[Env, Collection], Collection]:
    def step(env: Env, items: Collection) -> Collection:
        out: Collection = []
        for item in items:
            if item.__class__ is Node:
                item.children(name, out)
            elif item.__class__ is TypeInfo and name in ("namespace", "name"):
                out.append(getattr(item, name))
        if len(out) > 50:
            env.spend(len(out))
        return out

    return step


def _name(tree: Tree, head: bool) -> Run:
    name: str = tree[1]
    step = _step(name)
    if not (head and name[:1].isupper()):
        return lambda env, this: step(env, this)

    def rooted(env: Env, this: Collection) -> Collection:
        """`Patient` at the head of an expression names the type of what it starts from."""
        kept = [n for n in this if n.__class__ is Node and name in env.types.lineage(n.type)]
        return kept or step(env, this)

    return rooted


def _path(tree: Tree, head: bool) -> Run:
    left, right = _compile(tree[1], head), tree[2]
    if right[0] == "name":
        if right[1] and tree[1][0] == "name" and tree[1][1] in ("FHIR", "System"):
            return _compile(right, True)
        step = _step(right[1])
        return lambda env, this: step(env, left(env, this))
    if right[0] == "call":
        return _call_on(left, right)
    inner = _compile(right)
    return lambda env, this: inner(env, left(env, this))


def _call(tree: Tree, head: bool) -> Run:
    return _call_on(lambda env, this: this, tree)


def _call_on(focus: Run, tree: Tree) -> Run:
    name, args = tree[1], tree[2]
    if name in LAMBDAS:
        build, least, most = LAMBDAS[name]
        if not least <= len(args) <= most:
            raise SyntaxProblem(f"{name}() takes {least} to {most} arguments")
        if name in ("is", "as", "ofType"):
            return build(focus, [_type_argument(a) for a in args])
        return build(focus, [_compile(a, True) for a in args])
    if name not in FUNCTIONS:
        raise SyntaxProblem(f"unknown function {name}()")
    function, least, most = FUNCTIONS[name]
    if not least <= len(args) <= most:
        raise SyntaxProblem(f"{name}() takes {least} to {most} arguments")
    runs = [_compile(a, True) for a in args]
    if not runs:
        return lambda env, this: function(env, focus(env, this))
    if len(runs) == 1:
        only = runs[0]
        return lambda env, this: function(env, focus(env, this), only(env, this))
    return lambda env, this: function(env, focus(env, this), *(run(env, this) for run in runs))


def _type_argument(tree: Tree) -> str:
    if tree[0] == "name":
        return str(tree[1])
    if tree[0] == "path" and tree[1][0] == "name" and tree[2][0] == "name":
        return f"{tree[1][1]}.{tree[2][1]}"
    raise SyntaxProblem("a type name is expected")


def _at(tree: Tree, head: bool) -> Run:
    left, index = _compile(tree[1], head), _compile(tree[2], True)

    def at(env: Env, this: Collection) -> Collection:
        items, place = left(env, this), operators.one(index(env, this))
        if not isinstance(place, int) or isinstance(place, bool):
            return []
        return [items[place]] if 0 <= place < len(items) else []

    return at


def _unary(tree: Tree, head: bool) -> Run:
    inner = _compile(tree[2], head)
    if tree[1] != "-":
        return inner

    def minus(env: Env, this: Collection) -> Collection:
        return operators.negated(inner(env, this))

    minus.descending = inner  # type: ignore[attr-defined]  # what sort() reads a leading minus as
    return minus


def _type(tree: Tree, head: bool) -> Run:
    inner, name = _compile(tree[2], head), tree[3]
    if tree[1] == "as":
        return lambda env, this: [i for i in inner(env, this) if is_exactly(env.types, i, name)]

    def tested(env: Env, this: Collection) -> Collection:
        items = inner(env, this)
        if len(items) > 1:
            raise Failed("is applies to one item")
        return [is_type(env.types, items[0], name)] if items else []

    return tested


_LOGIC = {
    "and": (operators.conjunction, False),
    "or": (operators.disjunction, True),
    "implies": (operators.implication, None),
    "xor": (operators.exclusive, None),
}


def _binary(tree: Tree, head: bool) -> Run:
    op = tree[1]
    left, right = _compile(tree[2], head), _compile(tree[3], head)
    if op in _LOGIC:
        return _logic(op, left, right, _undecidable(tree))
    if op == "=":
        return lambda env, this: boolean(operators.equals(left(env, this), right(env, this)))
    if op == "!=":

        def differs(env: Env, this: Collection) -> Collection:
            same = operators.equals(left(env, this), right(env, this))
            return [] if same is None else [not same]

        return differs
    if op in ("~", "!~"):
        wanted = op == "~"
        return lambda env, this: [operators.equivalents(left(env, this), right(env, this)) is wanted]
    if op in ("<", "<=", ">", ">="):
        return lambda env, this: operators.compare(op, left(env, this), right(env, this))
    if op == "|":
        fixed = getattr(left, "items", None), getattr(right, "items", None)
        if fixed[0] is not None and fixed[1] is not None:
            return _constant(operators.distinct(fixed[0] + fixed[1]))
        return lambda env, this: operators.distinct(left(env, this) + right(env, this))
    if op == "in":
        return _within(left, right)
    if op == "contains":
        return lambda env, this: operators.contains(left(env, this), right(env, this))
    return lambda env, this: operators.arithmetic(op, left(env, this), right(env, this))


def _within(left: Run, right: Run) -> Run:
    """`in`; a list of texts written out is looked up."""
    listed = getattr(right, "items", None)
    texts = frozenset(listed) if listed and all(isinstance(item, str) for item in listed) else None

    def within(env: Env, this: Collection) -> Collection:
        wanted = left(env, this)
        if texts is not None and len(wanted) == 1:
            value = system(wanted[0])
            if value.__class__ is str:
                return [value in texts]
        return operators.contains(right(env, this), wanted)

    return within


def _undecidable(tree: Any) -> bool:
    """Whether something below may raise Undecided."""
    if isinstance(tree, tuple):
        if tree and tree[0] == "call" and tree[1] in _MAY_UNDECIDE:
            return True
        return any(_undecidable(part) for part in tree)
    return isinstance(tree, list) and any(_undecidable(part) for part in tree)


def _logic(op: str, left: Run, right: Run, undecidable: bool) -> Run:
    combine, settles = _LOGIC[op]

    def short(env: Env, this: Collection) -> Collection:
        first = truth(left(env, this))
        if first is settles and settles is not None:
            return [settles]
        if op == "implies" and first is False:
            return [True]
        return boolean(combine(first, truth(right(env, this))))

    if not undecidable:
        return short

    def careful(env: Env, this: Collection) -> Collection:
        """One side may be beyond us; the other one may still settle it."""
        try:
            first = truth(left(env, this))
        except Undecided:
            second = truth(right(env, this))
            if settles is not None and second is settles:
                return [settles]
            if op == "implies" and second:
                return [True]
            raise
        if (first is settles and settles is not None) or (op == "implies" and first is False):
            return [True if op == "implies" else settles]
        return boolean(combine(first, truth(right(env, this))))

    return careful


_BUILDERS: dict[str, Callable[[Tree, bool], Run]] = {
    "literal": _literal, "quantity": _quantity, "empty": _empty, "this": _this, "index": _index, "total": _total,
    "variable": _variable, "name": _name, "path": _path, "call": _call, "at": _at, "unary": _unary, "type": _type,
    "binary": _binary,
}  # fmt: skip


def evaluate(expression: str, env: Env, focus: Collection) -> Collection:
    """The answer of an expression on a collection. Raises SyntaxProblem, Failed, Undecided."""
    env.context = focus
    return compiled(expression)(env, focus)


__all__ = ["Decimal", "compiled", "evaluate"]
