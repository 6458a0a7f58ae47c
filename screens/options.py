"""The command line's options. Pure argparse: nothing heavy may be imported here (start-up is a feature)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import wizard
from wizard.errors import BadInput

GOALS = ("speed", "size", "reproducible", "secure", "all")
SCENARIOS = ("cold", "unchanged", "source", "dependency")
USUAL_SCENARIOS = SCENARIOS[:3]

COMMANDS = {
    "wizard": "the wizard on a repository (the default; without a terminal the same as `plan`)",
    "inspect": "what is in the repo, and which engine and builder would be used",
    "plan": "what dockwiz proposes, and what it refuses and why; writes nothing",
    "apply": "write the selected proposals into the repo, undoable",
    "undo": "put the files back, byte for byte, as before the last apply",
    "build": "build the image with live progress, or replay a recorded build",
    "compare": "build before and after, measure both, and prove that they do the same job",
    "report": "the report of the last comparison",
    "history": "the measurements of this repo over time",
    "explain": "what a rule does, when it is safe, and why",
    "demo": "try it on a copy of a bundled sample",
    "doctor": "engine, builder, versions, what is missing and how to get it",
    "clean": "list, and with --yes remove, what dockwiz made: images, containers, cache mounts, copies",
    "completion": "a completion script for bash, zsh or tcsh",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One clear line, as for every other bad input."""
        raise BadInput(message, hint=f"see {self.prog} --help")


def make_parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser for these commands; making it for all of them takes time that a single one need not spend."""
    parser = _Parser(
        prog="dockwiz",
        description="From a slow, bloated Docker build to a proven, faster image in one terminal session.",
        epilog="`dockwiz [PATH]` without a command opens the wizard. Exit codes: 0 done; 1 proposals found "
        "(--exit-code) or images not equivalent; 2 bad usage or input; 3 no engine; 4 the build failed; "
        "130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"dockwiz {wizard.__version__}")
    # With a given `prog` argparse need not format a usage line, for which it imports shutil and all that compresses.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser, prog="dockwiz")
    for name in names:
        summary = COMMANDS[name]
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        _ADD[name](command)
    return parser


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; a first word that is no command is the PATH of the wizard."""
    words = list(arguments)
    first = next((word for word in words if not word.startswith("-")), None)
    asks_for_help = any(word in ("-h", "--help", "--version") for word in words)
    if (
        first is not None
        and words[0] == first
        and first not in COMMANDS
        and first.isalpha()
        and not Path(first).exists()
    ):
        raise BadInput(f"{first} is neither a command nor a folder here", hint="see dockwiz --help")
    if first not in COMMANDS and not (asks_for_help and first is None):
        words.insert(0, "wizard")
    known = words[0] in COMMANDS if words else False
    return make_parser(words[:1] if known else () if words == ["--version"] else COMMANDS).parse_args(words)


def _repo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the build context (.)")
    parser.add_argument("-f", "--file", metavar="FILE", help="the Dockerfile, relative to PATH")


def _project(parser: argparse.ArgumentParser) -> None:
    about = "the build context (.) that it was done for; else a folder around the one project that it was done for"
    parser.add_argument("path", nargs="?", type=Path, default=Path(), metavar="PATH", help=about)


def _select(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which proposals")
    group.add_argument("--only", type=_rules, metavar="ID,…", help="exactly these")
    group.add_argument("--skip", type=_rules, default=frozenset(), metavar="ID,…", help="all but these")
    group.add_argument("--all", action="store_true", help="those that wait for a review too")
    group.add_argument("--goal", choices=GOALS, help="review ones of this kind too")
    group.add_argument(
        "--torch-index", type=_index, metavar="URL", help="index of CPU torch wheels (default: PyTorch's)"
    )
    group.add_argument(
        "--online", action="store_true", help="ask registries and package indexes, for the rules that need them"
    )


def _as_the_callers_build(parser: argparse.ArgumentParser) -> None:
    """What the person's own way to build passes along; the specifications are those of `docker buildx build`."""
    parser.add_argument("--builder", metavar="NAME", help="the buildx builder")
    parser.add_argument("--target", metavar="STAGE")
    parser.add_argument("--build-arg", action="append", default=[], type=_pair, metavar="NAME[=VALUE]")
    parser.add_argument("--secret", action="append", default=[], metavar="SPEC")
    parser.add_argument("--ssh", action="append", default=[], metavar="SPEC")


def _rules(text: str) -> frozenset[str]:
    from wizard.rules.registry import RULES

    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown = names - {rule.ID for rule in RULES}
    if not names:
        raise argparse.ArgumentTypeError("names no rule: `dockwiz explain` lists them")
    if unknown:
        raise argparse.ArgumentTypeError(f"no rule named {', '.join(sorted(unknown))}: `dockwiz explain` lists them")
    return names


def _index(text: str) -> str:
    """The address of a package index: it goes into a RUN line and into version control."""
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https", "file") or not re.fullmatch(r"[\w.~:/@%+,=-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the address of an index")
    if parts.username or parts.password:
        raise argparse.ArgumentTypeError("the address holds a password, which would be written into the Dockerfile")
    return text


def _pair(text: str) -> tuple[str, str | None]:
    """NAME=VALUE, or NAME alone for the value of the environment variable."""
    name, equals, value = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value if equals else None


def _scenarios(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no scenario named {', '.join(unknown)}: there are {', '.join(SCENARIOS)}")
    return names


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _add_wizard(parser: argparse.ArgumentParser) -> None:
    _repo(parser)
    _select(parser)
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--plain", action="store_true", help="no screens: the same as `dockwiz plan`")


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    _repo(parser)
    parser.add_argument("--json", action="store_true", help="dockwiz.inspect/1")
    parser.add_argument("--context", action="store_true", help="list the eligible files of the build context")
    parser.add_argument("--why-context", metavar="FILE", help="why a file or folder is in the build context, or is not")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    _repo(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="dockwiz.plan/1")
    form.add_argument("--diff", action="store_true", help="the whole diff, as `git apply` takes it")
    form.add_argument("--sarif", action="store_true", help="SARIF 2.1.0")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 1 where the selection would change something"
    )
    _select(parser)


def _add_apply(parser: argparse.ArgumentParser) -> None:
    _repo(parser)
    parser.add_argument("--yes", action="store_true", help="really write")
    parser.add_argument("--output", type=Path, metavar="DIR", help="with --yes: write the files into DIR, not the repo")
    _select(parser)


def _add_undo(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument("--yes", action="store_true", help="really write")


def _add_build(parser: argparse.ArgumentParser) -> None:
    _repo(parser)
    parser.add_argument("--progress", choices=("auto", "plain", "json"), default="auto")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="show a recorded rawjson stream instead of building"
    )
    _as_the_callers_build(parser)
    parser.add_argument("--platform", metavar="PLATFORM,…")
    parser.add_argument("--cache-from", action="append", default=[], metavar="SPEC")
    parser.add_argument("--cache-to", action="append", default=[], metavar="SPEC")
    parser.add_argument("--tag", metavar="TAG")
    parser.add_argument("--no-cache", action="store_true")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit codes: 0 nothing speaks against the new image; 1 it is not equivalent, which includes that it does not "
        "build where the original does; 4 the original, or both, do not build; 2, 3 and 130 as everywhere."
    )
    _repo(parser)
    parser.add_argument("--before", metavar="WHAT", help="a folder, git:REVISION or image:REFERENCE")
    parser.add_argument("--after", metavar="WHAT", help="the same; default: now, or the plan not yet applied")
    parser.add_argument(
        "--scenario", type=_scenarios, default=USUAL_SCENARIOS, metavar="NAME,…", help=", ".join(SCENARIOS)
    )
    parser.add_argument("--runs", type=_positive, default=1, metavar="N", help="builds per side and scenario (1)")
    parser.add_argument("--link", metavar="TEXT", help="the network link in your words, for the report")
    parser.add_argument("--json", action="store_true", help="dockwiz.compare/1")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the report to FILE")
    _as_the_callers_build(parser)
    _select(parser)


def _add_report(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument("--format", choices=("md", "json"), default="md")
    parser.add_argument("--output", type=Path, metavar="FILE")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, default=Path(), metavar="PATH")
    parser.add_argument("--json", action="store_true")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", nargs="?", metavar="RULE")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sample", nargs="?", default="flask-ocr", metavar="SAMPLE")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--plain", action="store_true", help="no screens: plan, apply, compare, report")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="lay the copy out here (default: a private folder that `dockwiz clean` removes)",
    )
    _select(parser)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


def _add_clean(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="really remove")


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


_ADD = {
    "wizard": _add_wizard,
    "inspect": _add_inspect,
    "plan": _add_plan,
    "apply": _add_apply,
    "undo": _add_undo,
    "build": _add_build,
    "compare": _add_compare,
    "report": _add_report,
    "history": _add_history,
    "explain": _add_explain,
    "demo": _add_demo,
    "doctor": _add_doctor,
    "clean": _add_clean,
    "completion": _add_completion,
}
