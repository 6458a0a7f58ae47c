"""A plan as SARIF: where each result is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.view_sarif import plan_sarif
from wizard.workspace import open_workspace

DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py\n"
SEGMENT = r"(?:[A-Za-z0-9._~!$&'()*+,;=@:-]|%[0-9A-F]{2})+"
"""RFC 3986, 3.3."""


def addresses(root: Path, dockerfile: str) -> list[str]:
    workspace = open_workspace(root)
    (run,) = plan_sarif(make_plan(workspace, inspect(workspace, dockerfile)))["runs"]
    return [
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for location in result["locations"]
    ]


@pytest.mark.parametrize(
    "dockerfile",
    [
        "Dockerfile", "with blanks/Dockerfile", "#1.Dockerfile", "100%.Dockerfile", "%41.Dockerfile", "a?b.Dockerfile",
        "größe/日本.Dockerfile", "api:v2.Dockerfile", "a\\b.Dockerfile",
        '"[x]".Dockerfile', os.fsdecode(b"caf\xe9/Dockerfile"),
    ],
)  # fmt: skip
def test_an_address_is_a_relative_reference_that_leads_to_the_file(tmp_path: Path, dockerfile: str) -> None:
    place = tmp_path / dockerfile
    place.parent.mkdir(exist_ok=True)
    place.write_text(DOCKERFILE)
    (tmp_path / "requirements.txt").write_text("flask==3.0.0\n")
    (tmp_path / "app.py").write_text("import flask\n")
    found = addresses(tmp_path, dockerfile)
    assert found
    for address in found:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert re.fullmatch(f"{SEGMENT}(?:/{SEGMENT})*", address)
    assert os.fsencode(dockerfile) in [unquote_to_bytes(address) for address in found]


def test_an_ordinary_address_is_the_path(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "api-v1.2_x~.Dockerfile").write_text(DOCKERFILE)
    assert set(addresses(tmp_path, "docker/api-v1.2_x~.Dockerfile")) == {"docker/api-v1.2_x~.Dockerfile"}
