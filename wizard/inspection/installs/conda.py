"""Which files each install of conda, mamba, micromamba or conda-lock reads, and which COPY put them there."""

from __future__ import annotations

import posixpath

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.state import environment
from wizard.inspection.conda_images import conda_image
from wizard.inspection.copies.placed import context_copies, context_path, working_directory
from wizard.inspection.ecosystems.conda_files import read_conda_file
from wizard.inspection.installs.pip import Manifest, ManifestsOf, add_requirements, not_as_here
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_OPTIONS = frozenset({
    "-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file", "-y", "--yes", "-q", "--quiet", "-v",
    "--verbose", "--override-channels", "--strict-channel-priority", "--no-channel-priority", "--channel-priority",
    "--solver", "--experimental-solver", "--no-deps", "--only-deps", "--update-deps", "--freeze-installed",
    "--no-update-deps",
    "--update-all", "--update-specs", "--all", "--force", "--force-reinstall", "--copy", "--always-copy", "--no-pin",
    "--prune", "--json", "--debug", "--no-default-packages", "--subdir", "--platform", "-k", "--insecure", "--no-rc",
    "--no-py-pin", "--no-pyc", "--root-prefix", "-r", "--repodata-fn", "--conda", "--mamba", "--micromamba", "--dev",
    "--no-dev", "-E", "--extras", "--log-level", "--category",
})  # fmt: skip
"""Options of which it is known that they name no file of the sources but the environment file."""
_DEFAULT = {("conda", "env create"): "environment.yml", ("conda", "env update"): "environment.yml",
            ("conda-lock", "install"): "conda-lock.yml"}  # fmt: skip


def reads_environment(install: Install) -> bool:
    """Whether it is an install of conda, mamba, micromamba or conda-lock, which read the files that they are given."""
    return install.manager in ("conda", "conda-lock")


def conda_files_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The environment files, lists and locks of all conda installs of one RUN, with what their `pip` sections name."""
    installs = [install for install in reading.installs if reads_environment(install)]
    if not installs:
        return ManifestsOf()
    workdir = working_directory(document, stage, reading.instruction)
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    found: dict[str, Manifest] = {}
    undecided: str | None = None
    for install in installs:
        because = _unusual(install)
        if because is not None:
            return ManifestsOf(because=because)
        for name in _files(install):
            if workdir is None or "$" in name:
                return ManifestsOf(because=f"where {name} stands depends on a value that only the build knows")
            image_path = posixpath.normpath(posixpath.join(workdir, name))
            place = context_path(workspace, copies, image_path)
            if place is None:
                return ManifestsOf(because=f"no COPY of this stage is known to provide {image_path}")
            path = workspace.from_context(place[0])
            read = read_conda_file(workspace, path)
            if read.because is not None:
                return ManifestsOf(because=read.because)
            found[image_path] = Manifest(image_path, path, place[1])
            folder = posixpath.dirname(image_path)
            for value in read.requirements:
                problem = add_requirements(workspace, copies, posixpath.normpath(posixpath.join(folder, value)), found)
                if problem is not None:
                    return ManifestsOf(because=problem)
            user = _user(document, stage, reading) if read.pip and folder != workdir else None
            if user is not None:
                undecided = f"for its pip lines conda writes a file beside {image_path}, and {user} has to be able to"
    because = not_as_here(workspace, document, stage, reading, found.values())
    if because is not None:
        return ManifestsOf(because=because)
    return ManifestsOf(tuple(found.values()), undecided=undecided)


def _unusual(install: Install) -> str | None:
    """Why an install may read files that are not worked out."""
    words = f"{install.manager} {install.verb}"
    for option in install.options:
        if option.name not in _OPTIONS:
            return f"which files `{words} {option.name}` reads is not known to this rule"
        if option.name in ("-f", "--file") and option.value is None:
            return "the name of an environment file depends on a value that only the build knows"
        if option.name in ("-c", "--channel") and (option.value or "/").startswith((".", "/", "~", "file:")):
            return f"`{words} {option.name} {option.words[-1].text}` may be a channel among the sources"
    if install.packages and install.verb.startswith("env "):
        return f"what `{words} {install.packages[0].text}` reads is not known to this rule"
    return None


def _files(install: Install) -> tuple[str, ...]:
    """The files that it is given, as written; addresses are left out."""
    if install.manager == "conda-lock" and install.packages:
        return tuple(word.value or word.text for word in install.packages)
    default = _DEFAULT.get((install.manager, install.verb))
    names = install.requirement_files or ((default,) if default is not None else ())
    return tuple(name for name in names if "://" not in name)


def _user(document: Document, stage: Stage, reading: Reading) -> str | None:
    """Who runs the step, None for root."""
    state = environment(document, stage, reading.instruction)
    image = conda_image(document, stage)
    if state.user == "" and image is not None and image.user != "root":
        return image.user
    return None if state.is_root else state.user or "a user that only the build knows"
