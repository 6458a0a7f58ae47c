"""The look of each role of text: component classes of the screen, of which every pane on it draws.

Textual works the style of a component class out anew for each widget that has it, whenever a screen is shown: a
screen has them once, where each of its panes had twenty.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.screen import Screen

from screens.lines import ROLES

ROLE_CLASSES: Final = {f"line--{role}" for role in (*ROLES, "cursor", "found", "marker")}
"""What a screen with panes of lines has as its COMPONENT_CLASSES."""


def role_style(screen: Screen[object], role: str) -> Style:
    """What the style sheet says of one role, and nothing of what lies behind the text."""
    return screen.get_component_rich_style(f"line--{role}", partial=True)
