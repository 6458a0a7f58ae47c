"""What is in the repo: one question per file, put together here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.inspection.values import Inspection

if TYPE_CHECKING:
    from wizard.inspection.values import Engine
    from wizard.workspace import Workspace

MOST_BYTES = 1_000_000
MOST_LINES = 10_000
MOST_INSTRUCTIONS = 400
MOST_WORDS = 3_000
"""Of a Dockerfile, and of one of its instructions. The longest of 2,500 files in 400 public repositories has 511 lines
and 254 instructions (BuildKit's own), the longest instruction 249 words (Node's official image), and no image has more
than 127 layers."""


def inspect(
    workspace: Workspace,
    dockerfile: str | None = None,
    engine: Engine | None = None,
    no_engine: str | None = None,
    with_paths: bool = False,
    with_history: bool = True,
) -> Inspection:
    """Everything that can be found by reading, without network and without running anything but `git log`.

    `dockerfile` is relative to the root (what `choose_dockerfile` returns); None chooses the one that is meant.
    `engine`, or the reason why there is none, comes from the caller. `with_paths` lists the eligible files of the
    context; without `with_history` git is not asked how often files change. Raises a DockwizError for a Dockerfile or
    an ignore file that BuildKit would refuse or that is far too long, and where it is not clear which one is meant.
    """
    from wizard.dockerfile.scanner import parse
    from wizard.errors import BadInput
    from wizard.inspection.callers.find import find_callers
    from wizard.inspection.context.measure import measure_context
    from wizard.inspection.context.named import measure_named_contexts
    from wizard.inspection.dockerfiles import choose_dockerfile, find_dockerfiles
    from wizard.inspection.ecosystems import find_ecosystems
    from wizard.inspection.files import list_files, read_rows
    from wizard.inspection.git import change_counts
    from wizard.inspection.gpu.evidence import gpu_evidence

    listing = list_files(workspace)
    chosen = dockerfile or choose_dockerfile(workspace, None, listing)
    source = read_rows(workspace, chosen, MOST_LINES)
    if len(source) > MOST_BYTES:
        raise BadInput(f"is larger than {MOST_BYTES // 1_000_000} MB, and dockwiz reads no more", path=chosen)
    document = parse(source, chosen)
    if len(document.instructions) > MOST_INSTRUCTIONS:
        message = f"has more than {MOST_INSTRUCTIONS:,} instructions, and dockwiz reads no more"
        raise BadInput(message, path=chosen, line=document.instructions[MOST_INSTRUCTIONS].start_line)
    for instruction in document.instructions:
        if len(instruction.words) > MOST_WORDS:
            message = f"is an instruction of more than {MOST_WORDS:,} words, and dockwiz reads no more"
            raise BadInput(message, path=chosen, line=instruction.start_line)
    callers = find_callers(workspace, listing)
    ecosystems = find_ecosystems(workspace, document, listing)
    manifests = next((ecosystem.manifests for ecosystem in ecosystems if ecosystem.name == "python"), ())
    return Inspection(
        dockerfiles=find_dockerfiles(workspace, listing),
        dockerfile=chosen,
        callers=callers.callers,
        context=measure_context(workspace, chosen, with_paths),
        ecosystems=ecosystems,
        gpu=gpu_evidence(workspace, document, callers, listing, manifests),
        change_counts=change_counts(workspace) if with_history else {},
        engine=engine,
        no_engine=no_engine,
        notes=(*listing.notes, *callers.notes),
        named_contexts=measure_named_contexts(workspace, callers.callers),
    )
