"""Which differences between two images a proposal means to make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_INSTALLERS = r"pip|setuptools|wheel"
_GPU_PACKAGES = r"nvidia-.*|cuda-.*|triton|pytorch-triton.*"
_WITH_MORE = r"tensorflow|xgboost|onnxruntime-gpu|faiss-gpu|opencv-(?:contrib-)?python"
_WITH_LESS = r"tensorflow-cpu|xgboost-cpu|onnxruntime|faiss-cpu|opencv-(?:contrib-)?python-headless"
OPTIONAL_MODULES = r"nis|_tkinter"
"""Modules of Python's own that its slim images have without their libraries; compilers bring those along."""
_TORCH = r"torch|torchvision|torchaudio"

INTENDED: Mapping[str, Mapping[str, str]] = {
    "exec-form-cmd": {"command": ".*"},
    "healthcheck": {"healthcheck": ".*"},
    "non-root-user": {"user": ".*", "env": "HOME"},
    "python-env": {"env": "PYTHON.*"},
    "secret-in-image": {"env": ".*"},
    "torch-cpu-index": {"python-package-gone": _GPU_PACKAGES, "python-package-version": _TORCH},
    "cpu-only-packages": {"python-package-gone": f"{_WITH_MORE}|{_GPU_PACKAGES}", "python-package-new": _WITH_LESS},
    "production-dependencies": {"python-package-gone": ".*"},
    "uv-install": {"python-package-gone": _INSTALLERS, "python-package-new": "uv"},
    "split-stages": {
        "system-package-gone": ".*",
        "python-package-gone": _INSTALLERS,
        "python-package-version": _INSTALLERS,
        "python-module": OPTIONAL_MODULES,
        "env": "PATH|VIRTUAL_ENV",
    },
    "slim-base": {"system-package-gone": ".*", "python-module": OPTIONAL_MODULES},
    "apt-no-recommends": {"system-package-gone": ".*"},
    "dependency-updates": {"python-package-version": ".*"},
}
"""Rule -> kind of difference -> the names (a regular expression for the whole name) that it may touch."""


def intended_by(kind: str, name: str, rules: Iterable[str]) -> str | None:
    """The first of the applied rules that means to make this difference."""
    for rule in rules:
        pattern = INTENDED.get(rule, {}).get(kind)
        if pattern is not None and re.fullmatch(pattern, name):
            return rule
    return None
