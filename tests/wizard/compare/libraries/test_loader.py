from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.wizard.compare.libraries.elf_images import ARM64, File, Link, cache, contents, elf
from wizard.compare.libraries.loader import Loader, Needed, read_cache

LIBRARY = elf(soname="libz.so.1")


def search(files: Mapping[str, File], **variables: str) -> Needed:
    """What is found for the one library that /app/main needs."""
    (found,) = (one for one in Loader(contents(files), variables, "/app").needs() if one.file == "/app/main")
    return found


@pytest.mark.parametrize(
    ("program", "library"),
    [
        pytest.param(elf("libz.so.1"), "/usr/lib/x86_64-linux-gnu/libz.so.1", id="Debian's folder for the machine"),
        pytest.param(elf("libz.so.1"), "/lib64/libz.so.1", id="Fedora's folder"),
        pytest.param(elf("libz.so.1", runpath="/opt/lib"), "/opt/lib/libz.so.1", id="RUNPATH"),
        pytest.param(elf("libz.so.1", rpath="/x:/opt/lib"), "/opt/lib/libz.so.1", id="RPATH"),
        pytest.param(elf("libz.so.1", runpath="$ORIGIN/../pkg.libs"), "/pkg.libs/libz.so.1", id="beside the file"),
        pytest.param(elf("libz.so.1", rpath="${ORIGIN}"), "/app/libz.so.1", id="ORIGIN in braces"),
        pytest.param(elf("libz.so.1", runpath="/x/$LIB"), "/x/lib/x86_64-linux-gnu/libz.so.1", id="LIB"),
        pytest.param(elf("/opt/libz.so.1"), "/opt/libz.so.1", id="a path in place of a name"),
        pytest.param(elf("./lib/libz.so.1"), "/app/lib/libz.so.1", id="a path below the working directory"),
    ],
)
def test_where_the_loader_looks(program: bytes, library: str) -> None:
    assert search({"/app/main": program, library: LIBRARY}).place == library


def test_a_folder_of_the_environment_is_searched() -> None:
    files = {"/app/main": elf("libz.so.1"), "/opt/lib/libz.so.1": LIBRARY}
    assert search(files, LD_LIBRARY_PATH="/x:/opt/lib").place == "/opt/lib/libz.so.1"
    assert search(files) == Needed("/app/main", "libz.so.1", None, "/opt/lib/libz.so.1")


def test_runpath_switches_rpath_off() -> None:
    files = {"/app/main": elf("libz.so.1", rpath="/opt/lib", runpath="/x"), "/opt/lib/libz.so.1": LIBRARY}
    assert search(files).place is None


def test_other_folders_count_if_ldconfig_has_listed_them() -> None:
    """glibc reads the cache alone: a library that is copied to /usr/local/lib is not found without ldconfig."""
    files = {"/app/main": elf("libz.so.1"), "/usr/local/lib/libz.so.1": LIBRARY, "/etc/ld.so.conf": "/usr/local/lib"}
    assert search(files).place is None
    listed = cache({"libz.so.1": "/usr/local/lib/libz.so.1"})
    assert search({**files, "/etc/ld.so.cache": listed}).place == "/usr/local/lib/libz.so.1"


def test_a_cache_that_lists_what_is_gone_finds_nothing() -> None:
    listed = cache({"libz.so.1": "/usr/local/lib/libz.so.1"})
    assert search({"/app/main": elf("libz.so.1"), "/etc/ld.so.cache": listed}).place is None


def test_a_library_for_another_machine_is_passed_over() -> None:
    files = {"/app/main": elf("libz.so.1"), "/lib/libz.so.1": elf(soname="libz.so.1", machine=ARM64)}
    assert search(files) == Needed("/app/main", "libz.so.1", None, None)


def test_links_to_folders_and_files_are_followed() -> None:
    files: Mapping[str, File] = {
        "/app/main": elf("libz.so.1"),
        "/lib": Link("usr/lib"),
        "/usr/lib/libz.so.1": Link("libz.so.1.3"),
        "/usr/lib/libz.so.1.3": LIBRARY,
    }
    assert search(files).place == "/usr/lib/libz.so.1.3"


def test_what_another_module_has_loaded_lies_elsewhere() -> None:
    files = {"/app/main": elf("libtorch.so"), "/site-packages/torch/lib/libtorch.so": elf(soname="libtorch.so")}
    assert search(files).elsewhere == "/site-packages/torch/lib/libtorch.so"


class TestMusl:
    LOADER = "/lib/ld-musl-x86_64.so.1"

    def files(self, needed: str, **more: File) -> Mapping[str, File]:
        return {"/app/main": elf(needed), self.LOADER: elf(soname="libc.musl-x86_64.so.1"), **more}

    @pytest.mark.parametrize("name", ["libc.musl-x86_64.so.1", "libc.so", "libpthread.so.0"])
    def test_it_answers_for_the_c_library_itself(self, name: str) -> None:
        assert search(self.files(name)).place == self.LOADER

    def test_its_usual_folders(self) -> None:
        assert search(self.files("libz.so.1", **{"/usr/local/lib/libz.so.1": LIBRARY})).place is not None

    def test_folders_of_a_file(self) -> None:
        more: dict[str, File] = {"/opt/libz.so.1": LIBRARY, "/etc/ld-musl-x86_64.path": "/lib\n/opt:/usr/lib\n"}
        assert search(self.files("libz.so.1", **more)).place == "/opt/libz.so.1"


@pytest.mark.parametrize("content", [b"", b"ld.so-1.7.0\0", b"glibc-ld.so.cache1.1", cache({"a": "/a"})[:60]])
def test_a_damaged_cache_lists_nothing(content: bytes) -> None:
    assert read_cache(content) == {}


def test_a_cache_behind_the_table_of_old_systems_is_read() -> None:
    assert read_cache(b"ld.so-1.7.0\0" + bytes(4) + cache({"a.so": "/lib/a.so"})) == {"a.so": ("/lib/a.so",)}
