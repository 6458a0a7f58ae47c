"""Builds as other tools write them: each says which Dockerfile, context, target and arguments it means."""

from __future__ import annotations

import pytest

from wizard.inspection.callers.find import find_callers

SKAFFOLD = """\
build:
  artifacts:
    - image: a
      docker:
        dockerfile: D
        target: prod
        buildArgs:
          A: "1"
"""
CIRCLE = """\
jobs:
  b:
    steps:
      - docker/build:
          dockerfile: D
          extra_build_args: --build-arg A=1 --target prod
"""
AZURE = """\
steps:
- task: Docker@2
  inputs:
    command: build
    Dockerfile: D
    arguments: --build-arg A=1 --target prod
"""
DEVCONTAINER = """\
{
  // for people
  "build": {"dockerfile": "D", "target": "prod", "args": {"A": "1"}},
}
"""
FOLDED = """\
build:
  script:
    - >-
      /kaniko/executor
      --dockerfile D
      --build-arg A=1
      --target prod
"""
BAKE = """\
variable "T" {
  default = "prod"
}
target "_common" {
  dockerfile = "D"
  args = { A = "1" }
}
target "app" {
  inherits = ["_common"]
  target = "${T}"
}
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("skaffold.yaml", SKAFFOLD),
        (".circleci/config.yml", CIRCLE),
        ("azure-pipelines-release.yml", AZURE),
        (".devcontainer/devcontainer.json", DEVCONTAINER),
        (".gitlab-ci.yml", FOLDED),
        ("docker-bake.hcl", BAKE),
        ("fly.toml", '[build]\ndockerfile = "D"\nbuild-target = "prod"\n[build.args]\nA = "1"\n'),
        ("Tiltfile", "docker_build('a', '.', dockerfile='D', target='prod', build_args={'A': '1'})\n"),
        ("cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n"
         "  args: [build, --target, prod, --build-arg, A=1, -f, D, .]\n"),
        ("Jenkinsfile", 'docker.build("shop", "--target prod --build-arg A=1 -f D .")\n'),
        ("Makefile", "image:\n\t$(DOCKER) build --target prod --build-arg A=1 -f D .\n"),
        ("bin/image", "#!/bin/sh\ndocker build --target prod --build-arg A=1 -f D .\n"),
        ("package.json", '{"scripts": {"image": "docker build --target prod --build-arg A=1 -f D ."}}\n'),
        ("local.yml", "services:\n  a:\n    build: {dockerfile: D, target: prod, args: [A=1]}\n"),
        ("compose.yaml", "services:\n  a:\n    build: {dockerfile: D, target: '${T:-prod}', args: {A: '1'}}\n"),
    ],
)  # fmt: skip
def test_what_a_build_means(repo, path, text):
    caller = find_callers(repo({path: text})).callers[-1]
    assert (caller.path, caller.dockerfile, caller.target, caller.build_args) == (path, "D", "prod", ("A",))


def test_a_service_whose_dockerfile_stands_in_the_compose_file_does_not_build_ours(repo):
    text = "services:\n  a:\n    build:\n      dockerfile_inline: FROM alpine\n"
    assert find_callers(repo({"compose.yaml": text})).callers == ()


@pytest.mark.parametrize(
    "text", ["dockerfile: [", "{}", "- dockerfile: 3\n", "dockerfile:\n  a: 1\n", "\tdockerfile: D\n"]
)
def test_a_file_that_means_nothing_gives_nothing(repo, text):
    assert find_callers(repo({"skaffold.yaml": text, "fly.toml": text, "devcontainer.json": text})).callers == ()
