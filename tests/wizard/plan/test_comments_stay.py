"""Whichever of the proposals are taken, a comment stays with what it explains, and what none of them names stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wizard.dockerfile import parse
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.workspace import open_workspace

# Each comment is a word, or several, of the line that it explains.
PYTHON = """\
# python:3.11
FROM python:3.11-slim
# /app
WORKDIR /app

# odd.conf
ADD  odd.conf   /etc/odd.conf
# COPY . .
COPY . .

# update
RUN apt-get update
# git
RUN apt-get install -y \\
    # git
    git \\
    # jq
    jq
# requirements.txt
RUN --mount=type=cache,target=/odd pip install -r requirements.txt && \\
    # collectstatic
    python app.py collectstatic && \\
    # odd
    echo   "odd  blanks"
# odd

# useradd
RUN useradd -m app
# chown
RUN chown -R app /app
# EXPOSE
EXPOSE   8000
# serve
CMD python app.py serve
"""
NODE = """\
# node
FROM node:20 as odd
# /srv
workdir /srv
# . /srv
COPY . /srv
# npm ci
RUN npm ci && npm cache clean --force
# curl
RUN apt-get update && apt-get install -y curl \\
# wget
  wget
# LABEL
LABEL   a=b
# odd
FROM odd
# server.js
COPY --from=odd /srv/server.js /srv/
# node
CMD node /srv/server.js
"""
FILES = {
    "requirements.txt": "flask==3.0.0\n",
    "app.py": "print(1)\n",
    "odd.conf": "a = 1\n",
    "server.js": "",
    ".dockerignore": "node_modules\n",
    "package.json": '{"name": "a", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}}\n',
    "package-lock.json": '{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}\n',
}
UNTOUCHED = {
    PYTHON: [b'echo   "odd  blanks"', b"EXPOSE   8000", b"# odd\n\n# useradd", b"--mount=type=cache,target=/odd"],
    NODE: [b"workdir /srv", b"LABEL   a=b", b" as odd\n"],
}


@pytest.fixture(params=[PYTHON, NODE, PYTHON.replace("\n", "\r\n")], ids=["python", "node", "crlf"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for name, text in {**FILES, "Dockerfile": request.param}.items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def test_a_comment_stays_with_what_it_explains_whatever_is_deselected(repo: Path) -> None:
    workspace = open_workspace(repo)
    inspection = inspect(workspace)
    rules = {step.proposal.rule for step in make_plan(workspace, inspection, Selection(all=True)).steps}
    assert len(rules) >= 6
    choices = [Selection(all=True)]
    for rule in sorted(rules):
        choices += [Selection(all=True, skip=frozenset({rule})), Selection(only=frozenset({rule}))]
    for choice in choices:
        before = (repo / "Dockerfile").read_bytes()
        after = make_plan(workspace, inspection, choice).changes.get("Dockerfile", before)
        assert after is not None
        source = after.replace(b"\r\n", b"\n")
        assert _misplaced(source) == [], (choice, source.decode())
        kept = next(kept for text, kept in UNTOUCHED.items() if text.encode() == before.replace(b"\r\n", b"\n"))
        assert [text for text in kept if text not in source] == []
        assert (b"\r\n" in before) == (after.count(b"\r\n") == after.count(b"\n"))


def _misplaced(source: bytes) -> list[str]:
    """The comments that explain nothing of what stands below them."""
    parse(source)
    lines = source.decode().splitlines()
    found = []
    for number, line in enumerate(lines[:-1]):
        word = re.fullmatch(r"\s*# (\S.*)", line)
        below = "\n".join(lines[number + 1 : number + 8]).partition("\n#")[0]
        explained = not lines[number + 1] or (word is not None and word[1] in below)
        if word is not None and not explained:
            found.append(f"{number + 1}: {line}")
    return found
