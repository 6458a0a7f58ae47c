"""Signs of a GPU outside of Python modules: a device named in a setting or an argument, and notebooks.

What the Dockerfile itself sets or starts with is firm (`cuda-device`). A file that may or may not be read at run time
(a configuration, a script, a notebook) is not (`unclear-call`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wizard.inspection.files import read_text, short_lines
from wizard.inspection.masking import shown
from wizard.inspection.values import Evidence, GpuEvidence

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document
    from wizard.workspace import Workspace

_DEVICE = re.compile(r"(?<![\w./:-])cuda(?::\d+)?(?![\w./:-])")
"""The device as a value: not a folder, a package or a module of that name."""
_VISIBLE = re.compile(r"\bCUDA_VISIBLE_DEVICES[=\s]+[\"']?(?:\d|all\b|GPU-)")
_KEYWORDS = frozenset({"ARG", "ENV", "CMD", "ENTRYPOINT"})
_SUFFIXES = (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".sh")
_NAMES = frozenset({"Makefile", "Procfile", ".env"})
_PACKAGING = frozenset({"pyproject.toml", "setup.cfg"})
_NOTEBOOK = ".ipynb"
_MOST_FILES = 1_000
"""Settings and notebooks that are looked at, nearest to the root first: a repo may hold its data as YAML."""
_LARGEST_NOTEBOOK = 8_000_000


def device_in_dockerfile(document: Document) -> Iterator[GpuEvidence]:
    """Instructions that choose CUDA for the container: `ENV DEVICE=cuda`, `CMD [..., "--device", "cuda"]`."""
    for instruction in document.instructions:
        if instruction.keyword in _KEYWORDS and (
            _DEVICE.search(instruction.argument) or _VISIBLE.search(instruction.argument)
        ):
            text = f"{instruction.keyword} {instruction.argument}".split("\n", 1)[0]
            yield GpuEvidence("cuda-device", Evidence(document.path, instruction.start_line, shown(text)))


def device_in_files(workspace: Workspace, files: Iterable[str]) -> Iterator[GpuEvidence]:
    """The first line of each setting, script and notebook that chooses CUDA. Hidden folders (CI) are not in use."""
    for path in islice((path for path in files if _worth_reading(workspace.to_context(path) or path)), _MOST_FILES):
        notebook = path.endswith(_NOTEBOOK)
        text = read_text(workspace, path, _LARGEST_NOTEBOOK) if notebook else read_text(workspace, path)
        if text is None or "cuda" not in text.lower():
            continue
        lines = short_lines(text)
        number = _in_notebook(text) if notebook else _in_setting(lines)
        if number is not None:
            yield GpuEvidence("unclear-call", Evidence(path, number, shown(lines[number - 1].strip())))


def _worth_reading(inside: str) -> bool:
    pure = PurePosixPath(inside)
    if any(part.startswith(".") for part in pure.parts[:-1]):
        return False
    return (pure.suffix in (*_SUFFIXES, _NOTEBOOK) and pure.name not in _PACKAGING) or (
        pure.name in _NAMES or pure.name.startswith(".env.")
    )


def _in_setting(lines: list[str]) -> int | None:
    for number, line in enumerate(lines, start=1):
        bare = re.sub(r"(?:^|\s)[#;].*", "", line)
        if _DEVICE.search(bare) or _VISIBLE.search(bare):
            return number
    return None


def _in_notebook(text: str) -> int | None:
    """The line of the file with the first code that needs a GPU."""
    from wizard.inspection.gpu.cuda_calls import cuda_lines

    try:
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        code = "\n".join("".join(cell["source"]) for cell in cells)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    # Commands of the notebook itself (`!pip install`, `%matplotlib`) are no Python.
    code = re.sub(r"(?m)^([ \t]*)[!%].*", r"\1pass", code)
    try:
        needs = [number for number, verdict in cuda_lines(code).items() if verdict == "needs"]
        wanted = [code.splitlines()[number - 1] for number in needs]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        wanted = [line for line in code.splitlines() if "cuda" in line.lower()]
    if not wanted:
        return None
    written = json.dumps(wanted[0], ensure_ascii=False)[1:-1]
    return next((number for number, line in enumerate(text.splitlines(), start=1) if written in line), 1)
