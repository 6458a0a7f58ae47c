"""Secret values stay off the screen: what looks like one is shown as `****`."""

from __future__ import annotations

import re

from wizard.inspection.masking import KNOWN_FORM, SECRET

_ASSIGNMENT = re.compile(
    rf"(?P<name>\b[A-Za-z0-9_.-]*{SECRET}[A-Za-z0-9_.-]*)"
    r"(?P<gap>=|\s*:\s+|(?<=[A-Z])\s+(?=\S+\s*$))(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:|\bhttps?://)(?!\$)[^\s/:@]+(?=@)", re.IGNORECASE)


def mask(text: str) -> str:
    """The text with values of secret-looking names, keys of a known form and passwords in addresses hidden.

    References (`$TOKEN`, `${TOKEN}`) and mount options name a secret without holding it: they stay.
    """
    return KNOWN_FORM.sub("****", _USER_INFO.sub(r"\g<scheme>****", _ASSIGNMENT.sub(_hide, text)))


def _hide(match: re.Match[str]) -> str:
    value = match["value"].strip("\"'")
    if not value or value.startswith("$") or value.lower() in ("true", "false", "none", "null"):
        return match[0]
    return f"{match['name']}{match['gap']}****"
