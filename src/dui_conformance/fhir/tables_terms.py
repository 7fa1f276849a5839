"""Value sets and code systems of a table package.

    code_systems:
      colours: {codes: [RED, GREEN]}                # canonical and kind of content are implied
      parts:   {content: fragment, codes: {A: [A1, A2]}}      # codes under codes
    value_sets:
      colours: CS:colours                            # the whole of one code system
      warm:    {include: [{from: CS:colours, codes: [RED]}, {sets: [VS:others]}], exclude: […]}

Each `include` holds codes of one system (`from`), those it shares with other value sets (`sets`), or both; two
names in the same `sets` mean what the two have in common (R4 ValueSet.compose.include.valueSet).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dui_conformance.fhir.tables_rows import Names, RowError

_INCLUDE = {"from", "codes", "sets", "filter"}


def value_set(table: object, names: Names) -> dict[str, Any]:
    """The `compose` of a ValueSet."""
    if isinstance(table, str):
        table = {"include": [{"from": table}]}
    if not isinstance(table, Mapping) or set(table) - {"url", "include", "exclude", "title", "source", "version"}:
        raise RowError("a value set holds url, title, source, version, include and exclude")
    compose: dict[str, Any] = {}
    for part in ("include", "exclude"):
        if table.get(part):
            compose[part] = [_include(i, names) for i in table[part]]
    if "include" not in compose:
        raise RowError("a value set includes something")
    out: dict[str, Any] = {"compose": compose}
    if "version" in table:
        out["version"] = str(table["version"])
    return out


def _include(table: object, names: Names) -> dict[str, Any]:
    if isinstance(table, str):
        return {"valueSet": [names.resolve("ValueSet", table)]}
    if not isinstance(table, Mapping) or set(table) - _INCLUDE or not {"from", "sets"} & set(table):
        raise RowError("an inclusion holds from, codes, filter and sets")
    out: dict[str, Any] = {}
    if "from" in table:
        out["system"] = names.resolve("CodeSystem", str(table["from"]))
    if "codes" in table:
        out["concept"] = [{"code": str(code)} for code in _list(table["codes"])]
    if "filter" in table:
        prop, op, value = str(table["filter"]).split(" ", 2)
        out["filter"] = [{"property": prop, "op": op, "value": value}]
    if "sets" in table:
        out["valueSet"] = [names.resolve("ValueSet", str(s)) for s in table["sets"]]
    return out


def code_system(table: object) -> dict[str, Any]:
    """The `content` and `concept` of a CodeSystem."""
    if isinstance(table, (list, str)):
        table = {"codes": table}
    if not isinstance(table, Mapping) or set(table) - {"url", "content", "codes", "title", "source", "version"}:
        raise RowError("a code system holds url, title, source, version, content and codes")
    content = str(table.get("content", "complete"))
    if content not in ("complete", "fragment", "example", "not-present"):
        raise RowError(f"content “{content}”")
    concepts = list(_concepts(table.get("codes", ())))
    if not concepts and content != "not-present":
        raise RowError("a code system holds codes")
    out: dict[str, Any] = {
        "content": content, "caseSensitive": True, "concept": concepts,
    }  # fmt: skip
    if "version" in table:
        out["version"] = str(table["version"])
    return out


def _list(codes: object) -> list[Any]:
    if isinstance(codes, str):
        return codes.split()
    if isinstance(codes, Mapping):
        return list(codes)
    return list(codes) if isinstance(codes, list) else []


def _concepts(codes: object) -> Iterator[dict[str, Any]]:
    for code in _list(codes):
        below = codes[code] if isinstance(codes, Mapping) else None
        if below:
            yield {"code": str(code), "concept": list(_concepts(below))}
        else:
            yield {"code": str(code)}
