"""`dockwiz explain [RULE]`: a rule's documentation, which is its docstring."""

from __future__ import annotations

import argparse
import inspect

from screens.commands.text import cut, paragraph
from wizard.errors import BadInput
from wizard.rules.registry import RULES


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        width = max(len(rule.ID) for rule in RULES)
        for rule in RULES:
            print(cut(rule.TITLE, f"{rule.ID:<{width}}  {rule.CATEGORY:<7}  "))
        print("\n`dockwiz explain RULE` says what a rule does, when it is safe, and why.")
        return 0
    found = next((rule for rule in RULES if options.rule == rule.ID), None)
    if found is None:
        raise BadInput(f"no rule named {options.rule}", hint="`dockwiz explain` lists them")
    print("\n".join([f"{found.ID} ({found.CATEGORY})", *_lines(inspect.getdoc(found) or "")]))
    return 0


def _lines(documentation: str) -> list[str]:
    """The docstring for a terminal: paragraphs, and below each term (`What it does`) what is said of it."""
    lines: list[str] = []
    for block in documentation.split("\n\n"):
        term, colon, text = block.partition("\n: ")
        words = " ".join((text if colon else block).split())
        lines += ["", term, *paragraph(words, "  ")] if colon else ["", *paragraph(words)]
    return lines
