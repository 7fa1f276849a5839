"""What is wrong with the elements that stand inside another: unknown, out of place, too many, missing, exclusive."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from dui_conformance.rules.structure_shape import Place, Shape

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a content, at `node` (None: at the parent). `tags` are what it is about:

    order: the element, then the one it must precede; unknown_element, repeated: the element; missing_element: one of
    these; together: all of these. `expected`: what could stand there; `absorbed`: missing elements that an unknown one
    stands for.
    """

    cause: str
    node: Element | None
    tags: tuple[str, ...]
    expected: tuple[str, ...] = ()
    absorbed: tuple[str, ...] = ()
    count: int = 0
    limit: int = 0


def faults(children: Sequence[Element], shape: Shape) -> list[Fault]:
    """Why these children are not what the shape admits; at least one fault."""
    return _Content(children, shape).faults()


class _Content:
    def __init__(self, children: Sequence[Element], shape: Shape) -> None:
        self.children = children
        self.shape = shape
        self.places = shape.places
        ranks: dict[str, int | None] = {}
        for child in children:
            if child.tag not in ranks:
                ranks[child.tag] = shape.rank(child.tag)
        self.ranks = ranks
        self.counts = Counter(child.tag for child in children)

    def faults(self) -> list[Fault]:
        kept, extra = self._without_extra()
        steps = self._longest([self._rank(child) for child in kept])
        in_place = [kept[step] for step in steps]
        unknown = list(self._unknown(in_place))
        found = [*extra, *unknown, *self._misplaced(kept, set(steps)), *self._exclusive()]
        absorbed = {tag for fault in unknown for tag in fault.absorbed}
        found += self._missing(absorbed)
        if not found:  # all right one by one, but not together
            found.append(Fault("together", None, tuple(child.tag for child in self.children[:12])))
        where = {child: index for index, child in enumerate(self.children)}
        return sorted(found, key=lambda f: where[f.node] if f.node is not None else len(where))

    def _rank(self, child: Element) -> int:
        rank = self.ranks[child.tag]
        assert rank is not None  # noqa: S101  asked of known children only
        return rank

    def _without_extra(self) -> tuple[list[Element], list[Fault]]:
        """The known children without those beyond their number; a fault for each tag that has such."""
        kept: list[Element] = []
        found: list[Fault] = []
        seen: Counter[str] = Counter()
        for child in self.children:
            rank = self.ranks[child.tag]
            if rank is None:
                continue
            limits = self.places[rank].limits
            limit = limits[child.tag] if child.tag in limits else limits[next(iter(limits))]
            seen[child.tag] += 1
            if limit is None or seen[child.tag] <= limit:
                kept.append(child)
            elif seen[child.tag] == limit + 1:
                found.append(Fault("repeated", child, (child.tag,), count=self.counts[child.tag], limit=limit))
        return kept, found

    def _unknown(self, in_place: Sequence[Element]) -> Iterator[Fault]:
        """A fault for each run of one unknown tag, with what could stand there."""
        following = [*map(self._rank, in_place)]
        position = {child: index for index, child in enumerate(in_place)}
        missing = {rank for rank, place in enumerate(self.places) if self._is_missing(place)}
        passed = 0  # of those in place
        before = ""
        for child in self.children:
            if child in position:
                passed = position[child] + 1
            if self.ranks[child.tag] is None and child.tag != before:
                first = following[passed - 1] if passed else 0
                last = following[passed] if passed < len(following) else len(self.places) - 1
                ranks = range(first, last + 1)
                wanted = [rank for rank in ranks if rank in missing]
                missing -= set(wanted[:1])
                absorbed = [tag for rank in wanted[:1] for tag in self.places[rank].limits]
                open_ = [tag for rank in ranks for tag in self._open(self.places[rank])]
                yield Fault(
                    "unknown_element",
                    child,
                    (child.tag,),
                    expected=tuple(dict.fromkeys([*absorbed, *open_])),
                    absorbed=tuple(absorbed),
                )
            before = child.tag

    def _open(self, place: Place) -> Iterator[str]:
        """The tags of a place that can still be written."""
        if place.exclusive and any(self.counts[tag] for tag in place.limits):
            return
        for tag, limit in place.limits.items():
            if tag in self.shape.children and (limit is None or self.counts[tag] < limit):
                yield tag

    def _misplaced(self, kept: Sequence[Element], steps: set[int]) -> Iterator[Fault]:
        """A fault for each tag that is out of place, told as `this one must come before that one`."""
        told: set[str] = set()
        in_place = [(index, self._rank(kept[index]), kept[index].tag) for index in sorted(steps)]
        for index, child in enumerate(kept):
            if index in steps or child.tag in told:
                continue
            told.add(child.tag)
            rank = self._rank(child)
            pair = next(((child.tag, tag) for at, r, tag in in_place if at < index and r > rank), None)
            if pair is None:
                pair = next((tag, child.tag) for at, r, tag in reversed(in_place) if at > index and r < rank)
            yield Fault("order", child, pair)

    def _exclusive(self) -> Iterator[Fault]:
        for place in self.places:
            present = [tag for tag in place.limits if self.counts[tag]]
            if place.exclusive and len(present) > 1:
                these = [child for child in self.children if child.tag in present]
                second = next(child for child in these if child.tag != these[0].tag)
                yield Fault("together", second, tuple(present), expected=tuple(place.limits))

    def _missing(self, absorbed: set[str]) -> Iterator[Fault]:
        for place in self.places:
            if self._is_missing(place) and not absorbed & place.limits.keys():
                yield Fault("missing_element", None, tuple(place.limits))

    def _is_missing(self, place: Place) -> bool:
        return sum(self.counts[tag] for tag in place.limits) < place.least

    def _longest(self, ranks: Sequence[int]) -> list[int]:
        """The indexes of a longest run of ranks that never goes back: what must move is what is left out."""
        tails: list[int] = []  # the smallest last rank of a run of each length
        ends: list[int] = []  # its index
        previous: list[int] = []
        for index, rank in enumerate(ranks):
            at = bisect_right(tails, rank)
            previous.append(ends[at - 1] if at else -1)
            if at == len(tails):
                tails.append(rank)
                ends.append(index)
            else:
                tails[at], ends[at] = rank, index
        run: list[int] = []
        index = ends[-1] if ends else -1
        while index >= 0:
            run.append(index)
            index = previous[index]
        return run[::-1]
