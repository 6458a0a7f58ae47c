"""What an install of npm, yarn or pnpm reads of its project, where the repo around it decides."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.ecosystems.node import Project, judge_project
from wizard.inspection.installs.node import project_of
from wizard.inspection.installs.pip import ManifestsOf
from wizard.inspection.steps import read_steps
from wizard.workspace import Workspace

DOCKERFILE = b"FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
MANIFEST = '{"dependencies": {"left-pad": "1.3.0"}}'
LOCK = '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/left-pad": {"version": "1.3.0"}}}'


def workspace(root: Path, **files: str) -> Workspace:
    for name, text in {"package.json": MANIFEST, "package-lock.json": LOCK, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Workspace(root)


def read(space: Workspace, source: bytes = DOCKERFILE) -> ManifestsOf:
    document = parse(source, "Dockerfile")
    stage = document.stages[-1]
    return project_of(space, document, stage, read_steps(document, stage)[-1])


def test_settings_that_a_pipeline_may_write_are_copied_by_a_pattern(tmp_path: Path) -> None:
    found = read(workspace(tmp_path)).found
    assert [(one.path, one.optional) for one in found] == [
        ("package.json", False),
        ("package-lock.json", False),
        (".npmrc", True),
    ]


def test_a_file_that_git_ignores_is_copied_by_a_pattern(tmp_path: Path) -> None:
    space = workspace(tmp_path, **{".npmrc": "registry=https://packages.example.com/\n", ".gitignore": ".npmrc\n"})
    assert {one.path: one.optional for one in read(space).found}[".npmrc"] is False
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert {one.path: one.optional for one in read(Workspace(tmp_path)).found}[".npmrc"] is True


def test_a_manifest_that_is_a_link_is_not_taken_for_what_it_leads_to(tmp_path: Path) -> None:
    space = workspace(tmp_path, **{"shared/package-lock.json": LOCK})
    (tmp_path / "package-lock.json").unlink()
    (tmp_path / "package-lock.json").symlink_to("shared/package-lock.json")
    assert read(space).because == "package-lock.json is a link, and what a COPY of it brings is not worked out"


@pytest.mark.parametrize(
    "value", ["file:../own", "link:./own", "workspace:*", "./own", "../own", "~/own", "own-1.0.0.tgz", "portal:own"]
)
def test_a_dependency_on_this_disk_needs_more_than_the_manifests(tmp_path: Path, value: str) -> None:
    space = workspace(tmp_path, **{"package.json": f'{{"devDependencies": {{"own": "{value}"}}}}'})
    assert (judge_project(space, ["package.json"]).because or "").endswith(f"installs from the local path {value}")


@pytest.mark.parametrize(
    "value", ["^1.2.3", "~1.2", "*", "latest", "npm:other@1", "git+https://example.com/a.git", "owner/repository",
              "https://example.com/own-1.0.0.tgz", "github:owner/repository"]
)  # fmt: skip
def test_a_dependency_from_elsewhere_does_not(tmp_path: Path, value: str) -> None:
    space = workspace(tmp_path, **{"package.json": f'{{"dependencies": {{"other": "{value}"}}}}'})
    assert judge_project(space, ["package.json"]).because is None


def test_a_package_with_an_install_script_that_is_not_known_is_for_a_person_to_judge(tmp_path: Path) -> None:
    lock = '{"packages": {"": {}, "node_modules/own-tool": {"hasInstallScript": true}}}'
    space = workspace(tmp_path, **{"package-lock.json": lock})
    judged = judge_project(space, ["package.json", "package-lock.json"])
    assert judged == Project(undecided="what the install script of own-tool reads is not known")


def test_without_install_scripts_nothing_is_open(tmp_path: Path) -> None:
    space = workspace(tmp_path, **{"package.json": '{"scripts": {"postinstall": "node build.js"}}'})
    assert judge_project(space, ["package.json"], scripts=False) == Project()
    assert judge_project(space, ["package.json"]).because is not None


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', '{"scripts": [], "dependencies": 3, "pnpm": "x"}'])
def test_a_manifest_of_any_shape_gets_an_answer(tmp_path: Path, text: str) -> None:
    assert isinstance(judge_project(workspace(tmp_path, **{"package.json": text}), ["package.json"]), Project)
