"""Scenarios: which exchanges must happen, in which order, which faults are served, what a person does at the screen.

A scenario is YAML under `profiles/schemas/scenario.schema.json`; the built-in ones are in `profiles/scenarios`.
`Progress` follows one while exchanges arrive. Steps come one after the other: a step is over once all it expects has
been seen, and the next begins with the first exchange that it expects itself (or when a person says so), unless the
present step forbids it. In a step, expectations are met in their order (in any order with `order: any`); other
exchanges may come between. `operation: "*"` is any operation.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dui_conformance.data import profiles_root, read_yaml
from dui_conformance.simulators.faults import Fault
from dui_conformance.text import Text

_KEPT = 200  # exchanges of one expectation that are named


class ScenarioError(ValueError):
    """A scenario that cannot be used; `problems` say why, one by one."""

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        super().__init__(f"{file}: " + "; ".join(problems))
        self.file = file
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exchanges of a service that must happen (`times` at least), or must not."""

    service: str
    operation: str
    times: int = 1

    def matches(self, service: str, operation: str) -> bool:
        return self.service in ("*", service) and self.operation in ("*", operation)


@dataclass(frozen=True, slots=True)
class Served:
    """A fault served to the exchanges of an operation, `times` of them (0: all those of the step)."""

    wanted: Wanted
    fault: Fault
    times: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a person does, and what must come of it. `confirm`: what the person must see, asked when it is over."""

    id: str
    do: Text
    expect: Sequence[Wanted] = ()
    forbid: Sequence[Wanted] = ()
    faults: Sequence[Served] = ()
    any_order: bool = False
    confirm: Text | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`proves`: requirements that it helps to prove; `settings`: values for services, by service, for every step."""

    id: str
    title: Text
    why: Text
    services: Sequence[str]
    steps: Sequence[Step]
    proves: Sequence[str] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def changes_connections(self) -> bool:
        """Whether a fault is served when a connection opens: connections are then not kept open."""
        return any(s.wanted.operation in ("handshake", "*") for step in self.steps for s in step.faults)


def free(services: Sequence[str], faults: Sequence[Served] = ()) -> Scenario:
    """No scenario: everything may happen, nothing must."""
    text = Text("Sans scénario", "No scenario")
    do = Text("Utiliser le logiciel librement.", "Use the software freely.")
    return Scenario("", text, text, services, (Step("libre", do, faults=faults),))


def built_in() -> dict[str, Path]:
    """The scenarios that are shipped, by id."""
    return {path.stem: path for path in sorted((profiles_root() / "scenarios").glob("*.yaml"))}


def load(path: Path) -> Scenario:
    """Read a scenario. Raises ScenarioError, DataError."""
    from jsonschema import Draft202012Validator

    data = json.loads(json.dumps(read_yaml(path), default=str))
    schema = json.loads((profiles_root() / "schemas" / "scenario.schema.json").read_bytes())
    errors = sorted(Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.absolute_path)))
    if errors:
        raise ScenarioError(
            path.name, [f"{'.'.join(map(str, e.absolute_path)) or '-'}: {e.message[:300]}" for e in errors]
        )
    steps = tuple(_step(step) for step in data["steps"])
    if len({step.id for step in steps}) < len(steps):
        raise ScenarioError(path.name, ["steps: two steps have one id"])
    return Scenario(
        data["scenario"],
        Text.of(data["title"]),
        Text.of(data["why"]),
        tuple(data["services"]),
        steps,
        tuple(data.get("proves", ())),
        data.get("settings", {}),
    )


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        data["id"],
        Text.of(data["do"]),
        tuple(_wanted(item) for item in data.get("expect", ())),
        tuple(_wanted(item) for item in data.get("forbid", ())),
        tuple(
            Served(
                _wanted(item),
                Fault(
                    item["fault"],
                    {k: v for k, v in item.items() if k not in ("service", "operation", "fault", "times")},
                ),
                item.get("times", 0),
            )
            for item in data.get("faults", ())
        ),
        data.get("order") == "any",
        Text.of(data["confirm"]) if "confirm" in data else None,
        data.get("settings", {}),
    )


def _wanted(data: Mapping[str, Any]) -> Wanted:
    return Wanted(data["service"], data["operation"], data.get("times", 1))


@dataclass(slots=True)
class _State:
    """What has come of a step."""

    step: Step
    reached: bool = False
    expected: list[list[str]] = field(default_factory=list)
    forbidden: list[list[str]] = field(default_factory=list)
    served: list[int] = field(default_factory=list)
    answer: str = ""  # of a person to `confirm`: yes, no, or nothing

    def __post_init__(self) -> None:
        self.expected = [[] for _ in self.step.expect]
        self.forbidden = [[] for _ in self.step.forbid]
        self.served = [0 for _ in self.step.faults]

    @property
    def over(self) -> bool:
        return self.reached and all(
            len(seen) >= wanted.times for seen, wanted in zip(self.expected, self.step.expect, strict=True)
        )

    def open(self) -> Iterator[int]:
        """The expectations that an exchange may meet now."""
        for rank, wanted in enumerate(self.step.expect):
            met = len(self.expected[rank]) >= wanted.times
            if not met:
                yield rank
                if not self.step.any_order:
                    return


class Progress:
    """Where a session stands in its scenario. Called from one thread."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.states = [_State(step) for step in scenario.steps]
        self.at = 0
        self.states[0].reached = True

    @property
    def step(self) -> Step:
        return self.states[self.at].step

    @property
    def complete(self) -> bool:
        return all(state.over and not any(state.forbidden) for state in self.states)

    def setting(self, service: str, name: str, default: Any) -> Any:
        """A value of the present step for a service, else of the scenario, else the default."""
        for settings in (self.step.settings, self.scenario.settings):
            if name in settings.get(service, {}):
                return settings[service][name]
        return default

    def begins(self, service: str, operation: str) -> None:
        """Tell that an exchange begins: the next step may begin with it.

        With a connection (`handshake`) begins a step whose first exchange is of the same service, once the faults of
        connections of the present step have been seen: this connection must not have them.
        """
        state = self.states[self.at]
        if state.over and self.at + 1 < len(self.states):
            following = self.states[self.at + 1]
            first = next((following.step.expect[rank] for rank in following.open()), None)
            barred = any(wanted.matches(service, operation) for wanted in state.step.forbid)
            if first is None or barred:
                return
            connects = operation == "handshake" and any(
                served.wanted.matches(service, operation) for served in state.step.faults
            )
            if first.matches(service, operation) or (connects and first.service == service):
                self.advance()

    def fault(self, service: str, operation: str) -> Fault | None:
        """The fault to serve to an exchange, counted as served."""
        state = self.states[self.at]
        for rank, served in enumerate(state.step.faults):
            if served.wanted.matches(service, operation) and (not served.times or state.served[rank] < served.times):
                state.served[rank] += 1
                return served.fault
        return None

    def seen(self, service: str, operation: str, exchange: str) -> None:
        """Tell that an exchange has happened; `exchange` is the name of its folder."""
        state = self.states[self.at]
        for rank, wanted in enumerate(state.step.forbid):
            if wanted.matches(service, operation):
                if len(state.forbidden[rank]) < _KEPT:
                    state.forbidden[rank].append(exchange)
                return
        for rank in state.open():
            if state.step.expect[rank].matches(service, operation):
                state.expected[rank].append(exchange)
                return

    def advance(self) -> bool:
        """Go to the next step; False at the end."""
        if self.at + 1 >= len(self.states):
            return False
        self.at += 1
        self.states[self.at].reached = True
        return True

    def answer(self, step: str, answer: str) -> bool:
        """Note what a person answered to the `confirm` of a step (yes or no)."""
        for state in self.states:
            if state.step.id == step and state.step.confirm is not None and answer in ("yes", "no"):
                state.answer = answer
                return True
        return False

    def as_json(self) -> list[dict[str, Any]]:
        """The steps as session.json holds them."""
        return [
            {
                "id": state.step.id,
                "reached": state.reached,
                "expect": [_line(w, seen) for w, seen in zip(state.step.expect, state.expected, strict=True)],
                "forbid": [_line(w, seen) for w, seen in zip(state.step.forbid, state.forbidden, strict=True)],
                **({"confirm": {"answer": state.answer}} if state.step.confirm is not None else {}),
            }
            for state in self.states
        ]


def _line(wanted: Wanted, seen: Sequence[str]) -> dict[str, Any]:
    return {
        "service": wanted.service,
        "operation": wanted.operation,
        "times": wanted.times,
        "exchanges": list(seen),
    }
