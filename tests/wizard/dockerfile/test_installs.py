"""What package managers' commands install, however they are called."""

import pytest

from wizard.dockerfile import parse
from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.installs import Install, install, installs
from wizard.dockerfile.shell import Command, parse_run


def commands(body: str) -> tuple[Command, ...]:
    document = parse(f"FROM a\nRUN {body}\n".encode())
    return parse_run(document, document.instructions[1]).commands


def one(body: str) -> Install:
    found = install(commands(body)[0])
    assert found is not None
    return found


def names(found: Install) -> list[str]:
    return [word.text for word in found.packages]


@pytest.mark.parametrize(
    ("body", "manager", "verb", "packages"),
    [
        ("apt-get install -y --no-install-recommends curl git=1.2", "apt-get", "install", ["curl", "git=1.2"]),
        ("apt-get -qq -o Acquire::Retries=3 -y install curl", "apt-get", "install", ["curl"]),
        ("apt-get install -t bookworm-backports -yqq x", "apt-get", "install", ["x"]),
        ("DEBIAN_FRONTEND=noninteractive apt install -y ./x.deb", "apt", "install", ["./x.deb"]),
        ("apt-get update", "apt-get", "update", []),
        ("sudo -E env A=1 apt-get install x", "apt-get", "install", ["x"]),
        ("apk add --no-cache --virtual .build gcc -X http://x", "apk", "add", ["gcc"]),
        ("dnf -y --setopt=tsflags=nodocs install a b", "dnf", "install", ["a", "b"]),
        ("microdnf install a", "microdnf", "install", ["a"]),
        ("pip3.11 install flask", "pip", "install", ["flask"]),
        ("/venv/bin/pip install flask", "pip", "install", ["flask"]),
        ("$VENV/bin/pip install flask", "pip", "install", ["flask"]),
        ("time python -u -W ignore -m pip --no-cache-dir install 'a>1' b", "pip", "install", ["'a>1'", "b"]),
        ("uv pip install --system a", "uv", "pip install", ["a"]),
        ("uv sync --frozen --no-dev --extra cpu", "uv", "sync", []),
        ("poetry install --only main", "poetry", "install", []),
        ("npm i -g yarn", "npm", "install", ["yarn"]),
        ("npm ci --omit=dev", "npm", "ci", []),
        ("yarn", "yarn", "install", []),
        ("yarn --frozen-lockfile", "yarn", "install", []),
        ("yarn global add x", "yarn", "global add", ["x"]),
        ("pnpm install --frozen-lockfile --filter web", "pnpm", "install", []),
        ("mamba install -n base -c conda-forge -y a", "conda", "install", ["a"]),
        ("bundle install --jobs 4", "bundle", "install", []),
        ("gem install bundler -v 2.4", "gem", "install", ["bundler"]),
        ("go mod download", "go", "mod download", []),
        ("go install -ldflags x a/b@latest", "go", "install", ["a/b@latest"]),
        ("cargo install --locked --version 1 x", "cargo", "install", ["x"]),
    ],
)
def test_manager_verb_and_packages(body: str, manager: str, verb: str, packages: list[str]) -> None:
    found = one(body)
    assert (found.manager, found.verb, names(found)) == (manager, verb, packages)


@pytest.mark.parametrize(
    "body",
    ["apt list --installed", "pip --version", "pip freeze", "npm run build", "go build ./...", "python -m venv /v",
     "python app.py -m pip", "echo pip install x", "cargo build", "npm", "$TOOL install x", "yarn build", "uv venv"],
)  # fmt: skip
def test_other_commands_install_nothing(body: str) -> None:
    assert install(commands(body)[0]) is None


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ("-r a.txt", ("a.txt",)),
        ("-ra.txt", ("a.txt",)),
        ("-Ur a.txt", ("a.txt",)),
        ("--requirement=a.txt -r 'b c.txt'", ("a.txt", "b c.txt")),
        ("--requirement a.txt", ("a.txt",)),
    ],
)
def test_requirement_files_in_every_spelling(body: str, files: tuple[str, ...]) -> None:
    assert one(f"pip install {body}").requirement_files == files
    assert one(f"uv pip install {body}").requirement_files == files


def test_constraints_editables_and_local_paths() -> None:
    found = one(
        "pip install -c c.txt -e .[dev] -e git+https://x/y ./lib dist/x.whl 'a @ https://x/y' b/c https://x/z.whl"
    )
    assert found.constraint_files == ("c.txt",)
    assert found.editables == (".[dev]", "git+https://x/y")
    assert found.paths == ("./lib", "dist/x.whl", "b/c", ".")


def test_options_have_their_values_and_words() -> None:
    found = one("pip install --no-cache-dir -i https://x --extra-index-url=https://y --target /t -U a")
    assert [(option.name, option.value) for option in found.options] == [
        ("--no-cache-dir", None),
        ("-i", "https://x"),
        ("--extra-index-url", "https://y"),
        ("--target", "/t"),
        ("-U", None),
    ]
    index = found.option("-i", "--index-url")
    assert index is not None
    assert [word.text for word in index.words] == ["-i", "https://x"]
    assert found.has("--upgrade", "-U")
    assert not found.has("--user")


def test_wrappers_and_environment_are_told() -> None:
    found = one("PIP_NO_CACHE_DIR=1 sudo -u app nice -n 5 pip install a")
    assert found.wrappers == ("sudo", "nice")
    assert found.environment == ("PIP_NO_CACHE_DIR",)


@pytest.mark.parametrize(
    "body", ["pip install $PACKAGES", "pip install -r $FILE", "pip install -r$FILE", "xargs pip install"]
)
def test_what_is_not_known_is_said(body: str) -> None:
    assert one(body).unknown


def test_uv_pip_sync_reads_requirement_files() -> None:
    assert one("uv pip sync requirements.txt").requirement_files == ("requirements.txt",)


def test_conda_environments_are_files() -> None:
    assert one("conda env create -f environment.yml").requirement_files == ("environment.yml",)


def test_updates_install_nothing_and_nested_calls_are_found() -> None:
    document = parse(b"FROM a\nRUN apt-get update && if x; then apt-get install -y y; fi && (pip install z)\n")
    found = installs(parse_run(document, document.instructions[1]))
    assert [(i.manager, i.installs, i.command.nested) for i in found] == [
        ("apt-get", False, False),
        ("apt-get", True, True),
        ("pip", True, True),
    ]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("rm -rf /var/lib/apt/lists/*", "apt-lists"),
        ("rm -r -f /var/lib/apt/lists /var/cache/apt/*", "apt-lists"),
        ("sudo rm -rf /var/lib/apt/lists/", "apt-lists"),
        ("apt-get -y clean", "apt"),
        ("apt clean", "apt"),
        ("apt-get dist-clean", "apt-lists"),
        ("apt -y distclean", "apt-lists"),
        ("rm -rf /var/cache/apk/*", "apk"),
        ("yum clean all", "dnf"),
        ("dnf clean all", "dnf"),
        ("npm cache clean --force", "npm"),
        ("yarn cache clean", "yarn"),
        ("python3 -m pip cache purge", "pip"),
        ("rm -rf ~/.cache/pip", "pip"),
        ("rm -rf $HOME/.npm", "npm"),
        ("conda clean -afy", "conda"),
        ("rm -rf /var/lib/apt/lists/* /tmp/*", None),
        ("rm -rf /var/lib", None),
        ("rm -rf /", None),
        ("rm", None),
        ("npm cache verify", None),
        ("apt-get update", None),
        ("pip cache dir", None),
    ],
)
def test_cleaning_commands_say_what_they_clean(body: str, what: str | None) -> None:
    assert cleans(commands(body)[0]) == what
