"""Where conda keeps the packages that it downloads in a step, and whether they may be kept in a cache mount.

From a mount conda copies, where it makes hard links otherwise, and keeps the times of the files; an archive that is cut
off it downloads again, and one of the same name from another channel too; a package that was only half unpacked when a
build was stopped makes it fail (CondaVerificationError) until `conda clean --packages` has removed it. Tried with conda
of August 2026 and a channel of files, in builds of engine 28. mamba and micromamba copy without the times
(libmamba/src/core/link.cpp), so that Python would compile anew at every start what the packages bring compiled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install, program, unwrap
from wizard.dockerfile.managers import ALIASES
from wizard.dockerfile.script import Command, Script
from wizard.dockerfile.state import State, environment
from wizard.inspection.caches.in_use import in_use
from wizard.inspection.caches.mounted import Cleaning, Hindrance, cleaning_of, covered, set_in, taken_out
from wizard.inspection.conda_images import conda_image
from wizard.inspection.files import read_text
from wizard.inspection.steps import words_of
from wizard.workspace import Workspace

_PLACES = ("CONDA_PKGS_DIRS", "CONDA_ALLOW_SOFTLINKS", "CONDA_ALWAYS_SOFTLINK", "CONDARC", "CONDA_ROOT_PREFIX")
_SETTINGS = re.compile(r"pkgs_dirs|pkgs-dirs|softlink|condarc", re.IGNORECASE)
_WANTS_OLD_ONES = re.compile(
    r"\bconda[- ]pack\b|\bconda\b[^;&|\n]*\s--(?:offline|clone|download-only|use-index-cache|use-local)\b"
)
"""What finds packages that an earlier step left, or leaves them for a later one. conda-pack looks into them for the
files that hold the prefix (conda_pack/core.py)."""
_PACKAGES_ONLY = frozenset({"-p", "--packages", "-y", "--yes", "-q", "--quiet"})


class CondaCache(NamedTuple):
    """The package cache of one step."""

    folder: str
    mounted: bool
    """There is a mount for it already."""
    cleaning: Cleaning
    """What empties it."""
    front: str
    """What goes in front of the first install below a new mount."""


def conda_cache(
    workspace: Workspace, document: Document, stage: Stage, instruction: Instruction, script: Script,
    calls: Sequence[Install],
) -> CondaCache | Hindrance:  # fmt: skip
    """The package cache of the conda installs of one step, as far as it may be a mount.

    Raises EditConflict where what empties it cannot be taken out.
    """
    state = environment(document, stage, instruction)
    folder = _folder(workspace, document, stage, state, script, calls)
    if isinstance(folder, Hindrance):
        return folder
    mounted = covered(instruction, state, folder)
    hindrance = None if mounted else in_use(workspace, document, stage, instruction, [folder])
    front = _removal_of_unpacked(script, calls[0])
    if hindrance is None and front is None and not mounted:
        words = words_of(calls[0].command)
        hindrance = f"whether `{words}` runs hangs on other commands of the step than plain `&&` ones"
    if hindrance is not None:
        return Hindrance(hindrance)
    cleaning = cleaning_of(script, state, [folder], {"conda"}, [])
    if isinstance(cleaning, Hindrance):
        return cleaning
    cleaning = Cleaning(tuple(one for one in cleaning.commands if not _removes_unpacked(one)), cleaning.words)
    taken_out(document, instruction, script, cleaning, state)
    return CondaCache(folder, mounted, cleaning, front or "")


def _folder(
    workspace: Workspace, document: Document, stage: Stage, state: State, script: Script, calls: Collection[Install]
) -> str | Hindrance:
    because = _not_conda(calls) or _settled_elsewhere(workspace, document, state, script, calls)
    image = conda_image(document, stage)
    if because is None and image is None:
        because = (
            "the image is not known to have conda with an empty package cache, and a mount would hide a filled one"
        )
    if because is not None or image is None:
        return Hindrance(because or "")
    if image.old:
        return Hindrance("conda before 4.4 does not keep the times of the files that it copies from a mount")
    if not state.is_root or image.user != "root":
        user = state.user or image.user
        return Hindrance(f"the step runs as user {user}: the mount needs that user's number")
    if len(_environments(script, calls)) > 1:
        return Hindrance(
            "it fills several environments, which share their files through the package cache: "
            "from a mount each would get copies of its own"
        )
    return f"{image.prefix}/pkgs"


def _removes_unpacked(command: Command) -> bool:
    """Whether it is a `conda clean` that leaves the downloads, and only removes what was unpacked."""
    _, words = unwrap(command)
    given = {word.value for word in words[2:]}
    verb = words[1].value if len(words) > 1 else None
    return bool(given & {"-p", "--packages"}) and verb == "clean" and given <= _PACKAGES_ONLY


def _removal_of_unpacked(script: Script, install: Install) -> str | None:
    """What goes in front of an install: a build that was stopped may have left a package that is unpacked in part.

    None where the install would run under other conditions than before.
    """
    command = install.command
    first = command.joined_by in ("", ";", "\n")
    if command.nested or command.piped or command.negated or command.background or not (script.and_list or first):
        return None
    return f"{unwrap(command)[1][0].text} clean --packages --yes{' &&' if script.and_list else ';'} "


def _not_conda(calls: Collection[Install]) -> str | None:
    for call in calls:
        _, words = unwrap(call.command)
        name = program(words[0])
        if name in ALIASES:
            return (
                f"from a mount {name} copies packages without the times of their files, "
                "and Python would compile them anew at every start"
            )
        if call.wrappers:
            return f"conda runs through {call.wrappers[0]}"
    return None


def _settled_elsewhere(
    workspace: Workspace, document: Document, state: State, script: Script, calls: Collection[Install]
) -> str | None:
    own = next((name for call in calls for name in call.environment if name in _PLACES), None) or set_in(
        script, _PLACES
    )
    own = own or next((name for name in _PLACES if name in state.settings), None)
    if own is not None:
        return f"{own} decides where conda keeps packages, or how it links them"
    text = decode(document.source)
    if _SETTINGS.search(text):
        return "settings of conda decide where it keeps packages, or how it links them"
    file = next((path for path in (".condarc", "condarc", "conda/condarc") if workspace.exists(path)), None)
    if file is not None and _SETTINGS.search(read_text(workspace, file) or "pkgs_dirs"):
        return f"{file} decides where conda keeps packages, or how it links them"
    wanted = _WANTS_OLD_ONES.search(text)
    return None if wanted is None else f"`{wanted[0].split()[-1]}` counts on packages that other steps leave"


def _environments(script: Script, calls: Collection[Install]) -> frozenset[str]:
    """The environments that are filled; one that an environment file names, or that is activated, counts for itself."""
    activated = [one.words[-1].text for one in script.commands if "activate" in {word.value for word in one.words[:2]}]
    names = set(activated[1:])
    for number, call in enumerate(calls):
        option = call.option("-n", "--name", "-p", "--prefix")
        unnamed = str(number) if call.verb == "env create" else "base"
        names.add(unnamed if option is None else option.value or option.words[-1].text)
    return frozenset(names)
