"""Bundles: an index of entries made once, resolution by fullUrl, and the rules of each type of bundle (R4 §2.36)."""

from typing import TYPE_CHECKING, Any

from dui_conformance.fhir.places import Place
from dui_conformance.fhir.references import _ABSOLUTE, _RELATIVE, _REST, Target

if TYPE_CHECKING:
    from dui_conformance.fhir.schema import Types
    from dui_conformance.fhir.scope import Scope
    from dui_conformance.fhir.walk import Walk

_BUNDLE = "http://hl7.org/fhir/StructureDefinition/Bundle"
_ONCE = ("self", "first", "last", "next", "previous", "prev")
# bundles whose resources may not have their identity yet
_UNNAMED = ("transaction", "batch", "transaction-response", "batch-response")
_SEARCH_ONLY = ("first", "last", "next", "previous", "prev")


class Entry:
    """One entry: its place in the list, its fullUrl, its resource, and the base of its relative references."""

    __slots__ = ("base", "full_url", "index", "resource")

    def __init__(self, index: int, full_url: str, resource: Any) -> None:
        self.index = index
        self.full_url = full_url
        self.resource = resource
        match = _REST.fullmatch(full_url)
        self.base = match["base"] if match else ""

    @property
    def type(self) -> str:
        return str(self.resource.get("resourceType", "")) if isinstance(self.resource, dict) else ""

    @property
    def id(self) -> str:
        found = self.resource.get("id") if isinstance(self.resource, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def version(self) -> str:
        meta = self.resource.get("meta") if isinstance(self.resource, dict) else None
        version = meta.get("versionId") if isinstance(meta, dict) else None
        return version if isinstance(version, str) else ""


class BundleIndex:
    """Entries by fullUrl, by type and id, and by identity: every look-up is a dictionary's."""

    def __init__(self, types: "Types", bundle: dict[str, Any]) -> None:
        self.entries: list[Entry] = []
        self.by_url: dict[str, list[Entry]] = {}
        self.by_id: dict[str, list[Entry]] = {}
        self._by_node: dict[int, Entry] = {}
        self.node = bundle
        listed = bundle.get("entry")
        self.kind = bundle.get("type")
        if bundle.get("resourceType") == "Parameters":
            listed = []
        for index, data in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(data, dict):
                continue
            url = data.get("fullUrl")
            entry = Entry(index, url if isinstance(url, str) else "", data.get("resource"))
            self.entries.append(entry)
            if entry.full_url:
                self.by_url.setdefault(entry.full_url, []).append(entry)
            if entry.id:
                self.by_id.setdefault(f"{entry.type}/{entry.id}", []).append(entry)
            if isinstance(entry.resource, dict):
                self._by_node[id(entry.resource)] = entry

    def entry_of(self, resource: Any) -> Entry | None:
        return self._by_node.get(id(resource))

    @staticmethod
    def place_of(entry: Entry, bundle: "Scope") -> Place:
        """Where the resource of an entry stands; `bundle` is the scope of the bundle."""
        prop = bundle.plan.props.get("entry")
        held = prop.plan.props.get("resource") if prop is not None else None
        return ((bundle.place, prop or "entry", entry.index), held or "resource", None)

    def find(self, text: str, entry: Entry | None) -> Target:
        """Where a reference leads, by the rules of §2.36.4.1."""
        direct = self.by_url.get(text) if ":" in text and "/_history/" not in text else None
        if direct is not None and len(direct) == 1:  # most of them, as they are written
            return Target("bundled", direct[0].resource, direct[0].type, direct[0])
        bare = text.partition("#")[0]
        relative = _RELATIVE.fullmatch(bare)
        version = ""
        if relative and not _ABSOLUTE.match(bare):
            version = relative["version"] or ""
            bare = f"{relative['type']}/{relative['id']}"
            if entry is not None and entry.base:
                bare = f"{entry.base}/{bare}"
        else:
            rest = _REST.fullmatch(bare)
            if rest and rest["version"]:
                version = rest["version"]
                bare = f"{rest['base']}/{rest['type']}/{rest['id']}"
        found = self.by_url.get(bare, [])
        if version:
            found = [e for e in found if e.version == version]
        elif len(found) > 1:
            return Target("ambiguous", found[0].resource, found[0].type, found[0])
        if found:
            return Target("bundled", found[0].resource, found[0].type, found[0])
        return Target("missing" if bare.startswith("urn:") and self.entries else "external", None,
                      relative["type"] if relative else "")  # fmt: skip

    def near(self, text: str) -> list[Entry]:
        """Entries of the same type and id, whose fullUrl does not fit."""
        relative = _RELATIVE.fullmatch(text.partition("#")[0])
        return self.by_id.get(f"{relative['type']}/{relative['id']}", []) if relative else []


def index_of(walk: "Walk", scope: "Scope") -> BundleIndex:
    """The index of the bundle being walked, made on first need."""
    if scope.bundle is None or scope.bundle.node is not scope.node:
        if scope.plan.name != "Bundle" and scope.bundle is not None:
            return scope.bundle
        scope.bundle = BundleIndex(walk.types, scope.node)
    return scope.bundle


def bundle(walk: "Walk", node: dict[str, Any], place: Place) -> None:
    """The rules of a whole bundle, once its entries have been walked."""
    index = index_of(walk, walk.scope)
    entry_prop = walk.scope.plan.props["entry"]
    kind = node.get("type")
    for entry in index.entries:
        _full_url(walk, entry, (place, entry_prop, entry.index), kind)
    _links(walk, node, place, kind)
    if kind == "searchset":
        _search(walk, node, index, place)
    elif kind == "document" and index.entries:
        _document(walk, index, place)
    elif kind == "message" and index.entries:
        _message(walk, index, place)


def _full_url(walk: "Walk", entry: Entry, place: Place, kind: Any) -> None:
    url = entry.full_url
    if not url:
        # optional where the resource has no identity yet (§2.36.4): what is sent to be created
        if kind not in _UNNAMED and entry.type:
            # what an operation makes up may have no identity at all
            severity = "" if entry.id else "warning"
            walk.report("bundle.full-url-missing", place, _BUNDLE, "Bundle.entry.fullUrl", severity)
        return
    if not _ABSOLUTE.match(url):
        walk.report("bundle.full-url-relative", place, _BUNDLE, "Bundle.entry.fullUrl", url=url[:200])
        return
    match = _REST.fullmatch(url)
    if match and entry.type and walk.types.is_resource(match["type"]):
        if "/_history/" in url:
            return  # bdl-8 says it
        if (match["type"] != entry.type or match["id"] != entry.id) and kind not in _UNNAMED:
            walk.report("bundle.full-url-differs", place, _BUNDLE, "Bundle.entry.fullUrl", url=url[:200],
                        expected=f"{entry.type}/{entry.id or '…'}")  # fmt: skip
    elif url.startswith("urn:uuid:") and entry.id and _looks_uuid(entry.id) and url[9:] != entry.id:
        walk.report("bundle.full-url-uuid", place, _BUNDLE, "Bundle.entry.fullUrl", url=url, expected=entry.id)


def _looks_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _links(walk: "Walk", node: dict[str, Any], place: Place, kind: Any) -> None:
    links = node.get("link")
    prop = walk.scope.plan.props.get("link")
    seen: set[str] = set()
    for index, link in enumerate(links if isinstance(links, list) and prop else ()):
        relation = link.get("relation") if isinstance(link, dict) else None
        if not isinstance(relation, str) or prop is None:
            continue
        here = (place, prop, index)
        if relation in seen and relation in _ONCE:
            walk.report("bundle.link-twice", here, _BUNDLE, "Bundle.link", name=relation)
        seen.add(relation)
        if kind not in ("searchset", "history") and relation in _SEARCH_ONLY:
            walk.report("bundle.link-search", (here, "relation", None), _BUNDLE, "Bundle.link", name=relation)


def _search(walk: "Walk", node: dict[str, Any], index: BundleIndex, place: Place) -> None:
    prop = walk.scope.plan.props["entry"]
    wanted = _searched_types(walk, node)
    listed = node.get("entry")
    for entry in index.entries:
        data = listed[entry.index] if isinstance(listed, list) else {}
        search = data.get("search") if isinstance(data, dict) else None
        mode = search.get("mode") if isinstance(search, dict) else None
        here = ((place, prop, entry.index), "resource", None)
        if not entry.type:
            continue
        if mode == "outcome":
            if entry.type != "OperationOutcome":
                walk.report("bundle.search-outcome", here, _BUNDLE, "Bundle.entry.search.mode", type=entry.type)
            continue
        if not entry.id and not (mode is None and entry.type == "OperationOutcome"):
            walk.report("bundle.search-id", here, _BUNDLE, "Bundle.entry.resource", type=entry.type)
        if (
            wanted
            and entry.type not in wanted
            and mode != "include"
            and not (mode is None and entry.type == "OperationOutcome")
        ):
            walk.report("bundle.search-type", here, _BUNDLE, "Bundle.entry.resource", type=entry.type,
                        allowed=", ".join(wanted))  # fmt: skip


def _searched_types(walk: "Walk", node: dict[str, Any]) -> list[str]:
    """The resource types that the self link asked for, when it can be read."""
    from urllib.parse import parse_qs, urlsplit

    links = node.get("link")
    for link in links if isinstance(links, list) else ():
        if not isinstance(link, dict) or link.get("relation") != "self" or not isinstance(link.get("url"), str):
            continue
        try:
            parts = urlsplit(link["url"])
            query = parse_qs(parts.query)
        except ValueError:
            return []
        if "_include" in query or "_revinclude" in query:
            return []
        last = parts.path.rstrip("/").rpartition("/")[2]
        if walk.types.is_resource(last):
            return [last]
        return [t for value in query.get("_type", ()) for t in value.split(",") if walk.types.is_resource(t)]
    return []


def _references(tree: Any) -> list[str]:
    """The references written inside a resource."""
    out: list[str] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            text = node.get("reference")
            if isinstance(text, str):
                out.append(text)
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return out


def _document(walk: "Walk", index: BundleIndex, place: Place) -> None:
    """What the Composition points at is in the document; what is in the document is reached from it."""
    first = index.entries[0]
    if first.type != "Composition":
        return  # bdl-11 says it
    prop = walk.scope.plan.props["entry"]
    here: Place = ((place, prop, first.index), "resource", None)
    _composition(walk, index, first, first.resource, here)
    reached = {first.index}
    ways: dict[int, set[int]] = {e.index: set() for e in index.entries}
    for entry in index.entries:
        for text in _references(entry.resource):
            target = index.find(text, entry)
            held = target.entry
            if held is None:
                near = index.near(text)
                held = near[0] if near else None
            if held is not None:
                ways[entry.index].add(held.index)
                ways[held.index].add(entry.index)  # a link backward reaches as well
    stack = [first.index]
    while stack:
        for other in ways[stack.pop()]:
            if other not in reached:
                reached.add(other)
                stack.append(other)
    for entry in index.entries:
        if entry.index not in reached and entry.type:
            walk.report(
                "bundle.document-unreached", (place, prop, entry.index), _BUNDLE, "Bundle.entry", type=entry.type
            )


def _composition(walk: "Walk", index: BundleIndex, entry: Entry, node: Any, here: Place) -> None:
    for name in ("subject", "encounter", "author", "custodian"):
        values = node.get(name)
        several = isinstance(values, list)
        for i, value in enumerate(values if isinstance(values, list) else [values]):
            _present(walk, index, entry, value, (here, name, i if several else None))
    attesters = node.get("attester")
    for i, attester in enumerate(attesters if isinstance(attesters, list) else ()):
        if isinstance(attester, dict):
            _present(walk, index, entry, attester.get("party"), ((here, "attester", i), "party", None))
    stack: list[tuple[Any, Place]] = [(node.get("section"), here)]
    while stack:
        sections, above = stack.pop()
        for i, section in enumerate(sections if isinstance(sections, list) else ()):
            if not isinstance(section, dict):
                continue
            at: Place = (above, "section", i)
            entries = section.get("entry")
            for j, value in enumerate(entries if isinstance(entries, list) else ()):
                _present(walk, index, entry, value, (at, "entry", j))
            stack.append((section.get("section"), at))


def _present(walk: "Walk", index: BundleIndex, entry: Entry, value: Any, place: Place) -> None:
    text = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(text, str) or text.startswith("#"):
        return
    target = index.find(text, entry)
    if target.status in ("bundled", "ambiguous"):
        return
    near = index.near(text)
    if target.status == "missing" and not near:
        return  # told where the reference stands
    if near:
        walk.report(
            "bundle.reference-full-url", place, _BUNDLE, "Bundle.entry", reference=text, found=near[0].full_url or "–"
        )
    else:
        walk.report("bundle.reference-missing", place, _BUNDLE, "Bundle.entry", reference=text)


def _message(walk: "Walk", index: BundleIndex, place: Place) -> None:
    first = index.entries[0]
    if first.type != "MessageHeader":
        return  # bdl-12 says it
    prop = walk.scope.plan.props["entry"]
    here: Place = ((place, prop, first.index), "resource", None)
    focus = first.resource.get("focus")
    for i, value in enumerate(focus if isinstance(focus, list) else ()):
        _present(walk, index, first, value, (here, "focus", i))
