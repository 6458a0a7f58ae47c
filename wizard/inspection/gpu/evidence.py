"""Signs for and against the use of a GPU, in the Dockerfile, its callers, requirements and the project's own code.

Only code inside the build context counts: the rest of the repo is not in the image. Tests and code that cannot be
parsed are weaker (`unclear-call`): tests are often written for a machine with a GPU and skipped elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from wizard.inspection.files import Listing, list_files, read_text, short_lines
from wizard.inspection.gpu.settings import device_in_dockerfile, device_in_files
from wizard.inspection.masking import shown
from wizard.inspection.values import Evidence, GpuEvidence

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document
    from wizard.inspection.callers.find import Callers
    from wizard.workspace import Workspace

Verdict = Literal["none", "gpu", "unclear"]

CUDA_INDEX = re.compile(
    r"""/whl/(?:nightly/|test/)?cu\d+\b|--torch-backend[=\s]+(?:cu\d+|auto)|UV_TORCH_BACKEND=(?:cu|auto)
    |\+cu\d+\b|pypi\.(?:ngc\.)?nvidia\.com""",
    re.VERBOSE,
)
CPU_INDEX = re.compile(r"/whl/(?:nightly/|test/)?cpu\b|--torch-backend[=\s]+cpu|UV_TORCH_BACKEND=cpu|==[\w.]+\+cpu\b")
_GPU_IMAGE = re.compile(r"nvidia|cuda|rocm|-gpu\b|\bgpu-|\bl4t-|tensorrt|vllm/", re.IGNORECASE)
_GPU_VARIABLE = re.compile(r"\bNVIDIA_(?:VISIBLE_DEVICES|DRIVER_CAPABILITIES|REQUIRE_CUDA)\b|\bCUDA_HOME\b")
FIRM = {
    "base-image": "a CUDA base image",
    "caller": "a caller that asks for GPUs",
    "cuda-index": "a CUDA index",
    "cuda-call": "a CUDA call that is not guarded",
    "cuda-device": "CUDA is the device that it is started with",
    "gpu-package": "a package that exists for GPUs only",
}
"""The kinds of signs that decide, in words."""
_PACKAGING = (".txt", ".in", ".toml", ".cfg", ".lock", ".yml", ".yaml")
_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "Pipfile")
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "benchmarks", "bench"})


def gpu_evidence(
    workspace: Workspace,
    document: Document | None,
    callers: Callers,
    listing: Listing | None = None,
    manifests: Iterable[str] = (),
) -> tuple[GpuEvidence, ...]:
    """Every sign found, one per line of the repo, in the order Dockerfile, callers, packages, code, settings.

    Where it is known which `manifests` the image's installs read, only they are looked at for packages and indexes: a
    `requirements-gpu.txt` for somebody else's machine says nothing about this image.
    """
    listing = listing or list_files(workspace)
    found: list[GpuEvidence] = []
    if document is not None:
        found += _in_dockerfile(document)
        found += device_in_dockerfile(document)
        found += _in_installs(document)
    found += _in_callers(workspace, callers)
    files = listing.below(workspace.context)
    found += _in_packaging(workspace, tuple(manifests) or files)
    found += _in_code(workspace, files)
    found += device_in_files(workspace, files)
    return tuple(dict.fromkeys(found))


def gpu_verdict(evidence: Iterable[GpuEvidence]) -> Verdict:
    """`none`: nothing, or only code that asks first. `gpu`: a firm sign. `unclear`: signs that contradict each other
    (a CPU index beside a CUDA call), or only weak ones (a test)."""
    kinds = {item.kind for item in evidence}
    firm = kinds & set(FIRM)
    if "cpu-index" in kinds and firm:
        return "unclear" if firm <= {"cuda-call", "cuda-device"} else "gpu"
    if firm:
        return "gpu"
    return "unclear" if "unclear-call" in kinds else "none"


def gpu_use(evidence: Iterable[GpuEvidence]) -> tuple[str, tuple[Evidence, ...]] | None:
    """Where the verdict is `gpu`: the firm signs and, for a sentence, the first of them with its place."""
    evidence = tuple(evidence)
    if gpu_verdict(evidence) != "gpu":
        return None
    signs = [sign for sign in evidence if sign.kind in FIRM]
    first = signs[0]
    place = f"{first.evidence.path}:{first.evidence.line}" if first.evidence.line else first.evidence.path
    return f"{FIRM[first.kind]} at {place}", tuple(sign.evidence for sign in signs[:5])


def _in_callers(workspace: Workspace, callers: Callers) -> Iterator[GpuEvidence]:
    """GPU requests of callers. One outside of the build context counts as far as it has to do with this context: fully
    where it builds nothing else, weakly where it builds others too or only names the folder, not at all elsewhere."""
    for evidence in callers.gpu:
        if workspace.to_context(evidence.path) is not None:
            yield GpuEvidence("caller", evidence)
            continue
        built = {caller.context for caller in callers.callers if caller.path == evidence.path}
        if built == {workspace.context}:
            yield GpuEvidence("caller", evidence)
        elif workspace.context in built or (not built and _names_folder(workspace, evidence.path)):
            yield GpuEvidence("unclear-call", evidence)


def _names_folder(workspace: Workspace, path: str) -> bool:
    return (
        re.search(rf"(?<![\w.-]){re.escape(workspace.context)}(?![\w-])", read_text(workspace, path) or "") is not None
    )


def _in_dockerfile(document: Document) -> Iterator[GpuEvidence]:
    for instruction in document.instructions:
        text = f"{instruction.keyword} {instruction.argument}"
        kinds = list(_indexes(text))
        defaults = instruction.keyword == "ARG" and re.search(r"image|base|from", instruction.argument, re.IGNORECASE)
        asks_for_gpu = instruction.keyword == "ENV" and _GPU_VARIABLE.search(text)
        if asks_for_gpu or ((instruction.keyword == "FROM" or defaults) and _GPU_IMAGE.search(text)):
            kinds.insert(0, "base-image")
        for kind in kinds:
            line = shown(text.split("\n", 1)[0])
            yield GpuEvidence(kind, Evidence(document.path, instruction.start_line, line))


def _in_installs(document: Document) -> Iterator[GpuEvidence]:
    """GPU-only packages that a RUN line names itself."""
    from wizard.inspection.steps import read_steps

    for reading in (reading for stage in document.stages for reading in read_steps(document, stage)):
        for install in reading.installs:
            if install.manager not in ("pip", "uv", "poetry", "pdm", "pipenv", "conda"):
                continue
            for word in install.packages:
                if _for_gpus_only(word.value or ""):
                    text = shown(f"{install.manager} {install.verb} {word.value}")
                    line = document.source.count(b"\n", 0, word.span.start) + 1
                    yield GpuEvidence("gpu-package", Evidence(document.path, line, text))


def _indexes(text: str) -> Iterator[str]:
    """The kinds of PyTorch indexes that a text names."""
    if CUDA_INDEX.search(text):
        yield "cuda-index"
    if CPU_INDEX.search(text):
        yield "cpu-index"


def _in_packaging(workspace: Workspace, files: Iterable[str]) -> Iterator[GpuEvidence]:
    """Indexes and GPU-only packages in requirements and project files."""
    for path in files:
        if not path.endswith((*_PACKAGING, "Pipfile")):
            continue
        pure = PurePosixPath(path)
        if pure.suffix not in _PACKAGING and pure.name != "Pipfile":
            continue
        requirements = pure.suffix in (".txt", ".in") and re.search(r"require|constrain|deps", path)
        manifest = pure.name in ("pyproject.toml", "setup.cfg", "Pipfile") or re.match(
            r"(conda|env).*\.ya?ml", pure.name
        )
        if not requirements and not manifest:
            continue
        text = read_text(workspace, path)
        if text is None:
            continue
        for number, line in enumerate(short_lines(text), start=1):
            bare = line.strip()
            if not bare or bare.startswith("#"):
                continue
            kinds = [*_indexes(bare), *(["gpu-package"] if _for_gpus_only(bare) else [])]
            for kind in kinds:
                yield GpuEvidence(kind, Evidence(path, number, shown(bare)))


def _for_gpus_only(line: str) -> bool:
    """Whether a line of a requirements file, or of a TOML or YAML list, names a package that is of no use without a
    GPU, or an extra that asks for CUDA."""
    from wizard.inspection.ecosystems.requirements import normalise_name

    match = re.match(r"""[-\s"']*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]"']*)\])?""", line)
    if match is None:
        return False
    name, extras = normalise_name(match[1]), [normalise_name(extra.strip()) for extra in (match[2] or "").split(",")]
    return name in gpu_only_packages() or any(
        fnmatchcase(extra, pattern) for extra in extras for pattern in _gpu_extras().get(name, ())
    )


@cache
def gpu_only_packages() -> frozenset[str]:
    """Packages that are of no use without a GPU (assets/knowledge/gpu_packages.toml), normalised names."""
    from wizard.assets import knowledge

    return frozenset(entry["name"] for entry in knowledge("gpu_packages")["gpu_only"])


@cache
def _gpu_extras() -> dict[str, tuple[str, ...]]:
    """Patterns of the extras that ask for CUDA, by package."""
    from wizard.assets import knowledge

    return {entry["name"]: tuple(entry["extras"]) for entry in knowledge("gpu_packages")["gpu_extra"]}


def _in_code(workspace: Workspace, files: Iterable[str]) -> Iterator[GpuEvidence]:
    from wizard.inspection.gpu.cuda_calls import WORTH_READING

    for path in files:
        if not path.endswith(".py"):
            continue
        text = read_text(workspace, path)
        if text is None or not WORTH_READING.search(text):
            continue
        yield from _in_module(workspace.to_context(path) or path, path, text)


def _in_module(inside: str, path: str, text: str) -> Iterator[GpuEvidence]:
    from wizard.inspection.gpu.cuda_calls import cuda_lines

    lines = short_lines(text)
    try:
        found = cuda_lines(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        match = re.search("cuda", text, re.IGNORECASE)
        if match is not None:
            number = len(text[: match.start()].splitlines()) or 1
            yield GpuEvidence("unclear-call", Evidence(path, number, shown(lines[number - 1])))
        return
    for number, verdict in found.items():
        needs = "unclear-call" if is_test(inside) else "cuda-call"
        text_line = shown(lines[number - 1]) if number <= len(lines) else ""
        yield GpuEvidence(needs if verdict == "needs" else "guarded-call", Evidence(path, number, text_line))


def is_test(path: str) -> bool:
    """Whether a Python file (relative to the context) is a test, by the names that pytest and unittest look for."""
    pure = PurePosixPath(path)
    return (
        bool(_TEST_FOLDERS & set(pure.parts[:-1]))
        or pure.name == "conftest.py"
        or pure.name.startswith("test_")
        or pure.name.endswith("_test.py")
    )
