"""What an instruction finds set when it runs: directory, user, shell, environment, build arguments."""

from __future__ import annotations

import posixpath
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.expansion import PLATFORM_ARGUMENTS, Variables, expand, expanded_base, global_values, hashable
from wizard.dockerfile.lexer import is_plain
from wizard.dockerfile.stages import base_stage, lineage, triggers

_SETTERS = frozenset({"ENV", "ARG", "WORKDIR", "USER", "SHELL"})
_APART = 64
"""After how many instructions that set something a state is kept: one after each would hold all variables each time."""
_ROOT_USERS = frozenset({"root", "0", "0:0", "root:root", "0:root", "root:0"})


@dataclass(frozen=True, slots=True)
class State:
    """The state of a stage before one of its instructions, as far as the file decides it."""

    workdir: str | None = None
    """Absolute; None where only the image (or an unknown variable) decides."""
    user: str | None = None
    """As USER has it, expanded; "" while no USER was seen (the image's own, as a rule root); None where not known."""
    shell: tuple[str, ...] | None = None
    """None for the image's default."""
    env: Mapping[str, str | None] = field(default_factory=dict)
    """Set by ENV; None for a value that is not known before the build."""
    args: Mapping[str, str | None] = field(default_factory=dict)
    """Declared by ARG in this stage or one below it, with their defaults."""
    escape: str = "\\"
    newest_args: frozenset[str] = frozenset()
    """Names that an ENV has set and an ARG of the same stage since: the ARG counts for what follows it there, the ENV
    for the image and the stages above."""
    bare: bool = False
    """Built upon `scratch`: what the file does not set is unset."""

    @property
    def home(self) -> str | None:
        """The home directory of the user: $HOME where ENV sets it, /root for root; None for another user."""
        if "HOME" in self.env:
            return self.env["HOME"]
        return "/root" if self.user == "" or self.user in _ROOT_USERS else None

    @property
    def is_root(self) -> bool | None:
        """None where the user is not known."""
        return None if self.user is None else self.user == "" or self.user in _ROOT_USERS

    @property
    def settings(self) -> Mapping[str, str | None]:
        """What a RUN finds in its environment, as far as the file sets it: of ENV and ARG the later one, as tried on
        engine 28.5."""
        return {**self.args, **self.env, **{name: self.args[name] for name in self.newest_args}}

    @property
    def variables(self) -> Mapping[str, str | None]:
        """What BuildKit expands in an instruction. What the image sets is not known."""
        return {"PATH": None, **self.settings} if self.bare else Variables(self.settings)

    def expand(self, text: str) -> str | None:
        """The word with its variables, quotes and escapes resolved; None where that is not known."""
        return text if is_plain(text) else expand(text, self.variables, self.escape)

    def absolute(self, path: str) -> str | None:
        """A path of this stage's file system made absolute; a slash at its end stays. None without a known WORKDIR."""
        if not path.startswith("/") and self.workdir is None:
            return None
        full = posixpath.normpath(posixpath.join(self.workdir or "/", path)).replace("//", "/")
        return full + "/" if path.endswith("/") and full != "/" else full


def environment(
    document: Document,
    stage: Stage,
    at: Instruction | None = None,
    build_arguments: Mapping[str, str] | None = None,
) -> State:
    """The state before `at` (an instruction of the stage), or at the end of the stage; base stages are followed."""
    start = stage.instructions[0].index
    end = stage.instructions[-1].index + 1 if at is None else at.index
    if end > start:
        # Between two instructions that set something it does not change.
        setters = _setters(document)
        earlier = bisect_left(setters, end)
        end = max(start, setters[earlier - 1] if earlier else start) + 1
    return _environment(document, stage.index, end, hashable(build_arguments))


@lru_cache(maxsize=16)
def _setters(document: Document) -> tuple[int, ...]:
    """The numbers of the instructions that change the state of their stage."""
    return tuple(instruction.index for instruction in document.instructions if instruction.keyword in _SETTERS)


@lru_cache(maxsize=1024)
def _environment(document: Document, index: int, end: int, build_arguments: tuple[tuple[str, str], ...]) -> State:
    """The state of stage `index` before instruction `end`. Kept: it is asked again and again of the same document."""
    stage, given = document.stages[index], dict(build_arguments)
    states = _states(document, build_arguments)[index]
    if end <= stage.instructions[0].index:
        return states[0]
    setters = _setters(document)
    first, last = bisect_left(setters, stage.instructions[0].index), bisect_left(setters, end)
    known = (last - first) // _APART
    state, outer = states[known + 1], global_values(document, given)
    for number in setters[first + known * _APART : last]:
        state = _after(state, document.instructions[number], outer, given)
    return state


@lru_cache(maxsize=16)
def _states(document: Document, build_arguments: tuple[tuple[str, str], ...]) -> tuple[tuple[State, ...], ...]:
    """Of every stage, by number: the state before its FROM, after it, after every few of its setters, and at its end.

    Each stage goes on from the end of its base, which stands above it.
    """
    given, found = dict(build_arguments), list[tuple[State, ...]]()
    outer, setters = global_values(document, given), _setters(document)
    for stage in document.stages:
        base = base_stage(document, stage, given)
        if base is None:
            scratch = expanded_base(document, stage, given) == "scratch"
            state = State(workdir="/" if scratch else None, user="", escape=document.escape, bare=scratch)
        else:
            state = replace(found[base.index][-1], newest_args=frozenset())
        states = [state]
        for trigger in triggers(document, base):
            state = _after(state, trigger, outer, given)
        states.append(state)
        start, end = stage.instructions[0].index, stage.instructions[-1].index
        own = setters[bisect_left(setters, start) : bisect_right(setters, end)]
        for number, index in enumerate(own, start=1):
            state = _after(state, document.instructions[index], outer, given)
            states += [state] if number % _APART == 0 else []
        found.append((*states, state))
    return tuple(found)


def _after(state: State, instruction: Instruction, outer: Mapping[str, str | None], given: Mapping[str, str]) -> State:
    keyword, newest = instruction.keyword, state.newest_args
    if keyword == "ENV":
        env = dict(state.env)
        for pair in pairs(instruction):
            name = state.expand(pair.name) or pair.name
            env[name] = state.expand(pair.value or "")
            newest -= {name}
        return replace(state, env=env, newest_args=newest)
    if keyword == "ARG":
        args = dict(state.args)
        for pair in pairs(instruction):
            name = state.expand(pair.name) or pair.name
            if name in given:
                args[name] = given[name]
            elif pair.value is not None:
                args[name] = replace(state, args=args, newest_args=newest).expand(pair.value)
            else:
                args[name] = None if name in PLATFORM_ARGUMENTS else outer.get(name)
            if name in state.env and (name in given or pair.value is not None or name in outer):
                newest |= {name}
        return replace(state, args=args, newest_args=newest)
    if keyword == "WORKDIR":
        path = state.expand(instruction.argument)
        workdir = None if path is None else state.absolute(path)
        return replace(state, workdir=workdir.rstrip("/") or "/" if workdir else None)
    if keyword == "USER":
        return replace(state, user=state.expand(instruction.argument))
    return replace(state, shell=instruction.json) if keyword == "SHELL" else state


def search_path(document: Document, stage: Stage) -> tuple[str, ...]:
    """The folders that ENV lines of a stage and of those that it is built upon put into PATH, as far as they are
    known."""
    found: list[str] = []
    for one in lineage(document, stage):
        for instruction in one.instructions:
            for pair in pairs(instruction) if instruction.keyword == "ENV" else ():
                state = environment(document, one, instruction)
                folders = (pair.value or "").strip("\"'").split(":") if pair.name == "PATH" else []
                found += [folder for folder in map(state.expand, folders) if folder and folder.startswith("/")]
    return tuple(found)
