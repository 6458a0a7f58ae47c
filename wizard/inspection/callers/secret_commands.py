"""`docker build` in scripts, Makefiles and CI files, changed to hand over a secret."""

from __future__ import annotations

import re
from typing import Final

from wizard.inspection.callers.given import BuildSecret, Cannot, sole_variable
from wizard.inspection.masking import shown
from wizard.inspection.values import Caller

_BUILD: Final = re.compile(r"\bdocker\s+(?:image\s+|builder\s+)?(?:buildx\s+)?build\b(?!x)")
_BEFORE: Final = re.compile(
    r"""(?:^|&&|\|\||;|\||\bthen\b|\bdo\b|\belse\b|\$\(|\b(?:run|script|command)\s*:\s*[|>]?-?|^\s*-)\s*[@+-]*\s*
    (?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s"'])*\s+)*\Z""",
    re.VERBOSE,
)
"""What may stand before a command that gets an assignment in front."""
_SHELL_FILES: Final = (".sh", ".bash", ".zsh", ".yml", ".yaml", ".mk", "Makefile", "makefile")
_VALUE: Final = r"(?:\"[^\"]*\"|'[^']*'|\$\{\{[^}]*\}\}|\$\([^)\s]*\)|[^\s\"'])*"


def in_command(text: str, caller: Caller, secret: BuildSecret) -> str:
    """The file with the caller's command changed, its other bytes as they were. Raises Cannot."""
    if not caller.path.endswith(_SHELL_FILES):
        raise Cannot("commands in a file of this kind are not changed")
    if re.search(r"DOCKER_BUILDKIT[=:\s\"']+0", text):
        raise Cannot("it builds without BuildKit (DOCKER_BUILDKIT=0), which has no secrets")
    lines = text.splitlines(keepends=True)
    first = (caller.line or 1) - 1
    last = first
    while last + 1 < len(lines) and lines[last].rstrip().endswith("\\"):
        last += 1
    command = "".join(lines[first : last + 1])
    return "".join([*lines[:first], _changed(command, caller, secret), *lines[last + 1 :]])


def _changed(command: str, caller: Caller, secret: BuildSecret) -> str:
    builds = list(_BUILD.finditer(command))
    if len(builds) != 1:
        raise Cannot("it is no plain `docker build`" if not builds else "its line builds several times")
    build = builds[0]
    if secret.file is not None:
        return f"{command[: build.end()]} --secret id={secret.id},src={secret.place(caller)}{command[build.end() :]}"
    option = f"--secret id={secret.id},env={secret.id}"
    argument = re.compile(
        rf"--build-arg[=\s]+(?:(?P<quote>[\"']){secret.id}(?:=(?P<inner>[^\"']*))?(?P=quote)"
        rf"|{secret.id}(?:=(?P<value>{_VALUE}))?)(?=\s|\\|\Z)"
    )
    found = list(argument.finditer(command))
    if not found:
        if secret.id in caller.build_args:
            raise Cannot("how it hands over the build argument is not looked into")
        return f"{command[: build.end()]} {option}{command[build.end() :]}"
    if len(found) > 1 or found[0].start() < build.start():
        raise Cannot("how it hands over the build argument is not looked into")
    given = found[0]["inner"] if found[0]["quote"] else found[0]["value"]
    after = command[: found[0].start()] + option + command[found[0].end() :]
    if given is None:
        return after
    return (
        after[: build.start()] + _assignment(command[: build.start()], given, caller, secret) + after[build.start() :]
    )


def _assignment(before: str, given: str, caller: Caller, secret: BuildSecret) -> str:
    """`NAME=$VALUE ` in front of the command: the environment of that one command, exported or not."""
    bare = given.strip("\"'")
    of_ci = re.fullmatch(r"\$\{\{[^}]*\}\}|\$\([\w.]+\)", bare) is not None
    if sole_variable(bare, make=caller.kind == "make") is None and not of_ci:
        raise Cannot("the value that it hands over is no single variable")
    if _BEFORE.search(before) is None:
        raise Cannot(f"`{shown(before).rpartition(' ')[2]}` stands before its `docker build`")
    return f'{secret.id}="{bare}" '
