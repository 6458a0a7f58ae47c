"""requirements files as pip reads them, with every byte kept."""

from __future__ import annotations

import pytest

from wizard.errors import BadInput
from wizard.inspection.ecosystems.python import manifests, python_ecosystem, version_of_image
from wizard.inspection.ecosystems.requirements import normalise_name, parse_requirements, read_tree
from wizard.inspection.files import list_files


def one(text: str):
    (requirement,) = parse_requirements(text.encode(), "requirements.txt").requirements
    return requirement


@pytest.mark.parametrize(
    "content",
    [
        b"a==1\r\nb\r\n",
        b"\xef\xbb\xbfa\n# c\n\nb",
        b"a \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\n",
        b"a\\\n# c\nb\\\n",
        b"\xff\xfea\x00\n\x00",
    ],
)
def test_the_lines_are_the_file(content):
    file = parse_requirements(content, "r.txt")
    assert "".join(line.source for line in file.lines).encode(file.encoding) == content


def test_name_specifier_extras_marker_and_comment():
    found = one('Flask_Cors[async, dotenv] >=4,<5 ; python_version < "3.12"  # why\n')
    assert (found.name, found.specifier, found.extras) == ("flask-cors", ">=4,<5", ("async", "dotenv"))
    assert found.marker == 'python_version < "3.12"'


def test_only_an_equals_pin_is_a_version():
    assert one("torch==2.13.0").version == "2.13.0"
    assert one("torch == 2.1.0+cpu").version == "2.1.0+cpu"
    assert one("torch>=2").version is None
    assert one("torch==2.*").version is None


def test_continuations_and_hashes_belong_to_the_requirement():
    file = parse_requirements(b"a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nb\n", "r.txt")
    assert file.requirements[0].hashes == ("sha256:aa", "sha256:bb")
    assert [(line.line, line.end_line) for line in file.lines] == [(1, 3), (4, 4)]
    assert file.hashed


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("-e .", ".", None),
        ("--editable=./pkg[dev]", "./pkg", None),
        ("./dist/x-1.0-py3-none-any.whl", "./dist/x-1.0-py3-none-any.whl", "x"),
        ("file:///srv/x.zip", "/srv/x.zip", None),
    ],
)
def test_local_projects(text, path, name):
    assert (one(text).path, one(text).name) == (path, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("git+https://host.example/x/y.git@v1#egg=My_Pkg", "my-pkg"),
        ("-e git+ssh://git@host.example/y.git#egg=y", "y"),
        ("pkg @ https://host.example/pkg-1.zip", "pkg"),
        ("https://host.example/torch-2.0-cp311-cp311-linux_x86_64.whl", "torch"),
    ],
)
def test_addresses(text, name):
    assert one(text).name == name
    assert one(text).url is not None
    assert one(text).path is None


@pytest.mark.parametrize(
    ("text", "option", "value"),
    [
        ("-i https://a.example", "--index-url", "https://a.example"),
        ("--extra-index-url=https://b.example", "--extra-index-url", "https://b.example"),
        ("-f ./wheels", "--find-links", "./wheels"),
        ("--no-index", "--no-index", ""),
    ],
)
def test_index_options(text, option, value):
    (line,) = parse_requirements(text.encode(), "r.txt").indexes
    assert (line.option, line.value) == (option, value)


@pytest.mark.parametrize(
    "text", ["flask=1.0", "--unheard-of x", "a b c", "-r", "-r a.txt -r b.txt", "flask==not!a version"]
)
def test_a_line_that_is_not_understood_says_so(text):
    file = parse_requirements(text.encode(), "r.txt")
    assert [line.text for line in file.unknown] == [text]
    assert file.requirements == ()


def test_bytes_that_are_no_text_are_bad_input_with_their_line():
    with pytest.raises(BadInput, match=r"r\.txt:2: is not text"):
        parse_requirements(b"a\n\xff\xfe\xfa\n", "r.txt")


def test_includes_are_relative_to_the_including_file_and_cycles_end(repo):
    workspace = repo(
        {
            "requirements/prod.txt": "-r base.txt\n-c ../constraints.txt\n",
            "requirements/base.txt": "-rprod.txt\nflask\n",
            "constraints.txt": "flask<4\n",
        },
    )
    assert [file.path for file in read_tree(workspace, "requirements/prod.txt")] == [
        "requirements/prod.txt",
        "requirements/base.txt",
        "constraints.txt",
    ]


def test_manifests_name_what_reads_sources_and_what_cannot_be_followed(repo):
    workspace = repo(
        {"r.txt": "-e .\n-r missing.txt\n-r ../out.txt\npkg @ https://${TOKEN}@host.example/p.zip\nflask\n"}
    )
    found = manifests(workspace, "r.txt")
    assert [evidence.line for evidence in found.reads_sources] == [1]
    assert [evidence.line for evidence in found.unresolved] == [2, 3, 4]


def test_normalised_names():
    assert normalise_name("Ruamel.Yaml__x") == "ruamel-yaml-x"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("python:3.11-slim", (3, 11)),
        ("python:3.12.4-bookworm@sha256:00", (3, 12)),
        ("ghcr.io/astral-sh/uv:python3.13-trixie", (3, 13)),
        ("docker.io/library/python:3", None),
        ("debian:bookworm-slim", (3, 11)),
        ("ubuntu:24.04", (3, 12)),
        ("host:5000/x/app", None),
    ],
)
def test_python_version_of_a_base_image(image, version):
    assert version_of_image(image) == version


def test_the_manager_is_the_one_of_the_run_lines(repo):
    from wizard.dockerfile.scanner import parse

    source = b"FROM python:3.11\nCOPY . /app\nRUN cd /app && pip3 install -r /app/deps/base.txt -c deps/pins.txt\n"
    workspace = repo(
        {"deps/base.txt": "-r more.txt\n", "deps/more.txt": "", "deps/pins.txt": "", "poetry.lock": "", "dev.txt": ""}
    )
    found = python_ecosystem(workspace, parse(source), list_files(workspace))
    assert found is not None
    assert (found.manager, found.manifests) == ("pip", ("deps/base.txt", "deps/more.txt", "deps/pins.txt"))
    assert found.evidence[0].line == 3
