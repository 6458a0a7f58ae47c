"""Programs that the image calls, the packages behind them, and the tables that say so."""

from __future__ import annotations

import pytest

from wizard.assets import knowledge
from wizard.dockerfile.scanner import parse
from wizard.inspection.division.native import catalogue
from wizard.inspection.division.programs import programs_used
from wizard.inspection.ecosystems.requirements import normalise_name


def used(workspace, dockerfile: str) -> set[str]:
    return {use.program for use in programs_used(workspace, parse(dockerfile.encode()))}


@pytest.mark.parametrize(
    "line",
    [
        "HEALTHCHECK --interval=5s CMD curl -f http://localhost/ || exit 1",
        'HEALTHCHECK CMD ["curl", "-f", "http://localhost"]',
        'CMD ["sh", "-c", "sleep 1 && exec curl x"]',
        "CMD A=1 /usr/bin/curl x",
        'ENTRYPOINT ["tini", "--", "curl"]',
        "CMD echo $(curl x)",
    ],
)
def test_commands_of_the_image(repo, line):
    assert "curl" in used(repo({}), f"FROM debian\n{line}\n")


def test_commands_of_earlier_stages_count_only_when_built_on(repo):
    assert "curl" in used(repo({}), "FROM debian AS a\nHEALTHCHECK CMD curl x\nFROM a\n")
    assert "curl" not in used(repo({}), "FROM debian AS a\nHEALTHCHECK CMD curl x\nFROM debian\n")


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM debian\nCMD curl x\nCMD sleep 1\n",
        "FROM debian\nHEALTHCHECK CMD curl x\nHEALTHCHECK NONE\n",
        "FROM debian AS a\nCMD curl x\nFROM a\nENTRYPOINT sleep 1\n",
        "FROM debian\nONBUILD CMD curl x\n",
    ],
)
def test_commands_that_the_image_never_runs_do_not_count(repo, dockerfile):
    assert "curl" not in used(repo({}), dockerfile)


def test_commands_that_a_stage_below_leaves_for_this_one_count(repo):
    assert "curl" in used(repo({}), "FROM debian AS a\nONBUILD CMD curl x\nFROM a\n")


def test_scripts_that_the_image_starts_and_those_that_they_start(repo):
    workspace = repo(
        {
            "d/entry": "#!/bin/sh\n# nc\nuntil pg_isready; do sleep 1; done\n. ./lib.sh\n",
            "lib.sh": "if gs x; then jq; fi\n",
        }
    )
    found = used(workspace, 'FROM debian\nENTRYPOINT ["/app/d/entry"]\n')
    assert {"pg_isready", "gs", "jq"} <= found
    assert "nc" not in found


def test_programs_of_the_python_code_but_not_of_its_tests(repo):
    workspace = repo(
        {
            "a.py": 'subprocess.run(["pdftoppm", p])\nos.system("cd /x && convert a b")\nshutil.which("ffmpeg")\n',
            "tests/test_a.py": 'subprocess.run(["jq"])\n',
        },
    )
    found = used(workspace, "FROM debian\n")
    assert {"pdftoppm", "convert", "ffmpeg"} <= found
    assert "jq" not in found


def test_what_the_catalogue_knows_of_a_package():
    table = catalogue()
    flask, psycopg2 = table.needs("flask"), table.needs("psycopg2")
    assert flask is not None
    assert psycopg2 is not None
    assert (flask.runtime, psycopg2.runtime) == ((), ("libpq5",))
    assert table.needs("somebodys-private-package") is None
    bundled, opencv = table.needs("psycopg", ["binary"]), table.needs("opencv-python", release="trixie")
    assert bundled is not None
    assert opencv is not None
    assert (bundled.runtime, opencv.runtime) == ((), ("libgl1", "libglib2.0-0"))


def test_what_a_debian_package_is_for():
    table = catalogue()
    assert [table.purpose(name) for name in ("gcc", "libfoo-dev", "curl=7.*", "tesseract-ocr", "libfoo1")] == [
        "build",
        "build",
        "either",
        "either",
        "unknown",
    ]
    assert table.runtime_of("libpq-dev") == ("libpq5",)
    assert table.runtime_of("libssl-dev", "bullseye") == ("libssl1.1",)
    assert table.runtime_of("libfoo-dev") is None


def test_the_tables_are_normalised_without_doubles_and_with_sources():
    native, gpu = knowledge("native_libraries"), knowledge("gpu_packages")
    listed = [
        *native["pure"]["packages"],
        *native["wheels"]["packages"],
        *(entry["name"] for entry in native["package"]),
    ]
    assert sorted(listed) == sorted({normalise_name(name) for name in listed})
    assert all(entry["source"] for entry in (*native["package"], *gpu["gpu_only"], *gpu["torch"]["sizes"]))
    assert all(entry["source"] for entry in knowledge("ignore_patterns")["pattern"])
    assert all(entry["source"] for entry in knowledge("base_images")["image"])
