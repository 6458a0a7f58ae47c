"""Where the project's own Python code writes files, as far as the text of the code tells."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from wizard.inspection.files import Listing, read_text
from wizard.inspection.gpu.evidence import is_test
from wizard.workspace import Workspace

_FILE_CALLS: Final = frozenset(
    {"connect", "FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler", "to_csv",
     "to_parquet", "to_json", "to_excel", "to_pickle", "savefig", "urlretrieve", "save", "save_pretrained", "imwrite"}
)  # fmt: skip
"""Called with the path of a file as the first argument; `connect` counts for sqlite3 alone."""
_OF_OS: Final = frozenset(
    {"makedirs", "mkdir", "remove", "unlink", "rename", "replace", "rmdir", "symlink", "chmod", "chown", "mknod",
     "rmtree", "copy", "copy2", "copyfile", "copytree", "move", "link"}
)  # fmt: skip
_OF_PATHS: Final = frozenset({"write_text", "write_bytes", "mkdir", "touch", "unlink", "rename", "symlink_to", "rmdir"})
_DATABASE: Final = re.compile(r"sqlite(?:\+\w+)?:///(?P<path>[^?]+)")
_BY_NAME: Final = re.compile(r"[\w./-]*\w\.(?:log|pid|sqlite3?)\Z")
"""A text that is the name of a file which something writes: a log, a database."""
_BY_FRAMEWORK: Final = frozenset({"MEDIA_ROOT", "FileSystemStorage"})
"""Django writes uploads there, without a call in the project's code."""
_LOOKS_FIRST: Final = re.compile(r"\bexists\(|\bis_?dir\(|\bFileExistsError\b")
_MAKES_FOLDER: Final = frozenset({"makedirs", "mkdir", "copytree"})


class Write(NamedTuple):
    """A place of the code that writes."""

    path: str
    """The source file, relative to the root."""
    line: int
    place: str | None
    """The folder that it writes into as the code has it (relative to the working directory); None where the text does
    not tell."""


def writes_of(workspace: Workspace, listing: Listing) -> tuple[Write, ...]:
    """Every write found in the code of the build context; tests do not count. Code that cannot be parsed is one whose
    place is not known."""
    found: list[Write] = []
    for path in listing.below(workspace.context):
        if not path.endswith(".py") or is_test(workspace.to_context(path) or path):
            continue
        text = read_text(workspace, path)
        if text is None:
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found.append(Write(path, 1, None))
            continue
        known = _constants(tree)
        looks_first = _LOOKS_FIRST.search(text) is not None
        parts = {id(part) for node in ast.walk(tree) for part in _parts(node)}
        for node in ast.walk(tree):
            if id(node) in parts:
                continue
            if not looks_first and _needs_a_new_folder(node):
                # It fails where the folder is there already, as one that is made for the user would be.
                found.append(Write(path, getattr(node, "lineno", 1), None))
                continue
            found += [Write(path, getattr(node, "lineno", 1), place) for place in _places(node, known)]
    return tuple(found)


def _constants(tree: ast.Module) -> dict[str, str]:
    """The names that the module binds once to a text or a path of one."""
    found: dict[str, str] = {}
    times: dict[str, int] = {}
    for node in ast.walk(tree):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                times[target.id] = times.get(target.id, 0) + 1
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = _text(node.value, found)
            if value is not None and times[node.targets[0].id] == 1:
                found[node.targets[0].id] = value
    return found


def _text(node: ast.expr | None, known: Mapping[str, str]) -> str | None:
    """The path that an expression stands for; of one that goes on with an unknown name, the folder up to there."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        start = str(node.values[0].value)
        return posixpath.dirname(start) + "/?" if "/" in start else None
    if isinstance(node, ast.Call) and _name(node.func) in ("Path", "PurePath", "str", "fspath") and len(node.args) == 1:
        return _text(node.args[0], known)
    if isinstance(node, ast.Call) and _name(node.func) == "join" and isinstance(node.func, ast.Attribute) and node.args:
        first = _text(node.args[0], known)
        return (
            None if first is None or isinstance(node.func.value, ast.Constant) else _joined(first, node.args[1:], known)
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        first = _text(node.left, known)
        return None if first is None else _joined(first, [node.right], known)
    return None


def _joined(first: str, rest: list[ast.expr], known: Mapping[str, str]) -> str:
    for node in rest:
        part = _text(node, known)
        first = posixpath.join(first, part if part is not None else "?")
    return first


def _needs_a_new_folder(node: ast.AST) -> bool:
    """Whether a call makes a folder, and fails where there is one."""
    if not isinstance(node, ast.Call) or _name(node.func) not in _MAKES_FOLDER:
        return False
    return not any(
        keyword.arg in ("exist_ok", "dirs_exist_ok") and isinstance(keyword.value, ast.Constant) and keyword.value.value
        for keyword in node.keywords
    )


def _parts(node: ast.AST) -> list[ast.Constant]:
    """The texts that an expression joins to a path: by themselves they are no places."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        operands = [node.right]
    elif isinstance(node, ast.Call) and _name(node.func) in ("join", "joinpath"):
        operands = node.args[1:]
    else:
        return []
    return [operand for operand in operands if isinstance(operand, ast.Constant)]


def _places(node: ast.AST, known: Mapping[str, str]) -> Iterator[str | None]:
    """The folders that a call writes into."""
    if isinstance(node, ast.Name) and node.id in _BY_FRAMEWORK:
        yield None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        database = _DATABASE.match(node.value)
        if database is not None and database["path"] != ":memory:":
            yield posixpath.dirname(database["path"]) or "."
        if _BY_NAME.match(node.value):
            yield posixpath.dirname(node.value) or (None if "sqlite" in node.value else ".")
        return
    last = next(iter(_parts(node)[-1:]), None)
    if last is not None and isinstance(last.value, str) and _BY_NAME.match(last.value):
        yield _folder(node if isinstance(node, ast.expr) else None, known, is_folder=False)
    if not isinstance(node, ast.Call):
        return
    name = _name(node.func)
    attribute = node.func if isinstance(node.func, ast.Attribute) else None
    owner = attribute.value if attribute else None
    of = owner.id if isinstance(owner, ast.Name) else ""
    if name == "open" and of != "os":
        if _for_writing(node, of_path=attribute is not None and of not in ("io", "codecs", "aiofiles", "gzip")):
            target = owner if attribute is not None and of not in ("io", "codecs", "aiofiles", "gzip") else _first(node)
            yield _folder(target, known, is_folder=False)
    elif name in _OF_OS and of in ("os", "shutil"):
        target = node.args[1] if of == "shutil" and name != "rmtree" and len(node.args) > 1 else _first(node)
        yield _folder(target, known, is_folder=name in _MAKES_FOLDER)
    elif attribute is not None and name in _OF_PATHS and of not in ("os", "shutil"):
        yield _folder(owner, known, is_folder=name == "mkdir")
    elif name in _FILE_CALLS and node.args and (name != "connect" or of == "sqlite3"):
        if not (isinstance(node.args[0], ast.Constant) and node.args[0].value == ":memory:"):
            yield _folder(node.args[0], known, is_folder=name == "save_pretrained")
    elif name == "basicConfig":
        for keyword in node.keywords:
            if keyword.arg == "filename":
                yield _folder(keyword.value, known, is_folder=False)


def _for_writing(node: ast.Call, *, of_path: bool) -> bool:
    """Whether an `open` may write; one whose mode is no text may."""
    at = 0 if of_path else 1
    modes = [*node.args[at : at + 1], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    if not modes:
        return False
    mode = modes[0].value if isinstance(modes[0], ast.Constant) else None
    return not isinstance(mode, str) or bool(set(mode) & set("wax+"))


def _folder(node: ast.expr | None, known: Mapping[str, str], *, is_folder: bool) -> str | None:
    text = _text(node, known)
    if text is None:
        return None
    return text if is_folder and "?" not in text else posixpath.dirname(text.partition("?")[0]) or "."


def _first(node: ast.Call) -> ast.expr | None:
    return node.args[0] if node.args else None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
