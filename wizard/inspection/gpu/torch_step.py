"""The step in front of an install that brings the torch family from the CPU index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.editing import Edit, insert_before
from wizard.dockerfile.installs import Install
from wizard.dockerfile.installs import install as install_of
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.shell import Command
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.gpu.cpu_requirements import OwnFile, own_file_edits
from wizard.inspection.gpu.torch_pulls import Pull, package_name
from wizard.inspection.installs.beside import names_file
from wizard.inspection.steps import read_steps
from wizard.workspace import Workspace

_KEPT_OPTIONS = frozenset(
    {"--no-cache-dir", "--no-cache", "--user", "--break-system-packages", "--root-user-action", "--system", "--python",
     "-p", "-q", "--quiet", "--pre", "--disable-pip-version-check", "--no-input", "--trusted-host", "--timeout",
     "--default-timeout", "--retries", "--progress-bar", "--no-warn-script-location", "--no-compile",
     "--compile-bytecode", "--link-mode"}
)  # fmt: skip
_FILE_SETTINGS = ("PIP_CONSTRAINT", "PIP_CONFIG_FILE", "UV_CONSTRAINT", "UV_CONFIG_FILE")


class FamilyStep(NamedTuple):
    """What one stage gets: a step in front of its first pull, and our copy of that one's requirements file."""

    pulls: tuple[Pull, ...]
    words: tuple[str, ...]
    """What to ask the CPU index for."""
    own_file: OwnFile | None

    @property
    def first(self) -> Pull:
        return self.pulls[0]

    @property
    def pinned(self) -> frozenset[str]:
        found = [r for pull in self.pulls for r in (*(r for r, _ in pull.asked), *pull.constrained)]
        return frozenset(r.name or "" for r in found if r.version is not None)

    @property
    def needs_resolver(self) -> bool:
        """Whether versions have to be found that fit each other. Else the family comes without its dependencies, which
        the install behind it takes from the usual index, as before."""
        names = {package_name(word.strip("'")) for word in self.words}
        return names != {"torch"} and not ("torch" in names <= self.pinned)


def family_step(workspace: Workspace, document: Document, change: FamilyStep, index: str) -> Iterator[Edit]:
    """The step, and our copy of the requirements file in place of the person's. Raises EditConflict where the install
    does not come apart. `index`: the address of the CPU index."""
    pull = change.first
    instruction, script = pull.reading.instruction, pull.reading.script
    assert script is not None
    words = [_called(document, pull.install)]
    words += [word.text for option in pull.install.options if option.name in _KEPT_OPTIONS for word in option.words]
    words += [] if change.needs_resolver else ["--no-deps"]
    # Over plain http pip takes packages only from a host that it was told to trust, as of a mirror of one's own.
    words += ["--trusted-host", urlsplit(index).netloc] if urlsplit(index).scheme == "http" else []
    command = " ".join([*words, "--index-url", index, *change.words])
    top = script.top
    if pull.install.command not in top or not all(_prepares(one) for one in top[: top.index(pull.install.command)]):
        yield insert_command(document, script, pull.install.command, command)
    else:
        flags = tuple(decode(flag.span.of(document.source)) for flag in instruction.flags if not _binds(flag.value))
        yield insert_before(
            document, _place(workspace, document, pull), style_of(document).instruction("RUN", command, flags)
        )
    if change.own_file is not None:
        yield from own_file_edits(workspace, pull, change.own_file)


def _called(document: Document, install: Install) -> str:
    """The words up to the verb, as the person calls pip: `pip`, `pip3`, `python -m pip`, with what stands in front."""
    words = install.command.words
    end = next(n for n, word in enumerate(words) if word.span == install.verb_word.span)
    front = decode(document.source[install.command.span.start : words[0].span.start]).split()
    return " ".join([*(word for word in front if word != document.escape), *(w.text for w in words[: end + 1])])


def _prepares(command: Command) -> bool:
    """Whether a command in front of the install may as well come after ours: setting the shell, upgrading pip."""
    if command.name in ("set", "true", ":", "echo"):
        return True
    install = install_of(command)
    return (
        install is not None
        and (install.manager, install.verb) == ("pip", "install")
        and not install.requirement_files
        and bool(install.packages)
        and {package_name(word.value) for word in install.packages} <= {"pip", "setuptools", "wheel"}
    )


def _binds(mount: str | None) -> bool:
    return mount_options(mount or "").get("type", "bind").lower() == "bind" and "target" in mount_options(mount or "")


def _place(workspace: Workspace, document: Document, pull: Pull) -> Instruction:
    """Above the COPY of the manifests, or of the local project, where that stands directly before the install, so that
    an edited file does not fetch torch again; else above the install."""
    instructions = document.instructions
    place = pull.reading.instruction
    state = environment(document, pull.stage, place)
    if set(_FILE_SETTINGS) & {*state.env, *state.args}:
        return place
    copies = {m.copy.instruction.index for m in pull.manifests if names_file(workspace, m)}
    if pull.install.paths and not pull.manifests:
        copies = {reading.instruction.index for reading in read_steps(document, pull.stage)
                  if reading.role == "context-copy"}  # fmt: skip
    while place.index - 1 in copies and instructions[place.index - 1].keyword == "COPY":
        place = instructions[place.index - 1]
    return place
