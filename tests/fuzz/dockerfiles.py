"""Dockerfiles out of a seeded generator: every form of BuildKit's grammar, in order, odd, and almost right.

`dockerfile(dice)` depends on the dice alone, so a seed names a file; hypothesis drives it as well, with
`strategies.randoms()`. Images are only ever named `scratch`, `IMAGE` or like a stage of the file, so that a check of
one needs no registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.fuzz.vocabulary import (
    ARGUMENTS,
    BAD,
    BLANKS,
    BODY,
    DIRECTIVES,
    FLAGS,
    HEREDOCS,
    IMAGE,
    JSON,
    KEYWORDS,
    NASTY,
    ODD_HEREDOCS,
    ODD_WORDS,
    VALUES,
    WORDS,
)


def dockerfile(dice: Random) -> bytes:
    """A file of some twenty lines at most. About half of them build, as far as their words go; some hold bytes put in
    or taken out at random."""
    text = _Writer(dice).file()
    if dice.random() < 0.12:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    source = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.12:
        source = source.rstrip(b"\r\n")
    if dice.random() < 0.05:
        source = b"\xef\xbb\xbf" + source
    if dice.random() < 0.15:
        for _ in range(dice.randint(1, 3)):
            at = dice.randint(0, len(source))
            source = source[:at] + dice.choice((b"", *NASTY)) + source[at + dice.choice((0, 0, 1, 1, 2)) :]
    return source


class _Writer:
    """Writes one file; remembers its escape character and the stages and heredocs it has named so far."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.mistakes = dice.choice((0.0, 0.02, 0.1))
        self.escape = "\\"
        self.stages: list[str] = []
        self.terminators: list[str] = []

    def pick(self, choices: Sequence[str]) -> str:
        if BAD in choices:
            at = choices.index(BAD)
            choices = choices[at + 1 :] if self.chance(self.mistakes) else choices[:at]
        return self.dice.choice(choices)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def times(self, *numbers: int) -> range:
        return range(self.dice.choice(numbers))

    def file(self) -> str:
        lines = [self.pick(DIRECTIVES) for _ in self.times(0, 0, 0, 0, 1, 1, 2)]
        if any("`" in line for line in lines) and self.chance(0.8):
            self.escape = "`"
        lines += [self.between() for _ in self.times(0, 0, 0, 1, 2)]
        if self.chance(0.3):
            lines.append(
                self.pick(
                    ("ARG V=scratch\n", "ARG V\n", "ARG X=1\n", "ARG V=scratch X=$V\n", BAD, "ENV a=b\n", "ARG\n")
                )
            )
        lines += [self.base() for _ in range(not self.chance(self.mistakes / 4))]
        for _ in self.times(0, 1, 1, 2, 2, 3, 4, 6):
            kind = self.dice.random()
            lines.append(self.between() if kind < 0.15 else self.base() if kind < 0.25 else self.instruction())
        return "".join(lines)

    def between(self) -> str:
        """A line that is no instruction."""
        return self.pick(
            (
                "\n",
                "  \n",
                "\t\n",
                "# c\n",
                "  # c \\\n",
                "#\n",
                "# escape=`\n",
                "\r\n",
                "\x0b\n",
                "\xa0# c\n",
                BAD,
                "\\\n",
                "\\ \n",
            )
        )

    def base(self) -> str:
        known = ("scratch", "scratch", IMAGE, *self.stages, *("${V:-scratch}", "'scratch'") * self.chance(0.1))
        bad = (
            "${V}",
            "$V",
            "Scratch",
            '"scratch"',
            "",
            "--",
            "a:b:c",
            "''",
            "${V",
            "-a",
            "0/A",
            "a\xa0b",
            "SCRATCH",
            "$V:A",
            ":1",
        )
        words = [self.spelled("FROM"), *self.some_flags("FROM", 0.1), self.pick((*known, BAD, *bad))]
        if self.chance(0.45):
            stage = self.pick(
                ("a", "b", "Build", "x-1", "s_2.3", "c", "d", BAD, "1a", "é", "a b", "", "$V", "a/b", "A:1", "scratch")
            )
            self.stages += [stage.lower()] if stage.isascii() and stage.isalpha() else []
            words += [self.pick(("AS", "AS", "AS", "as", "As", BAD, "IS", "")), stage]
        return self.line(words)

    def instruction(self) -> str:
        keyword = self.pick(KEYWORDS)
        words = [self.spelled(keyword)]
        while keyword == "ONBUILD" and len(words) < 3:
            keyword = self.pick(KEYWORDS)
            words.append(self.spelled(keyword))
        words += self.some_flags(keyword, 0.3)
        odd = self.chance(0.25 if keyword in ("RUN", "CMD") else self.mistakes)
        words += [self.pick(ODD_WORDS) for _ in self.times(0, 1, 2, 3, 4)] if odd else self.argument(keyword)
        return self.line(words) + self.bodies()

    def some_flags(self, keyword: str, share: float) -> list[str]:
        flags = FLAGS.get(keyword, ("--x", "--x=1"))
        share = share if keyword in FLAGS else self.mistakes
        found = [self.pick(flags) for _ in self.times(1, 1, 2)] if self.chance(share) else []
        if keyword == "COPY" and self.stages and self.chance(0.15):
            found.append(f"--from={self.pick(self.stages)}")
        return found if self.chance(0.2) else list(dict.fromkeys(found))

    def argument(self, keyword: str) -> list[str]:
        if keyword in ARGUMENTS:
            return [self.pick(ARGUMENTS[keyword])]
        if keyword in ("ENV", "LABEL"):
            return self.pairs()
        if keyword in ("COPY", "ADD"):
            return self.paths()
        if self.chance(0.25 if keyword == "RUN" else 0.5):
            return [self.pick(JSON)]
        words = [self.pick(WORDS) for _ in self.times(1, 2, 3, 5)]
        while keyword == "RUN" and self.chance(0.25):
            words.insert(self.dice.randint(0, len(words)), self.heredoc())
        return words

    def pairs(self) -> list[str]:
        if self.chance(0.2):
            return [
                self.pick(("A", "A", "$X", "A.b", BAD, "A'", "")),
                *(self.pick(VALUES) for _ in self.times(1, 2, 3)),
            ]
        names = ("A", "B", "X", "a.b", '"a"', "$X", "é", BAD, "", '"a b', "${")
        found = [f"{self.pick(names)}={self.pick(VALUES)}" for _ in self.times(1, 1, 2, 3)]
        return [*found, *([self.pick(ODD_WORDS)] if self.chance(self.mistakes) else [])]

    def paths(self) -> list[str]:
        if self.chance(0.2):
            return [self.pick(JSON)]
        names = (
            "a",
            "b/",
            "/x/",
            ".",
            "*.c",
            "$X",
            "${X:-y}",
            "'a b'",
            "a\\ b",
            "é",
            "[[]x",
            "../a",
            "a;b",
            BAD,
            "'",
            "${X",
            "\\",
        )
        words = [self.pick(names) for _ in self.times(2, 2, 2, 3, 1 if self.mistakes else 4)]
        while self.chance(0.2):
            words.insert(
                self.dice.randint(0, len(words) if self.chance(self.mistakes) else len(words) - 1), self.heredoc()
            )
        return words

    def heredoc(self) -> str:
        word, terminator = self.dice.choice(ODD_HEREDOCS if self.chance(self.mistakes) else HEREDOCS)
        if terminator:
            self.terminators.append(terminator)
        return word

    def bodies(self) -> str:
        """The heredocs that the last line opened, now and then with one terminator wrong or missing."""
        text = ""
        for terminator in self.terminators:
            text += "".join(self.pick(BODY) for _ in self.times(0, 1, 1, 2, 3))
            text += self.pick(
                (
                    f"{terminator}\n",
                    f"{terminator}\n",
                    f"{terminator}\r\n",
                    BAD,
                    f"\t{terminator}\n",
                    "",
                    f"{terminator} \n",
                )
            )
        self.terminators.clear()
        return text

    def spelled(self, keyword: str) -> str:
        split = keyword[:1] + self.joint() + keyword[1:]
        return self.pick((keyword,) * 8 + (keyword.lower(), keyword.title(), BAD, keyword + "\xa0", split, keyword[1:]))

    def joint(self) -> str:
        """What stands between two words."""
        if self.chance(0.75):
            return " "
        sign = self.escape if not self.chance(self.mistakes) else self.pick(("\\", "`"))
        return self.pick((
            "  ", "\t", "\x0b", "\r", f" {sign}\n", f" {sign}\n", f" {sign}  \n  ", f" {sign}\t\r\n\t",
            f" {sign}\n# c\n", f" {sign}\n\n",
            f" {sign}\n  # c {sign}\n ", f" {sign}\n \t\n{sign}\n ", f" {sign}\n# c\n\n#\n  ", f" {sign}\n\xa0\n ",
            f" {sign}\n\xa0# c\n ",
            BAD, f"{sign}\n", "", "\xa0", f" {sign}{sign}\n", f" {sign} # c\n", f" {sign}\xa0\n", f" {sign}\x0b\n",
        ))  # fmt: skip

    def line(self, words: Sequence[str]) -> str:
        text = self.pick(BLANKS) + words[0]
        for word in words[1:]:
            text += self.joint() + word
        sign = self.escape
        ends = ("\n",) * 12 + (
            "\r\n",
            " \n",
            "\n\n",
            "\t\r\n",
            "\xa0\n",
            f" {sign}\n\n",
            BAD,
            f" {sign}\n",
            sign,
            f" {sign}\r\n# c\n",
        )
        return text + self.pick(ends)
