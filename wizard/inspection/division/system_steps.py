"""Take the steps that install Debian packages apart: what stays, and what a stage for building installs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Span
from wizard.dockerfile.editing import Edit, block, remove_spans, splice
from wizard.dockerfile.installs import Install, installs
from wizard.dockerfile.run_editing import line_break, remove_command
from wizard.dockerfile.shell import Command, parse_run
from wizard.dockerfile.style import Style
from wizard.inspection.division.build_packages import BuildPackages, Moved
from wizard.inspection.steps import APT, Reading

_LISTS = "/var/lib/apt/lists"
_IDLE = frozenset({"true", ":", "set", "echo"})


class StepsApart(NamedTuple):
    """New text for the steps, each with its line end."""

    kept: Mapping[int, str]
    """By the number of the instruction: what is left of it, with the blank lines and comments above; may be empty."""
    compilers: tuple[str, ...]
    """RUN instructions (without a line end) that install what was taken out, the way the person's did."""
    libraries: str
    """A RUN for the libraries that stay, where none of the person's steps could take them; else empty."""


def take_apart(
    document: Document,
    style: Style,
    system: Iterable[Reading],
    application: Iterable[Reading],
    packages: BuildPackages,
) -> StepsApart:
    """Raises EditConflict where a step does not come apart."""
    steps = (*system, *application)
    host = next((one for one in packages.moved if not one.all_of_it), None)
    kept: dict[int, str] = {}
    dropped: set[int] = set()
    for reading in dict.fromkeys(one.reading for one in packages.moved):
        moved = tuple(one for one in packages.moved if one.reading is reading)
        text = _without(document, reading, moved, steps, packages.kept_libraries if host in moved else (), host)
        kept[reading.instruction.index] = text
        dropped |= {reading.instruction.index} if not text else set()
    for reading in _useless_updates(steps, packages, dropped):
        kept[reading.instruction.index] = ""
    libraries = ""
    if host is None and packages.kept_libraries:
        first = packages.moved[0]
        libraries = _install(document, style, first, packages.kept_libraries) + style.newline
    compilers = tuple(
        (_comments(document, one.reading) if one.reading.instruction.index in dropped else "")
        + _install(document, style, one, tuple(word.text for word in one.words))
        for one in packages.moved
    )
    return StepsApart(kept, compilers, libraries)


def _useless_updates(steps: tuple[Reading, ...], packages: BuildPackages, dropped: set[int]) -> Iterator[Reading]:
    """Steps that only refresh the lists, for installs of which nothing is left."""
    for number, reading in enumerate(steps):
        script = reading.script
        if script is None or not reading.managers & APT or any(one.installs for one in reading.installs):
            continue
        later = [
            step for step in steps[number + 1 :] if any(one.manager in APT and one.installs for one in step.installs)
        ]
        gone = [step for step in later if step.instruction.index in dropped]
        if gone and gone == later and not packages.kept_libraries and all(_idle(command) for command in script.top):
            yield reading


def _without(
    document: Document,
    reading: Reading,
    moved: tuple[Moved, ...],
    steps: tuple[Reading, ...],
    added: tuple[str, ...],
    host: Moved | None,
) -> str:
    """The step without the packages that only building needs; empty where it did nothing else."""
    script = reading.script
    assert script is not None
    empty = [one.install.command for one in moved if one.all_of_it]
    lists_needed = _lists_needed(reading, steps)
    rest = [command for command in script.top if command not in empty]
    if empty and not lists_needed and all(_idle(command) for command in rest):
        return ""
    edits: list[Edit] = []
    for one in moved:
        if one.all_of_it:
            continue
        edits += remove_spans(document, reading.instruction, (word.span for word in one.words))
        if one is host and added:
            edits.append(_append(document, one, added))
    index = reading.instruction.index
    gone = [{word.value for word in one.words} for one in moved if one.all_of_it]
    edited = _remove_commands(splice(document, edits), index, gone, lists_needed)
    before = edited.instructions[index - 1].span.end
    text = decode(edited.source[before : edited.instructions[index].span.end])
    return text if text.endswith("\n") else text + document.newline


def _remove_commands(document: Document, index: int, gone: list[set[str | None]], lists_needed: bool) -> Document:
    """Without the installs of which nothing is left, and without the refreshing of lists that served only them."""
    while True:
        script = parse_run(document, document.instructions[index])
        calls = [one for one in installs(script) if one.manager in APT]
        useless = next((one for one in calls if one.installs and {word.value for word in one.packages} in gone), None)
        if useless is None and gone and not lists_needed and not any(one.installs for one in calls):
            useless = next((one for one in calls if one.verb == "update"), None)
        if useless is None:
            return document
        document = splice(document, [remove_command(document, script, useless.command)])


def _idle(command: Command) -> bool:
    """Whether a command is of no use without an install beside it."""
    if cleans(command) in ("apt", "apt-lists") or command.name in _IDLE:
        return True
    return (command.name or "") in APT and any(word.value in ("update", "clean", "autoclean", "autoremove")
                                               for word in command.words)  # fmt: skip


def _lists_needed(reading: Reading, steps: tuple[Reading, ...]) -> bool:
    """Whether a later step installs from the package lists that this one leaves."""
    script = reading.script
    if script is None or any(cleans(command) == "apt-lists" for command in script.commands):
        return False
    later = (step for step in steps if step.instruction.index > reading.instruction.index)
    for step in later:
        calls = [one for one in step.installs if one.manager in APT]
        if calls and calls[0].installs:
            return True
    return False


def _append(document: Document, one: Moved, added: tuple[str, ...]) -> Edit:
    """Further packages behind the last one that stays."""
    last = [word for word in one.install.packages if word not in one.words][-1]
    between = line_break(document, one.install.packages) or " "
    return Edit(Span(last.span.end, last.span.end), "".join(f"{between}{name}" for name in added))


def _install(document: Document, style: Style, one: Moved, names: tuple[str, ...]) -> str:
    """A RUN that installs these packages the way the person's step did."""
    install, instruction = one.install, one.reading.instruction
    # By place: the letters of `-qqy` are options of one word.
    options = {word.span: word.text for option in install.options for word in option.words}.values()
    start, first = install.command.span.start, install.command.words[0].span.start
    assigned = decode(document.source[start:first]).strip()
    manager = " ".join(word.text for word in install.command.words[: _verb_index(install)])
    updater = manager
    if assigned and "\n" not in assigned:
        manager = f"{assigned} {manager}"
    head = " ".join([manager, install.verb, *options])
    between = line_break(document, install.packages)
    listed = "".join(_listed(document, one, name, between) for name in names) if between else " " + " ".join(names)
    flags = tuple(decode(flag.span.of(document.source)) for flag in instruction.flags)
    commands = [f"{updater} update", head + listed]
    if not any(_LISTS in flag for flag in flags):
        commands.append(f"rm -rf {_LISTS}/*")
    return style.run(commands, flags)


def _listed(document: Document, one: Moved, name: str, between: str) -> str:
    """A package on a line of its own, below the comment lines that the person wrote above it."""
    word = next((word for word in one.words if word.text == name), None)
    comments = ""
    if word is not None:
        start = document.source.rfind(b"\n", 0, word.span.start) + 1
        for comment in reversed(one.reading.instruction.comments):
            if comment.span.end == start:
                comments = decode(comment.span.of(document.source)) + comments
                start = comment.span.start
    if not comments:
        return f"{between}{name}"
    head, _, indentation = between.partition("\n")
    return f"{head}\n{comments}{indentation}{name}"


def _comments(document: Document, reading: Reading) -> str:
    """The comment lines directly above a step."""
    return decode(document.source[block(document, reading.instruction).start : reading.instruction.span.start])


def _verb_index(install: Install) -> int:
    """How many words stand before the first option or the verb: `apt-get`, or `sudo apt-get`."""
    words = install.command.words
    options = {word.span for option in install.options for word in option.words}
    return next(n for n, word in enumerate(words) if word.span == install.verb_word.span or word.span in options)
