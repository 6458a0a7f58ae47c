"""Lines of the repo as evidence, without the secrets that they may hold."""

from __future__ import annotations

import re

LONGEST = 200
"""Characters of a line that evidence shows."""

SECRET = r"(?:token|secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|credential)"
"""A pattern for what the name of a secret has in it, in any case."""

KNOWN_FORM = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-AgE[\w-]{30,}|"
    r"hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|xox[abprs]-[\w-]{10,}|sk-(?:proj-|ant-)?[\w-]{20,}|"
    r"[sr]k_live_[A-Za-z0-9]{16,}|SG\.[\w-]{16,}\.[\w-]{16,})|-----BEGIN (?:\w+ )*PRIVATE KEY-----"
)
"""Keys and tokens that are told by their form, whatever they are called.

Source: docs.github.com, Secret scanning, Supported patterns.
"""

_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/\s@\"']+(?=@)")
_BUILD_ARGUMENT = re.compile(r"(--build-arg[=\s]+[\"']?\w+=)(\"[^\"]*\"|'[^']*'|[^\s\"']+)")
_SECRET_VALUE = re.compile(
    rf"(\w*{SECRET}\w*[\"']?\s*[:=]\s*)(\"[^\"]+\"|'[^']+'|[^\s\"',}}]+)",
    re.IGNORECASE,
)
_SECRET_OPTION = re.compile(
    r"""((?:--[\w-]*(?:password|passwd|token)\s+|\blogin\b[^;&|]*?\s-p\s*)["']?)[^\s"'$;&|]+""", re.IGNORECASE
)
"""An option with a secret as the next word; `-p` is that of `docker login`."""
_OLD_FORM = re.compile(rf"^(ENV\s+\w*{SECRET}\w*\s+)(?![$=])\S.*", re.IGNORECASE)
"""`ENV NAME value`, without an equals sign."""


def shown(text: str) -> str:
    """A line for evidence: trimmed, cut, with users of addresses, build arguments and values of secrets masked."""
    text = KNOWN_FORM.sub("***", _USER_OF_ADDRESS.sub("***", text.strip()[: 10 * LONGEST]))
    text = _BUILD_ARGUMENT.sub(r"\1***", text)
    text = _OLD_FORM.sub(r"\1***", _SECRET_OPTION.sub(r"\1***", text))
    return _SECRET_VALUE.sub(r"\1***", text)[:LONGEST]
