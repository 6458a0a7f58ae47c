from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.wizard.compare.examples import comparison, side
from wizard.compare.libraries.faults import compare_libraries, library_faults
from wizard.compare.values import Libraries, MissingLibrary, MissingProgram, Provider, Reason, SideResult
from wizard.report.json import comparison_json
from wizard.report.markdown import markdown

SYSTEM = "/usr/local/lib/python3.11/site-packages/pkg/_fast.so"
VENV = "/opt/venv/lib/python3.11/site-packages/pkg/_fast.so"
GOMP = Provider("/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0", "libgomp1")
OWN = "/usr/local/lib/python3.11/lib-dynload/{}.cpython-311-x86_64-linux-gnu.so"


def libraries(
    *missing: MissingLibrary, found: dict[str, Provider] | None = None, programs: Sequence[MissingProgram] = ()
) -> Libraries:
    return Libraries(812, found or {}, missing, tuple(programs), "bookworm")


def reasons(before: Libraries, after: Libraries, *rules: str, line: int | None = None) -> tuple[Reason, ...]:
    return compare_libraries(
        side("before", libraries=before), side("after", libraries=after, installs_line=line), rules
    )


def test_a_library_that_only_the_image_before_has_is_harmful_and_the_package_is_named() -> None:
    (reason,) = reasons(
        libraries(found={"libgomp.so.1": GOMP}), libraries(MissingLibrary("libgomp.so.1", VENV)), line=12
    )
    assert (reason.kind, reason.severity) == ("library", "harmful")
    assert reason.text == (
        f"libgomp.so.1 is missing in the new image: needed by {VENV}; "
        "add libgomp1 to the packages for the run time in line 12"
    )


def test_libraries_of_one_package_are_named_together() -> None:
    names = ("libcairo.so.2", "libcairo-gobject.so.2")
    found = {name: Provider(f"/usr/lib/{name}", "libcairo2") for name in names}
    after = libraries(*(MissingLibrary(name, f"/app/{number}.so") for name in names for number in range(3)))
    (reason,) = reasons(libraries(found=found), after)
    assert reason.text == (
        "libcairo.so.2, libcairo-gobject.so.2 are missing in the new image: needed by /app/0.so, /app/1.so and 1 more; "
        "add libcairo2 to the packages for the run time"
    )


def test_what_no_package_brought_has_to_be_copied() -> None:
    before = libraries(found={"libown.so": Provider("/usr/local/lib/libown.so", None)})
    (reason,) = reasons(before, libraries(MissingLibrary("libown.so", "/app/tool")))
    assert "the image before has /usr/local/lib/libown.so, which no package of the system brought" in reason.text


def test_plug_ins_that_miss_something_in_both_images_are_no_fault() -> None:
    plugin = MissingLibrary("libodbc.so.2", SYSTEM.replace("_fast", "odbc"))
    moved = MissingLibrary("libodbc.so.2", VENV.replace("_fast", "odbc"))
    other = MissingLibrary("libodbc.so.2", VENV.replace("_fast", "other"))
    (reason,) = reasons(libraries(plugin), libraries(moved, other))
    assert reason == Reason(
        "library",
        "harmless",
        "none of the 812 programs and libraries in the new image misses what the image before has",
    )


def test_a_plug_in_that_comes_anew_without_its_library_is_noted() -> None:
    (reason,) = reasons(libraries(), libraries(MissingLibrary("libodbc.so.2", VENV)))
    assert reason.severity == "noted"
    assert reason.text.endswith("neither image has it")


def test_another_version_of_a_library_is_not_the_library() -> None:
    before = libraries(found={"libssl.so.1.1": Provider("/usr/lib/libssl.so.1.1", "libssl1.1")})
    (reason,) = reasons(before, libraries(MissingLibrary("libssl.so.3", VENV)))
    assert reason.severity == "harmful"
    assert reason.text.endswith("the image before has another version of it")


def test_a_library_where_the_loader_does_not_look_any_more() -> None:
    place = "/usr/local/lib/libown.so"
    before = libraries(found={"libown.so": Provider(place, None)})
    (reason,) = reasons(before, libraries(MissingLibrary("libown.so", "/app/tool", place)))
    assert reason.severity == "harmful"
    assert f"it lies in {place}, where the loader does not look: run ldconfig" in reason.text


def test_a_library_beside_the_modules_that_load_it_is_none() -> None:
    beside = VENV.replace("_fast.so", "libtorch.so")
    before = libraries(found={"libtorch.so": Provider(beside, None)})
    (reason,) = reasons(before, libraries(MissingLibrary("libtorch.so", VENV, beside)))
    assert reason.severity == "harmless"


@pytest.mark.parametrize(
    ("module", "rules", "severity", "intended"),
    [
        ("nis", ["split-stages"], "harmless", "split-stages"),
        ("_tkinter", ["slim-base"], "harmless", "slim-base"),
        ("nis", [], "noted", None),
        ("_ssl", ["split-stages"], "harmful", None),
    ],
)
def test_modules_that_slim_images_leave_without_libraries(
    module: str, rules: list[str], severity: str, intended: str | None
) -> None:
    before = libraries(found={"libx.so.1": Provider("/usr/lib/libx.so.1", "libx1")})
    (reason,) = reasons(before, libraries(MissingLibrary("libx.so.1", OWN.format(module))), *rules)
    assert (reason.kind, reason.severity, reason.intended_by) == ("python-module", severity, intended)


class TestPrograms:
    BASH = Provider("/usr/bin/bash", "bash")

    def test_one_that_the_container_starts_is_harmful(self) -> None:
        after = libraries(programs=[MissingProgram("/bin/bash", "/app/start.sh", True)])
        (reason,) = reasons(libraries(found={"/bin/bash": self.BASH}), after)
        assert (reason.kind, reason.severity) == ("program", "harmful")
        assert reason.text.endswith("needed by /app/start.sh; add bash to the packages for the run time")

    def test_one_of_a_script_that_nothing_is_seen_to_call_is_noted(self) -> None:
        after = libraries(programs=[MissingProgram("/bin/bash", "/app/tools/run", False)])
        (reason,) = reasons(libraries(found={"/bin/bash": self.BASH}), after)
        assert reason.severity == "noted"

    def test_examples_that_name_what_nobody_has_are_no_fault(self) -> None:
        after = libraries(programs=[MissingProgram("/usr/bin/php", "/app/tests/run", False)])
        (reason,) = reasons(libraries(), after)
        assert reason.severity == "harmless"

    def test_programs_that_moved_into_an_environment_are_the_same_ones(self) -> None:
        before = libraries(programs=[MissingProgram("node", "/usr/local/bin/tool", True)])
        after = libraries(programs=[MissingProgram("node", "/opt/venv/bin/tool", True)])
        (reason,) = reasons(before, after)
        assert reason.severity == "harmless"


def test_images_that_were_not_read_say_nothing() -> None:
    unread: SideResult = side("after")
    assert library_faults(side("before", libraries=libraries()), unread) == ()
    assert compare_libraries(side("before", libraries=libraries()), unread) == ()


def test_the_report_names_library_files_and_package() -> None:
    found = comparison(
        before=side("before", libraries=libraries(found={"libgomp.so.1": GOMP})),
        after=side("after", libraries=libraries(MissingLibrary("libgomp.so.1", VENV)), installs_line=7),
    )
    assert found.verdict == "different"
    assert "- **harmful**: libgomp.so.1 is missing in the new image" in markdown(found)
    document = comparison_json(found)
    assert document["missing"] == [
        {
            "kind": "library",
            "name": "libgomp.so.1",
            "severity": "harmful",
            "needed_by": [VENV],
            "before": {"path": GOMP.path, "package": "libgomp1"},
            "elsewhere": None,
        }
    ]
    assert document["after"]["libraries"]["missing"] == [{"name": "libgomp.so.1", "file": VENV, "elsewhere": None}]
