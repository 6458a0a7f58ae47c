"""The COPY instructions that bring manifests and nothing else."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document
from wizard.dockerfile.style import style_of
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.installs.pip import Manifest
from wizard.workspace import Workspace


def copy_lines(
    workspace: Workspace, document: Document, manifests: tuple[Manifest, ...], workdir: str | None
) -> Iterator[str]:
    """COPY instructions that put the manifests where the sources' copy would have put them."""
    style = style_of(document)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for manifest in manifests:
        flags = tuple(
            decode(f.span.of(document.source)) for f in manifest.copy.instruction.flags if f.name in ("chown", "chmod")
        )
        source = workspace.to_context(manifest.path) or manifest.path
        folder, name = posixpath.split(manifest.image_path)
        if workdir is not None and lies_in(folder, workdir):
            target = f"./{posixpath.relpath(folder, workdir)}/".replace("/./", "/")
        else:
            target = f"{folder.rstrip('/')}/"
        if name != posixpath.basename(source):
            target += name
        groups.setdefault((target, flags), []).append(f"{source}{'*' if manifest.optional else ''}")
    for (target, flags), sources in groups.items():
        words = [*sources, target]
        plain = not any(set(word.removesuffix("*")) & set(" \t\"'[]$\\*?") for word in words)
        yield style.instruction("COPY", " ".join(words) if plain else json.dumps(words, ensure_ascii=False), flags)
