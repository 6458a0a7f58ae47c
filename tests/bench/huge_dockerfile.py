"""How long `inspect` and `plan` take on files far larger than any person writes: the time must grow with the file.

`python -m tests.bench.huge_dockerfile WORD …` measures those alone whose name holds one of the words.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from wizard.inspection import MOST_INSTRUCTIONS, MOST_LINES, MOST_WORDS

Files = dict[str, str]
MOST, LINES, WORDS = MOST_INSTRUCTIONS, MOST_LINES, MOST_WORDS
"""The largest file that is read, and its longest instruction."""
LONGEST = 60.0
"""Seconds after which a run is given up."""
LONGEST_LINE = 60_000
"""BuildKit refuses a physical line of more than 65,535 bytes."""


UV_PROJECT = {"pyproject.toml": "[project]\nname = 'a'\nversion = '1'\n", "uv.lock": "version = 1\n"}
SCRIPTS = {f"s{n}.sh": "apt-get update\n" for n in range(50)}


def _file(*lines: str, others: Files | None = None) -> Files:
    return {"Dockerfile": "\n".join(("FROM python:3.11-slim", *lines)) + "\n", **(others or {})}


def _chain(stages: int) -> Files:
    return {
        "Dockerfile": "FROM debian:12 AS s0\nRUN apt-get update && apt-get install -y curl\n"
        + "".join(f"FROM s{n - 1} AS s{n}\nRUN apt-get install -y p{n}\n" for n in range(1, stages))
    }


def _side_by_side(stages: int) -> Files:
    return {
        "Dockerfile": "FROM debian:12 AS s0\nRUN apt-get update && apt-get install -y curl\n"
        + "".join(f"FROM debian:12 AS s{n}\nRUN apt-get install -y p{n}\nCOPY . /app\n" for n in range(1, stages))
        + "FROM debian:12\n"
        + "".join(f"COPY --from=s{n} /app /s{n}\n" for n in range(stages))
    }


def _wrapped(words: list[str]) -> str:
    """Words over many physical lines."""
    rows, row = [], ""
    for word in words:
        if len(row) > LONGEST_LINE:
            rows.append(row)
            row = ""
        row += f"{word} "
    return "\\\n".join([*rows, row])


def _nest(before: str, inside: str, after: str, depth: int) -> str:
    return before * depth + inside + after * depth


def _many_files(count: int) -> Files:
    return {f"d{n % 50}/f{n}.py": "" for n in range(count)}


CASES: dict[str, Callable[[], Files]] = {
    # -- stages --
    "chained stages": lambda: _chain(MOST // 2),
    "bare stages": lambda: {
        "Dockerfile": "FROM a AS s0\n" + "".join(f"FROM s{n - 1} AS s{n}\n" for n in range(1, MOST))
    },
    "stages side by side": lambda: _side_by_side(MOST // 4),
    "stages upon one": lambda: {
        "Dockerfile": "FROM python:3.11 AS a\nWORKDIR /app\nCOPY . .\n"
        + "".join(f"FROM a\nRUN pip install p{n}\n" for n in range(MOST // 2 - 2))
    },
    "COPY --from": lambda: {
        "Dockerfile": "FROM a AS s0\nRUN apt-get install -y gcc\nFROM a\nRUN pip install flask\n"
        + "".join(f"COPY --from=s0 /f{n} /f{n}\n" for n in range(MOST - 4))
    },
    # -- RUN --
    "RUN apt-get": lambda: _file(*(f"RUN apt-get update && apt-get install -y p{n}" for n in range(MOST - 1))),
    "RUN pip": lambda: _file("COPY . .", *(f"RUN pip install p{n}" for n in range(MOST - 2))),
    "RUN pip -r": lambda: _file(
        "COPY . .",
        *(f"RUN pip install -r r{n % 50}.txt" for n in range(MOST - 2)),
        others={f"r{n}.txt": f"p{n}==1.0\n" for n in range(50)},
    ),
    "RUN npm ci": lambda: _file("COPY . .", *("RUN npm ci" for _ in range(MOST - 2)), others={"package.json": "{}"}),
    "RUN uv sync": lambda: _file("COPY . .", *("RUN uv sync" for _ in range(MOST - 2)), others=UV_PROJECT),
    "RUN poetry install": lambda: _file("COPY . .", *("RUN poetry install" for _ in range(MOST - 2))),
    "RUN pip torch": lambda: _file(*("RUN pip install torch" for _ in range(MOST - 1))),
    "RUN echo": lambda: _file(*(f"RUN echo {n}" for n in range(MOST - 1))),
    "RUN sh": lambda: _file("COPY . .", *(f"RUN ./s{n % 50}.sh" for n in range(MOST - 2)), others=SCRIPTS),
    "RUN curl": lambda: _file(*(f"RUN curl -o f{n} https://example.org/f{n}" for n in range(MOST - 1))),
    "RUN chown": lambda: _file(
        *(f"COPY f{n % 50} /f{n}\nRUN chown -R 1000 /f{n}" for n in range(MOST // 2 - 1)),
        others={f"f{n}": "" for n in range(50)},
    ),
    "same RUN": lambda: _file(*("RUN echo" for _ in range(MOST - 1))),
    "RUN with a mount": lambda: _file(
        *(f"RUN --mount=type=cache,target=/root/.cache pip install p{n}" for n in range(MOST - 1))
    ),
    "apt in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"apt-get install -y p{n}" for n in range(WORDS // 5))),
    "pip in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"pip install p{n}" for n in range(WORDS // 5))),
    "cd in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"cd d{n}" for n in range(WORDS // 3))),
    "echo in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"echo {n}" for n in range(WORDS // 3))),
    "pipe in one RUN": lambda: _file("RUN " + " | \\\n  ".join(f"cat {n}" for n in range(WORDS // 3))),
    "one RUN of 2 MB": lambda: _file("RUN echo " + _wrapped(["word"] * 400_000)),
    "one RUN of 120 kB": lambda: _file("RUN echo " + _wrapped(["w" * 40] * (WORDS - 2))),
    "many words of apt-get": lambda: _file(
        "RUN apt-get update && apt-get install -y " + _wrapped([f"p{n}" for n in range(WORDS - 10)])
    ),
    "many words of pip": lambda: _file("RUN pip install " + _wrapped([f"p{n}" for n in range(WORDS - 10)])),
    "RUN with 2000 mounts": lambda: _file(
        "RUN " + " ".join(f"--mount=type=cache,target=/c{n}" for n in range(2000)) + " pip install flask"
    ),
    # -- what instructions set --
    "ENV": lambda: _file(*(f"ENV V{n}=v{n}" for n in range(MOST - 2)), "RUN pip install flask"),
    "ENV between": lambda: _file(*(f"ENV V{n}=v{n}\nRUN pip install p{n}" for n in range(MOST // 2 - 1))),
    "ENV each of the last": lambda: _file(
        "ENV V0=a", *(f"ENV V{n}=$V{n - 1}" for n in range(1, MOST - 2)), "RUN pip install flask"
    ),
    "ENV of the build": lambda: _file(*(f"ENV GIT_SHA{n}=$GIT_SHA" for n in range(MOST - 2)), "RUN pip install flask"),
    "ARG of the build": lambda: _file(*(f"ARG BUILD_DATE\nRUN pip install p{n}" for n in range(MOST // 2 - 1))),
    "WORKDIR": lambda: _file(*(f"WORKDIR d{n % 2}" for n in range(MOST - 2)), "RUN pip install flask"),
    "WORKDIR unknown": lambda: _file(*(f"WORKDIR $A\nRUN pip install p{n}" for n in range(MOST // 2 - 1))),
    "WORKDIR between": lambda: _file(*(f"WORKDIR /d{n}\nRUN pip install p{n}" for n in range(MOST // 2 - 1))),
    "ARG each of the last": lambda: _file(
        "ARG V0=a", *(f"ARG V{n}=$V{n - 1}" for n in range(1, MOST - 2)), "RUN pip install flask"
    ),
    "global ARG each of the last": lambda: {
        "Dockerfile": "ARG V0=a\n"
        + "".join(f"ARG V{n}=$V{n - 1}\n" for n in range(1, MOST - 2))
        + f"FROM python:$V{MOST - 3}\nRUN pip install flask\n"
    },
    "60 ARG doubled": lambda: _file(
        "ARG V0=aaaaaaaa", *(f"ARG V{n}=$V{n - 1}$V{n - 1}" for n in range(1, 60)), "RUN pip install flask"
    ),
    "60 ENV doubled": lambda: _file(
        "ENV V0=aaaaaaaa", *(f"ENV V{n}=$V{n - 1}$V{n - 1}" for n in range(1, 60)), "RUN pip install $V59"
    ),
    "PIP_CACHE_DIR": lambda: _file(*(f"ENV PIP_CACHE_DIR=/c{n}\nRUN pip install p" for n in range(MOST // 2 - 1))),
    "LABEL": lambda: _file(*(f"LABEL k{n}=v" for n in range(MOST - 1))),
    "LABEL of the build": lambda: _file(
        "ARG GIT_SHA", *(f"LABEL k{n}=$GIT_SHA\nRUN pip install p{n}" for n in range(MOST // 2 - 2))
    ),
    "USER": lambda: _file(*(f"USER u{n}\nRUN pip install flask" for n in range(MOST // 2 - 1))),
    "SHELL": lambda: _file(*('SHELL ["/bin/bash", "-c"]\nRUN pip install flask' for _ in range(MOST // 2 - 1))),
    "ONBUILD": lambda: _file(*(f"ONBUILD RUN echo {n}" for n in range(MOST - 1))),
    "ONBUILD triggered": lambda: {
        "Dockerfile": "FROM python:3.11 AS a\n"
        + "".join(f"ONBUILD RUN pip install p{n}\n" for n in range(MOST - 3))
        + "FROM a\nRUN pip install flask\n"
    },
    # -- copies --
    "COPY": lambda: _file(*(f"COPY f{n % 50} /f{n}" for n in range(MOST - 1)), others={f"f{n}": "" for n in range(50)}),
    "COPY . and RUN": lambda: _file(
        *(f"COPY . /app{n}\nRUN pip install -r requirements.txt" for n in range(MOST // 2 - 1)),
        others={"requirements.txt": "flask\n"},
    ),
    "COPY . to one place": lambda: _file(
        *("COPY . /app\nRUN pip install -r /app/requirements.txt" for n in range(MOST // 2 - 1)),
        others={"requirements.txt": "flask\n"},
    ),
    "COPY patterns": lambda: _file(
        *(f"COPY d{n % 50}/*.py /app/" for n in range(MOST - 2)), "RUN pip install flask", others=_many_files(2000)
    ),
    "COPY of many words": lambda: _file(
        "COPY " + _wrapped([f"d{n % 50}/f{n}.py" for n in range(WORDS - 2)]) + " /app/",
        "RUN pip install flask",
        others=_many_files(WORDS - 2),
    ),
    "ADD": lambda: _file(*(f"ADD f{n % 50} /f{n}" for n in range(MOST - 1)), others={f"f{n}": "" for n in range(50)}),
    # -- heredocs --
    "heredocs": lambda: _file(*(f"RUN <<EOF\napt-get install -y p{n}\necho\nEOF" for n in range(MOST - 1))),
    "1000 heredocs in a COPY": lambda: _file(
        "COPY " + " ".join(f"<<F{n}" for n in range(1000)) + " /app/",
        *(f"text\nF{n}" for n in range(1000)),
    ),
    "a heredoc of 5 MB": lambda: _file("RUN <<EOF", *("echo a line of a script" for _ in range(200_000)), "EOF"),
    "a heredoc of 120 kB": lambda: _file("RUN <<EOF", *("apt-get install -y curl" for _ in range(5000)), "EOF"),
    "a heredoc of 9000 lines": lambda: _file("RUN <<EOF", *(f"pip install p{n}" for n in range(9000)), "EOF"),
    # -- lines --
    "300000 comments": lambda: _file(*("# a comment" for _ in range(300_000)), "RUN echo"),
    "comments": lambda: _file(*("# a comment" for _ in range(LINES - 2)), "RUN apt-get install curl"),
    "comments in a RUN": lambda: _file(
        "RUN apt-get update && \\", *("# a comment" for _ in range(LINES - 3)), " apt-get install -y curl"
    ),
    "blank lines": lambda: _file(*("" for _ in range(LINES - 2)), "RUN apt-get install curl"),
    "lines of 60 kB": lambda: _file(*("# " + "a" * 60_000 for _ in range(16)), "RUN apt-get install curl"),
    "one line of 1 MB": lambda: _file("RUN echo " + "a" * 1_000_000),
    "continuations": lambda: _file("RUN a \\", *("a \\" for _ in range(LINES - 3)), "a"),
    # -- what nests --
    "$( ) 1000 deep": lambda: _file("RUN echo " + _nest("$(echo ", "a", ")", 1000)),
    "$( ) 10000 deep": lambda: _file("RUN echo " + _nest("$(", "a", ")", 9_000)),
    "( ) 10000 deep": lambda: _file("RUN " + _nest("(", "a", ")", 9_000)),
    "if 5000 deep": lambda: _file("RUN " + _nest("if a; then ", "b", "; fi", 3000)),
    "${:-} 1000 deep": lambda: _file("ENV A=" + _nest("${a:-", "b", "}", 1000), "RUN pip install $A"),
    "${:-} 10000 deep": lambda: _file("ENV A=" + _nest("${a:-", "b", "}", 10_000), "RUN pip install $A"),
    "${:-} 10000 deep in FROM": lambda: {"Dockerfile": "FROM " + _nest("${a:-", "b", "}", 10_000) + "\n"},
    "${:-} 10000 deep in RUN": lambda: _file("RUN pip install " + _nest("${a:-", "b", "}", 9_000)),
    "${:-} 10000 deep in COPY": lambda: _file("COPY " + _nest("${a:-", "b", "}", 10_000) + " /app"),
    "quotes 30000": lambda: _file("RUN echo " + "\"'" * 15_000),
    "backslashes 60000": lambda: _file("ENV A=" + "\\" * 60_000, "RUN echo " + "\\" * 60_000 + "a"),
    "JSON entries": lambda: _file("CMD [" + _wrapped(['"a",'] * (WORDS - 1)) + '"b"]'),
    "JSON 100000 deep": lambda: _file("CMD " + "[" * 60_000),
    "JSON COPY entries": lambda: _file("COPY [" + _wrapped(['"a",'] * (WORDS - 1)) + '"b/"]'),
    "HEALTHCHECK of 60 kB": lambda: _file("HEALTHCHECK " + "--interval=1s " * 4000 + "CMD curl"),
    "one long keyword": lambda: {"Dockerfile": "A" * 60_000 + "\n"},
    "zeros 5 MB": lambda: {"Dockerfile": "\0" * 5_000_000},
    "5 MB of one-byte lines": lambda: {"Dockerfile": "a\n" * 2_500_000},
    "5 MB of RUN lines": lambda: _file(*("RUN a" for _ in range(100_000))),
    "5 MB of continuations": lambda: _file("RUN a \\", *("a \\" for _ in range(500_000))),
    "ignore: 100000 names": lambda: _file(
        "COPY . .", others={".dockerignore": "".join(f"name{n}\n" for n in range(100_000)), **_many_files(2000)}
    ),
    "ignore: 100000 globs": lambda: _file(
        "COPY . .", others={".dockerignore": "".join(f"**/*{n}*.log\n" for n in range(100_000)), **_many_files(2000)}
    ),
    "ignore: 100000 exceptions": lambda: _file(
        "COPY . .",
        others={".dockerignore": "*\n" + "".join(f"!f{n}.py\n" for n in range(100_000)), **_many_files(2000)},
    ),
    "ignore: 100000 glob exceptions": lambda: _file(
        "COPY . .",
        others={".dockerignore": "**/*.py\n" + "".join(f"!**/x*{n}.py\n" for n in range(100_000)), **_many_files(2000)},
    ),
    "ignore: one glob of 60 kB": lambda: _file("COPY . .", others={".dockerignore": "*a" * 30_000, **_many_files(20)}),
    "ignore: class of 60 kB": lambda: _file(
        "COPY . .", others={".dockerignore": "[" + "a-z" * 20_000 + "]\n", **_many_files(20)}
    ),
    "ignore: 5 MB": lambda: _file("COPY . .", others={".dockerignore": "a" * 5_000_000}),
    "ignore: 300000 comments": lambda: _file("COPY . .", others={".dockerignore": "# a\n" * 300_000}),
}


def main() -> None:
    """Print the processor seconds of both commands: every case, or those that a word of the command line names."""
    words = sys.argv[1:]
    print(f"{'huge files':<34} inspect     plan")
    for name, case in CASES.items():
        if words and not any(word in name for word in words):
            continue
        with tempfile.TemporaryDirectory(prefix="dockwiz-bench-") as folder:
            _lay_out(Path(folder), case())
            row = [_run([command, folder, "--json"]) for command in ("inspect", "plan")]
        print(f"  {name:<32}" + " ".join(row), flush=True)


def _lay_out(folder: Path, files: Files) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def _run(words: list[str]) -> str:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "screens.cli", *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return f" over {LONGEST:.0f} s"
    answer = "" if done.returncode == 0 else f" (exit {done.returncode}: {done.stderr.decode().strip()[-150:]})"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return f"{after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:6.2f} s{answer}"


if __name__ == "__main__":
    main()
