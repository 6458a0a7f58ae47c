"""Which versions a requirements file comes to: asked with uv's resolver, of the index that the person's own settings or
the repo name.

Nothing of an index is executed: what has no wheel, so that its setup code would have to run here, is no answer. The
files are resolved in a folder of their own, out of reach of a project's settings.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.inspection.ecosystems.requirements import normalise_name, parse_requirements
from wizard.inspection.questions import Answer, Family, LockQuestion
from wizard.online.settings import default_index
from wizard.online.uv_program import ABSENT, PATIENCE, uv_program, what_uv_said

_LOCK = "dockwiz.lock"
_PROJECT, _NAME = "pyproject.toml", "dockwiz"
_LEFT_OUT = re.compile(r"([\w.-]+)(?:==\S+)? has no wheel that fits")
"""The beginning of what `what_uv_said` says."""
_FULL_ANSWER = re.compile(r"[A-Za-z0-9][\w.-]*==\S+")


def resolve(question: LockQuestion) -> Answer:
    """The lines of the lock, each with its hashes, or why there are none. Never raises."""
    program = uv_program()
    if program is None:
        return Answer(None, ABSENT)
    left: list[str] = []
    while True:
        answer = _resolved(program, question)
        missing = _LEFT_OUT.match(answer.because) if question.partial and answer.text is None else None
        smaller = _without(question, normalise_name(missing[1])) if missing is not None else question
        if missing is None or smaller == question:
            break
        question = smaller
        left.append(missing[1])
    if answer.text is None or not left:
        return answer
    because = f"{', '.join(left)} {'has' if len(left) == 1 else 'have'} no wheel: left out"
    return answer._replace(because="; ".join(filter(None, (because, answer.because))))


def _without(question: LockQuestion, name: str) -> LockQuestion:
    """The question without the lines that ask for a package."""

    def kept(path: str, content: bytes) -> bytes:
        file = parse_requirements(content, path)
        lines = (line for line in file.lines if line.requirement is None or line.requirement.name != name)
        return "".join(line.source for line in lines).encode(file.encoding)

    return question._replace(files=tuple((path, kept(path, content)) for path, content in question.files))


def _resolved(program: str, question: LockQuestion) -> Answer:
    found: dict[str, Mapping[str, str]] = {}
    failed: dict[str, str] = {}
    try:
        for platform in question.platforms:
            said = _compile(program, question, platform)
            if isinstance(said, str):
                failed[platform] = said
            else:
                found[platform] = said
    except OSError as error:
        return Answer(None, f"the resolver cannot work: {(error.strerror or str(error)).lower()}")
    if not found:
        return Answer(None, next(iter(failed.values())))
    because = "; ".join(f"it is not for {_machine(platform)} ({why})" for platform, why in failed.items())
    return Answer(merged(found), because)


def merged(found: Mapping[str, Mapping[str, str]]) -> str:
    """One lock of those for several platforms: `platform` -> requirement -> its lines. What is not the same on all of
    them is marked with the machine that it is for."""
    lines: list[str] = []
    for requirement in sorted({one for packages in found.values() for one in packages}):
        having = [platform for platform, packages in found.items() if requirement in packages]
        block = found[having[0]][requirement]
        if len(having) < len(found):
            marker = " or ".join(f'platform_machine == "{_machine(platform)}"' for platform in having)
            block = block.replace(requirement, f"{requirement} ; {marker}", 1)
        lines.append(block)
    return "".join(lines)


def packages_of(text: str) -> dict[str, str] | None:
    """The blocks of a lock by their requirement (`flask==3.0.0`); None where one is not pinned or has no hash."""
    blocks = re.split(r"(?m)^(?=[^\s#])", text)[1:]
    found = {block.split(None, 1)[0]: block if block.endswith("\n") else f"{block}\n" for block in blocks}
    sound = all(_FULL_ANSWER.fullmatch(name) and "--hash=" in block for name, block in found.items())
    return found if sound else None


def _compile(program: str, question: LockQuestion, platform: str) -> dict[str, str] | str:
    """The packages for one platform, or why there are none."""
    with tempfile.TemporaryDirectory(prefix="dockwiz-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        for path, content in question.files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        lock = root / _LOCK
        if question.previous:
            # What it holds stays as far as it fits.
            lock.write_bytes(question.previous)
        sources = [question.requirements]
        if question.family is not None:
            (root / _PROJECT).write_text(family_project(question.family, question.python), "utf-8")
            sources.append(_PROJECT)
        command = [
            program, "pip", "compile", *sources, "--output-file", _LOCK, "--generate-hashes",
            "--no-header", "--no-build", "--no-progress", "--no-python-downloads",
            "--python-version", ".".join(map(str, question.python)), "--python-platform", platform,
            *(("--no-deps",) if question.alone else ()),
            *(("--index-strategy", "unsafe-best-match") if question.best_match else ()),
            *(word for path in question.constraints for word in ("--constraints", path)),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=_environment(question),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"the package index gave no answer within {PATIENCE:.0f} s"
        if done.returncode:
            return what_uv_said(done.stderr)
        found = packages_of(lock.read_text("utf-8").replace(f"{_NAME} ({_PROJECT})", "the Dockerfile"))
    return "the index gives no hash for every package" if found is None else found


def family_project(family: Family, python: tuple[int, int]) -> str:
    """A project that asks for the family and says where each of it comes from; uv reads that nowhere else."""
    import json

    # JSON's strings and lists are TOML's, too.
    names = [re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in family.requirements]
    return "\n".join(
        [
            "[project]",
            f'name = "{_NAME}"',
            'version = "0"',
            f'requires-python = ">={python[0]}.{python[1]}"',
            f"dependencies = {json.dumps(family.requirements)}",
            "[[tool.uv.index]]",
            'name = "family"',
            f"url = {json.dumps(family.address)}",
            "explicit = true",
            "[tool.uv.sources]",
            *(f'{json.dumps(name)} = {{ index = "family" }}' for name in names),
        ]
    )


def _environment(question: LockQuestion) -> dict[str, str]:
    """The person's own, with the indexes that the Dockerfile names in front of theirs."""
    environment = dict(os.environ)
    if question.indexes:
        default, *others = question.indexes
        environment |= {"UV_DEFAULT_INDEX": default} if default else {}
        environment |= {"UV_INDEX": " ".join(others)} if others else {}
    elif not _names_index(question.files):
        index = default_index(environment)
        environment |= {"UV_DEFAULT_INDEX": index} if index is not None else {}
    return environment


def _names_index(files: Sequence[tuple[str, bytes]]) -> bool:
    return any(re.search(rb"(?m)^\s*(?:-i\b|--index-url\b|--no-index\b)", content) for _, content in files)


def _machine(platform: str) -> str:
    return platform.partition("-")[0]
