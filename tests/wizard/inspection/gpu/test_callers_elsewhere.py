"""A caller outside of the build context says only so much about this image."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.inspection import inspect
from wizard.workspace import open_workspace

GPU = "    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n"


def kinds(root: Path, compose: str) -> list[str]:
    (root / ".git").mkdir(parents=True)
    for name in ("cpu", "gpu"):
        (root / name).mkdir()
        (root / name / "Dockerfile").write_text("FROM python:3.11-slim\nRUN pip install torch\n")
    (root / "compose.yaml").write_text(compose)
    return [sign.kind for sign in inspect(open_workspace(root / "cpu")).gpu]


@pytest.mark.parametrize(
    ("compose", "expected"),
    [
        (f"services:\n  b:\n    build: ./gpu\n{GPU}", []),
        (f"services:\n  a:\n    build: ./cpu\n{GPU}", ["caller"]),
        (f"services:\n  a:\n    build: ./cpu\n  b:\n    build: ./gpu\n{GPU}", ["unclear-call"]),
    ],
    ids=["builds-another", "builds-this", "builds-both"],
)
def test_a_gpu_request_counts_as_far_as_it_concerns_this_context(
    tmp_path: Path, compose: str, expected: list[str]
) -> None:
    assert kinds(tmp_path / "repo", compose) == expected
