"""Who builds the Dockerfile or runs its image: compose and bake files, CI, Makefiles, scripts.

A rewrite must not pull the rug from under them: a stage, an ARG, a context or a file that they name has to stay.
Only what is written out is read; nothing is run and no variable is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from wizard.inspection.callers.command_line import BUILD_WORDS, DOCKER_BUILD, command_of, indentation, joined
from wizard.inspection.files import Listing, list_files, read_text, short_lines
from wizard.inspection.masking import shown
from wizard.inspection.values import Caller, Evidence

if TYPE_CHECKING:
    from wizard.workspace import Workspace

_COMPOSE = re.compile(r"(?:docker-)?compose([._-].*)?\.ya?ml")
_BAKE = re.compile(r"(?:docker-)?bake([._-].*)?\.(?:hcl|json)")
_CI_FOLDERS = (
    *(".github/workflows/", ".github/actions/", ".gitlab/", ".circleci/", ".buildkite/", ".woodpecker/", ".ci/"),
    *(".tekton/", ".gitea/workflows/", ".forgejo/workflows/"),
)
_CI_FILES = frozenset(
    (
        *(
            ".gitlab-ci.yml",
            ".gitlab-ci.yaml",
            ".travis.yml",
            "azure-pipelines.yml",
            "azure-pipelines.yaml",
            ".drone.yml",
        ),
        *(
            "bitbucket-pipelines.yml",
            ".drone.yaml",
            "Jenkinsfile",
            "cloudbuild.yaml",
            "cloudbuild.yml",
            "buildspec.yml",
        ),
        *("appveyor.yml", ".woodpecker.yml", "skaffold.yaml", "Earthfile"),
    )
)
_MAKE = re.compile(
    r"""(?:GNU)?[Mm]akefile|.+\.mk|[Jj]ustfile|Taskfile\.ya?ml|tasks\.py|noxfile\.py|Rakefile|package\.json"""
)
_SCRIPT = re.compile(r".+\.(?:sh|bash|zsh|fish|ps1|bat|cmd)")
_SCRIPT_FOLDERS = frozenset({"bin", "script", "scripts", "hack", "tools", "ci"})
"""Where programs without an ending are scripts."""
_CI_NAME = re.compile(r"Jenkinsfile[._-].+|.+\.[Jj]enkinsfile|azure-pipelines.*\.ya?ml")
_CALLS = frozenset({"Tiltfile"})
_DECLARED = frozenset({
    "devcontainer.json", ".devcontainer.json", "fly.toml", "railway.toml", "railway.json", "captain-definition",
})  # fmt: skip
_COMPOSED = re.compile(r"^services:\s*(?:#.*)?$", re.MULTILINE)
_GPU = re.compile(
    r"""(?:^|\s)--gpus(?:[=\s]|$) | --runtime[=\s]+nvidia\b | ^\s*runtime:\s*["']?nvidia\b | \bnvidia\.com/gpu\b
    | ^\s*gpus:\s*\S | ^\s*-?\s*driver:\s*["']?nvidia\b | capabilities:.*\bgpu\b | \bnvidia-docker\b
    | ^\s*-\s*["']?gpu["']?\s*$ | ^\s*(?:runs-on|tags):.*\bgpu\b | \bNVIDIA_VISIBLE_DEVICES\b""",
    re.VERBOSE,
)
_GPU_WORDS = ("gpu", "nvidia", "NVIDIA")
"""One of them stands in every line that `_GPU` finds: looking for them first is fifty times as fast."""
_YAML = (".yml", ".yaml")


class Callers(NamedTuple):
    """What `find_callers` found."""

    callers: tuple[Caller, ...]
    gpu: tuple[Evidence, ...]
    """Lines that ask for a GPU for a container."""
    notes: tuple[str, ...] = ()


def find_callers(workspace: Workspace, listing: Listing | None = None) -> Callers:
    """Every build and GPU request written out in the repo's compose, bake, CI, make and script files.

    A Caller's `dockerfile` and `context` are relative to the root where the caller's own folder decides that, and as
    written where it does not (a script may be started from anywhere).
    """
    listing = listing or list_files(workspace)
    callers: list[Caller] = []
    gpu: list[Evidence] = []
    notes: list[str] = []
    for path in listing.files:
        kind = kind_of(path)
        if kind is None:
            continue
        text = read_text(workspace, path)
        if text is None:
            continue
        if kind == "compose":
            from wizard.inspection.callers.compose import read_compose

            found, note = read_compose(path, text)
            callers += found
            notes += [note] if note else []
        elif kind == "bake":
            from wizard.inspection.callers.bake import read_bake

            callers += read_bake(path, text)
        elif kind == "manifest" and _COMPOSED.search(text):
            from wizard.inspection.callers.compose import read_compose

            # Named otherwise (`local.yml`), or included by another: it is no note where it turns out to be none.
            callers += read_compose(path, text)[0] or _declared(path, text)
        elif path.endswith("Tiltfile"):
            from wizard.inspection.callers.declared import read_calls

            callers += read_calls(path, text)
        else:
            callers += _command_lines(kind, path, text) if kind not in ("manifest", "declared") else ()
            if kind in ("ci", "declared", "manifest"):
                callers += _declared(path, text)
        gpu += _gpu_requests(path, text)
    return Callers(tuple(callers), tuple(gpu), tuple(notes))


def _declared(path: str, text: str) -> tuple[Caller, ...]:
    from wizard.inspection.callers.declared import read_declared

    return read_declared(path, text)


def _gpu_requests(path: str, text: str) -> Iterator[Evidence]:
    if not any(word in text for word in _GPU_WORDS):
        return
    for number, line in enumerate(short_lines(text), start=1):
        if any(word in line for word in _GPU_WORDS) and _GPU.search(line) and not line.lstrip().startswith(("#", "//")):
            yield Evidence(path, number, shown(line))


def concerns(workspace: Workspace, callers: Iterable[Caller], path: str) -> bool:
    """Whether a file may have to do with the image of this build context: it lies in it, builds it, or builds nothing
    and names its folder. The other services of a repo have compose files and scripts too."""
    if workspace.to_context(path) is not None:
        return True
    built = {caller.context for caller in callers if caller.path == path}
    folder = rf"(?<![\w.-]){re.escape(workspace.context)}(?![\w-])"
    return workspace.context in built or (not built and re.search(folder, read_text(workspace, path) or "") is not None)


def kind_of(path: str) -> str | None:
    """`compose`, `bake`, `ci`, `make`, `script`, `declared` (a platform, a dev container, Tilt),
    `manifest` (some other YAML, as of Kubernetes), or None."""
    name = path.rpartition("/")[2]
    if _COMPOSE.fullmatch(name):
        return "compose"
    if _BAKE.fullmatch(name):
        return "bake"
    if path.startswith(_CI_FOLDERS) or name in _CI_FILES or _CI_NAME.fullmatch(name):
        return "ci"
    if name in _DECLARED or name in _CALLS:
        return "declared"
    if _MAKE.fullmatch(name):
        return "make"
    if _SCRIPT.fullmatch(name) or ("." not in name and not _SCRIPT_FOLDERS.isdisjoint(path.split("/")[:-1])):
        return "script"
    return "manifest" if name.endswith(_YAML) else None


def mentions(workspace: Workspace, name: str, listing: Listing | None = None) -> tuple[Evidence, ...]:
    """Lines of callers, Dockerfiles and packaging files that name a file (or folder) as a whole word.

    Tells who else uses e.g. `requirements.txt` or `.git` before a rule touches or ignores it. The file itself,
    ignore files and lines that are comments do not count.
    """
    from wizard.inspection.dockerfiles import is_dockerfile_name

    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)")
    found: list[Evidence] = []
    for path in (listing or list_files(workspace)).files:
        pure = PurePosixPath(path)
        asks = kind_of(path) or is_dockerfile_name(pure.name) or pure.suffix in (".toml", ".cfg", ".ini", ".in")
        if not (asks or pure.name in ("setup.py", "MANIFEST.in") or _is_requirements(pure.name)) or pure.name == name:
            continue
        text = read_text(workspace, path)
        if text is None or name not in text:
            continue
        found += [
            Evidence(path, number, shown(line))
            for number, line in enumerate(short_lines(text), start=1)
            if word.search(line) and not line.lstrip().startswith(("#", "//"))
        ]
    return tuple(found)


def _is_requirements(name: str) -> bool:
    return name.endswith(".txt") and ("requirements" in name or "constraints" in name)


def _command_lines(kind: str, path: str, text: str) -> Iterator[Caller]:
    """Builds in a file of commands. An option on a continuation line belongs to the command."""
    lines = short_lines(text)
    for number, line in enumerate(lines, start=1):
        if not any(word in line for word in BUILD_WORDS):
            continue
        if line.lstrip().startswith(("#", "//")) or not DOCKER_BUILD.search(line):
            continue
        if "-action" in line and "uses" in line:
            yield _action(path, number, lines)
        else:
            yield command_of(kind, path, number, joined(lines, number))


def _action(path: str, number: int, lines: list[str]) -> Caller:
    """A step that uses docker/build-push-action: its inputs are the deeper lines up to the next step."""
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip(" -"))
    inputs: dict[str, str] = {}
    build_args: list[str] = []
    named: list[str] = []
    contexts: list[tuple[str, str]] = []
    inside = ""
    for line in lines[number:]:
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        depth = indentation(line)
        if depth < indent - 2 or (bare.startswith("- ") and depth < indent):
            break
        name, colon, value = bare.partition(":")
        if colon and re.fullmatch(r"[a-z-]+", name):
            inside = name
            inputs[name] = value.strip().strip("\"'|>")
            if name == "no-cache-filters":
                named += [stage.strip() for stage in inputs[name].split(",") if stage.strip()]
            if name == "build-args" and "=" in inputs[name]:
                build_args.append(inputs[name].split("=", 1)[0])
        elif inside == "build-args" and "=" in bare:
            build_args.append(bare.split("=", 1)[0].strip())
        elif inside == "build-contexts" and "=" in bare:
            where, _, what = bare.partition("=")
            contexts.append((where.strip(), what.strip()))
        elif inside == "no-cache-filters":
            named.append(bare.strip(" ,-"))
    return Caller(
        kind="ci",
        path=path,
        line=number,
        text=lines[number - 1].strip().removeprefix("- "),
        dockerfile=inputs.get("file") or None,
        context=inputs.get("context") or None,
        target=inputs.get("target") or None,
        build_args=tuple(dict.fromkeys(build_args)),
        named_stages=tuple(dict.fromkeys(named)),
        contexts=tuple(contexts),
    )
