"""Steps that use docker/build-push-action, changed to hand over a secret.

Source: docs.docker.com, GitHub Actions, Build secrets: inputs `secrets` (id=value a line) and `secret-files`.
"""

from __future__ import annotations

import re

from wizard.inspection.callers.command_line import indentation
from wizard.inspection.callers.given import BuildSecret, Cannot
from wizard.inspection.values import Caller


def in_action(text: str, caller: Caller, secret: BuildSecret) -> str:
    """The workflow with the step's build argument turned into a secret, its other bytes as they were. Raises Cannot."""
    if "build-push-action" not in caller.text:
        raise Cannot("only docker/build-push-action is looked into")
    lines = text.splitlines(keepends=True)
    first = (caller.line or 1) - 1
    start, end, indent = _inputs(lines, first)
    newline = "\r\n" if lines[first].endswith("\r\n") else "\n"
    if secret.file is not None:
        return _added(lines, end, indent, "secret-files", f"{secret.id}=./{secret.place(caller)}", start, newline)
    value = f"${{{{ secrets.{secret.id} }}}}"
    for number in range(start, end):
        found = re.fullmatch(rf"(?P<key>\s*build-args:\s*)?\s*[\"']?{secret.id}=(?P<value>.*?)[\"']?\s*", lines[number])
        if found is None:
            continue
        if not re.fullmatch(r"\$\{\{[^}]*\}\}", found["value"]):
            raise Cannot("the value that it hands over is no expression of the workflow")
        value = found["value"]
        lines[number] = ""
        if found["key"] is None:
            above = number - 1
            block = re.fullmatch(r"\s*build-args:\s*[|>][-+]?\s*", lines[above]) is not None
            more = number + 1 < end and indentation(lines[number + 1]) > indent and lines[number + 1].strip()
            if block and not more:
                lines[above] = ""
        break
    else:
        if secret.id in caller.build_args:
            raise Cannot("how it hands over the build argument is not looked into")
    return _added(lines, end, indent, "secrets", f"{secret.id}={value}", start, newline)


def _inputs(lines: list[str], first: int) -> tuple[int, int, int]:
    """The lines of the step's `with`: from, up to, and how deep they are. Raises Cannot."""
    uses = lines[first].index("uses")
    for number in range(first + 1, len(lines)):
        if lines[number].strip() and indentation(lines[number]) < uses:
            break
        if re.fullmatch(r"\s*with:\s*", lines[number]) and indentation(lines[number]) == uses:
            end = number + 1
            while end < len(lines) and (not lines[end].strip() or indentation(lines[end]) > uses):
                end += 1
            while not lines[end - 1].strip():
                end -= 1
            if end > number + 1:
                return number + 1, end, indentation(lines[number + 1])
    raise Cannot("its inputs (`with:`) are not found")


def _added(lines: list[str], end: int, indent: int, name: str, entry: str, start: int, newline: str) -> str:
    """The input with one more line, new at the end of the inputs where it is not there yet."""
    blank = " " * indent
    for number in range(start, end):
        found = re.fullmatch(rf"\s*{name}:\s*(?P<rest>.*?)\s*", lines[number])
        if found is None:
            continue
        if found["rest"] not in ("|", "|-", "|+"):
            raise Cannot(f"its `{name}` are not written one a line")
        lines[number] += f"{blank}  {entry}{newline}"
        return "".join(lines)
    if not lines[end - 1].endswith("\n") and lines[end - 1]:
        lines[end - 1] += newline
    lines.insert(end, f"{blank}{name}: |{newline}{blank}  {entry}{newline}")
    return "".join(lines)
