"""requirements files, line by line, as pip reads them.

Source: pip's "Requirements File Format" page and its reader (`pip/_internal/req/req_file.py`): a line that ends in a
backslash goes on, a comment line ends it; `#` starts a comment at the line's start or after a blank; nested files are
relative to the including file, local projects to the working directory.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from wizard.errors import BadInput

if TYPE_CHECKING:
    from wizard.workspace import Workspace

Kind = Literal["requirement", "include", "constraint", "index", "option", "blank", "unknown"]

_COMMENT = re.compile(r"(?:^|(?<!\s)\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
# A name and plain versions: what most lines are. The others are left to packaging, whose import takes a while.
_SIMPLE = re.compile(
    r"""([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([A-Za-z0-9._,\s-]*)\])?\s*
    ((?:(?:==|~=|!=|<=|>=|<|>)\s*\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)*(?:\+[a-z0-9.]+|\.\*)?(?:\s*,\s*(?=[=<>!~]))?)*)""",
    re.VERBOSE,
)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WHEEL = re.compile(r"([^/]+?)-[0-9][^/]*\.whl(?:[#?].*)?$")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
_ARGUMENT_OPTIONS = {
    "-r": "include", "--requirement": "include",
    "-c": "constraint", "--constraint": "constraint",
    "-i": "index", "--index-url": "index", "--pypi-url": "index", "--extra-index-url": "index",
    "-f": "index", "--find-links": "index",
    "--trusted-host": "option", "--use-feature": "option", "--no-binary": "option", "--only-binary": "option",
}  # fmt: skip
_OPTIONS_ALONE = {
    "--no-index": "index", "--pre": "option", "--prefer-binary": "option", "--require-hashes": "option",
    "-Z": "option", "--always-unzip": "option",
}  # fmt: skip
_LONG_FORM = {"-r": "--requirement", "-c": "--constraint", "-i": "--index-url", "--pypi-url": "--index-url",
              "-f": "--find-links", "-e": "--editable"}  # fmt: skip


class Requirement(NamedTuple):
    """One package that a line asks for."""

    name: str | None
    """Normalised (PEP 503); None where the line does not tell, as for `-e .`."""
    specifier: str
    """The version specifier, e.g. `==2.1.0`; empty for any version."""
    extras: tuple[str, ...]
    marker: str
    """The environment marker after `;`, empty without one."""
    line: int
    text: str
    """The requirement as written, without comment and per-requirement options."""
    hashes: tuple[str, ...] = ()
    url: str | None = None
    """The address of a direct or version control requirement."""
    path: str | None = None
    """A local project or archive as written: pip takes it relative to the working directory, not to the file."""
    editable: bool = False

    @property
    def version(self) -> str | None:
        """The one version that the line pins with `==`, None where it does not."""
        match = re.fullmatch(r"={2,3}\s*([^\s,*]+)", self.specifier.strip())
        return match[1] if match else None


class RequirementLine(NamedTuple):
    """One logical line of the file; the `source` of all lines, joined, is the file."""

    kind: Kind
    line: int
    end_line: int
    source: str
    """Physical lines with their ends, exactly as written."""
    text: str
    """Continuations joined, the comment dropped, trimmed."""
    option: str = ""
    """Long form of the option of an include, constraint, index or option line, e.g. `--extra-index-url`."""
    value: str = ""
    """What the option is given: a path as written, or an address."""
    requirement: Requirement | None = None
    variables: tuple[str, ...] = ()
    """Environment variables that pip would put in (`${NAME}`)."""


class RequirementsFile(NamedTuple):
    """A requirements file; `path` relative to the root."""

    path: str
    encoding: str
    """Python's name for it; a byte order mark is part of it."""
    lines: tuple[RequirementLine, ...]

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        return tuple(line.requirement for line in self.lines if line.requirement is not None)

    @property
    def includes(self) -> tuple[RequirementLine, ...]:
        """The `-r` lines."""
        return tuple(line for line in self.lines if line.kind == "include")

    @property
    def constraints(self) -> tuple[RequirementLine, ...]:
        """The `-c` lines."""
        return tuple(line for line in self.lines if line.kind == "constraint")

    @property
    def indexes(self) -> tuple[RequirementLine, ...]:
        """Lines that say where packages come from: `-i`, `--extra-index-url`, `--no-index`, `-f`."""
        return tuple(line for line in self.lines if line.kind == "index")

    @property
    def unknown(self) -> tuple[RequirementLine, ...]:
        """Lines that this reader does not understand; nothing may be concluded about them."""
        return tuple(line for line in self.lines if line.kind == "unknown")

    @property
    def hashed(self) -> bool:
        """Whether pip checks hashes (one line with a hash is enough)."""
        return any(r.hashes for r in self.requirements) or any(line.option == "--require-hashes" for line in self.lines)

    def resolve(self, line: RequirementLine) -> str | None:
        """The root-relative path of an include or constraint line; None for an address or a path out of the root."""
        if _URL.match(line.value) or line.variables or line.value.startswith("/"):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), line.value))
        return None if path == ".." or path.startswith("../") else path


def normalise_name(name: str) -> str:
    """A package's name as indexes compare it (PEP 503): `Flask_Cors` as `flask-cors`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(workspace: Workspace, path: str) -> RequirementsFile:
    """The file, line by line, without the files it includes. Raises BadInput where it cannot be read as text."""
    return parse_requirements(workspace.read(path), path)


def read_tree(workspace: Workspace, path: str) -> tuple[RequirementsFile, ...]:
    """The file and every file it includes by `-r` or `-c`, depth first, each once (cycles end there).

    Included files that are missing, unreadable or not in the repo are left out: see `manifests`.
    """
    found: dict[str, RequirementsFile] = {}

    def visit(current: str) -> None:
        if current in found:
            return
        file = read_requirements(workspace, current)
        found[current] = file
        for line in (*file.includes, *file.constraints):
            target = file.resolve(line)
            if target is not None and workspace.is_file(target):
                try:
                    visit(target)
                except BadInput:
                    continue

    visit(path)
    return tuple(found.values())


@lru_cache(maxsize=64)
def parse_requirements(content: bytes, path: str) -> RequirementsFile:
    """Read the bytes of a requirements file. Raises BadInput where they are no text.

    The last few are remembered: every rule about an install reads the same ones.
    """
    text, encoding = _decode(content, path)
    return RequirementsFile(path, encoding, tuple(_read(number, last, source) for number, last, source in _join(text)))


def _decode(content: bytes, path: str) -> tuple[str, str]:
    encodings = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((name for mark, name in encodings.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput("is not text in UTF-8", path=path, line=line) from error


def _join(text: str) -> Iterator[tuple[int, int, str]]:
    """Logical lines: first and last line number, and the physical lines as written."""
    pending: list[str] = []
    start = 1
    for number, physical in enumerate(text.splitlines(keepends=True), start=1):
        if not pending:
            start = number
        pending.append(physical)
        bare = physical.rstrip("\r\n")
        if bare.endswith("\\") and not _COMMENT.match(bare):
            continue
        yield start, number, "".join(pending)
        pending = []
    if pending:
        yield start, start + len(pending) - 1, "".join(pending)


def _logical(source: str) -> str:
    """Continuations joined, the comment dropped, trimmed, as pip does it."""
    parts: list[str] = []
    for physical in source.splitlines():
        if _COMMENT.match(physical):
            parts.append(f" {physical}")
        else:
            parts.append(physical.removesuffix("\\"))
    return _COMMENT.sub("", "".join(parts)).strip()


def _read(line: int, end_line: int, source: str) -> RequirementLine:
    text = _logical(source)
    variables = tuple(_VARIABLE.findall(text))

    def result(
        kind: Kind, option: str = "", value: str = "", requirement: Requirement | None = None
    ) -> RequirementLine:
        return RequirementLine(kind, line, end_line, source, text, option, value, requirement, variables)

    if not text:
        return result("blank")
    if not text.startswith("-"):
        requirement = _requirement(text, line)
        return result("requirement", requirement=requirement) if requirement else result("unknown")
    name, value = _option(text)
    if name in ("-e", "--editable") and value:
        return result("requirement", "--editable", value, _local_or_url(value, line, editable=True))
    kinds: dict[str, str] = _ARGUMENT_OPTIONS if value else _OPTIONS_ALONE
    kind = kinds.get(name)
    if kind is None or (kind in ("include", "constraint") and re.search(r"\s-", value)):
        return result("unknown")
    return result(kind, _LONG_FORM.get(name, name), value)  # type: ignore[arg-type]  # a value of the tables above


def _option(text: str) -> tuple[str, str]:
    """`--name=value`, `--name value`, `-r value` and `-rvalue` as (name, value)."""
    if text.startswith("--"):
        name, _, value = re.sub(r"[=\s]", "\0", text, count=1).partition("\0")
    else:
        name, value = text[:2], text[2:].removeprefix("=")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return name, value


def _requirement(text: str, line: int) -> Requirement | None:
    body, _, options = text.partition(" --") if " --" in text else (text, "", "")
    hashes = tuple(re.findall(r"hash[=\s]+(\S+)", options))
    body = body.strip()
    if _URL.match(body) or _looks_local(body):
        found = _local_or_url(body, line, editable=False)
        return found._replace(hashes=hashes)
    if simple := _SIMPLE.fullmatch(body):
        extras = tuple(sorted(part.strip() for part in (simple[2] or "").split(",") if part.strip()))
        return Requirement(normalise_name(simple[1]), simple[3].strip(), extras, "", line, body, hashes)
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        parsed = Parsed(body)
    except InvalidRequirement:
        return None
    return Requirement(
        name=normalise_name(parsed.name),
        specifier=_specifier(body, parsed.name) or str(parsed.specifier),
        extras=tuple(sorted(parsed.extras)),
        marker=str(parsed.marker) if parsed.marker else "",
        line=line,
        text=body,
        hashes=hashes,
        url=parsed.url,
    )


def _specifier(body: str, name: str) -> str:
    """The specifier as written (packaging sorts it), trimmed; empty where it stands in parentheses or is none."""
    rest = re.sub(r"^\s*\[[^\]]*\]", "", body[len(name) :]).split(";")[0].strip()
    return rest if rest[:1] in "=<>!~" else ""


def _looks_local(body: str) -> bool:
    before_marker = re.split(r"\s*;", body)[0]
    if " @ " in before_marker or re.search(r"\w@\s*[a-z+]+:", before_marker):
        return False
    return before_marker.startswith((".", "/")) or "/" in before_marker or before_marker.endswith(_ARCHIVES)


def _local_or_url(value: str, line: int, *, editable: bool) -> Requirement:
    body, _, marker = value.partition(" ;") if " ;" in value else value.partition("; ")
    body = body.strip()
    egg = _EGG.search(body)
    wheel = _WHEEL.search(body)
    name = normalise_name(egg[1]) if egg else normalise_name(wheel[1]) if wheel else None
    if _URL.match(body) and not body.startswith("file:"):
        return Requirement(name, "", (), marker.strip(), line, value, url=body, editable=editable)
    extras = re.search(r"\[([^\]]*)\]$", body)
    path = re.sub(r"\[[^\]]*\]$", "", body.split("#")[0].removeprefix("file://").removeprefix("file:"))
    names = tuple(sorted(part.strip() for part in extras[1].split(",") if part.strip())) if extras else ()
    return Requirement(name, "", names, marker.strip(), line, value, path=path, editable=editable)
