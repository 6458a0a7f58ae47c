from __future__ import annotations

import io
import tarfile
import threading

import pytest

from tests.wizard.compare.libraries.elf_images import Link, Same, Script, contents, elf, tar
from wizard.compare.libraries.contents import read_contents


def test_links_are_followed_as_the_kernel_follows_them() -> None:
    found = contents(
        {
            "/lib": Link("usr/lib"),
            "/usr/lib/libz.so.1": Link("libz.so.1.3"),
            "/usr/lib/libz.so.1.3": elf(soname="libz.so.1"),
            "/etc/alternatives/awk": Link("/usr/bin/mawk"),
            "/usr/bin/awk": Link("../../etc/alternatives/awk"),
            "/usr/bin/mawk": b"",
            "/round": Link("/trip"),
            "/trip": Link("/round"),
        }
    )
    assert found.real("/lib/libz.so.1") == "/usr/lib/libz.so.1.3"
    assert found.real("/usr/bin/awk") == "/usr/bin/mawk"
    assert found.real("/lib/../lib/./libz.so.1") == "/usr/lib/libz.so.1.3"
    assert found.real("/round") is None
    assert found.exists("/usr/bin/awk")
    assert not found.exists("/usr/bin/gawk")


def test_every_name_of_a_hard_link_holds_the_file() -> None:
    found = contents(
        {"/bin/a": elf("libz.so.1"), "/bin/b": Same("/bin/a"), "/c": Script("#!/bin/sh"), "/d": Same("/c")}
    )
    assert found.elves["/bin/b"] == found.elves["/bin/a"]
    assert found.scripts["/d"] == "/bin/sh"


def test_only_what_may_be_executed_is_a_script() -> None:
    found = contents({"/a": Script("#! /usr/bin/env python3\nprint()"), "/b": "#!/bin/sh\n", "/c": Script("echo")})
    assert found.scripts == {"/a": "/usr/bin/env python3"}


def test_what_a_package_manager_writes_down_is_kept_and_nothing_else() -> None:
    found = contents({"/var/lib/dpkg/info/zlib1g:amd64.list": "/.\n", "/var/lib/dpkg/status": "x", "/etc/passwd": "x"})
    assert found.kept == {"/var/lib/dpkg/info/zlib1g:amd64.list": b"/.\n"}


def test_a_stream_that_breaks_off_is_an_error() -> None:
    with pytest.raises((tarfile.TarError, OSError)):
        read_contents(io.BytesIO(tar({"/lib/libz.so.1": bytes(100_000)})[:50_000]))


def test_a_cancelled_look_gives_nothing() -> None:
    cancel = threading.Event()
    cancel.set()
    assert read_contents(io.BytesIO(tar({"/a": "x"})), cancel) is None
