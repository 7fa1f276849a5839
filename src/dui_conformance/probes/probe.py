"""Probes targets one after the other and records each exchange in the folder of a session."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dui_conformance import __version__
from dui_conformance.probes import certificates, handshakes, tokens
from dui_conformance.probes.steps import Step, not_tried, steps
from dui_conformance.probes.targets import Target, TargetError, resolved
from dui_conformance.probes.wire import send
from dui_conformance.simulators.recording import Recorder, Recording

SERVICE = "probe"
TIME = 300.0  # seconds that a target may take

Tell = Callable[[Target, str], None]


def probe(targets: Sequence[Target], folder: Path, tell: Tell = lambda _target, _text: None) -> None:
    """Probe every target; what could not be tried is recorded too. Never raises for what endpoints do."""
    recorder = Recorder(folder)
    recorder.write_session(_content(recorder, targets, ended=False))
    for target in targets:
        _Probe(target, recorder, tell).run()
    recorder.write_session(_content(recorder, targets, ended=True))


class _Probe:
    def __init__(self, target: Target, recorder: Recorder, tell: Tell) -> None:
        self.target = target
        self.recorder = recorder
        self.tell = tell
        self.until = time.monotonic() + TIME
        self.missed: list[str] = [name for name, _ in not_tried(target)]
        self.closed = False  # whether what wants credentials answered that there were none good

    def run(self) -> None:
        try:
            resolved(self.target)
            sound = self._transport()
        except (handshakes.Unreachable, TargetError, OSError) as error:
            self._note("reach", {"reached": False, "failure": type(error).__name__})
            return
        if sound:
            for step in steps(self.target):
                self._step(step)
        else:
            self.missed.append("requests (untrusted certificate)")
        self._note("reach", {"reached": True, "notChecked": list(self.missed)})

    def _transport(self) -> bool:
        """Look at TLS and at the certificate; whether requests may be sent. Raises Unreachable."""
        target = self.target
        if not target.tls:
            handshakes.connect(target).close()
            self._note("transport", {"https": False})
            return True
        self._note("transport", {"https": True})
        der = b""
        for name in handshakes.VERSIONS:
            self.tell(target, f"TLS {name}")
            answer = handshakes.offer(target, name)
            der = answer.certificate or der
            if answer.outcome == "unknown":
                self.missed.append(f"tls-{name} ({answer.reason})")
                continue
            tls = {"version": answer.version, "cipher": answer.cipher, "failed": answer.outcome == "refused"}
            facts = {"offered": name, "accepted": answer.outcome == "accepted", "reason": answer.reason}
            self._note(f"tls-{name}", facts, tls)
        if not der:
            return False
        accepted = handshakes.suites(target)
        if accepted:
            self._note("suites", {"suite": list(accepted)})
        self.tell(target, "certificate")
        facts = certificates.facts_of(target, der, self.recorder.now())
        if not facts.get("revoked"):
            self.missed.append(f"revocation ({facts.get('revocation')})")
        self._note("certificate", facts)
        return certificates.is_sound(facts)

    def _step(self, step: Step) -> None:
        if time.monotonic() > self.until:
            self.missed.append(f"{step.operation} (time is over)")
            return
        barred = self.closed and not self.target.has_credentials
        if barred and step.credentials == "own" and step.operation != "capability":
            self.missed.append(f"{step.operation} (no credentials)")
            return
        self.tell(self.target, f"{step.method} {self.target.address(step.path)} ({step.operation})")
        recording = self._begin(step.operation)
        recording.facts["claim"] = list(self.target.claims)
        if step.credentials == "own" and self.target.token:
            seconds = tokens.lifetime(self.target.token)
            if seconds is not None:
                recording.facts["tokenSeconds"] = seconds
        status = send(self.target, step, recording, self.recorder.now())
        recording.close()
        if step.operation == "anonymous":
            self.closed = not 200 <= status < 300

    def _begin(self, operation: str) -> Recording:
        recording = self.recorder.begin(SERVICE, "http" if not operation.startswith("tls-") else "tls")
        recording.operation, recording.dui = operation, "server"
        recording.facts.update({"kind": self.target.kind, "endpoint": self.target.name})
        return recording

    def _note(self, operation: str, facts: Mapping[str, Any], tls: Mapping[str, Any] | None = None) -> None:
        """Record what is no request."""
        recording = self._begin(operation)
        recording.protocol = "tls"
        recording.tls = tls
        recording.facts.update(facts)
        recording.close()


def _content(recorder: Recorder, targets: Sequence[Target], *, ended: bool) -> dict[str, Any]:
    return {
        "tool": __version__,
        "services": [target.name for target in targets],
        "scenario": SERVICE,
        "mode": SERVICE,
        "started": recorder.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ended": recorder.now().strftime("%Y-%m-%dT%H:%M:%SZ") if ended else "",
        "complete": ended,
        "steps": [],
    }
