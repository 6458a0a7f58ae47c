"""Commands that clean up behind a package manager."""

from __future__ import annotations

import re
from typing import Final

from wizard.dockerfile.installs import manager_words, program, unwrap
from wizard.dockerfile.shell import Command

_LISTS: Final = re.compile(r"/var/lib/apt/lists(?:/\*(?:/\*)?|/)?\Z")
_CACHES: Final = (
    ("apt", re.compile(r"/var/cache/apt(?:/.*)?\Z|/var/lib/apt/lists/.+\Z")),
    ("apk", re.compile(r"(?:/var/cache/apk|/etc/apk/cache)(?:/.*)?\Z")),
    ("dnf", re.compile(r"/var/cache/(?:dnf|yum|libdnf5)(?:/.*)?\Z")),
    ("pip", re.compile(r"(?:/root|~|\$HOME|\$\{HOME\}|/home/[^/]+)/\.cache(?:/pip)?(?:/.*)?\Z")),
    ("npm", re.compile(r"(?:/root|~|\$HOME|\$\{HOME\}|/home/[^/]+)/\.npm(?:/.*)?\Z")),
)
_CLEAN_VERBS: Final = {
    ("apt-get", "clean"), ("apt-get", "autoclean"), ("apt", "clean"), ("apt", "autoclean"), ("aptitude", "clean"),
    ("apk", "cache"), ("dnf", "clean"), ("yum", "clean"), ("microdnf", "clean"), ("zypper", "clean"), ("zypper", "cc"),
    ("npm", "cache"), ("yarn", "cache"), ("pnpm", "store"), ("pip", "cache"), ("uv", "cache"), ("poetry", "cache"),
    ("pdm", "cache"), ("conda", "clean"), ("go", "clean"),
}  # fmt: skip
_LISTS_VERBS: Final = frozenset({"distclean", "dist-clean"})
"""Of apt and apt-get: removes the lists (apt-get(8) of Debian 13)."""
_CLEAN_WORDS: Final = frozenset({"clean", "purge", "prune", "clear", "remove"})


def cleans(command: Command) -> str | None:
    """What a cleaning command cleans, None for any other.

    `apt-lists`, or the manager whose cache goes: apt, apk, dnf, zypper, npm, yarn, pnpm, pip, uv, poetry, pdm, conda,
    go.
    An `rm` counts where every path of it belongs to one of these.
    """
    _, words = unwrap(command)
    values = [word.value if word.value is not None else word.text for word in words]
    if not values:
        return None
    name = program(words[0])
    if name == "rm":
        paths = [value for value in values[1:] if not value.startswith("-")]
        kinds = {_cleaned(path) for path in paths}
        if not kinds or None in kinds:
            return None
        return "apt-lists" if "apt-lists" in kinds else min(kind for kind in kinds if kind)
    name, words = manager_words(words)
    operands = [word.value for word in words[1:] if word.value and not word.value.startswith("-")]
    if name in ("apt", "apt-get") and operands and operands[0] in _LISTS_VERBS:
        return "apt-lists"
    if not operands or (name, operands[0]) not in _CLEAN_VERBS:
        return None
    if operands[0] in ("cache", "store") and not set(operands[1:]) & _CLEAN_WORDS:
        return None
    return {"apt-get": "apt", "aptitude": "apt", "yum": "dnf", "microdnf": "dnf"}.get(name, name)


def _cleaned(path: str) -> str | None:
    if _LISTS.match(path):
        return "apt-lists"
    return next((kind for kind, pattern in _CACHES if pattern.match(path)), None)
