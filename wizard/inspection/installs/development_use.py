"""Who needs the packages that a project declares for development: later steps, what a container starts, code, callers.

Each question gives a reason in words and the line that shows it, or None.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_stage, references, source_stage
from wizard.dockerfile.started import starting
from wizard.inspection.callers.commands import given_by_compose, given_commands
from wizard.inspection.callers.find import kind_of
from wizard.inspection.division.programs import programs_of_shell
from wizard.inspection.files import Listing, read_text
from wizard.inspection.gpu.evidence import is_test
from wizard.inspection.installs.development import modules_of, programs_of
from wizard.inspection.masking import shown
from wizard.inspection.places import line_at, place_at, quoted
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps, words_of
from wizard.inspection.values import Caller, Evidence, Sign
from wizard.workspace import Workspace

_FILES_ALONE = frozenset(
    {"chmod", "chown", "mkdir", "ln", "cp", "mv", "rm", "touch", "find", "cat", "ls", "test", "[", "cd", "echo", "set",
     "true", "export", "sed", "printf", "corepack"}
)  # fmt: skip
_JAVASCRIPT = (".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".mts", ".cts")
_NOT_SHIPPED = re.compile(
    r"(?:^|/)(?:__tests__|__mocks__|tests?|specs?|e2e|cypress|stories|docs?|scripts|\.storybook)/"
    r"|\.(?:test|spec|stories|config|setup|e2e-spec|d)\.[cm]?[jt]sx?$"
    r"|(?:^|/)(?:gulpfile|gruntfile|webpack|rollup|vite|jest|karma)[^/]*$"
    r"|(?:^|/)\.[^/]*$",
    re.IGNORECASE,
)
_IMPORTS = re.compile(
    r"""(?: \brequire\(\s* | \bimport\(\s* | ^\s*(?:import|export)\s(?!type\b)[^'"\n;]*?from\s+
    | ^\s*\}\s*from\s+ | ^\s*import\s+)
    ["'](?P<name>[^"'.\s][^"'\s]*)["']""",
    re.MULTILINE | re.VERBOSE,
)
_STARTERS = frozenset(
    {"sh", "bash", "ash", "exec", "env", "tini", "dumb-init", "cd", "echo", "sleep", "export", "set", "-c", "--",
     "docker-entrypoint.sh"}
)  # fmt: skip
_RUN_SCRIPT = re.compile(r"\b(?:npm|yarn|pnpm)\s+(?:-\S+\s+|--silent\s+)*(?:run(?:-script)?\s+)?(?P<name>[\w:.-]+)")
_MAKE_OTHERS = frozenset({"install", "ci", "cache", "config", "--version", "exec", "dlx"})


class Text(NamedTuple):
    """A command that runs in a container of the image or in a step of its build."""

    text: str
    evidence: Evidence
    place: str
    of_image: bool = True
    """False for a line of a script: it may be about another image, and most of its programs come with the system."""


def stages_with(document: Document, stage: Stage) -> tuple[Stage, ...]:
    """The stages that have what a stage installs: it, those built upon it, and those that copy or mount from these."""
    found = {stage.index}
    for other in document.stages[stage.index + 1 :]:
        below = base_stage(document, other)
        sources = (source_stage(document, one, name) for one in other.instructions for name in references(one))
        if (below and below.index in found) or any(source and source.index in found for source in sources):
            found.add(other.index)
    return tuple(document.stages[number] for number in sorted(found))


def started_texts(
    workspace: Workspace, document: Document, stages: Iterable[Stage], callers: Iterable[Caller], listing: Listing
) -> Iterator[Text]:
    """What containers of these stages are given to run: by the file, by compose, and by what else names a command."""
    callers = tuple(callers)
    for stage in stages:
        for one in starting(document, stage):
            text = " ".join(one.json) if one.json is not None else one.argument
            yield Text(text, quoted(document.path, one), line_at(one.start_line))
            for use in programs_of_shell(workspace, text, document.path, one.start_line):
                if use.evidence.path != document.path:
                    yield _line(use.evidence)._replace(of_image=False)
    for given in given_by_compose(workspace, callers, document.path):
        yield _line(given.evidence)
    for given in given_commands(workspace, callers, listing):
        # Those of compose are told by their service, and `test` is a healthcheck nowhere else.
        if kind_of(given.evidence.path) != "compose" and given.key != "test":
            yield _line(given.evidence)._replace(of_image=False)


def _line(evidence: Evidence) -> Text:
    return Text(evidence.text, evidence, place_at(evidence.path, evidence.line))


def later_steps(document: Document, stages: Iterable[Stage], after: Instruction) -> Iterator[Reading]:
    """The RUNs of the stages from an instruction of the file on, that one included, ONBUILDs too."""
    for stage in stages:
        for reading in read_steps(document, stage):
            if reading.instruction.index >= after.index and reading.instruction.keyword in ("RUN", "ONBUILD"):
                yield reading


# -- Python --


def used_in_python(
    workspace: Workspace,
    document: Document,
    steps: Iterable[Reading],
    texts: Iterable[Text],
    listing: Listing,
    names: tuple[str, ...],
) -> Sign | None:
    """A step, a command or code that uses one of these Python packages (normalised names)."""
    words = sorted({word for name in names for word in (*programs_of(name), *_modules(name))})
    called = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, words))})(?![\w-])") if words else None
    for reading in steps if called else ():
        text = reading.instruction.argument
        scripts = programs_of_shell(workspace, text, document.path, reading.instruction.start_line)
        lines = [Text(text, quoted(document.path, reading.instruction), line_at(reading.instruction.start_line))]
        lines += [_line(use.evidence) for use in scripts if use.evidence.path != document.path]
        for line in lines:
            found = called.search(line.text) if called else None
            if found:
                return f"{line.place} uses {found[0]} as the image is built", line.evidence
    for line in texts:
        found = called.search(line.text) if called else None
        if found:
            return f"{line.place} uses {found[0]} in a container of this image", line.evidence
    modules = "|".join(sorted({re.escape(module) for name in names for module in _modules(name)}))
    if not modules:
        return None
    code = re.compile(
        rf"^\s*(?:import|from)\s+(?:{modules})\b.*|^.*[\"'](?:{modules})(?:\.[\w.]+)?[\"'].*", re.MULTILINE
    )
    for path in listing.below(workspace.context):
        inside = workspace.to_context(path) or path
        if not path.endswith(".py") or is_test(inside) or re.search(r"(?:^|/)(?:docs?/|setup\.py|noxfile\.py)", inside):
            continue
        text = read_text(workspace, path) or ""
        found = code.search(text)
        if found:
            line_number = text.count("\n", 0, found.start() + len(found[0]) - len(found[0].lstrip())) + 1
            return f"{place_at(path, line_number)} uses one of them", Evidence(
                path, line_number, shown(found[0].strip())
            )
    return None


def _modules(name: str) -> tuple[str, ...]:
    """Packages of types alone hold nothing that runs."""
    return () if name.startswith(("types-", "mypy-boto3")) or name.endswith("-stubs") else modules_of(name)


# -- Node --


def used_in_node(
    workspace: Workspace,
    document: Document,
    steps: Iterable[Reading],
    texts: Iterable[Text],
    listing: Listing,
    manifest: str,
    names: tuple[str, ...],
) -> Sign | None:
    """A step, a command or code that may use one of these packages, which `manifest` declares."""
    for reading in steps:
        because = _may_build(reading)
        if because is not None:
            line = line_at(reading.instruction.start_line)
            return f"{line}: {because} may need them as the image is built", quoted(document.path, reading.instruction)
    project = json.loads(read_text(workspace, manifest) or "{}")
    owners = _programs(workspace, manifest)
    for text in texts:
        command = _resolved(text.text, project)
        because = _named(command, owners, names) or (_unknown(command, project, owners) if text.of_image else None)
        if because is not None:
            return f"{text.place} {because}", text.evidence
    folder = posixpath.dirname(manifest) or "."
    for path in listing.below(folder):
        inside = posixpath.relpath(path, folder)
        if not path.endswith(_JAVASCRIPT) or _NOT_SHIPPED.search(inside):
            continue
        content = read_text(workspace, path) or ""
        for found in _IMPORTS.finditer(content):
            parts = found["name"].split("/")
            package = "/".join(parts[: 2 if found["name"].startswith("@") else 1])
            if package in names:
                line_number = content.count("\n", 0, found.start("name")) + 1
                evidence = Evidence(path, line_number, shown(content.splitlines()[line_number - 1].strip()))
                return f"{place_at(path, line_number)} loads {package}", evidence
    return None


def _may_build(reading: Reading) -> str | None:
    if reading.instruction.keyword == "ONBUILD" or reading.script is None or reading.script.opaque is not None:
        return "what it runs cannot be read, and"
    if reading.role == "neutral" or (
        reading.role == "install" and reading.managers <= SYSTEM_MANAGERS | {"npm", "yarn", "pnpm"}
    ):
        return None
    for command in reading.script.commands:
        name = posixpath.basename(command.name or "")
        harmless = (
            command.kind != "command"
            or cleans(command) is not None
            or name in _FILES_ALONE
            or name.startswith(("user", "group", "add"))
        )
        if not harmless and all(one.command.span != command.span for one in reading.installs):
            return f"`{words_of(command)}`"
    return None


def _programs(workspace: Workspace, manifest: str) -> Mapping[str, str]:
    """The package of each program, as a lock of npm 7 or later tells it."""
    lock = read_text(workspace, posixpath.join(posixpath.dirname(manifest), "package-lock.json"), 20_000_000)
    try:
        packages: Mapping[str, Any] = json.loads(lock or "{}").get("packages", {})
        return {
            program: path.removeprefix("node_modules/")
            for path, about in packages.items()
            if path.count("node_modules/") == 1 and isinstance(about.get("bin"), dict)
            for program in about["bin"]
        }
    except (ValueError, AttributeError):
        return {}


def _resolved(text: str, project: Mapping[str, Any], depth: int = 0) -> str:
    """The text with the scripts of package.json that it runs put behind it."""
    scripts = project.get("scripts") or {}
    more = ""
    for found in _RUN_SCRIPT.finditer(text):
        for name in (f"pre{found['name']}", found["name"], f"post{found['name']}"):
            if name in scripts and depth < 5:
                more += " ; " + _resolved(str(scripts[name]), project, depth + 1)
    return text + more


def _named(text: str, owners: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Which of the packages a command line names, by itself or by one of its programs."""
    for word in re.split(r"[\s;&|\"'=()\[\],]+", text):
        for name in names:
            if word == name or word.startswith(f"{name}/") or owners.get(word) == name or f"/.bin/{name}" in word:
                return f"starts {word}, which {name} brings" if word != name else f"starts {name}"
    return None


def _unknown(text: str, project: Mapping[str, Any], owners: Mapping[str, str]) -> str | None:
    """A program of a command line of which it is not known that a package outside development brings it."""
    kept = {**(project.get("dependencies") or {}), **(project.get("optionalDependencies") or {})}
    for part in re.split(r"\s*(?:&&|\|\||[;|&])\s*", text):
        said = [word for word in part.replace('"', " ").replace("'", " ").split() if not re.match(r"\w+=", word)]
        while said and said[0] in _STARTERS:
            said = said[1:]
        if (
            not said
            or said[0] in ("node", "nodejs", "CMD", "curl", "wget")
            or "/" in said[0]
            or said[0].startswith("-")
        ):
            continue
        if said[0] in ("npm", "yarn", "pnpm", "npx"):
            script = _RUN_SCRIPT.search(part)
            ran = script["name"] if script else ""
            if said[0] == "npx" or (ran not in (project.get("scripts") or {}) and ran not in _MAKE_OTHERS):
                if ran == "start" or (said[0] == "npx" and len(said) > 1 and (owners.get(said[1]) or said[1]) in kept):
                    continue
                return f"runs `{' '.join(said[:3])}`, and where that comes from is not known"
        elif (owners.get(said[0]) or said[0]) not in kept:
            return f"starts {said[0]}, and which package brings it is not known"
    return None
