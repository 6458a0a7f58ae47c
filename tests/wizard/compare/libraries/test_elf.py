from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wizard.compare.libraries.elf_images import ARM64, LOADER, X86_64, elf, tar
from wizard.compare.libraries.elf import Elf, read_elf


def read(content: bytes) -> Elf | None:
    return read_elf(io.BytesIO(content), len(content))


def read_streamed(content: bytes, at_once: int) -> Elf | None:
    """The same out of a tar stream, in which nothing can seek."""
    with tarfile.open(fileobj=io.BytesIO(tar({"/lib/a.so": content})), mode="r|") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            return read_elf(file, member.size, at_once=at_once)
    return None


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_a_library_needs_is_read_in_either_width_and_byte_order(bits: int, order: str) -> None:
    content = elf("libz.so.1", "libc.so.6", soname="libfoo.so.1", runpath="$ORIGIN:/opt/lib", bits=bits, order=order)
    expected = Elf(X86_64, bits, ("libz.so.1", "libc.so.6"), "libfoo.so.1", (), ("$ORIGIN", "/opt/lib"))
    assert read(content) == expected


def test_a_program_names_its_loader() -> None:
    found = read(elf("libc.so.6", interpreter=LOADER, rpath="/a", machine=ARM64))
    assert found == Elf(ARM64, 64, ("libc.so.6",), None, ("/a",), (), LOADER)


def test_bytes_that_are_read_already_are_not_asked_for_again() -> None:
    content = elf("libz.so.1")
    file = io.BytesIO(content)
    found = read_elf(file, len(content), file.read(4))
    assert found is not None
    assert found.needed == ("libz.so.1",)


@pytest.mark.parametrize(
    ("names_at", "dynamic_at"),
    [
        pytest.param(300, 70_000, id="names in front, as linkers write it"),
        pytest.param(14_000, 12_000, id="both last of all, as patchelf leaves it"),
        pytest.param(14_000, 300, id="names last of all"),
        pytest.param(997, 300, id="names across the end of a piece"),
    ],
)
def test_a_file_larger_than_what_is_read_at_once(names_at: int, dynamic_at: int) -> None:
    content = elf("libgomp.so.1", names_at=names_at, dynamic_at=dynamic_at)
    found = read_streamed(content, at_once=1000)
    assert found is not None
    assert found.needed == ("libgomp.so.1",)


def test_names_that_were_passed_by_are_lost() -> None:
    content = elf("libgomp.so.1", names_at=2000, dynamic_at=9000)
    assert read_streamed(content, at_once=1000) is None


@given(st.data())
def test_no_damaged_file_does_harm(data: st.DataObject) -> None:
    whole = bytearray(elf("libz.so.1", "libc.so.6", soname="libfoo.so.1", runpath="$ORIGIN", interpreter=LOADER))
    for offset in data.draw(st.lists(st.integers(4, len(whole) - 1), max_size=6)):
        whole[offset] = data.draw(st.integers(0, 255))
    content = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    found = read(content)
    assert found is None or isinstance(found, Elf)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\n", elf("libz.so.1")[:100]])
def test_what_is_no_whole_elf_file_is_nothing(content: bytes) -> None:
    assert read(content) is None
