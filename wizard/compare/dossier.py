"""The two images side by side: what they tell the engine to run, and which packages they hold.

Values of environment variables and labels never appear in a reason: they may be secret.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wizard.compare.intended import intended_by
from wizard.compare.values import ImageConfig, Packages, Reason, Severity

_BUILD_ONLY = ("PIP_", "UV_", "DEBIAN_FRONTEND", "BUILDKIT_")
"""Environment variables by prefix that only steer installers: without effect in a container that installs nothing."""
_INSTALLERS = frozenset(("pip", "setuptools", "wheel", "uv"))
_MEANT: Mapping[Severity, Severity] = {"harmful": "noted", "noted": "harmless", "harmless": "harmless"}
"""What a difference weighs that a proposal means to make: one step less."""
_NAMED = 8
"""Packages named in one reason; the rest is counted."""


def compare_configs(before: ImageConfig, after: ImageConfig, rules: Sequence[str] = ()) -> tuple[Reason, ...]:
    """What differs in the two configurations. `rules` are the proposals that were applied between them."""
    differences = [
        *_command(before, after),
        *_environment(before.env, after.env),
        *_labels(before.labels, after.labels),
    ]
    if _user(before.user) != _user(after.user):
        text = f"runs as {_user(after.user)}, before as {_user(before.user)}"
        differences.append(_Difference("user", "user", "harmful", text))
    if before.workdir != after.workdir:
        text = f"works in {after.workdir or '/'}, before in {before.workdir or '/'}"
        differences.append(_Difference("workdir", "workdir", "harmful", text))
    if before.stop_signal != after.stop_signal:
        text = f"is stopped with {after.stop_signal or 'SIGTERM'}, before with {before.stop_signal or 'SIGTERM'}"
        differences.append(_Difference("stop-signal", "stop-signal", "harmful", text))
    if before.healthcheck != after.healthcheck:
        severity: Severity = "harmful" if not after.healthcheck else "noted"
        word = "is gone" if not after.healthcheck else "is new" if not before.healthcheck else "differs"
        differences.append(_Difference("healthcheck", "healthcheck", severity, f"the health check {word}"))
    differences += _sets("port", "exposed port", before.ports, after.ports, "noted")
    differences += _sets("volume", "volume", before.volumes, after.volumes, "harmful")
    return tuple(_reason(difference, rules) for difference in differences)


def compare_packages(before: Packages, after: Packages, rules: Sequence[str] = ()) -> tuple[Reason, ...]:
    """What differs in the packages, one reason for each kind of difference and proposal that meant it."""
    reasons: list[Reason] = []
    if before.python_version != after.python_version and before.python_version and after.python_version:
        minor = before.python_version.split(".")[:2] != after.python_version.split(".")[:2]
        text = f"Python is {after.python_version}, before {before.python_version}"
        reasons.append(Reason("python-version", "harmful" if minor else "noted", text))
    for what, first, second in (("python", before.python, after.python), ("system", before.system, after.system)):
        if first is not None and second is not None:
            reasons += _packages(what, first, second, rules)
        elif first is not None or second is not None:
            side = "after" if second is None else "before"
            reasons.append(Reason(f"{what}-package", "noted", f"the {what} packages of {side} could not be read"))
    return tuple(reasons)


@dataclass(frozen=True, slots=True)
class _Difference:
    kind: str
    name: str
    severity: Severity
    text: str


def _reason(difference: _Difference, rules: Iterable[str]) -> Reason:
    rule = intended_by(difference.kind, difference.name, rules)
    severity = difference.severity if rule is None else _MEANT[difference.severity]
    return Reason(difference.kind, severity, difference.text, rule)


def _command(before: ImageConfig, after: ImageConfig) -> Iterator[_Difference]:
    first, second = before.entrypoint + before.cmd, after.entrypoint + after.cmd
    if (before.entrypoint, before.cmd) == (after.entrypoint, after.cmd):
        return
    if _argv(first) == _argv(second):
        text = "runs the same command, in another form: signals and arguments may reach it differently"
        yield _Difference("command", "command", "noted", text)
    else:
        yield _Difference("command", "command", "harmful", f"runs {_shown(second)}, before {_shown(first)}")


def _argv(command: Sequence[str]) -> list[str]:
    """The words of a command, a simple shell form taken apart."""
    match list(command):
        case [("/bin/sh" | "sh" | "/bin/bash" | "bash"), "-c", text]:
            try:
                words = shlex.split(text)
            except ValueError:
                return list(command)
            return words[1:] if words[:1] == ["exec"] else words
        case words:
            return words


def _shown(command: Sequence[str]) -> str:
    return shlex.join(command) if command else "nothing"


def _environment(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[_Difference]:
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        if first == second:
            continue
        minor = name.startswith(_BUILD_ONLY)
        if name == "PATH" and first is not None and second is not None:
            yield from _search_path(first.split(":"), second.split(":"))
        elif second is None:
            yield _Difference("env", name, "harmless" if minor else "harmful", f"the variable {name} is gone")
        elif first is None:
            yield _Difference("env", name, "harmless" if minor else "noted", f"the variable {name} is new")
        else:
            text = f"the variable {name} has another value"
            yield _Difference("env", name, "harmless" if minor else "harmful", text)


def _search_path(before: Sequence[str], after: Sequence[str]) -> Iterator[_Difference]:
    gone = [folder for folder in before if folder not in after]
    new = [folder for folder in after if folder not in before]
    if gone:
        yield _Difference("env", "PATH", "harmful", f"PATH has lost {', '.join(gone)}")
    elif new:
        yield _Difference("env", "PATH", "noted", f"PATH has {', '.join(new)} too")
    else:
        yield _Difference("env", "PATH", "noted", "PATH has another order")


def _labels(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[_Difference]:
    for name in sorted({*before, *after}):
        if name not in after:
            yield _Difference("label", name, "noted", f"the label {name} is gone")
        elif name not in before:
            yield _Difference("label", name, "harmless", f"the label {name} is new")
        elif before[name] != after[name]:
            yield _Difference("label", name, "harmless", f"the label {name} has another value")


def _sets(kind: str, word: str, before: Iterable[str], after: Iterable[str], lost: Severity) -> Iterator[_Difference]:
    first, second = set(before), set(after)
    for name in sorted(first - second):
        yield _Difference(kind, name, lost, f"the {word} {name} is gone")
    for name in sorted(second - first):
        yield _Difference(kind, name, "noted", f"the {word} {name} is new")


def _user(user: str) -> str:
    return "root" if user.split(":")[0] in ("", "0", "root") else user


def _packages(what: str, before: Mapping[str, str], after: Mapping[str, str], rules: Sequence[str]) -> Iterator[Reason]:
    groups: defaultdict[tuple[str, Severity, str | None], list[str]] = defaultdict(list)
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        if first == second:
            continue
        change = "gone" if second is None else "new" if first is None else "version"
        kind = f"{what}-package-{change}"
        rule = intended_by(kind, name, rules)
        severity = "harmless" if rule is not None else _package_severity(what, name, first, second)
        shown = f"{name} {first} -> {second}" if change == "version" else name
        groups[(kind, severity, rule)].append(shown)
    for (kind, severity, rule), names in groups.items():
        change = kind.rsplit("-", 1)[1]
        verb = {"gone": "gone", "new": "new", "version": "in another version"}[change]
        count = f"{len(names)} {'Python' if what == 'python' else 'system'} package{'s' if len(names) > 1 else ''}"
        yield Reason(kind, severity, f"{count} {verb}: {_some(names)}", rule)


def _package_severity(what: str, name: str, before: str | None, after: str | None) -> Severity:
    if what == "system" or before is None:
        return "noted"
    if after is None:
        return "noted" if name in _INSTALLERS else "harmful"
    # A local version (`2.1.0+cpu`) is another build of the same source.
    if before.split("+")[0] == after.split("+")[0] or name in _INSTALLERS:
        return "noted"
    return "harmful"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
