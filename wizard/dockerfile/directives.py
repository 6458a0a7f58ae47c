"""Parser directives in the head of a file: what a line says, and the options of `# check=`.

Source: BuildKit's frontend/dockerfile/parser/directives.go and linter/linter.go (0.25).
"""

from __future__ import annotations

import re
from typing import Final

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.errors import quoted
from wizard.dockerfile.lexer import trim
from wizard.dockerfile.lines import BYTE_ORDER_MARK

_DIRECTIVE: Final = re.compile(rb"#[\t\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=(.+)\Z", re.DOTALL)
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_BOOLEANS: Final = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})


def read_directive(line: bytes) -> tuple[str, str] | None:
    """Name (lower case) and value of a directive; None for any other line. The line comes without its end."""
    found = _DIRECTIVE.match(line)
    name = found[1].decode().lower() if found else ""
    if found is None or name not in _DIRECTIVES:
        return None
    # A value has at least one character: of blanks alone, the last is it.
    return name, decode(found[2].strip(b"\t\f\r ") or found[2][-1:])


def detected(source: bytes, name: str) -> tuple[int, str] | None:
    """Offset and value of the `# check=` or `# syntax=` that BuildKit obeys.

    It looks for those two by themselves, before anything else: a `#!` line may stand before it, indentation may not.
    """
    at = len(BYTE_ORDER_MARK) if source.startswith(BYTE_ORDER_MARK) else 0
    if source.startswith(b"#!", at):
        at = (source.find(b"\n", at) + 1) or len(source)
    seen: set[str] = set()
    while at < len(source):
        end = source.find(b"\n", at)
        end = len(source) if end < 0 else end
        directive = read_directive(source[at:end].removesuffix(b"\r"))
        if directive is None or directive[0] in seen:
            return None
        if directive[0] == name:
            return at, directive[1]
        seen.add(directive[0])
        at = end + 1
    return None


def check_options_refusal(value: str) -> str | None:
    """What BuildKit says of options that it cannot read."""
    for option in trim(value).split(";", 2) if trim(value) else ():
        key, has_value, text = option.partition("=")
        key = trim(key)
        if not has_value:
            return f"failed to parse check options: invalid check option {quoted(option)}"
        if key not in ("skip", "experimental", "error"):
            return f"failed to parse check options: invalid check option {quoted(key)}"
        if key == "error" and trim(text) not in _BOOLEANS:
            reason = f"strconv.ParseBool: parsing {quoted(trim(text))}: invalid syntax"
            return f"failed to parse check options: failed to parse check option {quoted(option)}: {reason}"
    return None
