"""The package managers that a RUN may call, and how their command lines are read.

From the managers' own documentation. An option that is not listed is taken for one without a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Manager:
    """How the command line of one package manager is read."""

    name: str
    verbs: Mapping[str, frozenset[str]]
    """What installs, lists or updates, with the second words that a verb needs (none: it stands alone)."""
    valued: frozenset[str] = frozenset()
    """Options that take the next word as their value, if it is not glued on."""
    default_verb: str | None = None
    """What a command line without a verb means."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    requirements: frozenset[str] = frozenset()
    """Options that name a file of requirements."""
    constraints: frozenset[str] = frozenset()
    editables: frozenset[str] = frozenset()


def _verbs(text: str, **second: str) -> dict[str, frozenset[str]]:
    return {verb: frozenset() for verb in text.split()} | {verb: _set(words) for verb, words in second.items()}


_APT_VERBS = _verbs("install reinstall build-dep update upgrade dist-upgrade full-upgrade")
_APT = _set(
    "-o --option -t --target-release --default-release -c --config-file -a --host-architecture -P --build-profiles"
)
_DNF_VERBS = _verbs("install groupinstall reinstall builddep update upgrade makecache", module="install enable")
_DNF = _set(
    "--enablerepo --disablerepo --repo --repoid --setopt --installroot --releasever -c --config -x --exclude "
    "--forcearch -d --debuglevel -e --errorlevel --repofrompath --comment --destdir"
)
_PIP = _set(
    "-r --requirement -c --constraint -e --editable -t --target --prefix --root -i --index-url --extra-index-url "
    "-f --find-links --platform --python-version --implementation --abi --src --upgrade-strategy --no-binary "
    "--only-binary --progress-bar --global-option --config-settings -C --report --cache-dir --log --proxy --retries "
    "--timeout --exists-action --trusted-host --cert --client-cert --use-feature --use-deprecated --python "
    "--root-user-action --group --build-constraint -d --dest -w --wheel-dir"
)
_UV = _PIP | _set(
    "-p --index --default-index --extra --package --no-group --only-group --no-extra --project --directory "
    "--config-file --index-strategy --keyring-provider --resolution --prerelease --fork-strategy --exclude-newer "
    "--link-mode --python-platform --torch-backend --overrides --override --with --no-install-package "
    "--no-build-isolation-package --refresh-package --reinstall-package -P --upgrade-package --allow-insecure-host "
    "--requirements --constraints --optional --branch --tag --rev -b"
)
_NPM = _set(
    "--prefix --registry --cache --omit --include --loglevel --workspace -w --tag --userconfig --fetch-retries "
    "--fetch-timeout --maxsockets --install-strategy --before --cpu --os --libc"
)
_CONDA = _set(
    "-n --name -p --prefix -c --channel -f --file --solver --subdir --platform --repodata-fn --revision "
    "--channel-priority --root-prefix -r --category"
)

_ALL = (
    Manager("apt-get", _APT_VERBS, _APT),
    Manager("apt", _APT_VERBS, _APT),
    Manager("aptitude", _APT_VERBS, _APT),
    Manager(
        "apk",
        _verbs("add update upgrade"),
        _set("-t --virtual -X --repository -p --root --keys-dir --repositories-file --cache-dir --arch --wait"),
    ),
    Manager("dnf", _DNF_VERBS, _DNF),
    Manager("yum", _DNF_VERBS, _DNF),
    Manager("microdnf", _DNF_VERBS, _DNF),
    Manager(
        "zypper",
        _verbs("install in update up refresh ref"),
        _set("-r --repo --from -C --config -R --root"),
        synonyms={"in": "install", "up": "update", "ref": "refresh"},
    ),
    Manager(
        "pip",
        _verbs("install download wheel"),
        _PIP,
        requirements=_set("-r --requirement"),
        constraints=_set("-c --constraint --build-constraint"),
        editables=_set("-e --editable"),
    ),
    Manager(
        "uv",
        _verbs("sync add", pip="install sync", tool="install"),
        _UV,
        requirements=_set("-r --requirement --requirements"),
        constraints=_set("-c --constraint --constraints -b --build-constraint"),
        editables=_set("-e --editable"),
    ),
    Manager(
        "poetry",
        _verbs("install add update sync"),
        _set("--only --with --without -E --extras -C --directory --project -P --group -G --source"),
    ),
    Manager(
        "pipenv",
        _verbs("install sync update"),
        _set("--python --extra-index-url -i --index -r --requirements --categories --extra-pip-args -e --editable"),
        requirements=_set("-r --requirements"),
        editables=_set("-e --editable"),
    ),
    Manager(
        "pdm",
        _verbs("install sync add update"),
        _set(
            "-G --group --with -p --project -L --lockfile --venv -e --editable -k --skip -c --config --override "
            "-C --config-setting"
        ),
        editables=_set("-e --editable"),
    ),
    Manager(
        "npm",
        _verbs("install i in ci add update clean-install install-clean rebuild"),
        _NPM,
        synonyms={"i": "install", "in": "install", "add": "install", "clean-install": "ci", "install-clean": "ci"},
    ),
    Manager(
        "yarn",
        _verbs("install add", **{"global": "add", "workspaces": "focus"}),
        _NPM | _set("--modules-folder --cache-folder --mutex --cwd --network-timeout --network-concurrency"),
        default_verb="install",
    ),
    Manager(
        "pnpm",
        _verbs("install i add fetch update deploy"),
        _NPM | _set("--filter -F --dir -C --store-dir --reporter"),
        synonyms={"i": "install"},
    ),
    Manager(
        "conda",
        _verbs("install create update", env="create update"),
        _CONDA,
        requirements=_set("-f --file"),
    ),
    Manager("conda-lock", _verbs("install"), _set("-n --name -p --prefix --conda -E --extras --log-level")),
    Manager(
        "gem",
        _verbs("install update"),
        _set("-v --version -i --install-dir -n --bindir -s --source -P --platform"),
    ),
    Manager("composer", _verbs("install update require"), _set("-d --working-dir --prefer-install --audit-format")),
    Manager(
        "bundle",
        _verbs("install update"),
        _set("--jobs -j --retry --path --gemfile --without --with --binstubs"),
        default_verb="install",
    ),
    Manager(
        "go",
        _verbs("install get", mod="download tidy vendor"),
        _set("-ldflags -tags -gcflags -o -p -mod -modfile -overlay -pkgdir -C"),
    ),
    Manager(
        "cargo",
        _verbs("install fetch binstall"),
        _set(
            "--version --vers --git --branch --tag --rev --path --root --registry --index --features -F -j --jobs "
            "--profile --target --target-dir"
        ),
    ),
)
MANAGERS: Final[Mapping[str, Manager]] = {manager.name: manager for manager in _ALL}
OF_THE_SYSTEM: Final = frozenset({"apt-get", "apt", "aptitude", "apk", "dnf", "yum", "microdnf", "zypper"})
ALIASES: Final[Mapping[str, str]] = {"mamba": "conda", "micromamba": "conda", "bundler": "bundle", "dnf5": "dnf"}
PYTHON_MODULES: Final = frozenset({"pip", "uv", "poetry", "pipenv", "pdm"})
"""Managers that `python -m` runs."""
WRAPPERS: Final[Mapping[str, frozenset[str]]] = {
    "sudo": _set("-u --user -g --group -h --host -p --prompt -C -r -t"),
    "env": _set("-u --unset -C --chdir -S"),
    "time": _set("-f --format -o --output"),
    "nice": _set("-n --adjustment"),
    "ionice": _set("-c -n -p"),
    "nohup": frozenset(),
    "exec": _set("-a"),
    "command": frozenset(),
    "timeout": _set("-k --kill-after -s --signal"),
    "xargs": _set("-n -I -P -a -d -L -s -E --max-args --max-procs --arg-file --delimiter --replace"),
    "eatmydata": frozenset(),
    "setarch": frozenset(),
    "gosu": frozenset(),
    "mold": frozenset(),
}
"""Programs that run the command behind them, with their options that take a value."""
WITH_OPERAND: Final = frozenset({"timeout", "gosu", "setarch"})
"""Wrappers whose first operand is not the command."""
