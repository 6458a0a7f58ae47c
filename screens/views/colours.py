"""Syntax colours by Pygments, as roles. Slow to load: call from a thread, and show plain text until then."""

from __future__ import annotations

from collections.abc import Sequence

from screens.lines import Line, Span

Coloured = Sequence[Line]
MOST_LINES = 5000


def colour(text: str, path: str) -> Coloured | None:
    """The lines of a text with roles for keywords, strings, comments and numbers; None where the format is unknown.

    The text of the lines is exactly that of `text.split("\\n")`.
    """
    from pygments.lexer import Lexer
    from pygments.lexers import get_lexer_for_filename
    from pygments.lexers.configs import DockerLexer
    from pygments.util import ClassNotFound

    if text.count("\n") > MOST_LINES:
        return None
    name = path.rsplit("/", 1)[-1]
    lexer: Lexer
    if "dockerfile" in name.lower() or "containerfile" in name.lower():
        lexer = DockerLexer(stripnl=False, ensurenl=False)
    else:
        try:
            lexer = get_lexer_for_filename(name, stripnl=False, ensurenl=False)
        except ClassNotFound:
            return None
    lines: list[list[Span]] = [[]]
    for token, value in lexer.get_tokens(text):
        role = _role(str(token))
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append(Span(part, role))
    coloured = tuple(tuple(spans) for spans in lines)
    same = [("".join(span.text for span in spans)) for spans in coloured] == text.split("\n")
    return coloured if same else None


def _role(token: str) -> str:
    for part, role in (
        ("Comment", "code-comment"),
        ("String", "code-string"),
        ("Number", "code-number"),
        ("Keyword", "code-keyword"),
    ):
        if part in token:
            return role
    return ""
