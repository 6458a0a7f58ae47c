"""Another file in place of a requirements file that an install reads: beside it in the repo and in the image."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from wizard.dockerfile.document import Document
from wizard.dockerfile.editing import Edit, insert_after
from wizard.dockerfile.installs import Install
from wizard.inspection.copies.placed import context_path
from wizard.inspection.installs.pip import Manifest
from wizard.workspace import Workspace


def names_file(workspace: Workspace, manifest: Manifest) -> bool:
    """Whether the COPY names this file."""
    return (workspace.to_context(manifest.path) or manifest.path) in manifest.copy.sources


def read_instead(install: Install, old: str, new: str) -> Iterator[Edit]:
    """The install reads the file of the name `new` where it read `old`, in the same folder."""
    for option in install.options:
        if option.name in ("-r", "--requirement", "--requirements") and option.value is not None:
            word = option.words[-1]
            yield Edit(word.span, new.join(word.text.rsplit(old, 1)))


def bring_beside(workspace: Workspace, manifests: Iterable[Manifest], original: str, path: str) -> Iterator[Edit]:
    """Every COPY into a folder that names `original` brings `path` too; both relative to the root, in one folder."""
    old, new = posixpath.basename(original), posixpath.basename(path)
    for copy in {m.copy.instruction.index: m.copy for m in manifests if names_file(workspace, m)}.values():
        *sources, target = copy.instruction.words
        for source in sources:
            if posixpath.normpath(source.text.lstrip("/")) == workspace.to_context(original):
                yield Edit(source.span, f"{source.text} {new.join(source.text.rsplit(old, 1))}")
        # Several files need a folder that says it is one.
        if not target.text.endswith("/"):
            yield Edit(target.span, f"{target.text}/")


def bring(workspace: Workspace, document: Document, manifest: Manifest, path: str) -> tuple[Edit, ...] | None:
    """What brings `path` into the image beside `manifest`, in the same folder: nothing where the COPY does that by
    itself, one more source, or a COPY of its own. None where the COPY cannot be told to."""
    copy = manifest.copy
    beside = posixpath.join(posixpath.dirname(manifest.image_path), posixpath.basename(path))
    there = context_path(workspace.edit({path: b""}), (copy,), beside)
    if there is not None and workspace.from_context(there[0]) == path:
        return ()
    if not names_file(workspace, manifest) or copy.instruction.json is not None:
        return None
    if copy.into_folder:
        return tuple(bring_beside(workspace, (manifest,), manifest.path, path))
    source, target = (word.text for word in copy.instruction.words)
    old, new = posixpath.basename(manifest.path), posixpath.basename(path)
    if not (source.endswith(old) and target.endswith(posixpath.basename(manifest.image_path))):
        return None
    flags = [flag.span.of(document.source).decode("utf-8", "surrogateescape") for flag in copy.instruction.flags]
    place = posixpath.join(posixpath.dirname(target), new)
    words = [copy.instruction.written, *flags, source.removesuffix(old) + new, place]
    return (insert_after(document, copy.instruction, " ".join(words)),)
