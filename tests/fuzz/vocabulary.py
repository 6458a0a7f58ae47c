"""What generated Dockerfiles are put together of: words and lines of BuildKit's grammar, and some that it refuses."""

from __future__ import annotations

from typing import Final

IMAGE: Final = "debian:bookworm-slim"
"""The one image of the generated files; every engine of the tests has it."""

BAD: Final = "\0bad"
"""In a table: what stands behind it is mostly refused, and comes as often as the file has mistakes."""

KEYWORDS: Final = (
    *("RUN",) * 9, *("COPY",) * 6, *("ENV",) * 4, *("ADD", "ARG", "CMD", "LABEL", "ONBUILD", "HEALTHCHECK") * 2,
    "ENTRYPOINT", "EXPOSE", "MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", BAD, "FORM", "COPPY",
    "#", "--",
)  # fmt: skip
BLANKS: Final = ("", "", "", "", " ", "\t", "\xa0", "\u2003")
WORDS: Final = (
    "a", "b", "/x/", ".", "é", "漢", "-x", "--", "k=v", 'k="v w"', "'q r'", '"d e"', "=", "$X", "${Y}", "${Y:-z}",
    "#x", "# y", "&&", "|", ";", "||", "(", ")", "{", "}", ">", "<", "2>&1", "*", "?", "CMD", "NONE", "AS", "RUN",
)  # fmt: skip
ODD_WORDS: Final = (
    *WORDS, "\\", "\\\\", "`", "``", "'", '"', "\xa0", "\u2003", "\x85", "\x0b", "\f", "\r", "\x00", "\ufeff", "\\ ",
    "\\#", "\\'", '\\"', "${", "${}", "${X", "${X:", "${X:+y}", "${X#a*}", "${X%%b}", "${X/a/b}", "${X//a}", "${X:?e}",
    "${X-${Y}}", "$$", "$(", "$((1 << 2))", "<<", "<<-", "<<<", "<<<h", "3<<X", "<< ", "--f", "--f=1", "--=", "\x1c",
    "--mount=type=cache,target=/c", '["a", "b"]', '["a"', "['a']", "[1]", "[]", "[", '["a"] b', '["a", 1]', "{}",
)  # fmt: skip
VALUES: Final = (
    "1", "a", "/usr/bin:$PATH", "$X", "${X:-d}", "${X:+d}", "\\$X", '"a b"', "'a $X'", '"a\\"b"', "a\\ b", "é", "", "=",
    "a=b", "${X#a}", "${X%b}", "${X/a/b}", "#c", "${Y:-${X}}", '"\\\\"', "${X##*/}", "${X%%.*}", "${X//a/b}", "${1}",
    "$1",
    BAD, "'", '"', "${X", "${X:?e}", "${}", "${X:#a}", "${X#\\a}", "${X/a}", "${X^}",
)  # fmt: skip
JSON: Final = (
    '["a"]', '["a", "b"]', '[ "a" , "b c" ]', '["a","b","c"]', '["é\\u00e9", "\\"", "\\\\"]', '["/bin/sh", "-c"]',
    '["a",\t"b"]', '["a", ""]', '["a", "b"', '["a", "b",]', "['a', 'b']", '["a", "b"] c', '["a", "b"] # c', '["a" "b"]',
    '["a", "\\x"]', '["a\tb", "c"]', '["a", NaN]', '["a", "b"]]', '[\xa0"a", "b"]', '["\\ud800", "b"]', '["a", "\x7f"]',
    '["$X", "b"]', '["a", "\\ud83d\\ude00"]', BAD, "[]", "[ ]", '["a", 1]', "[null]", "[true, 1]", '[["a"]]',
    "[1e999, 2]", "[-]",
    '{"a": "b"}', '"a"', "[01]", '["a", {}]', "[1 2]", "[0.]", '["a", 1e5]', "[-0, 1]",
)  # fmt: skip
FLAGS: Final = {
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
ARGUMENTS: Final = {
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
DIRECTIVES: Final = (
    "# check=skip=all\n", "#check=skip=JSONArgsRecommended\n", "# check=error=false\n", "# escape=\\\n",
    "# escape = ` \n",
    "#\tEscape=`\n", "#\x0bescape=`\n", "# escape\n", "# other=1\n", "#! /bin/sh\n", " # escape=`\n", "# escape=`\r\n",
    "#\xa0escape=`\n", "# c\n",
    "\n", BAD, "# escape=x\n", "# escape=\n", "# escape=``\n", "# escape=`\xa0\n", "# check=nothing\n",
    "# check=skip\n", "# escape= \t\n",
)  # fmt: skip
HEREDOCS: Final = (
    ("<<EOF", "EOF"), ("<<EOF", "EOF"), ("<<-EOF", "EOF"), ("<<'EOF'", "EOF"), ('<<"EOF"', "EOF"), ("<<-'E F'", "E F"),
    ("<<\\EOF", "EOF"), ("<<E\\ F", "E F"), ("3<<X", "X"), ("<< EOF", "EOF"), ("<<\tEOF", "EOF"), ("<<E'O'F", "EOF"),
    ("<<$X", "$X"), ("<<${X}", "${X}"), ("<<é", "é"), ("a<<EOF", ""), ('"<<EOF"', ""), ("'<<EOF'", ""),
    ("<<EOF|cat", "EOF|cat"),
    ("\\<<EOF", ""), ("<\\<EOF", ""), ("<<<EOF", ""), ("<<FROM", "FROM"), ("<<EOF,", "EOF,"), ("<<.", "."),
    ("<<--", "-"),
    ("<<#", "#"), ("<<'E\"F'", 'E"F'), ("<<EOF)", "EOF)"), ("<<E\\'F", "E'F"), ("<<`EOF", "`EOF"), ("<<E$", "E$"),
)  # fmt: skip
ODD_HEREDOCS: Final = (
    ("<<- EOF", "EOF"), ("<<${X:-a}", "${X:-a}"), ("<<EOF;x", "EOF"), ("<<EOF>f", "EOF"), ("<<''", ""), ('<<""', ""),
    ("<<'E", "'E"),
    ('<<E"', 'E"'), ("<<A<<B", "B"), ("<<\\", "\\"), ("<<-", "-"), ("<<\xa0EOF", "EOF"), ("<<EOF\\", "EOF"),
    ("<<\x0bEOF", "EOF"),
    ("<<\fEOF", "EOF"), ("<<\ufeffEOF", "EOF"), ("<<E\xa0F", "E"), ("<<' '", " "), ("<<\"$X\"", "$X"),
    ("<<${X#a}", "${X#a}"),
)  # fmt: skip
BODY: Final = (
    "a\n", "\n", "  b \\\n", "# c\n", "RUN x\n", "FROM y\n", "\tEOF\n", "EOF \n", " EOF\n", "\t\tc\n", "$X\n", "é\n",
    "'\n", "EOF\r\n",
    "<<EOF\n", "#!/bin/sh\n",
)  # fmt: skip
NASTY: Final = (
    b"\\", b"`", b"'", b'"', b"$", b"{", b"}", b"<", b"<<", b"#", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\\\n", b"\x00",
    b"\xff",
    b"\xc3", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\x0b", b"\x0c", b"\x1c", b"=", b"[", b"]",
    b",", b"--",
    b"-", b"EOF", b"\x7f", b"\xed\xa0\x80",
)  # fmt: skip
