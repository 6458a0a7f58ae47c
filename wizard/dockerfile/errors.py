"""What can be wrong with a Dockerfile, or with edits of one."""

from __future__ import annotations

from wizard.errors import DockwizError


class DockerfileError(DockwizError):
    """BuildKit would refuse the file; `message` has its words, `line` and `column` are 1-based."""


class EditConflict(DockwizError):
    """Edits that cannot be made: two change the same bytes, or one would change more than it names."""


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def quoted(text: str) -> str:
    """The text in quotes, as BuildKit's messages have it (Go's `%q`)."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
