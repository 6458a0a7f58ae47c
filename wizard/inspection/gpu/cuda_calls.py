"""Which lines of Python code need a GPU, and which only use one where it is there.

Code that asks `torch.cuda.is_available()` first (or falls back in an `except`) runs on both. What decides is how the
code is written, never a run of it; in doubt a line counts as needing the GPU.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from typing import Literal

Verdict = Literal["needs", "guarded"]

WORTH_READING = re.compile(r"cuda|gpu|device_map", re.IGNORECASE)
"""A file without any of these has no such line; most files need not be parsed."""

_DEVICE = re.compile(r"cuda(:\d*)?")
_ASKS = frozenset({"is_available", "device_count", "is_built", "get_available_providers", "list_physical_devices"})
_HARMLESS_WITHOUT_GPU = frozenset(
    {"is_available", "device_count", "manual_seed", "manual_seed_all", "empty_cache", "is_initialized", "init",
     "seed", "seed_all", "autocast", "GradScaler", "custom_fwd", "custom_bwd", "is_built", "ipc_collect"}
)  # fmt: skip
"""Functions of torch.cuda that do nothing, or wait, where there is no GPU. Source: torch/cuda."""
_GPU_ONLY_NAMES = frozenset(
    {"StandardGpuResources", "index_cpu_to_gpu", "index_cpu_to_all_gpus", "require_gpu", "gpu_hist"}
)


def cuda_lines(source: str | bytes) -> dict[int, Verdict]:
    """For each 1-based line that mentions a GPU in code: whether it needs one. Raises SyntaxError, ValueError."""
    tree = ast.parse(source)
    text = source if isinstance(source, str) else source.decode("utf-8", "replace")
    reader = _Reader(_guards(tree, text))
    reader.block(tree.body, guarded=False)
    return dict(sorted(reader.found.items()))


def _guards(tree: ast.Module, text: str) -> frozenset[str]:
    """Names (variables, attributes, functions) whose value tells whether there is a GPU, or which device to use."""
    names: set[str] = set()
    if not any(word in text for word in _ASKS):
        # Every such name holds an answer to one of these questions.
        return frozenset()
    answers = tuple(_answers(tree))
    # Twice, so that `device = pick()` is known where `pick` stands further down.
    for _ in range(2):
        for given, values in answers:
            if any(_mentions(value, names) for value in values):
                names.update(given)
    return frozenset(names)


def _answers(tree: ast.Module) -> Iterator[tuple[tuple[str, ...], tuple[ast.expr, ...]]]:
    """The names that assignments and functions give to values, with the expressions of these values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield tuple(name for target in targets if (name := _dotted(target))), (node.value,)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returns = (part.value for part in ast.walk(node) if isinstance(part, ast.Return))
            yield (node.name,), tuple(value for value in returns if value is not None)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return ""


def _mentions(node: ast.AST, known: Set[str]) -> bool:
    """Whether an expression asks for a GPU, itself or by a name that holds the answer."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = _dotted(part.func)
            if name.rsplit(".", 1)[-1] in _ASKS or name.removeprefix("self.") in known or name in known:
                return True
        elif isinstance(part, ast.Name | ast.Attribute) and _dotted(part) in known:
            return True
    return False


class _Reader:
    """Walks statements and expressions, knowing whether a GPU is known to be there (or not to matter)."""

    def __init__(self, guards: frozenset[str]) -> None:
        self.guards = guards
        self.found: dict[int, Verdict] = {}

    def note(self, node: ast.AST, guarded: bool) -> None:
        line = getattr(node, "lineno", 1)
        if not guarded or line not in self.found:
            self.found[line] = "guarded" if guarded else "needs"

    def block(self, statements: list[ast.stmt], guarded: bool) -> None:
        for position, statement in enumerate(statements):
            self.statement(statement, guarded)
            # `if not available: return …` guards what follows.
            if isinstance(statement, ast.If) and self.false_without(statement.test) and _leaves(statement.body):
                self.block(statements[position + 1 :], guarded=True)
                return

    def statement(self, node: ast.stmt, guarded: bool) -> None:
        if isinstance(node, ast.If):
            self.expression(node.test, guarded=guarded)
            if self.false_without(node.test) and _gives_up(node.body):
                self.note(node, guarded)
            self.block(node.body, guarded or self.true_only_with(node.test))
            self.block(node.orelse, guarded or self.false_without(node.test))
        elif isinstance(node, ast.Try):
            falls_back = any(_falls_back(handler) for handler in node.handlers)
            self.block(node.body, guarded or falls_back)
            for handler in node.handlers:
                self.block(handler.body, guarded)
            self.block(node.orelse, guarded)
            self.block(node.finalbody, guarded)
        elif isinstance(node, ast.Assert):
            if self.true_only_with(node.test):
                self.note(node, guarded)
            else:
                self.expression(node.test, guarded)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child, guarded)
                elif isinstance(child, ast.arguments | ast.keyword | ast.withitem):
                    for part in _expressions(child):
                        self.expression(part, guarded)
                elif isinstance(child, ast.match_case):
                    self.block(child.body, guarded)
            for field in ("body", "orelse", "finalbody"):
                inner = getattr(node, field, None)
                if isinstance(inner, list):
                    self.block(inner, guarded)

    def expression(self, node: ast.expr, guarded: bool) -> None:
        if isinstance(node, ast.IfExp):
            self.expression(node.test, guarded)
            self.expression(node.body, guarded or self.true_only_with(node.test))
            self.expression(node.orelse, guarded or self.false_without(node.test))
            return
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for value in node.values:
                self.expression(value, guarded)
                guarded = guarded or self.true_only_with(value)
            return
        if isinstance(node, ast.Compare):
            # Comparing with "cuda" uses nothing; calls inside are looked at.
            for part in (node.left, *node.comparators):
                if not _is_constant(part):
                    self.expression(part, guarded)
            return
        if isinstance(node, ast.Constant | ast.JoinedStr):
            if _names_gpu(node):
                self.note(node, guarded)
            return
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            texts = {part.value for part in node.elts if isinstance(part, ast.Constant)}
            # A list of choices, or of providers with one that is always there.
            if texts & {"cpu", "CPUExecutionProvider"}:
                for part in node.elts:
                    if _names_gpu(part):
                        self.note(part, guarded=True)
                return
        if isinstance(node, ast.Call):
            self.call(node, guarded)
            return
        if isinstance(node, ast.Dict):
            for part in node.values:
                self.expression(part, guarded)
            return
        if isinstance(node, ast.Attribute) and node.attr in _GPU_ONLY_NAMES:
            self.note(node, guarded)
        for part in _expressions(node):
            self.expression(part, guarded)

    def call(self, node: ast.Call, guarded: bool) -> None:
        name = _dotted(node.func)
        last = name.rsplit(".", 1)[-1]
        if last == "cuda" and isinstance(node.func, ast.Attribute):
            self.note(node, guarded)
        of_cuda = ".cuda." in f".{name}" and last not in _HARMLESS_WITHOUT_GPU
        if of_cuda or (isinstance(node.func, ast.Name) and last in _GPU_ONLY_NAMES):
            self.note(node, guarded)
        if last in ("startswith", "endswith"):
            return
        for keyword in node.keywords:
            if keyword.arg == "accelerator" and _text(keyword.value) == "gpu":
                self.note(keyword.value, guarded)
            elif keyword.arg == "device_map" and _text(keyword.value) == "auto":
                self.note(keyword.value, guarded=True)
            elif keyword.arg == "device" and last == "pipeline" and _is_device_number(keyword.value):
                self.note(keyword.value, guarded)
        # torch.autocast("cuda") warns and does nothing where there is no GPU.
        for part in _expressions(node):
            self.expression(part, guarded or last in ("autocast", "GradScaler"))

    def true_only_with(self, test: ast.expr) -> bool:
        """Whether the test can be true only where a GPU is there (or chosen because it is)."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.false_without(test.operand)
        if isinstance(test, ast.BoolOp):
            found = [self.true_only_with(value) for value in test.values]
            return any(found) if isinstance(test.op, ast.And) else all(found)
        if isinstance(test, ast.Compare):
            return _comparison(test, _mentions(test, self.guards)) is True
        if isinstance(test, ast.Call) and _dotted(test.func).endswith("startswith"):
            return any(_names_gpu(part) for part in test.args)
        return _mentions(test, self.guards)

    def false_without(self, test: ast.expr) -> bool:
        """Whether the test is true where no GPU is there, so that its else branch has one."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.true_only_with(test.operand)
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
            return any(self.false_without(value) for value in test.values)
        return isinstance(test, ast.Compare) and _comparison(test, _mentions(test, self.guards)) is False


def _comparison(test: ast.Compare, asks: bool) -> bool | None:
    """True where a comparison holds only with a GPU, False where only without one, None where it does not tell."""
    operands = (test.left, *test.comparators)
    same = isinstance(test.ops[0], ast.Eq | ast.Is | ast.In)
    different = isinstance(test.ops[0], ast.NotEq | ast.IsNot | ast.NotIn)
    if not same and not different:
        return True if asks and isinstance(test.ops[0], ast.Gt | ast.GtE) else None
    negative = any(_text(part) == "cpu" or (isinstance(part, ast.Constant) and part.value in (0, False, None))
                   for part in operands)  # fmt: skip
    if negative or asks or any(_names_gpu(part) for part in operands):
        return same is not negative
    return None


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions directly inside a node, also inside its keywords, comprehensions and argument defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.keyword | ast.comprehension | ast.arguments | ast.withitem):
            yield from _expressions(child)


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Set)


def _is_device_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0


def _names_gpu(node: ast.AST) -> bool:
    """A text that is a CUDA device or something that only a GPU has: `"cuda"`, `f"cuda:{n}"`, `"gpu_hist"`."""
    if isinstance(node, ast.JoinedStr):
        return bool(node.values) and (_text(node.values[0]) or "").startswith("cuda:")
    text = _text(node)
    return text is not None and (_DEVICE.fullmatch(text) is not None or text in ("CUDAExecutionProvider", "gpu_hist"))


def _leaves(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return | ast.Continue | ast.Break)


def _gives_up(body: list[ast.stmt]) -> bool:
    """Whether a block ends the program or raises: then the code behind it cannot do without what was asked for."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _dotted(last.value.func) in ("exit", "quit", "sys.exit", "os._exit")
    return isinstance(last, ast.Raise)


def _falls_back(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches what CUDA raises and goes on."""
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
    names = {_dotted(part).rsplit(".", 1)[-1] for part in types}
    broad = handler.type is None or bool(names & {"Exception", "RuntimeError", "BaseException"})
    return broad and not any(isinstance(part, ast.Raise) for part in ast.walk(handler)) and not _gives_up(handler.body)
