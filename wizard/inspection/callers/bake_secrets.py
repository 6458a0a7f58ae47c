"""Targets of a bake file, changed to hand over a secret.

Source: docs.docker.com, Bake file reference, `target.secret` and `target.args`; a variable takes its value from the
environment variable of its name.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from wizard.inspection.callers.given import BuildSecret, Cannot, sole_variable
from wizard.inspection.values import Caller

_OPENS = {"{": "}", "[": "]", "(": ")"}
_HEREDOC = re.compile(r"<<-?\s*\w+\s*$", re.MULTILINE)
_NO_CODE = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
"""Strings and comments: braces in them are text."""
_DEFAULT = r'variable\s+"?{name}"?\s*\{{[^}}]*?\bdefault\s*=\s*(?!""|null\b)\S'
_COMMENT = r"[ \t]*(?:(?:#|//)[^\n]*)?"


class _Span(NamedTuple):
    """Offsets in the text of a file."""

    start: int
    end: int


def in_bake(text: str, caller: Caller, secret: BuildSecret) -> str:
    """The file with the build argument of a target turned into a secret, its other bytes as they were. Raises Cannot.

    The result is read again: it has to say what the file said before, and the secret.
    """
    return _in_json(text, caller, secret) if caller.path.endswith(".json") else _in_hcl(text, caller, secret)


def _entry(caller: Caller, secret: BuildSecret, variable: str) -> str:
    source = f"env={variable}" if secret.file is None else f"src={secret.place(caller)}"
    return f"id={secret.id},{source}"


def _variable(text: str, value: str) -> str:
    """The environment variable that a value comes from. Raises Cannot."""
    name = sole_variable(value) if "$" in value else value if re.fullmatch(r"[A-Za-z_]\w*", value) else None
    if name is None or name == "null":
        raise Cannot("the value that it hands over is no single variable")
    if re.search(_DEFAULT.format(name=name), text):
        raise Cannot(f"the variable {name} has a value of its own in the file")
    return name


# -- HCL --


def _in_hcl(text: str, caller: Caller, secret: BuildSecret) -> str:
    plain = _without_strings(text)
    if _HEREDOC.search(plain) or re.search(r'\$\{[^}\n]*"', text):
        raise Cannot("it has strings in strings, or a text over several lines")
    head = re.compile(rf'^[ \t]*target\s+"?{re.escape(_name(caller))}"?\s*\{{', re.MULTILINE)
    found = list(head.finditer(text))
    if len(found) != 1:
        raise Cannot("the target is not found, or several times")
    body = _Span(found[0].end(), _closing(plain, found[0].end() - 1))
    variable = secret.id
    if secret.file is None and secret.id in caller.build_args:
        argument = _attribute(plain, body, "args")
        if argument is None or not re.search(
            rf'(?<![\w"$]){secret.id}\b|"{secret.id}"', text[argument.start : argument.end]
        ):
            if _attribute(plain, body, "secret") is not None:
                raise Cannot("it inherits the build argument, and has secrets of its own")
            # The target that it inherits from is changed, and hands it the secret.
            return text
        removed, variable = _hcl_argument(text, plain, argument, secret.id)
        text = text[: removed.start] + text[removed.end :]
        return _with_secret(text, _Span(body.start, body.end - (removed.end - removed.start)), caller, secret, variable)
    return _with_secret(text, body, caller, secret, variable)


def _name(caller: Caller) -> str:
    return caller.text.removeprefix("target ").strip('"')


def _without_strings(text: str) -> str:
    """The text with blanks in place of strings and comments."""
    return _NO_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _closing(plain: str, opening: int) -> int:
    """Where the bracket at an offset is closed again, in a text without strings and comments. Raises Cannot."""
    expected: list[str] = []
    for offset in range(opening, len(plain)):
        character = plain[offset]
        if character in _OPENS:
            expected.append(_OPENS[character])
        elif character in _OPENS.values():
            if not expected or expected.pop() != character:
                break
            if not expected:
                return offset
    raise Cannot("its brackets do not match")


def _attribute(plain: str, body: _Span, name: str) -> _Span | None:
    """The brackets of an attribute of a target, both included; None without it. Raises Cannot."""
    found = re.compile(rf"^[ \t]*{name}[ \t]*=[ \t]*", re.MULTILINE).search(plain, body.start, body.end)
    if found is None:
        return None
    if plain[found.end()] not in _OPENS:
        raise Cannot(f"its `{name}` are not written out")
    return _Span(found.end(), _closing(plain, found.end()) + 1)


def _hcl_argument(text: str, plain: str, argument: _Span, name: str) -> tuple[_Span, str]:
    """What to take away for the build argument (all arguments where it is the only one), and its variable."""
    inside = text[argument.start + 1 : argument.end - 1]
    value = r'(?:"(?P<string>\$\{\w+\})"|(?P<bare>\w+))'
    alone = re.fullmatch(rf'\s*"?{name}"?\s*[=:]\s*{value}\s*,?\s*', inside)
    if alone is not None:
        start = plain.rfind("\n", 0, argument.start) + 1
        rest = re.compile(rf"{_COMMENT}(?:\n|\Z)").match(text, argument.end)
        if rest is None:
            raise Cannot("its `args` share a line with something else")
        return _Span(start, rest.end()), _variable(text, alone["string"] or alone["bare"])
    line = re.compile(rf'^[ \t]*"?{name}"?\s*[=:]\s*{value}[ \t]*,?{_COMMENT}\n', re.MULTILINE)
    found = list(line.finditer(text, argument.start + 1, argument.end))
    if len(found) != 1:
        raise Cannot("the build argument does not stand on a line of its own")
    return _Span(found[0].start(), found[0].end()), _variable(text, found[0]["string"] or found[0]["bare"])


def _with_secret(text: str, body: _Span, caller: Caller, secret: BuildSecret, variable: str) -> str:
    plain = _without_strings(text)
    entry = f'"{_entry(caller, secret, variable)}"'
    newline = "\r\n" if "\r\n" in text else "\n"
    there = _attribute(plain, body, "secret")
    if there is not None:
        inside = text[there.start + 1 : there.end - 1]
        if not re.fullmatch(r'\s*"[^"]*"(?:\s*,\s*"[^"]*")*\s*,?\s*', inside):
            raise Cannot("its `secret` is not a list of strings")
        blank = re.match(r"\s*", inside)
        gap = blank[0] if blank else ""
        return f"{text[: there.start + 1]}{gap}{entry},{gap or ' '}{inside.lstrip()}{text[there.end - 1 :]}"
    first = re.compile(r"^([ \t]+)\S", re.MULTILINE).search(text, body.start, body.end)
    start = plain.rfind("\n", 0, body.end) + 1
    if start <= body.start or plain[start : body.end].strip():
        raise Cannot("the target is written on one line")
    return f"{text[:start]}{first[1] if first else '  '}secret = [{entry}]{newline}{text[start:]}"


# -- JSON --


def _in_json(text: str, caller: Caller, secret: BuildSecret) -> str:
    import json

    name = _name(caller)
    expected: Any = json.loads(text)
    target = expected["target"][name]
    arguments = target.get("args") or {}
    variable, gone = secret.id, secret.file is None and secret.id in arguments
    if gone:
        value = arguments.pop(secret.id)
        variable = _variable(text, value if isinstance(value, str) and "$" in value else "")
        declared = (expected.get("variable") or {}).get(variable)
        if isinstance(declared, dict) and declared.get("default"):
            raise Cannot(f"the variable {variable} has a value of its own in the file")
        if not arguments:
            del target["args"]
    entry = _entry(caller, secret, variable)
    target["secret"] = [entry, *(target.get("secret") or [])]
    plain = _without_strings(text)
    for head in re.finditer(rf"{re.escape(json.dumps(name))}\s*:\s*\{{", text):
        body = _Span(head.end(), _closing(plain, head.end() - 1))
        changed = _json_secret(text[body.start : body.end], entry)
        changed = _json_argument(changed, secret.id) if gone else changed
        result = text[: body.start] + changed + text[body.end :]
        try:
            if json.loads(result) == expected:
                return result
        except ValueError:
            continue
    raise Cannot("it is not written one entry a line")


def _json_secret(body: str, entry: str) -> str:
    """The inside of a target with one more secret."""
    if (there := re.search(r'"secret"\s*:\s*\[\s*', body)) is not None:
        return f'{body[: there.end()]}"{entry}", {body[there.end() :]}'
    blank = re.match(r"\s*", body)
    return f'{blank[0] if blank else ""}"secret": ["{entry}"],{body}'


def _json_argument(body: str, name: str) -> str:
    """The inside of a target without a build argument, and without `args` where it was the only one."""
    member = rf'"{name}"\s*:\s*"[^"]*"'
    for pattern in (rf'\s*"args"\s*:\s*\{{\s*{member}\s*\}}\s*,', rf',\s*"args"\s*:\s*\{{\s*{member}\s*\}}',
                    rf"[ \t]*{member}\s*,[ \t]*\n", rf"{member}\s*,\s*", rf",\s*{member}"):  # fmt: skip
        body, count = re.subn(pattern, "", body, count=1)
        if count:
            break
    return body
