"""docs/rules.md, made from the rules' docstrings (`make docs`)."""

from __future__ import annotations

import re
from pathlib import Path

from wizard.rules.base import Rule
from wizard.rules.registry import RULES

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"


def page() -> str:
    """The whole page: a table, then a section for each rule in fold order."""
    rows = [f"| [{rule.ID}](#{rule.ID}) | {rule.CATEGORY} | {rule.TITLE} |" for rule in RULES]
    head = [
        "# The rules",
        "",
        "In the order in which a plan applies them. Made by `make docs`; `dockwiz explain RULE` says the same.",
    ]
    table = ["", "| rule | for | what it does |", "|---|---|---|", *rows, ""]
    return "\n".join([*head, *table, *(_section(rule) for rule in RULES)])


def _section(rule: Rule) -> str:
    text = re.sub(r"(?m)^(\w[\w ]+)\n: ", r"**\1.** ", (rule.__doc__ or "").strip())
    return f"## {rule.ID}\n\n" + re.sub(r"(?m)^  ", "", text) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
