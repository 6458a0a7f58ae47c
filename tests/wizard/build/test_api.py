"""The Engine API client with a real engine."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine as TestEngine
from wizard.build.api import EngineApi, EngineError
from wizard.build.engines import connect, find_engine, probe_engine
from wizard.errors import NoEngine
from wizard.inspection.values import Engine

pytestmark = pytest.mark.engine

IMAGE = "debian:bookworm-slim"
LABEL = "dockwiz.test"


@pytest.fixture
def api(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> EngineApi:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    return connect()


@pytest.fixture
def container(api: EngineApi) -> Iterator[str]:
    """A container that waits; removed afterwards."""
    value = str(uuid.uuid4())
    made = api.create_container(IMAGE, ["sleep", "300"], labels={LABEL: value}, config={"StopSignal": "SIGKILL"})
    try:
        api.start_container(made)
        assert [found["Id"] for found in api.containers(f"{LABEL}={value}")] == [made]
        yield made
    finally:
        api.remove_container(made, force=True)
    assert api.containers(f"{LABEL}={value}") == []


def test_the_engine_and_its_builder_are_found(api: EngineApi) -> None:
    found = find_engine()
    assert found.version == api.version()["Version"]
    assert found.api_version == api.ping()
    assert found.store in ("overlay2", "containerd")
    assert found.driver
    assert found.buildx
    assert found.disk_free
    probed = probe_engine()
    assert isinstance(probed, Engine)
    assert (probed.version, probed.store, probed.buildx) == (found.version, found.store, None)


@pytest.mark.usefixtures("api")
def test_an_unknown_builder_is_named() -> None:
    with pytest.raises(NoEngine, match=r"nosuch.*docker buildx ls"):
        find_engine("nosuch")


def test_without_buildx_the_message_says_how_to_get_it(
    api: EngineApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A docker command without its plugin: a configuration folder without it, and a bare command on the PATH."""
    docker = Path(shutil.which("docker") or "")
    (tmp_path / "docker").symlink_to(docker)
    monkeypatch.setenv("DOCKER_HOST", api.host.url)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    places = ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
    if any(Path(place, "docker/cli-plugins/docker-buildx").exists() for place in places):
        pytest.skip("buildx is installed for the whole machine")
    with pytest.raises(NoEngine, match="no buildx"):
        find_engine()


def test_images_are_inspected_and_listed(api: EngineApi) -> None:
    assert api.image(IMAGE)["Id"].startswith("sha256:")
    assert sum(layer["Size"] for layer in api.image_history(IMAGE)) > 10_000_000
    assert any(IMAGE in (image["RepoTags"] or []) for image in api.images())
    assert api.images(f"{LABEL}=nothing") == []
    assert "Images" in api.disk_usage() or "ImageUsage" in api.disk_usage()


def test_what_is_not_there_is_an_error_in_the_engines_words(api: EngineApi) -> None:
    with pytest.raises(EngineError, match="No such image") as caught:
        api.image("dockwiz/not-there:1")
    assert caught.value.status == 404
    with pytest.raises(EngineError):
        api.remove_image("dockwiz/not-there:1")


def test_a_command_runs_in_a_container_and_its_streams_stay_apart(api: EngineApi, container: str) -> None:
    result = api.run(container, ["sh", "-c", "echo out; echo err >&2; id -un; exit 3"], user="nobody", timeout=30)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\nnobody\n", b"err\n")


def test_much_output_arrives_whole(api: EngineApi, container: str) -> None:
    result = api.run(container, ["seq", "200000"], timeout=60)
    assert result.stdout.splitlines()[-1] == b"200000"


def test_a_command_that_takes_too_long_is_given_up(api: EngineApi, container: str) -> None:
    with pytest.raises(NoEngine, match="in time"):
        api.run(container, ["sleep", "60"], timeout=0.5)


def test_files_come_out_as_a_tar_stream(api: EngineApi, container: str) -> None:
    with api.archive(container, "/etc/debian_version") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        assert [member.name for member in archive] == ["debian_version"]


def test_a_container_is_waited_for_and_its_logs_are_read(api: EngineApi) -> None:
    made = api.create_container(IMAGE, ["sh", "-c", "echo hello; echo oops >&2; exit 7"])
    try:
        api.start_container(made)
        assert api.wait_container(made, timeout=30) == 7
        assert api.container_logs(made) == (b"hello\n", b"oops\n")
        assert api.container(made)["State"]["Running"] is False
    finally:
        api.remove_container(made, force=True)


def test_a_container_that_goes_on_is_not_waited_for_ever(api: EngineApi, container: str) -> None:
    assert api.wait_container(container, timeout=0.3) is None
    api.stop_container(container, grace=2)
    assert api.wait_container(container, timeout=30) is not None


def test_no_permission_is_told_from_no_engine(api: EngineApi) -> None:
    if api.host.socket is None or os.geteuid() != 0:
        pytest.skip("needs a unix socket and the right to become someone else")
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        said = ""
        try:
            api.ping()
        except NoEngine as error:
            said = str(error)
        os._exit(0 if "permission" in said or "not there" in said else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_context_of_the_docker_command_is_used(
    api: EngineApi, engine: TestEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker context create` writes it, we read it."""
    docker = shutil.which("docker", path=engine.env.get("PATH")) or "docker"
    environment = {**engine.env, "DOCKER_CONFIG": str(tmp_path)}
    environment.pop("DOCKER_HOST", None)
    here = TestEngine(environment)
    assert here.run([docker, "context", "create", "mine", "--docker", f"host={api.host.url}"]).returncode == 0
    assert here.run([docker, "context", "use", "mine"]).returncode == 0
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert json.loads((tmp_path / "config.json").read_text())["currentContext"] == "mine"
    assert connect().ping() == api.ping()
