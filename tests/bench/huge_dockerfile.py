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

Files = dict[str, str]
LONGEST = 60.0
"""Seconds after which a run is given up."""
LONGEST_LINE = 60_000
"""BuildKit refuses a physical line of more than 65,535 bytes."""


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
    "150 chained stages": lambda: _chain(150),
    "1500 chained stages": lambda: _chain(1500),
    "1500 bare stages": lambda: {
        "Dockerfile": "FROM a AS s0\n" + "".join(f"FROM s{n - 1} AS s{n}\n" for n in range(1, 1500))
    },
    "1500 stages side by side": lambda: _side_by_side(1500),
    "5000 RUN apt-get": lambda: _file(*(f"RUN apt-get update && apt-get install -y p{n}" for n in range(5000))),
    "5000 RUN pip": lambda: _file("COPY . .", *(f"RUN pip install p{n}" for n in range(5000))),
    "5000 RUN echo": lambda: _file(*(f"RUN echo {n}" for n in range(5000))),
    "5000 same RUN": lambda: _file(*("RUN echo" for _ in range(5000))),
    "2500 apt in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"apt-get install -y p{n}" for n in range(2500))),
    "2500 cd in one RUN": lambda: _file("RUN " + " && \\\n  ".join(f"cd d{n}" for n in range(2500))),
    "300000 comments": lambda: _file(*("# a comment" for _ in range(300_000)), "RUN echo"),
    "300000 comments in a RUN": lambda: _file(
        "RUN apt-get update && \\", *("# a comment" for _ in range(300_000)), " apt-get install -y curl"
    ),
    "300000 blank lines": lambda: _file(*("" for _ in range(300_000)), "RUN apt-get install curl"),
    "9000 ENV": lambda: _file(*(f"ENV V{n}=v{n}" for n in range(9_000)), "RUN pip install flask"),
    "9000 ENV each of the last": lambda: _file(
        "ENV V0=a", *(f"ENV V{n}=$V{n - 1}" for n in range(1, 9_000)), "RUN pip install flask"
    ),
    "9000 WORKDIR": lambda: _file(*(f"WORKDIR d{n % 2}" for n in range(9_000)), "RUN pip install flask"),
    "9000 ARG each of the last": lambda: _file(
        "ARG V0=a", *(f"ARG V{n}=$V{n - 1}" for n in range(1, 9_000)), "RUN pip install flask"
    ),
    "9000 global ARG each of the last": lambda: {
        "Dockerfile": "ARG V0=a\n"
        + "".join(f"ARG V{n}=$V{n - 1}\n" for n in range(1, 9_000))
        + "FROM python:$V8999\nRUN pip install flask\n"
    },
    "60 ARG doubled": lambda: _file(
        "ARG V0=aaaaaaaa", *(f"ARG V{n}=$V{n - 1}$V{n - 1}" for n in range(1, 60)), "RUN pip install flask"
    ),
    "60 ENV doubled": lambda: _file(
        "ENV V0=aaaaaaaa", *(f"ENV V{n}=$V{n - 1}$V{n - 1}" for n in range(1, 60)), "RUN pip install $V59"
    ),
    "5000 COPY": lambda: _file(
        *(f"COPY f{n % 50} /f{n}" for n in range(5000)), others={f"f{n}": "" for n in range(50)}
    ),
    "5000 COPY . and RUN": lambda: _file(
        *(f"COPY . /app{n}\nRUN pip install -r requirements.txt" for n in range(2500)),
        others={"requirements.txt": "flask\n"},
    ),
    "5000 LABEL": lambda: _file(*(f"LABEL k{n}=v" for n in range(5000))),
    "5000 USER": lambda: _file(*(f"USER u{n}\nRUN pip install flask" for n in range(2500))),
    "5000 SHELL": lambda: _file(*('SHELL ["/bin/bash", "-c"]\nRUN pip install flask' for _ in range(2500))),
    "one RUN of 2 MB": lambda: _file("RUN echo " + _wrapped(["word"] * 400_000)),
    "one RUN of 120 kB": lambda: _file("RUN echo " + _wrapped(["word"] * 24_000)),
    "1000 heredocs": lambda: _file(*(f"RUN <<EOF\napt-get install -y p{n}\necho\nEOF" for n in range(1000))),
    "1000 heredocs in a COPY": lambda: _file(
        "COPY " + " ".join(f"<<F{n}" for n in range(1000)) + " /app/",
        *(f"text\nF{n}" for n in range(1000)),
    ),
    "a heredoc of 5 MB": lambda: _file("RUN <<EOF", *("echo a line of a script" for _ in range(200_000)), "EOF"),
    "a heredoc of 120 kB": lambda: _file("RUN <<EOF", *("apt-get install -y curl" for _ in range(5000)), "EOF"),
    "50000 words of apt-get": lambda: _file(
        "RUN apt-get update && apt-get install -y " + _wrapped([f"p{n}" for n in range(50_000)])
    ),
    "15000 words of apt-get": lambda: _file(
        "RUN apt-get update && apt-get install -y " + _wrapped([f"p{n}" for n in range(15_000)])
    ),
    "15000 words of pip": lambda: _file("RUN pip install " + _wrapped([f"p{n}" for n in range(15_000)])),
    "20000 ONBUILD": lambda: _file(*(f"ONBUILD RUN echo {n}" for n in range(20_000))),
    "20000 ONBUILD triggered": lambda: {
        "Dockerfile": "FROM python:3.11 AS a\n"
        + "".join(f"ONBUILD RUN pip install p{n}\n" for n in range(20_000))
        + "FROM a\nRUN pip install flask\n"
    },
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
    "JSON 100000 entries": lambda: _file("CMD [" + _wrapped(['"a",'] * 100_000) + '"b"]'),
    "JSON 100000 deep": lambda: _file("CMD " + "[" * 60_000),
    "JSON COPY 20000 entries": lambda: _file("COPY [" + _wrapped(['"a",'] * 20_000) + '"b/"]'),
    "HEALTHCHECK of 60 kB": lambda: _file("HEALTHCHECK " + "--interval=1s " * 4000 + "CMD curl"),
    "RUN with 4000 mounts": lambda: _file(
        "RUN " + " ".join(f"--mount=type=cache,target=/c{n}" for n in range(2000)) + " pip install flask"
    ),
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
