"""What a running container finds mounted over folders of its image: it does not see what the image has there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wizard.dockerfile.document import Document
from wizard.dockerfile.state import environment
from wizard.inspection.callers.find import concerns, kind_of
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.files import Listing, read_text, short_lines
from wizard.inspection.masking import shown
from wizard.inspection.places import quoted
from wizard.inspection.values import Caller, Evidence
from wizard.workspace import Workspace

_TARGET = re.compile(
    r"""(?: :                                                           # -v data:/srv, - ./src:/app:ro
    | \b(?:target|dst|destination|mountPath|tmpfs)["']?\s*[:=]\s*["']?  # long forms, Kubernetes, --mount
    | (?:^|\s)(?:-v|--volume|--tmpfs)[=\s]["']?                         # a volume without a name
    | ^\s*-\s+["']?(?=/[^\s:]*["']?\s*$)                                # the same in compose
    )(?P<path>/(?!/)[^\s:"',}\]]*)""",
    re.VERBOSE,
)
_SAYS_MORE = ("devcontainer.json", "README.md", "README.rst")


def mounted_over(
    workspace: Workspace, document: Document, callers: Iterable[Caller], listing: Listing, folder: str
) -> Evidence | None:
    """The first line that mounts something at a folder of the image, above it or inside of it; None without one.

    VOLUME instructions count too: a volume that is there already hides what a new image brings. Lines of compose and
    Kubernetes files, of scripts, Makefiles, CI and READMEs that may concern this build context are read one by one,
    whichever service they are about.
    """
    return next(
        (evidence for path, evidence in _mounts(workspace, document, tuple(callers), listing)
         if path is None or lies_in(folder, path) or lies_in(path, folder)),
        None,
    )  # fmt: skip


def _mounts(
    workspace: Workspace, document: Document, callers: tuple[Caller, ...], listing: Listing
) -> Iterator[tuple[str | None, Evidence]]:
    """Absolute paths in the container (None for one that only the build knows), and the lines that name them."""
    for stage in document.stages:
        for instruction in stage.instructions:
            if instruction.keyword == "VOLUME":
                state = environment(document, stage, instruction)
                for written in instruction.json or tuple(word.text for word in instruction.words):
                    yield state.expand(written), quoted(document.path, instruction)
    for file in listing.files:
        if kind_of(file) is None and not file.endswith(_SAYS_MORE):
            continue
        if not concerns(workspace, callers, file):
            continue
        for number, line in enumerate(short_lines(read_text(workspace, file) or ""), start=1):
            if line.lstrip().startswith(("#", "//")):
                continue
            for found in _TARGET.finditer(line):
                if len(found["path"]) > 1:
                    yield found["path"].rstrip("/"), Evidence(file, number, shown(line))
