from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.wizard.compare.examples import CONFIG
from tests.wizard.compare.libraries.elf_images import LOADER, File, Link, Script, contents, elf
from wizard.compare.libraries.look import interpreter, look
from wizard.compare.values import ImageConfig, Libraries, MissingLibrary, MissingProgram, Provider

MULTIARCH = "/usr/lib/x86_64-linux-gnu"
DEBIAN: Mapping[str, File] = {
    "/lib": Link("usr/lib"),
    "/etc/os-release": 'NAME="Debian GNU/Linux"\nVERSION_CODENAME=bookworm\nID=debian\nVERSION_ID="12"\n',
    f"{MULTIARCH}/libgomp.so.1": Link("libgomp.so.1.0.0"),
    f"{MULTIARCH}/libgomp.so.1.0.0": elf(soname="libgomp.so.1"),
    # As dpkg has it: by the old name of the folder.
    "/var/lib/dpkg/info/libgomp1:amd64.list": "/.\n/lib/x86_64-linux-gnu/libgomp.so.1.0.0\n",
}
MODULE = "/opt/venv/lib/python3.11/site-packages/pkg/_fast.so"


def seen(files: Mapping[str, File], config: ImageConfig = CONFIG) -> Libraries:
    return look(contents(files), config)


def test_what_is_found_is_named_with_the_package_that_brought_it() -> None:
    found = seen({**DEBIAN, MODULE: elf("libgomp.so.1")})
    assert found.missing == ()
    assert found.found == {"libgomp.so.1": Provider(f"{MULTIARCH}/libgomp.so.1.0.0", "libgomp1")}
    assert (found.files, found.release) == (2, "bookworm")


def test_alpines_packages_are_known_by_its_database() -> None:
    database = "P:libgomp\nV:13\nF:usr/lib\nR:libgomp.so.1.0.0\nZ:Q1\n\nP:musl\nF:lib\nR:ld-musl-x86_64.so.1\n"
    found = seen(
        {
            "/etc/os-release": "ID=alpine\nVERSION_ID=3.19.1\n",
            "/lib/apk/db/installed": database,
            "/lib/ld-musl-x86_64.so.1": elf(soname="libc.musl-x86_64.so.1"),
            "/usr/lib/libgomp.so.1.0.0": elf(soname="libgomp.so.1"),
            "/usr/lib/libgomp.so.1": Link("libgomp.so.1.0.0"),
            MODULE: elf("libgomp.so.1", "libc.musl-x86_64.so.1"),
        }
    )
    assert {name: provider.package for name, provider in found.found.items()} == {
        "libgomp.so.1": "libgomp",
        "libc.musl-x86_64.so.1": "musl",
    }
    assert found.release == "alpine 3.19"


def test_a_distroless_image_says_it_in_another_place() -> None:
    found = seen(
        {
            "/var/lib/dpkg/status.d/zlib1g.md5sums": "0123  usr/lib/x86_64-linux-gnu/libz.so.1\n",
            f"{MULTIARCH}/libz.so.1": elf(soname="libz.so.1"),
            MODULE: elf("libz.so.1"),
        }
    )
    assert found.found["libz.so.1"].package == "zlib1g"


def test_what_no_package_brought_has_none() -> None:
    found = seen({"/usr/lib/libown.so": elf(soname="libown.so"), MODULE: elf("libown.so")})
    assert found.found == {"libown.so": Provider("/usr/lib/libown.so", None)}


def test_a_library_that_is_nowhere_is_missing() -> None:
    assert seen({MODULE: elf("libgomp.so.1")}).missing == (MissingLibrary("libgomp.so.1", MODULE),)


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("/bin/sh", "/bin/sh"),
        ("/usr/bin/perl -w", "/usr/bin/perl"),
        ("/usr/bin/env python3", "python3"),
        ("/usr/bin/env -S LANG=C python3 -u", "python3"),
        ("/usr/bin/env", "/usr/bin/env"),
        ("", None),
    ],
)
def test_the_interpreter_of_a_script(line: str, program: str | None) -> None:
    assert interpreter(line) == program


def test_scripts_without_their_interpreter() -> None:
    files: Mapping[str, File] = {
        "/usr/bin/there": Script("#!/bin/sh\n"),
        "/bin/sh": b"",
        "/usr/local/bin/gone": Script("#!/build/venv/bin/python\n"),
        "/usr/bin/searched": Script("#!/usr/bin/env node\n"),
        "/app/start.sh": Script("#!/bin/bash\n"),
        "/app/tests/run": Script("#!/usr/bin/php\n"),
    }
    started = replace(CONFIG, entrypoint=("./start.sh",))
    assert set(seen(files, started).programs) == {
        MissingProgram("/build/venv/bin/python", "/usr/local/bin/gone", True),
        MissingProgram("node", "/usr/bin/searched", True),
        MissingProgram("/bin/bash", "/app/start.sh", True),
        MissingProgram("/usr/bin/php", "/app/tests/run", False),
    }


def test_a_program_without_its_loader() -> None:
    """A program of Debian's in an image of Alpine: "no such file or directory", says the shell."""
    found = seen({"/usr/bin/tool": elf("libc.so.6", interpreter=LOADER)})
    assert found.programs == (MissingProgram(LOADER, "/usr/bin/tool", True),)


def test_an_environment_whose_python_is_gone() -> None:
    files: Mapping[str, File] = {
        "/opt/venv/pyvenv.cfg": "home = /usr/local/bin\n",
        "/opt/venv/bin/python": Link("python3"),
        "/opt/venv/bin/python3": Link("/usr/local/bin/python3"),
        "/elsewhere/bin/python": Link("/nowhere"),
    }
    assert {one.file for one in seen(files).programs} == {"/opt/venv/bin/python", "/opt/venv/bin/python3"}
    assert seen({**files, "/usr/local/bin/python3": b""}).programs == ()
