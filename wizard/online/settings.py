"""The package index of the person's own pip settings, for a resolver that does not read them."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path

_UV = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")


def default_index(environment: Mapping[str, str]) -> str | None:
    """Address of the index that pip would use; None where that is pip's default, or where uv has its own setting.

    Source: pip's documentation, "Configuration": the variables, then the files of the environment, the user, the site.
    """
    if any(environment.get(name) for name in _UV):
        return None
    if environment.get("PIP_INDEX_URL"):
        return environment["PIP_INDEX_URL"]
    home = Path(environment.get("HOME", "/"))
    configuration = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    named = [Path(environment["PIP_CONFIG_FILE"])] if environment.get("PIP_CONFIG_FILE") else []
    for file in (*named, configuration / "pip/pip.conf", home / ".pip/pip.conf", Path("/etc/pip.conf")):
        parser = ConfigParser(interpolation=None)
        try:
            parser.read(file, "utf-8")
        except (Error, OSError, UnicodeDecodeError):
            continue
        for section in ("install", "global"):
            value = parser.get(section, "index-url", fallback=None)
            if value:
                return value
    return None
