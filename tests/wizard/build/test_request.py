"""The command line of a build, exactly."""

from __future__ import annotations

from pathlib import Path

from wizard.build.request import BuildRequest, command, display_command
from wizard.build.secrets import MASK

PLAIN = BuildRequest(context=Path("/repo"), dockerfile=Path("/repo/Dockerfile"))


def test_the_shortest_line() -> None:
    assert command(PLAIN) == (
        *("docker", "buildx", "build", "--progress=rawjson", "--file=/repo/Dockerfile"),
        "/repo",
    )


def test_every_option_has_its_flag() -> None:
    request = BuildRequest(
        context=Path(),
        dockerfile=Path("Dockerfile"),
        tag="shop:1",
        target="run",
        build_args={"A": "1", "FROM_ENV": None},
        secrets=("id=npm,src=.npmrc",),
        ssh=("default",),
        platforms=("linux/amd64", "linux/arm64"),
        no_cache=True,
        cache_namespace="cold-1",
        builder="remote",
        cache_from=("type=registry,ref=r/c",),
        cache_to=("type=inline",),
        network="host",
        load=True,
        provenance=False,
        labels={"dockwiz": "compare"},
        build_contexts={"debian": "docker-image://other"},
    )
    assert command(request, Path("/tmp/m.json"))[4:] == (
        "--file=Dockerfile",
        "--builder=remote",
        "--tag=shop:1",
        "--target=run",
        "--build-arg=A=1",
        "--build-arg=FROM_ENV",
        "--build-arg=BUILDKIT_CACHE_MOUNT_NS=cold-1",
        "--build-context=debian=docker-image://other",
        "--label=dockwiz=compare",
        "--secret=id=npm,src=.npmrc",
        "--ssh=default",
        "--platform=linux/amd64,linux/arm64",
        "--cache-from=type=registry,ref=r/c",
        "--cache-to=type=inline",
        "--network=host",
        "--no-cache",
        "--load",
        "--provenance=false",
        "--metadata-file=/tmp/m.json",
        ".",
    )


def test_a_name_that_looks_like_an_option_stays_a_value() -> None:
    request = BuildRequest(context=Path("/repo"), dockerfile=Path("/repo/-f"), target="--push")
    assert "--target=--push" in command(request)


def test_values_that_look_secret_are_not_shown() -> None:
    arguments = {
        "NPM_TOKEN": "s3cret",
        "DB_PASSWORD": "s3cret",
        "INDEX": "https://user:s3cret@index/simple",
        "VERSION": "1.2",
        "API_KEY": None,
    }
    shown = display_command(BuildRequest(context=Path(), dockerfile=Path("Dockerfile"), build_args=arguments))
    assert not any("s3cret" in word for word in shown)
    assert f"--build-arg=NPM_TOKEN={MASK}" in shown
    assert f"--build-arg=INDEX=https://{MASK}@index/simple" in shown
    assert "--build-arg=VERSION=1.2" in shown
    assert "--build-arg=API_KEY" in shown
