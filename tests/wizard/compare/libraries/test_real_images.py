"""Images of the engine, read without running them."""

from __future__ import annotations

import pytest

from tests.wizard.compare.conftest import Image
from wizard.build.api import EngineApi
from wizard.compare.images import config_of
from wizard.compare.libraries.faults import faults_between
from wizard.compare.libraries.look import libraries_of
from wizard.compare.values import Libraries, MissingProgram
from wizard.inspection.values import Engine

pytestmark = pytest.mark.engine


def read(api: EngineApi, image: str) -> Libraries:
    found = libraries_of(api, image, config_of(api.image(image)), {})
    assert found is not None
    return found


def test_the_official_image_misses_nothing_but_what_its_makers_left_out(api: EngineApi, reach: Engine) -> None:  # noqa: ARG001
    found = read(api, "python:3.11-slim")
    assert found.files > 300
    modules = {one.file.rpartition("/")[2].partition(".")[0] for one in found.missing if one.elsewhere is None}
    assert modules <= {"_tkinter", "nis"}
    assert found.programs == ()
    assert found.found["libpython3.11.so.1.0"].path == "/usr/local/lib/libpython3.11.so.1.0"
    assert found.found["libz.so.1"].package == "zlib1g"
    assert found.release == "bookworm"


def test_a_library_that_was_left_out_is_named_with_its_package(api: EngineApi, image: Image) -> None:
    after = read(api, image("FROM debian:bookworm-slim\nRUN rm /usr/lib/*-linux-gnu/libacl.so.1*\n"))
    (fault,) = faults_between(read(api, "debian:bookworm-slim"), after)
    assert (fault.name, fault.severity) == ("libacl.so.1", "harmful")
    assert "/usr/bin/cp" in fault.files
    assert fault.provider is not None
    assert fault.provider.package == "libacl1"


def test_an_environment_without_its_python_is_found_out(api: EngineApi, image: Image) -> None:
    made = image(
        "FROM python:3.11-slim AS made\nRUN python -m venv --without-pip /opt/venv\n"
        "FROM debian:bookworm-slim\nENV PATH=/opt/venv/bin:$PATH\nCOPY --from=made /opt/venv /opt/venv\n"
    )
    assert MissingProgram("/usr/local/bin/python", "/opt/venv/bin/python", True) in read(api, made).programs
