"""What a rule may have to know that only the network can tell: questions and answers, as values.

A rule asks by returning the questions (`wizard.rules.base.Asks`); `wizard.online` finds the answers, where the person
wants that (`--online`), and the plan is made again with them. So rules stay functions from values to values.
"""

from __future__ import annotations

from typing import NamedTuple


class DigestQuestion(NamedTuple):
    """Which digest a registry has for an image now."""

    image: str
    """As a FROM names it, with its tag."""


class VersionQuestion(NamedTuple):
    """Which version of its program an image has, as a variable of its configuration says."""

    image: str
    """As a FROM names it, with its tag."""
    variable: str
    """The variable that official images set, e.g. `PYTHON_VERSION`."""


class Family(NamedTuple):
    """Packages that come from an index of their own, whoever asks for them: PyTorch's from its CPU index."""

    address: str
    """Of the index."""
    requirements: tuple[str, ...]
    """As the step that installs them has them (`torch==2.1.0`)."""


class LockQuestion(NamedTuple):
    """Which versions a requirements file comes to, all that they depend on included, with hashes."""

    requirements: str
    """The file to resolve, relative to the root."""
    files: tuple[tuple[str, bytes], ...]
    """That file and those that it includes: path relative to the root, content."""
    python: tuple[int, int]
    platforms: tuple[str, ...]
    """As uv names them (`x86_64-manylinux_2_36`): the lock is to hold for each."""
    constraints: tuple[str, ...] = ()
    """Files of `files` that only constrain."""
    indexes: tuple[str, ...] = ()
    """Indexes that the Dockerfile names, the default one first ("" for the usual one); empty for the person's own."""
    best_match: bool = False
    """Of several indexes the highest version counts, as for pip; for uv the first index that has a package."""
    family: Family | None = None
    previous: bytes = b""
    """The lock as it was: its versions stay as far as they fit."""
    alone: bool = False
    """Each requirement by itself, without what it depends on: the newest release that the file allows."""
    partial: bool = False
    """A package of the files that has no wheel is left out, and named beside the answer."""


class RelockQuestion(NamedTuple):
    """What a project's lock is after a change of its manifest, as the project's own manager makes it."""

    manager: str
    """`uv` or `poetry`."""
    lock: str
    """Name of the lock file among `files`."""
    files: tuple[tuple[str, bytes], ...]
    """What the manager reads: the manifest as changed, the lock as it was, settings beside them; name, content."""
    held: tuple[str, ...] = ()
    """The versions to keep of packages that change where they come from (`torch==2.5.1`). All others keep theirs."""
    holding: tuple[tuple[str, bytes], ...] = ()
    """The manifest with those versions alone, for a manager that is not told them in words: locked first."""


class DownloadQuestion(NamedTuple):
    """How many bytes an install of packages, all that they depend on included, downloads by an index's file sizes."""

    requirements: tuple[str, ...]
    python: tuple[int, int]
    platform: str
    """As uv names it."""
    address: str = ""
    """Of the index where these packages come from; "" for the index that is asked for everything else, too."""


Question = DigestQuestion | VersionQuestion | LockQuestion | RelockQuestion | DownloadQuestion


def asked_for(question: Question) -> str:
    """What a question asks the network for, for people."""
    match question:
        case DigestQuestion(image):
            return f"the digest of {image} now"
        case VersionQuestion(image):
            return f"the version that {image} has now"
        case LockQuestion(requirements, alone=True):
            return f"the newest releases of what {requirements} names"
        case LockQuestion(requirements):
            return f"the versions and hashes that {requirements} comes to"
        case RelockQuestion(manager, lock):
            return f"{lock} made again by `{manager} lock`"
        case DownloadQuestion(requirements):
            return f"the file sizes of {', '.join(requirements)}"


class Answer(NamedTuple):
    """What was found out, or why nothing was."""

    text: str | None
    """The digest (`sha256:…`), the version, the lines of the lock file without a header, the whole of a project's lock,
    or the number of bytes; None for no answer."""
    because: str = ""
    """Why there is no answer: one clause for people. Beside one: what it does not hold for."""
