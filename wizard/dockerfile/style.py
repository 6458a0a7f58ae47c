"""The habits of a file, so that what we add looks as if its author had written it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction

LINE_WIDTH = 100
"""Longer lines are continued on the next."""
_USUAL = "    "
_DEEPEST = 8
"""Blanks of an indentation that is a habit."""


class Style(NamedTuple):
    """How a file is written."""

    lower_case: bool
    """Of keywords."""
    newline: str
    indentation: str
    """Of continued lines."""
    and_leads: bool
    """True where `&&` stands at the beginning of a continued line, False where it ends the line before."""
    escape: str
    margin: str = ""
    """Blanks in front of the instructions of a stage."""

    def keyword(self, keyword: str) -> str:
        """The keyword in the file's case."""
        return keyword.lower() if self.lower_case else keyword.upper()

    @property
    def break_line(self) -> str:
        """A blank, the continuation, and the indentation of the next line."""
        return f" {self.escape}{self.newline}{self.indentation}"

    @property
    def and_break(self) -> str:
        """An `&&` between two commands that stand on lines of their own."""
        return f"{self.break_line}&& " if self.and_leads else f" &&{self.break_line}"

    def instruction(self, keyword: str, argument: str, flags: Sequence[str] = ()) -> str:
        """One instruction without a line end; several flags, or a long line, get lines of their own."""
        head = [f"{self.margin}{self.keyword(keyword)}", *flags[:1]]
        one_line = " ".join([*head, *flags[1:], argument])
        multiline = keyword.upper() == "RUN" and flags and (self.newline in argument or len(one_line) > LINE_WIDTH)
        if not multiline and len(flags) < 2:
            return one_line
        return self.break_line.join([" ".join(head), *flags[1:], argument])

    def run(self, commands: Iterable[str], flags: Sequence[str] = ()) -> str:
        """A RUN of an `&&` list, one command a line where there are several."""
        return self.instruction("RUN", self.and_break.join(commands), flags)


@lru_cache(maxsize=16)
def style_of(document: Document) -> Style:
    """The habits that most lines of a file show; the common ones where none shows any. Kept: every edit asks."""
    written = [instruction.written for instruction in document.instructions]
    indentations: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    margins: Counter[str] = Counter()
    leads = trails = 0
    for instruction in document.instructions:
        lines = instruction.argument_span.of(document.source).decode("utf-8", "replace").splitlines()
        continued = [line for line in lines[1:] if line.strip() and not line.lstrip().startswith("#")]
        if instruction.keyword != "FROM":
            margins[_margin(document, instruction)] += 1
        # The first one shows it: what follows may be a list of arguments, and lie deeper. Behind a blank line it shows
        # nothing, nor far to the right, where it hangs under a word of the line above.
        for line in continued[:1] if len(lines) > 1 and lines[1].strip() else []:
            blanks = line[: len(line) - len(line.lstrip())]
            indentations[instruction.keyword == "RUN"][blanks if len(blanks) <= _DEEPEST else _USUAL] += 1
        leads += sum(line.lstrip().startswith("&&") for line in lines[1:])
        trails += sum(bool(re.search(r"&&[ \t]*[\\`][ \t]*$", line)) for line in lines)
    usual = (indentations[True] or indentations[False]).most_common(1)
    return Style(
        lower_case=sum(word.islower() for word in written) * 2 > len(written),
        newline=document.newline,
        indentation=usual[0][0] if usual else _USUAL,
        and_leads=leads >= trails,
        escape=document.escape,
        margin=margins.most_common(1)[0][0] if margins else "",
    )


def _margin(document: Document, instruction: Instruction) -> str:
    start = document.source.rfind(b"\n", 0, instruction.keyword_span.start) + 1
    text = document.source[start : instruction.keyword_span.start]
    return "" if text.strip(b" \t") else text.decode()
