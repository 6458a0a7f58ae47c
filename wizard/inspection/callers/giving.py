"""Callers changed so that they hand a secret to the build instead of a build argument."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from typing import Literal, NamedTuple

from wizard.inspection.callers.bake_secrets import in_bake
from wizard.inspection.callers.compose_secrets import in_compose
from wizard.inspection.callers.find import concerns, find_callers, kind_of
from wizard.inspection.callers.github_action import in_action
from wizard.inspection.callers.given import BuildSecret, Cannot
from wizard.inspection.callers.secret_commands import in_command
from wizard.inspection.files import list_files, read_text, short_lines
from wizard.inspection.gpu.evidence import is_test
from wizard.inspection.places import place_at
from wizard.inspection.values import Caller
from wizard.workspace import OutsideRoot, Workspace


class Given(NamedTuple):
    """What becomes of the callers."""

    edits: dict[str, bytes]
    """New content by path."""
    callers: tuple[Caller, ...]
    """Those that were changed."""


Builds = Literal["yes", "no", "unclear"]


def builds(workspace: Workspace, dockerfile: str, dockerfiles: Collection[str], caller: Caller) -> Builds:
    """Whether a caller builds this Dockerfile, as far as it is written out. `dockerfiles`: all of the repo."""
    folder, named = caller.context, caller.dockerfile
    if any(text is not None and ("$" in text or "://" in text) for text in (folder, named)):
        return "yes" if len(dockerfiles) == 1 else "unclear"
    own = posixpath.dirname(caller.path)
    if named is not None:
        places = [named, posixpath.join(own, named), posixpath.join(folder or ".", named)]
        places.append(posixpath.join(own, folder or ".", named))
    else:
        places = [posixpath.join(start, folder or ".", "Dockerfile") for start in (".", own)]
    ours = posixpath.normpath(dockerfile)
    there = {place for place in map(posixpath.normpath, places) if place == ours or workspace.is_file(place)}
    if caller.kind == "compose":
        # Its paths are worked out already.
        return "yes" if posixpath.normpath(places[0]) == ours else "no"
    moves = re.search(r"\bcd\s|\bpushd\s|working-directory:|-C\s", read_text(workspace, caller.path) or "")
    if moves and len(dockerfiles) > 1:
        return "unclear"
    if not there:
        return "unclear" if len(dockerfiles) > 1 else "yes"
    return "no" if ours not in there else "yes" if len(there) == 1 else "unclear"


def give_secrets(
    workspace: Workspace, dockerfile: str, dockerfiles: Collection[str], secret: BuildSecret
) -> Given | str:
    """Every caller that builds the Dockerfile hands over the secret; or which one cannot be changed, and why.

    A build argument of the secret's name goes. A caller without it is left alone where the secret is `optional`.
    """
    contents: dict[str, str] = {}
    changed: list[Caller] = []
    # From the end of each file: what is changed there leaves the lines above where they are.
    for caller in sorted(find_callers(workspace).callers, key=lambda one: (one.path, -(one.line or 0))):
        ours = builds(workspace, dockerfile, dockerfiles, caller)
        if ours == "no" or not _concerned(caller, secret):
            continue
        place = place_at(caller.path, caller.line)
        if ours == "unclear":
            return f"{place} may build it or another Dockerfile: which one is not clear"
        text = contents.get(caller.path) or _exact(workspace, caller.path)
        if text is None:
            return f"{place} cannot be read"
        try:
            contents[caller.path] = _changed(text, caller, secret)
        except Cannot as error:
            return f"{place} builds it, and cannot be changed: {error}"
        changed.append(caller)
    edits = {path: text.encode() for path, text in contents.items()}
    after = workspace.edit(edits)
    for caller in find_callers(after).callers:
        if (
            secret.file is None
            and secret.id in caller.build_args
            and builds(after, dockerfile, dockerfiles, caller) != "no"
        ):
            return (
                f"{place_at(caller.path, caller.line)} still hands over the build argument once the others are changed"
            )
    left = _still_named(after, secret, set(contents))
    return left or Given(edits, tuple(changed))


def documents_naming(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Places in the documents of the repo that tell people to hand over the build argument."""
    word = re.compile(rf"--build-arg[=\s]+[\"']?{re.escape(name)}\b")
    return tuple(
        place_at(path, number)
        for path in list_files(workspace).files
        if path.endswith((".md", ".rst", ".adoc", ".txt"))
        for number, line in enumerate(short_lines(read_text(workspace, path) or ""), start=1)
        if word.search(line)
    )


def _concerned(caller: Caller, secret: BuildSecret) -> bool:
    """Whether a build of the Dockerfile by this caller has to be changed; `docker compose build` and `bake` as commands
    follow their files."""
    if secret.file is None and secret.id in caller.build_args:
        return True
    of_a_file = re.search(r"\bcompose\b|\bbake\b", caller.text) and caller.kind not in ("compose", "bake")
    return not secret.optional and not of_a_file


def _exact(workspace: Workspace, path: str) -> str | None:
    try:
        return workspace.read(path).decode("utf-8")
    except (UnicodeDecodeError, OutsideRoot):
        return None


def _changed(text: str, caller: Caller, secret: BuildSecret) -> str:
    if caller.kind == "compose":
        return in_compose(text, caller, secret)
    if caller.kind == "bake":
        return in_bake(text, caller, secret)
    if "-action" in caller.text:
        return in_action(text, caller, secret)
    return in_command(text, caller, secret)


def _still_named(workspace: Workspace, secret: BuildSecret, changed: Collection[str]) -> str | None:
    """A line that still hands over the build argument, in a form or a file that was not looked into."""
    if secret.file is not None:
        return None
    word = re.compile(rf"build[-_]?args?\b.*\b{re.escape(secret.id)}\b")
    callers = find_callers(workspace).callers
    known = {caller.path for caller in callers} - set(changed)
    for path in list_files(workspace).files:
        if path in known or is_test(path) or not (kind_of(path) or path.endswith((".json", ".toml", ".py"))):
            continue
        if not concerns(workspace, callers, path):
            continue
        text = read_text(workspace, path)
        for number, line in enumerate(short_lines(text), start=1) if text and secret.id in text else ():
            if word.search(line) and not line.lstrip().startswith(("#", "//")):
                return (
                    f"{place_at(path, number)} names the build argument {secret.id} in a form that is not looked into"
                )
    return None
