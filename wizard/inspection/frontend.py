"""Which frontend reads the Dockerfile, and what that one has: a rewrite may use nothing else.

A `# syntax=` line names it; without one it is the frontend that is built into the engine. Which feature came when is
in assets/knowledge/frontend_features.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.stages import mount_options
from wizard.inspection.values import Engine

Feature = Literal[
    "cache-mount", "chmod", "symbolic-chmod", "network", "heredoc", "link", "checksum", "keep-git-dir",
    "start-interval", "check-directive", "secret-env", "unpack", "exclude", "parents", "security",
]  # fmt: skip
_DOCKERS_OWN = re.compile(
    r"(?:[\w.-]+(?::\d+)?/)*docker/dockerfile(?:-upstream)?(?::(?P<tag>[\w.-]+))?(?P<digest>@\S+)?"
)
"""Under whatever registry: a pull-through mirror keeps the name."""
_TAG = re.compile(r"v?(?P<numbers>\d+(?:\.\d+){0,2})?-?(?P<channel>labs|experimental|master|latest)?")
_NUMBERS = re.compile(r"\d+")
_FLAGS: Final[Mapping[tuple[str, str], Feature]] = {
    ("RUN", "mount"): "cache-mount",
    ("RUN", "network"): "network",
    ("RUN", "security"): "security",
    ("COPY", "chmod"): "chmod",
    ("ADD", "chmod"): "chmod",
    ("COPY", "link"): "link",
    ("ADD", "link"): "link",
    ("COPY", "exclude"): "exclude",
    ("ADD", "exclude"): "exclude",
    ("COPY", "parents"): "parents",
    ("ADD", "checksum"): "checksum",
    ("ADD", "keep-git-dir"): "keep-git-dir",
    ("ADD", "unpack"): "unpack",
    ("HEALTHCHECK", "start-interval"): "start-interval",
}

Version = tuple[int, ...]


class Frontend(NamedTuple):
    """What reads a Dockerfile."""

    name: str
    """For messages: `the frontend docker/dockerfile:1.4`, `engine 28.5.2`, `the engine`."""
    kind: Literal["image", "engine"]
    version: Version | None
    """Of the frontend or of the engine. None: an image nobody knows, or no engine that answered."""
    labs: bool = False
    assumed: str = ""
    """Why `version` is taken for granted rather than known, for people; "" where it is known."""

    def has(self, feature: Feature) -> bool:
        """Whether a Dockerfile read by it may use the feature. Without an engine: as the newest one."""
        entry = knowledge("frontend_features")[feature]
        if self.kind == "engine":
            return self.version is None or self.version >= _version(entry["engine"])
        first = _version(entry["labs"] if self.labs and "labs" in entry else entry["frontend"])
        return self.version is not None and self.version >= first

    def lacks(self, feature: Feature) -> str:
        """Words for a refusal."""
        unknown = self.kind == "image" and self.version is None
        return f"{self.name} {'is not known to have' if unknown else 'does not have'} {title(feature)}"

    def doubt(self, feature: Feature) -> str:
        """What was taken for granted in saying that it has the feature; "" where that is known."""
        entry = knowledge("frontend_features")[feature]
        if self.kind == "image":
            return self.assumed
        if self.version is not None or _version(entry["engine"]) <= OLDEST_ENGINE:
            return ""
        return f"{title(feature)} needs engine {entry['engine']} or later: not checked, no engine was asked."


OLDEST_ENGINE: Final[Version] = (20, 10)
"""The oldest engine that dockwiz is tried with."""
_NEWEST: Final[Version] = (99,)
_OLDEST_PINNED: Final[Version] = (1, 2)
"""What a digest of `docker/dockerfile:1` is at least taken for: that release is of 2020, and has RUN --mount."""


def title(feature: Feature) -> str:
    """What a feature is called in messages."""
    return str(knowledge("frontend_features")[feature]["title"])


def frontend_of(document: Document, engine: Engine | None) -> Frontend:
    """The frontend in force. `engine` is the one that would build, None where none is known."""
    syntax = document.syntax()
    if syntax is not None:
        return _of_image(syntax)
    if engine is None:
        return Frontend("the engine", "engine", None)
    return Frontend(f"engine {engine.version}", "engine", _version(engine.version) or None)


def used_features(document: Document) -> frozenset[Feature]:
    """What a file asks of its frontend."""
    found = {feature for instruction in document.instructions for feature in _used_by(instruction)}
    if any(directive.name == "check" for directive in document.directives):
        found.add("check-directive")
    return frozenset(found)


def _used_by(instruction: Instruction) -> Iterator[Feature]:
    for flag in instruction.flags:
        feature = _FLAGS.get((instruction.keyword, flag.name))
        if feature is not None:
            yield feature
        if feature == "cache-mount" and "env" in mount_options(flag.value or ""):
            yield "secret-env"
        if feature == "chmod" and re.search(r"[ugoa]*[-+=]", flag.value or ""):
            yield "symbolic-chmod"
    if instruction.heredocs:
        yield "heredoc"
    if instruction.trigger is not None:
        yield from _used_by(instruction.trigger)


def _of_image(reference: str) -> Frontend:
    """What the reference of a frontend image tells: only Docker's own releases are known."""
    name = f"the frontend {reference}"
    found = _DOCKERS_OWN.fullmatch(reference)
    tag = _TAG.fullmatch(found["tag"] or "") if found else None
    if found is None or tag is None:
        return Frontend(name, "image", None)
    channel, version = tag["channel"], _version(tag["numbers"] or "")
    labs = channel in ("labs", "experimental", "master")
    if channel == "experimental" and not version:
        # It stands still since 1.2.
        return Frontend(name, "image", (1, 2), labs)
    if len(version) > 1:
        return Frontend(name, "image", version, labs)
    if found["digest"]:
        return Frontend(name, "image", _OLDEST_PINNED, labs, "Its digest does not tell which release the frontend is.")
    return Frontend(name, "image", _NEWEST, labs)


def _version(text: str) -> Version:
    return tuple(int(number) for number in _NUMBERS.findall(re.split(r"[-+~]", text)[0])[:3])
