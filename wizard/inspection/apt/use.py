"""What a step does with apt: as its text shows, and what it runs whose text cannot be seen."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import unwrap
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.shell_texts import POSIX_SHELLS
from wizard.dockerfile.stages import lineage
from wizard.inspection.copies.placed import (
    ContextCopy,
    context_path,
    inherited_copies,
    lands_at,
    lies_in,
    working_directory,
)
from wizard.inspection.files import read_text, short_lines
from wizard.inspection.steps import APT, Reading
from wizard.workspace import OutsideRoot, Workspace

Answer = TypeVar("Answer")
ListUse = Literal["refreshes", "needs"]
"""Whether a step's first apt command fetches the package lists, or has to find them."""

_APT = r"(?<![\w./-])(?:/usr/bin/|/bin/)?(?:apt-get|apt|aptitude)\b[^\n;&|]*?[\s\"']"
_REFRESH = re.compile(rf"{_APT}update\b")
_NEED = re.compile(
    rf"{_APT}(?:install|reinstall|build-dep|satisfy|upgrade|dist-upgrade|full-upgrade|source|download|show|search|policy)\b"
    r"|(?<![\w./-])(?:/usr/bin/)?apt-cache\s"
)
_FETCHED = re.compile(
    r"\b(?:curl|wget)\b[^\n;&]*\|\s*(?:(?:sudo|env|exec)\s+(?:(?:-|\w+=)\S*\s+)*)*(?:/[\w/]+/)?(?:ba|da|z|k)?sh\b"
    r"|(?<![\w./-])(?:(?:ba|da|z|k)?sh|eval|source|\.)\s[^\n;&]*[<$]\(\s*(?:curl|wget)\b[^\n;&]*"
)
"""A script that is fetched and run in one go."""
_ADDRESS = re.compile(r"https?://[^\s\"'|)]+")
_SCRIPT = re.compile(r"(?<![\w$}./-])[\w./-]+\.(?:sh|bash)\b")
_INTERPRETER = re.compile(r"(?:python|pypy)[0-9.]*|perl|ruby")
_STARTERS = frozenset({"exec", "env", "tini", "dumb-init", "catatonit", "su-exec"})
_BIN = ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/bin")
_FILE_OF = {"make": "Makefile", "npm": "package.json", "yarn": "package.json", "pnpm": "package.json"}
_MOST_BYTES = 200_000
_MOST_FILES = 30
_LONGEST = 60


class AptUse(NamedTuple):
    """What one step does with apt."""

    lists: ListUse | None = None
    """None where no text shows apt."""
    unseen: str | None = None
    """What it runs that may call apt without the text showing it, in words."""
    unseen_refreshes: bool = False
    """Whether that is known to fetch the package lists first."""


def apt_use(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> AptUse:
    """What a RUN, an ONBUILD RUN, or the command of the running container does with apt."""
    instruction = reading.instruction.trigger or reading.instruction
    if instruction.keyword not in ("RUN", "CMD", "ENTRYPOINT"):
        return AptUse()
    step = _Step(workspace, document, stage, instruction)
    verbs = [install.verb for install in reading.installs if install.manager in APT]
    lists: ListUse | None = _first(map(_lists, step.texts))
    if verbs:
        lists = "refreshes" if verbs[0] == "update" else "needs"
    caller = _first(map(_caller, step.texts))
    if caller is not None:
        written, entry = caller
        return AptUse(lists, f"`{written}` installs Debian packages itself", entry["refreshes"])
    hidden = _first(map(_fetched, step.texts)) or _first(map(step.hidden, step.calls))
    return AptUse(lists, None if hidden is None else f"what `{_cut(hidden)}` runs cannot be seen")


class _Call(NamedTuple):
    """A command without its wrappers."""

    words: tuple[str, ...]
    fed: bool = False
    """It reads from a pipe or a file."""


@dataclass(frozen=True)
class _Step:
    """An instruction that runs something, and what of it can be read."""

    workspace: Workspace
    document: Document
    stage: Stage
    instruction: Instruction

    @cached_property
    def calls(self) -> tuple[_Call, ...]:
        """Its commands; none of a shell text that cannot be read."""
        if self.instruction.json is not None:
            calls = [_Call(self.instruction.json)]
        else:
            commands = parse_run(self.document, self.instruction).commands
            calls = [
                _Call(
                    tuple(word.text if word.value is None else word.value for word in unwrap(command)[1]),
                    fed=command.redirects or (command.piped and command.joined_by in ("|", "|&")),
                )
                for command in commands
                if command.kind == "command"
            ]
        started = (_Call(_without_starters(call.words), call.fed) for call in calls)
        return tuple(call for call in started if call.words)

    @cached_property
    def own_text(self) -> str:
        bodies = (heredoc.body.of(self.document.source) for heredoc in self.instruction.heredocs)
        return "\n".join((self.instruction.argument, *(body.decode("utf-8", "replace") for body in bodies)))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Its own text, then that of the repo's files that it names, and of the scripts that these name."""
        found = {"": self.own_text}
        words = dict.fromkeys(name for call in self.calls for name in (*call.words, _FILE_OF.get(call.words[0], "")))
        todo = [word for word in words if not word.startswith("-")]
        todo += _SCRIPT.findall(self.own_text)
        for name in todo:
            place = self.locate(name) if len(found) < _MOST_FILES else None
            text = read_text(self.workspace, place, _MOST_BYTES) if place and place not in found else None
            if place and text is not None:
                found[place] = "\n".join(line for line in short_lines(text) if not line.lstrip().startswith("#"))
                todo += _SCRIPT.findall(found[place])
        return tuple(found.values())

    def hidden(self, call: _Call) -> str | None:
        """The command as written, where what it runs cannot be seen."""
        name = posixpath.basename(call.words[0])
        written = " ".join(call.words)
        if call.words[0].startswith("[") or call.words[0].endswith("/"):
            return None
        if not name or set(name) & set("$`("):
            return written
        script: str | None = call.words[0] if "/" in call.words[0] else None
        if name in POSIX_SHELLS or _INTERPRETER.fullmatch(name):
            script = _script_of(name, call.words[1:])
            if script is None and not call.fed:
                return None
        elif script is None or posixpath.dirname(script).endswith(("/bin", "/sbin")):
            return None
        if script == "" or _known_installer(self.own_text):
            return None
        if script is not None:
            if posixpath.basename(script) in knowledge("apt_callers")["scripts"]["names"] or self._added(script):
                return None
            place = self.locate(script)
            if place is not None and read_text(self.workspace, place, _MOST_BYTES) is not None:
                return None
        return written

    def locate(self, name: str) -> str | None:
        """The file of the repo that stands where the image has this program or script, relative to the root."""
        if not self._copies or self._folder is None or not re.fullmatch(r"[\w./@+-]+", name):
            return None
        for one in (self._folder,) if "/" in name else (self._folder, *_BIN):
            found = context_path(self.workspace, self._copies, posixpath.normpath(posixpath.join(one, name)))
            try:
                if found is not None:
                    return self.workspace.from_context(found[0])
            except OutsideRoot:
                continue
        return None

    def _added(self, script: str) -> bool:
        """Whether an ADD fetched the script, and it is a known installer's."""
        path = posixpath.normpath(posixpath.join(self._folder or "/", script))
        return any(
            instruction.keyword == "ADD"
            and _known_installer(instruction.argument)
            and lies_in(path, lands_at(self.document, stage, instruction) or "")
            for stage in lineage(self.document, self.stage)
            for instruction in stage.instructions
        )

    @cached_property
    def _folder(self) -> str | None:
        return working_directory(self.document, self.stage, self.instruction)

    @cached_property
    def _copies(self) -> tuple[ContextCopy, ...]:
        """What the image holds of the repo when the step runs."""
        found = inherited_copies(self.document, self.stage)
        now = self.instruction.keyword == "RUN"
        return tuple(copy for copy in found if not now or copy.instruction.index < self.instruction.index)


def _lists(text: str) -> ListUse | None:
    refresh, need = _REFRESH.search(text), _NEED.search(text)
    if refresh and (need is None or refresh.start() < need.start()):
        return "refreshes"
    return "needs" if need else None


def _caller(text: str) -> tuple[str, Mapping[str, Any]] | None:
    """A program of the table that the text calls, as written, and its entry."""
    for entry in knowledge("apt_callers")["program"]:
        # Most texts hold none of the names, and to compile a pattern takes longer than to look for them.
        found = _call_of(entry, text) if any(name in text for name in entry["names"]) else None
        if found is not None:
            return _cut(found["call"]), entry
    return None


def _call_of(entry: Mapping[str, Any], text: str) -> re.Match[str] | None:
    name = rf"(?:{'|'.join(map(re.escape, entry['names']))})(?:@[\w.^~-]+)?(?![\w@/.-])"
    if "with" in entry:
        # Anywhere in a command: what starts it may be npx, a module of Python or a package script.
        words = "|".join(map(re.escape, entry["with"]))
        pattern = rf"(?<![\w.@-])(?P<call>{name}[^\n;&|]*?[\s\"'](?:{words})(?![\w-]))"
    else:
        start = r"(?:^|[;&|({\[`]|\b(?:sudo|exec|then|do|else|env)\s)\s*(?:(?:-|\w+=)\S*\s+)*[\"']?(?:/[\w./-]*/)?"
        pattern = rf"{start}(?P<call>{name})"
    return re.search(pattern, text, re.MULTILINE)


def _fetched(text: str) -> str | None:
    return next((found[0] for found in _FETCHED.finditer(text) if not _known_installer(found[0])), None)


def _known_installer(text: str) -> bool:
    """Whether all that a text fetches are installers that leave the system's packages alone."""
    addresses = _ADDRESS.findall(text)
    known = knowledge("apt_callers")["installers"]["addresses"]
    return bool(addresses) and all(any(one in address for one in known) for address in addresses)


def _script_of(name: str, words: tuple[str, ...]) -> str | None:
    """The file that an interpreter is given; "" for a text, a module or a question, None for its standard input."""
    rest = iter(words)
    for word in rest:
        if word in ("-", "-s"):
            return None
        if word == "--":
            return next(rest, None)
        if not word.startswith("-"):
            return word
        inline = re.fullmatch(r"-[a-z]*c", word) if name in POSIX_SHELLS else re.match(r"-[cmeVh]|--", word)
        if inline:
            return ""
        if word in ("-o", "-W", "-X"):
            next(rest, None)
    return None


def _without_starters(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the command that a small init or `exec` starts."""
    while words and posixpath.basename(words[0]) in _STARTERS:
        words = words[1:]
        while words and (words[0].startswith("-") or re.match(r"\w+=", words[0])):
            words = words[1:]
    return words


def _first(answers: Iterable[Answer | None]) -> Answer | None:
    return next((answer for answer in answers if answer is not None), None)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
