"""A secret that a caller hands to a build."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from wizard.inspection.values import Caller


class Cannot(Exception):
    """A caller that cannot be changed; the message is the end of a sentence about it."""


class BuildSecret(NamedTuple):
    """A secret by the id that its mount has in the Dockerfile."""

    id: str
    file: str | None = None
    """The file in the build context that holds it, relative to the context; None for the environment variable of the
    same name as the id."""
    optional: bool = True
    """A caller that hands no build argument of that name is left as it is."""

    def place(self, caller: Caller) -> str:
        """Where the caller finds the file, as it names its context. Raises Cannot."""
        if caller.context is None or "$" in caller.context or "://" in caller.context:
            raise Cannot("the folder of its build context is not written out")
        return posixpath.normpath(posixpath.join(caller.context, self.file or ""))


def sole_variable(value: str, *, make: bool = False) -> str | None:
    """The variable that a value consists of (`$X`, `${X}`, `${X:-}`, with `make` also `$(X)` and `$$X`), else None."""
    dollar = r"\${1,2}" if make else r"\$"
    found = re.fullmatch(rf"{dollar}(?:(\w+)|\{{(\w+)(?::?[-?][^}}$]*)?\}}|\((\w+)\))", value)
    if found is None or (found[3] and not make):
        return None
    return found[1] or found[2] or found[3]
