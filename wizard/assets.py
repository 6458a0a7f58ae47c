"""Where the bundled files (knowledge tables, templates, styles, samples) are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


def assets_folder() -> Path:
    """The folder `assets/`: beside the packages in a source tree, inside this package in an installed wheel."""
    installed = Path(__file__).parent / "bundled"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "assets"


@cache
def knowledge(name: str) -> dict[str, Any]:
    """The table assets/knowledge/<name>.toml, to be read only. Each entry there names its source."""
    import tomllib

    with (assets_folder() / "knowledge" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
