"""What installers say they download, read from a build's log: the wheels of the torch family."""

from __future__ import annotations

import re
from collections import defaultdict

from wizard.build.events import BuildEvent, Log

_PIP = re.compile(
    r"Downloading \S*?(?P<name>[A-Za-z0-9_.]+)-\d[^/\s]*\.whl \((?P<size>[\d.]+) (?P<unit>bytes|kB|MB|GB)\)"
)
"""pip: `Downloading https://…/torch-2.13.0-cp311-….whl (670.2 MB)`; powers of ten (`format_size` of pip)."""
_UV = re.compile(r"Downloading (?P<name>[A-Za-z0-9_.-]+) \((?P<size>[\d.]+)(?P<unit>B|KiB|MiB|GiB)\)")
"""uv: `Downloading torch (847.1MiB)`; powers of two, small files are not named."""
_UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_FAMILY = re.compile(r"torch(vision|audio)?|triton|pytorch-triton.*|nvidia-.*|cuda-.*")


class TorchDownloads:
    """Adds up over a build's events what was downloaded of torch and of the packages that its GPU build needs."""

    def __init__(self) -> None:
        self._rest: defaultdict[tuple[str, int], bytes] = defaultdict(bytes)
        self._bytes: int | None = None

    def feed(self, event: BuildEvent | str) -> None:
        """Takes one event; output may be cut anywhere."""
        if not isinstance(event, Log):
            return
        key = (event.vertex, event.stream)
        *lines, self._rest[key] = re.split(rb"[\r\n]", self._rest[key] + event.data)
        for line in lines:
            self._line(line.decode("utf-8", "replace"))

    @property
    def bytes(self) -> int | None:
        """As the installers state it; None where they named no such package."""
        return self._bytes

    def _line(self, line: str) -> None:
        found = _PIP.search(line) or _UV.search(line)
        if found and _FAMILY.fullmatch(found["name"].replace("_", "-").lower()):
            self._bytes = (self._bytes or 0) + round(float(found["size"]) * _UNITS[found["unit"]])
