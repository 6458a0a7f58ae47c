"""Variable expansion as BuildKit does it, where the values are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.lexer import LexError, lex

PLATFORM_ARGUMENTS: Final = frozenset(
    f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
) | {"TARGETSTAGE"}
"""Set by BuildKit, known in FROM lines; a stage has to declare them."""
PROXY_ARGUMENTS: Final = frozenset(
    name
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (proxy, proxy.lower())
)
"""Build arguments that RUN sees without a declaration."""


class Variables(Mapping[str, str | None]):
    """Variables on top of an image whose own are not known: what is not here may be set, to something unknown."""

    def __init__(self, known: Mapping[str, str | None]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> str | None:
        return self._known.get(name)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def expand(text: str, variables: Mapping[str, str | None], escape: str = "\\") -> str | None:
    """The word with its quotes, escapes and variables resolved.

    A variable that maps to None has a value nobody knows before the build, one that is missing is unset. None where
    the result depends on an unknown value, or BuildKit would not expand it at all.
    """
    try:
        lexed = lex(text, variables, escape)
    except LexError:
        return None
    return lexed.text if lexed.known else None


def hashable(build_arguments: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The build arguments as what is kept of a file is looked up by them."""
    return tuple(sorted((build_arguments or {}).items()))


def global_values(document: Document, build_arguments: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """What FROM lines see: the ARGs before the first FROM with their defaults, and the platform arguments.

    An ARG without a default is unknown unless `build_arguments` has it.
    """
    return dict(_global_values(document, hashable(build_arguments)))


@lru_cache(maxsize=64)
def _global_values(document: Document, build_arguments: tuple[tuple[str, str], ...]) -> Mapping[str, str | None]:
    """Kept: every question about a base image asks again."""
    given = dict(build_arguments)
    values: dict[str, str | None] = dict.fromkeys(PLATFORM_ARGUMENTS)
    for instruction in document.global_arguments():
        for pair in pairs(instruction):
            name = expand(pair.name, values, document.escape) or pair.name
            if name in given:
                values[name] = given[name]
            elif pair.value is not None:
                values[name] = expand(pair.value, values, document.escape)
            elif name not in values:
                values[name] = None
    return values


def expanded_base(document: Document, stage: Stage, build_arguments: Mapping[str, str] | None = None) -> str | None:
    """The image or stage that FROM names, with the defaults of the ARGs before it; None where one has no default."""
    if not set(stage.base) & set("$'\"\\`"):
        return stage.base
    return expand(stage.base, global_values(document, build_arguments), document.escape)
