"""What a container of the image is told to run from outside: by compose, Kubernetes, a platform, a script or CI.

The image is not all that decides what runs in it. A program that stands in such a command has to be there, at the place
that the command names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wizard.inspection.callers.command_line import indentation, joined
from wizard.inspection.callers.compose import given_programs
from wizard.inspection.callers.find import concerns, kind_of
from wizard.inspection.files import Listing, read_text, short_lines
from wizard.inspection.image_names import known_image, name_parts
from wizard.inspection.masking import shown
from wizard.inspection.values import Caller, Evidence
from wizard.workspace import Workspace

_KEY = re.compile(
    r"""^(?P<indent>\s*(?:-\s+)?)["']?(?P<key>command|args|entrypoint|test|dockerCommand|preDeployCommand|startCommand
    |run_command|releaseCommand|release_command|start_command|post(?:Create|Start|Attach)Command|onCreateCommand
    |updateContentCommand)["']?\s*[:=](?!=)\s*(?P<value>.*)$""",
    re.VERBOSE,
)
_RUN = re.compile(
    r"""\b(?:(?:docker|podman|nerdctl)\s+(?:container\s+)?(?=(?:run|exec|create)\s)
    |(?:docker[ -]compose|podman-compose|kubectl|oc)\s(?:[^#;&|]*?\s)?(?=(?:run|exec)\s))
    (?P<verb>\w+)\s(?P<words>.*)""",
    re.VERBOSE,
)
_DECLARES = frozenset({"compose", "manifest", "declared"})
_ENDS_A_COMMAND = re.compile(r"(?<!\\)(?:&&|\|\||[;|])")


class Given(NamedTuple):
    """A command that stands outside of the image."""

    text: str
    """The words as written, without the brackets, quotes and commas of a list."""
    evidence: Evidence
    key: str
    """The key whose value it is (`command`, `args`, `release_command`); for a line of a script `run`, `exec` or
    `create`."""


def given_by_compose(workspace: Workspace, callers: Iterable[Caller], dockerfile: str) -> Iterator[Given]:
    """The `command`, `entrypoint` and `test` of the services that build a Dockerfile (path relative to the root)."""
    for caller in callers:
        built = caller.dockerfile or posixpath.normpath(posixpath.join(caller.context or ".", "Dockerfile"))
        if caller.kind == "compose" and built == dockerfile:
            for program in given_programs(read_text(workspace, caller.path) or ""):
                if caller.text == f"service {program.service}":
                    evidence = Evidence(caller.path, program.line, shown(program.text))
                    yield Given(program.text, evidence, program.key)


def given_commands(workspace: Workspace, callers: Iterable[Caller], listing: Listing) -> Iterator[Given]:
    """Every command for a container in the files that may have to do with this build context.

    Which of several services a command is for is not looked into. Of `docker run` all words come back, the options
    and the image too: which of them is the command only docker knows. One that names a public image is left out.
    """
    callers = tuple(callers)
    for path in listing.files:
        kind = kind_of(path)
        if kind is None or kind == "bake" or (kind == "manifest" and posixpath.basename(path).startswith(".")):
            continue
        text = read_text(workspace, path)
        if text is None or not concerns(workspace, callers, path):
            continue
        lines = short_lines(text)
        if kind in _DECLARES:
            yield from _declared(path, lines)
        yield from _run(path, lines)


def _declared(path: str, lines: list[str]) -> Iterator[Given]:
    """The values of keys such as `command`, on their line or on the deeper lines below it."""
    for number, line in enumerate(lines, start=1):
        found = _KEY.match(line)
        if found is None:
            continue
        depth = len(found["indent"])
        value = [] if re.fullmatch(r"[|>][-+\d]*\s*", found["value"]) else [found["value"]]
        for below in lines[number:]:
            bare = below.strip()
            inside = indentation(below)
            if bare and not bare.startswith("#") and (inside < depth or (inside == depth and not bare.startswith("-"))):
                break
            value.append("" if bare.startswith("#") else re.sub(r"^-\s+", "", bare))
        yield _given(path, number, " ".join(value), found["key"])


def _run(path: str, lines: list[str]) -> Iterator[Given]:
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(("#", "//")) or not ("run" in line or "exec" in line or "create" in line):
            continue
        found = _RUN.search(joined(lines, number))
        while found is not None:
            rest = found["words"]
            # A quoted text may hold what ends a command elsewhere.
            command = rest if set("\"'") & set(rest) else _ENDS_A_COMMAND.split(rest)[0]
            words = command.split()
            if not any(known_image(name_parts(word)[0]) for word in words if ":" in word and "=" not in word):
                yield _given(path, number, " ".join(words), found["verb"])
            found = _RUN.search(rest, len(command))


def _given(path: str, number: int, text: str, key: str) -> Given:
    words = re.sub(r"""[\[\]",']+""", " ", text)
    plain = " ".join(words.split())
    return Given(plain, Evidence(path, number, shown(plain)), key)
