"""Newer releases of pins: what is asked, and how far two versions are apart."""

from __future__ import annotations

import pytest

from wizard.inspection.installs.newer_pins import Pin, distance, newer_of, opened, pins_of, rewritten
from wizard.inspection.questions import LockQuestion

FILE = "requirements.txt"


def question(text: str, **others: bytes) -> LockQuestion:
    files = ((FILE, text.encode()), *((f"{name}.txt", content) for name, content in others.items()))
    return LockQuestion(FILE, files, (3, 12), ("x86_64-manylinux_2_36",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.2.3.post1", "patch"),
        ("1.2.3", "1.3.0", "minor"),
        ("1.2.3", "2.0", "major"),
        ("0.2.3", "0.2.9", "patch"),
        ("0.2.3", "0.3.0", "major"),
        ("2023.5.7", "2024.1.1", "major"),
        ("2.0", "1!1.0", "major"),
    ],
)
def test_how_far_versions_are_apart(old: str, new: str, expected: str) -> None:
    assert distance(old, new) == expected


@pytest.mark.parametrize(
    "line",
    ["click", "click>=8", "click~=8.1", "click==8.*", "torch==2.1.0+cpu", "click===8.1.0", "click==8.1 --hash=sha256:a",
     "x @ https://example.com/x.whl"],
)  # fmt: skip
def test_what_is_no_plain_pin_stays(line: str) -> None:
    assert pins_of(question(f"{line}\n")) == ()


def test_what_only_constrains_is_not_moved() -> None:
    asked = question("-r base.txt\n-c limits.txt\nclick==8.1.3\n", base=b"flask==2.0\n", limits=b"jinja2==3.0\n")
    assert {pin.name for pin in pins_of(asked)} == {"click", "flask"}


def test_the_question_opens_the_pins_up_to_the_next_major_version() -> None:
    asked = question('click == 8.1.3  # ours\nuvicorn[standard]==0.15.0 ; python_version > "3"\nflask\n')
    pins = pins_of(asked)
    together = dict(opened(asked, pins, majors=False).files)[FILE].decode()
    assert together == 'click >= 8.1.3,<9  # ours\nuvicorn[standard]>=0.15.0,<0.16 ; python_version > "3"\nflask\n'
    alone = opened(asked, pins, majors=True)
    assert alone.alone
    assert dict(alone.files)[FILE].decode().startswith("click >= 8.1.3  # ours\n")


def test_an_edit_changes_the_version_and_nothing_else() -> None:
    text = b"\xef\xbb\xbf# click==8.1.3\r\nclick == 8.1.3 ; python_version > '3'\r\n"
    assert rewritten(FILE, text, {Pin("click", "8.1.3", FILE, 2): "==8.2.0"}) == text.replace(b"== 8.1.3", b"== 8.2.0")


def test_a_package_of_which_the_machines_get_several_versions_is_left_out() -> None:
    pins = (Pin("a", "1.0", FILE, 1), Pin("b", "1.0", FILE, 2), Pin("c", "1.0", FILE, 3))
    lines = 'a==1.1 ; platform_machine == "x86_64"\na==1.2 ; platform_machine == "aarch64"\nb==2.0\nc==1.0\n'
    found = newer_of(pins, lines, "b==1.5\n")
    assert [(one.pin.name, one.newest, one.distance, one.compatible) for one in found] == [("b", "2.0", "major", "1.5")]
