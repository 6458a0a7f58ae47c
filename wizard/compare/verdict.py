"""The verdict: whether the new image does the same job, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from wizard.compare.dossier import compare_configs, compare_packages
from wizard.compare.libraries.faults import compare_libraries
from wizard.compare.values import Behaviour, Probe, Reason, SideResult, Verdict

IN_WORDS: dict[Verdict, str] = {
    "equivalent": "The new image does the same job.",
    "noted": "The new image does the same job, with differences to note.",
    "different": "The new image does not do the same job.",
    "unknown": "Whether the new image does the same job could not be told.",
}

_FULL = "no space left on device"
_ORDER = {"harmful": 0, "noted": 1, "harmless": 2}


def judge(reasons: Iterable[Reason]) -> Verdict:
    """Anything harmful decides; else anything that keeps us from telling; else whether there is something to note."""
    found = tuple(reasons)
    if any(reason.severity == "harmful" for reason in found):
        return "different"
    if any(reason.undecided for reason in found):
        return "unknown"
    return "noted" if any(reason.severity == "noted" for reason in found) else "equivalent"


def reasons_for(before: SideResult, after: SideResult, rules: Sequence[str] = ()) -> tuple[Reason, ...]:
    """Every reason, the weightiest first. `rules` are the proposals that were applied between the sides."""
    reasons = [*_builds(before, after)]
    if before.config is not None and after.config is not None:
        reasons += compare_configs(before.config, after.config, rules)
    if before.packages is not None and after.packages is not None:
        reasons += compare_packages(before.packages, after.packages, rules)
    reasons += compare_libraries(before, after, rules)
    if before.image is not None and after.image is not None:
        reasons += compare_behaviour(before.behaviour, after.behaviour)
    return tuple(sorted(reasons, key=lambda reason: (_ORDER[reason.severity], not reason.undecided)))


def _builds(before: SideResult, after: SideResult) -> Iterator[Reason]:
    if before.image is None and after.image is None:
        both = "fails in both: neither image could be built"
        why = before.error or after.error
        yield Reason("build", "noted", f"{both} ({why})" if why else "neither image was built", undecided=True)
    elif after.image is None and after.error and _FULL in after.error:
        yield Reason("build", "noted", f"the disk was full: {after.error}", undecided=True)
    elif after.image is None and after.error:
        yield Reason("build", "harmful", f"the new image does not build: {after.error}")
    elif before.image is None and before.error:
        yield Reason("build", "noted", f"the original does not build: {before.error}", undecided=True)
    elif before.image is None or after.image is None:
        missing = "original" if before.image is None else "new image"
        yield Reason("build", "noted", f"the {missing} was not built", undecided=True)
    for side in (before, after):
        if side.image is not None and side.error:
            yield Reason("build", "noted", f"a later build of {side.label} failed: {side.error}")


def compare_behaviour(before: Behaviour | None, after: Behaviour | None) -> tuple[Reason, ...]:
    """What the two containers did differently, or that they did the same."""
    if before is None or after is None:
        return (Reason("behaviour", "noted", "the containers were not both started", undecided=True),)
    if not before.started or not after.started:
        return _not_started(before, after)
    ended = (before.exit_code, after.exit_code)
    if ended == (None, None):
        return _running(before, after)
    return _ended(before, after)


def _not_started(before: Behaviour, after: Behaviour) -> tuple[Reason, ...]:
    if not before.started and not after.started:
        return (Reason("behaviour", "noted", f"fails in both: does not start ({before.error})", undecided=True),)
    if before.started:
        return (Reason("behaviour", "harmful", f"the new container does not start: {after.error}"),)
    return (Reason("behaviour", "noted", f"the original does not start ({before.error}), the new one does"),)


def _ended(before: Behaviour, after: Behaviour) -> tuple[Reason, ...]:
    first, second = _end(before), _end(after)
    if before.exit_code == after.exit_code:
        if before.exit_code != 0:
            text = f"fails in both: {first} ({_last_line(after)})"
            return (Reason("behaviour", "noted", text, undecided=True),)
        if _normalised(before.logs) != _normalised(after.logs):
            return (Reason("output", "noted", "both end with exit code 0; their output differs"),)
        return (Reason("behaviour", "harmless", "both end with exit code 0 and the same output"),)
    if before.exit_code not in (None, 0):
        return (Reason("behaviour", "noted", f"the original {first}, the new one {second}", undecided=True),)
    return (Reason("behaviour", "harmful", f"the new container {second} ({_last_line(after)}); the original {first}"),)


def _end(behaviour: Behaviour) -> str:
    if behaviour.exit_code is None:
        return "keeps running"
    memory = ", out of memory" if behaviour.out_of_memory else ""
    return f"ends with exit code {behaviour.exit_code}{memory}"


def _running(before: Behaviour, after: Behaviour) -> tuple[Reason, ...]:
    reasons = [*_health(before, after), *_ports(before, after)]
    answered = False
    probes = {(probe.port, probe.path): probe for probe in after.probes}
    for first in before.probes:
        second = probes.get((first.port, first.path))
        if second is not None:
            answered = answered or None not in (first.status, second.status)
            reasons.append(_probe(first, second))
    if not answered and (before.health, after.health) != ("healthy", "healthy"):
        reasons.append(_unanswered(before, after))
    return tuple(reasons)


def _unanswered(before: Behaviour, after: Behaviour) -> Reason:
    if before.ports and before.ports == after.ports:
        ports = ", ".join(map(str, before.ports))
        return Reason("behaviour", "noted", f"both keep running and listen on {ports}; neither answers HTTP there")
    if before.probes:
        return Reason("behaviour", "noted", "both keep running; no probe is answered in both", undecided=True)
    return Reason("behaviour", "noted", "both keep running; there is no port and no health check to try")


def _health(before: Behaviour, after: Behaviour) -> Iterator[Reason]:
    match before.health, after.health:
        case "healthy", "healthy":
            yield Reason("health", "harmless", "both become healthy")
        case "healthy", ("unhealthy" | "untested"):
            yield Reason("health", "harmful", f"the new container does not become healthy ({_last_line(after)})")
        case "unhealthy", "unhealthy":
            yield Reason("health", "noted", "fails in both: the health check never passes")
        case "unhealthy", "healthy":
            yield Reason("health", "noted", "only the new container becomes healthy")


def _ports(before: Behaviour, after: Behaviour) -> Iterator[Reason]:
    if before.ports is None or after.ports is None:
        return
    for port in sorted({*before.ports} - {*after.ports}):
        yield Reason("port", "harmful", f"the new container does not listen on port {port}")
    for port in sorted({*after.ports} - {*before.ports}):
        yield Reason("port", "noted", f"the new container listens on port {port} too")


def _probe(before: Probe, after: Probe) -> Reason:
    request = f"GET {before.path} on port {before.port}"
    if before.status is None and after.status is None:
        return Reason("http", "noted", f"nothing answers {request}, in both")
    if before.status != after.status:
        severity = "harmful" if before.status is not None and before.status < 500 else "noted"
        text = f"{request} gives {_status(after)}, before {_status(before)}"
        return Reason("http", "harmful" if severity == "harmful" else "noted", text)
    if before.content_type != after.content_type:
        return Reason("http", "noted", f"{request} gives {after.content_type}, before {before.content_type}")
    if before.digest and after.digest and before.digest != after.digest:
        return Reason("http", "noted", f"{request} gives {before.status} in both; the body differs")
    same = "the same body" if before.digest and after.digest else "a body that changes with every request"
    return Reason("http", "harmless", f"{request} gives {before.status} and {same} in both")


def _status(probe: Probe) -> str:
    if probe.status is not None:
        return str(probe.status)
    return f"no answer ({probe.error})" if probe.error else "no answer"


def _normalised(logs: str) -> str:
    """Output without what changes from run to run: numbers, times, ids."""
    return re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{12,}\b|\d+", "#", logs)


def _last_line(behaviour: Behaviour) -> str:
    lines = [line.strip() for line in behaviour.logs.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"
