"""Dockerfiles out of a seeded generator: every form of BuildKit's grammar, in order, odd, and almost right.

`dockerfile(dice)` depends on the dice alone, so a seed names a file; hypothesis drives it as well, with
`strategies.randoms()`. Images are only ever named `scratch`, `IMAGE` or like a stage of the file, so that a check of
one needs no registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

IMAGE: Final = "debian:bookworm-slim"
"""The one image of the generated files; every engine of the tests has it."""

BAD: Final = "\0bad"
"""In a table: what stands behind it is mostly refused, and comes as often as the file has mistakes."""

_KEYWORDS: Final = (
    *("RUN",) * 9, *("COPY",) * 6, *("ENV",) * 4, *("ADD", "ARG", "CMD", "LABEL", "ONBUILD", "HEALTHCHECK") * 2,
    "ENTRYPOINT", "EXPOSE", "MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", BAD, "FORM", "COPPY",
    "#", "--",
)  # fmt: skip
_BLANKS: Final = ("", "", "", "", " ", "\t", "\xa0", "\u2003")
_WORDS: Final = (
    "a", "b", "/x/", ".", "é", "漢", "-x", "--", "k=v", 'k="v w"', "'q r'", '"d e"', "=", "$X", "${Y}", "${Y:-z}",
    "#x", "# y", "&&", "|", ";", "||", "(", ")", "{", "}", ">", "<", "2>&1", "*", "?", "CMD", "NONE", "AS", "RUN",
)  # fmt: skip
_ODD_WORDS: Final = (
    *_WORDS, "\\", "\\\\", "`", "``", "'", '"', "\xa0", "\u2003", "\x85", "\x0b", "\f", "\r", "\x00", "\ufeff", "\\ ",
    "\\#", "\\'", '\\"', "${", "${}", "${X", "${X:", "${X:+y}", "${X#a*}", "${X%%b}", "${X/a/b}", "${X//a}", "${X:?e}",
    "${X-${Y}}", "$$", "$(", "$((1 << 2))", "<<", "<<-", "<<<", "<<<h", "3<<X", "<< ", "--f", "--f=1", "--=", "\x1c",
    "--mount=type=cache,target=/c", '["a", "b"]', '["a"', "['a']", "[1]", "[]", "[", '["a"] b', '["a", 1]', "{}",
)  # fmt: skip
_VALUES: Final = (
    "1", "a", "/usr/bin:$PATH", "$X", "${X:-d}", "${X:+d}", "\\$X", '"a b"', "'a $X'", '"a\\"b"', "a\\ b", "é", "", "=",
    "a=b", "${X#a}", "${X%b}", "${X/a/b}", "#c", "${Y:-${X}}", '"\\\\"', "${X##*/}", "${X%%.*}", "${X//a/b}", "${1}",
    "$1",
    BAD, "'", '"', "${X", "${X:?e}", "${}", "${X:#a}", "${X#\\a}", "${X/a}", "${X^}",
)  # fmt: skip
_JSON: Final = (
    '["a"]', '["a", "b"]', '[ "a" , "b c" ]', '["a","b","c"]', '["é\\u00e9", "\\"", "\\\\"]', '["/bin/sh", "-c"]',
    '["a",\t"b"]', '["a", ""]', '["a", "b"', '["a", "b",]', "['a', 'b']", '["a", "b"] c', '["a", "b"] # c', '["a" "b"]',
    '["a", "\\x"]', '["a\tb", "c"]', '["a", NaN]', '["a", "b"]]', '[\xa0"a", "b"]', '["\\ud800", "b"]', '["a", "\x7f"]',
    '["$X", "b"]', '["a", "\\ud83d\\ude00"]', BAD, "[]", "[ ]", '["a", 1]', "[null]", "[true, 1]", '[["a"]]',
    "[1e999, 2]", "[-]",
    '{"a": "b"}', '"a"', "[01]", '["a", {}]', "[1 2]", "[0.]", '["a", 1e5]', "[-0, 1]",
)  # fmt: skip
_FLAGS: Final = {
    "RUN": (
        "--mount=type=cache,target=/c", "--mount=type=bind,target=/b,rw", "--mount=target=/b", "--mount=type=ssh",
        "--mount=type=secret,id=s", "--network=none", "--network=host", "--mount=type=tmpfs,target=/t,size=1m",
        "--mount=type=cache,target=/c,sharing=locked", "--mount=type=cache,target=$X", '--mount=type=cache,"target=/c"',
        "--mount=type=ssh,required", "--mount=type=cache,target=/c,uid=1,mode=0755",
        "--mount=type=${Y:-cache},target=/c",
        "--mount=TYPE=Cache,dst=/c", "--mount='type=cache,target=/c'", "--network=default",
        "--mount=type=secret,id=s,env=S",
        BAD, "--mount", "--mount=", "--mount=type=nothing,target=/c", "--mount=type=cache, target=/c", "--network",
        "--nett=none",
        "--mount=type=cache,target", "--mount=type=cache,target=/c,sharing=no", "--mount=type=cache,target=/c,mode=9",
        "--mount=type=bind,target=/b,mode=7", "--mount=type=tmpfs,size=1x", "--mount=target=/b,required",
        "--network=sandbox",
        "--mount=type=cache,target=/c,uid=a", "--mount=type=tmpfs,target=/t,ro=maybe", '--mount=type=cache,"target',
        "--mount=from=$X",
        "--mount=type=secret", "--mount=type=secret,id=s,source=t", "--mount=type=bind,target=/b,sharing=locked",
        "--mount=,", "--Mount=a",
        "--network=", "--mount=type=bind", "--mount=type=cache", "--mount=from=a$,target=/a",
        "--network=none --network=none",
    ),
    "COPY": (
        "--link", "--link=true", "--link=FALSE", "--chown=1:2", "--chown=$X", "--chmod=755", "--chmod=u+x",
        "--exclude=*.a",
        "--exclude=a", "--from=", "--chown='a b'", BAD, "--from=0", "--from=1", "--from=99", "--from=-1",
        "--link=maybe", "--link=",
        "--chmod", "--chmod=9", "--chmod=a", "--from=$X", "--form=0", "--parents", "--chown=${X", "--chmod=$X",
        "--LINK", "--link --link",
        "--from='", "--exclude=[", "--chmod=", "--from=+0",
    ),
    "ADD": (
        "--link", "--chown=1", "--chmod=644", "--keep-git-dir", "--unpack", "--unpack=false", "--exclude=a", BAD,
        "--checksum=sha256:0",
        "--keep-git-dir=1", "--from=0", "--checksum=", "--checksum", "--chmod=$X",
    ),
    "HEALTHCHECK": (
        "--interval=5s", "--timeout=1m30s", "--retries=3", "--start-period=0", "--start-interval=1.5h", "--retries=",
        "--interval=",
        "--interval=.5s", "--retries=+3", "--interval=1h30m5.5s10ms", "--retries=007", BAD, "--interval=5",
        "--interval=-1s",
        "--interval=1ns", "--retries=-1", "--retries=a", "--timeout", "--retries=99999999999", "--interval=1us",
        "--interval=1h-1s",
        "--interval=.s", "--retries=1_0", "--interval=9999999h", "--interval=0.0s", "--interval=-0s", "--interval=1.s",
        "--retries=2147483648",
        "--timeout=0.001ms", "--timeout=1d", "--interval=5m5", "--retries= 3", "--interval=+5s", "--timeout=1µs",
    ),
    "FROM": ("--platform=linux/amd64", "--platform=$BUILDPLATFORM", BAD, "--platform=", "--platform", "--plat=linux",
    "--platform=a b"),
}  # fmt: skip
_ARGUMENTS: Final = {
    "ARG": ("X", "X=1", "X=$Y", "X=1 Y", "X=", "X Y=2", "TARGETARCH", 'X="a b"', "1=2", BAD, "=1", "'X'=1", "", '"',
    "X='", "X=${"),
    "EXPOSE": ("80", "80/tcp 443", "80-90/udp", "80:90", BAD, "$X", "a", "0", "70000", "90-80", "80/x", "", "'80'",
    "${X"),
    "HEALTHCHECK": (
        "NONE", "CMD a", 'CMD ["a", "b"]', "none", "cmd a", 'CMD ["a"', "Cmd\ta b", BAD, "CMD", "NONE a", "SHELL a",
        "CMD []", "",
        "CMD [1]", "NONE []", 'NONE ["a"]',
    ),
    "MAINTAINER": ("a", "a b <c@d>", '"a', BAD, "", "--x"),
    "SHELL": ('["/bin/sh", "-c"]', '["a"]', BAD, "[]", "/bin/sh", "", '["a", 1]'),
    "STOPSIGNAL": ("SIGTERM", "9", "SIGRTMIN+3", BAD, "$X", "", "a b", "--x", "NOSIG", "${X"),
    "USER": ("root", "1:2", "$X", "a b", "'a'", BAD, "", "${X:-a", '"'),
    "VOLUME": ('["/a"]', "/a /b", "$X", '["$X", "a"]', BAD, "", '[""]', '["/a", ""]', "[]", "'/a"),
    "WORKDIR": ("/a", "a", "$X", "a b", "'/a b'", "/a/../b", "C:\\a", BAD, "", "'", "${X"),
}  # fmt: skip
_DIRECTIVES: Final = (
    "# check=skip=all\n", "#check=skip=JSONArgsRecommended\n", "# check=error=false\n", "# escape=\\\n",
    "# escape = ` \n",
    "#\tEscape=`\n", "#\x0bescape=`\n", "# escape\n", "# other=1\n", "#! /bin/sh\n", " # escape=`\n", "# escape=`\r\n",
    "#\xa0escape=`\n", "# c\n",
    "\n", BAD, "# escape=x\n", "# escape=\n", "# escape=``\n", "# escape=`\xa0\n", "# check=nothing\n",
    "# check=skip\n", "# escape= \t\n",
)  # fmt: skip
_HEREDOCS: Final = (
    ("<<EOF", "EOF"), ("<<EOF", "EOF"), ("<<-EOF", "EOF"), ("<<'EOF'", "EOF"), ('<<"EOF"', "EOF"), ("<<-'E F'", "E F"),
    ("<<\\EOF", "EOF"), ("<<E\\ F", "E F"), ("3<<X", "X"), ("<< EOF", "EOF"), ("<<\tEOF", "EOF"), ("<<E'O'F", "EOF"),
    ("<<$X", "$X"), ("<<${X}", "${X}"), ("<<é", "é"), ("a<<EOF", ""), ('"<<EOF"', ""), ("'<<EOF'", ""),
    ("<<EOF|cat", "EOF|cat"),
    ("\\<<EOF", ""), ("<\\<EOF", ""), ("<<<EOF", ""), ("<<FROM", "FROM"), ("<<EOF,", "EOF,"), ("<<.", "."),
    ("<<--", "-"),
    ("<<#", "#"), ("<<'E\"F'", 'E"F'), ("<<EOF)", "EOF)"), ("<<E\\'F", "E'F"), ("<<`EOF", "`EOF"), ("<<E$", "E$"),
)  # fmt: skip
_ODD_HEREDOCS: Final = (
    ("<<- EOF", "EOF"), ("<<${X:-a}", "${X:-a}"), ("<<EOF;x", "EOF"), ("<<EOF>f", "EOF"), ("<<''", ""), ('<<""', ""),
    ("<<'E", "'E"),
    ('<<E"', 'E"'), ("<<A<<B", "B"), ("<<\\", "\\"), ("<<-", "-"), ("<<\xa0EOF", "EOF"), ("<<EOF\\", "EOF"),
    ("<<\x0bEOF", "EOF"),
    ("<<\fEOF", "EOF"), ("<<\ufeffEOF", "EOF"), ("<<E\xa0F", "E"), ("<<' '", " "), ("<<\"$X\"", "$X"),
    ("<<${X#a}", "${X#a}"),
)  # fmt: skip
_BODY: Final = (
    "a\n", "\n", "  b \\\n", "# c\n", "RUN x\n", "FROM y\n", "\tEOF\n", "EOF \n", " EOF\n", "\t\tc\n", "$X\n", "é\n",
    "'\n", "EOF\r\n",
    "<<EOF\n", "#!/bin/sh\n",
)  # fmt: skip
_NASTY: Final = (
    b"\\", b"`", b"'", b'"', b"$", b"{", b"}", b"<", b"<<", b"#", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\\\n", b"\x00",
    b"\xff",
    b"\xc3", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\x0b", b"\x0c", b"\x1c", b"=", b"[", b"]",
    b",", b"--",
    b"-", b"EOF", b"\x7f", b"\xed\xa0\x80",
)  # fmt: skip


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
            source = source[:at] + dice.choice((b"", *_NASTY)) + source[at + dice.choice((0, 0, 1, 1, 2)) :]
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
        lines = [self.pick(_DIRECTIVES) for _ in self.times(0, 0, 0, 0, 1, 1, 2)]
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
        keyword = self.pick(_KEYWORDS)
        words = [self.spelled(keyword)]
        while keyword == "ONBUILD" and len(words) < 3:
            keyword = self.pick(_KEYWORDS)
            words.append(self.spelled(keyword))
        words += self.some_flags(keyword, 0.3)
        odd = self.chance(0.25 if keyword in ("RUN", "CMD") else self.mistakes)
        words += [self.pick(_ODD_WORDS) for _ in self.times(0, 1, 2, 3, 4)] if odd else self.argument(keyword)
        return self.line(words) + self.bodies()

    def some_flags(self, keyword: str, share: float) -> list[str]:
        flags = _FLAGS.get(keyword, ("--x", "--x=1"))
        share = share if keyword in _FLAGS else self.mistakes
        found = [self.pick(flags) for _ in self.times(1, 1, 2)] if self.chance(share) else []
        if keyword == "COPY" and self.stages and self.chance(0.15):
            found.append(f"--from={self.pick(self.stages)}")
        return found if self.chance(0.2) else list(dict.fromkeys(found))

    def argument(self, keyword: str) -> list[str]:
        if keyword in _ARGUMENTS:
            return [self.pick(_ARGUMENTS[keyword])]
        if keyword in ("ENV", "LABEL"):
            return self.pairs()
        if keyword in ("COPY", "ADD"):
            return self.paths()
        if self.chance(0.25 if keyword == "RUN" else 0.5):
            return [self.pick(_JSON)]
        words = [self.pick(_WORDS) for _ in self.times(1, 2, 3, 5)]
        while keyword == "RUN" and self.chance(0.25):
            words.insert(self.dice.randint(0, len(words)), self.heredoc())
        return words

    def pairs(self) -> list[str]:
        if self.chance(0.2):
            return [
                self.pick(("A", "A", "$X", "A.b", BAD, "A'", "")),
                *(self.pick(_VALUES) for _ in self.times(1, 2, 3)),
            ]
        names = ("A", "B", "X", "a.b", '"a"', "$X", "é", BAD, "", '"a b', "${")
        found = [f"{self.pick(names)}={self.pick(_VALUES)}" for _ in self.times(1, 1, 2, 3)]
        return [*found, *([self.pick(_ODD_WORDS)] if self.chance(self.mistakes) else [])]

    def paths(self) -> list[str]:
        if self.chance(0.2):
            return [self.pick(_JSON)]
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
        word, terminator = self.dice.choice(_ODD_HEREDOCS if self.chance(self.mistakes) else _HEREDOCS)
        if terminator:
            self.terminators.append(terminator)
        return word

    def bodies(self) -> str:
        """The heredocs that the last line opened, now and then with one terminator wrong or missing."""
        text = ""
        for terminator in self.terminators:
            text += "".join(self.pick(_BODY) for _ in self.times(0, 1, 1, 2, 3))
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
        text = self.pick(_BLANKS) + words[0]
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
