"""`dockwiz explain [RULE]`: a rule's documentation, which is its docstring."""

from __future__ import annotations

import argparse

from wizard.errors import BadInput
from wizard.rules import RULES


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        width = max(len(rule.ID) for rule in RULES)
        for rule in RULES:
            print(f"{rule.ID:<{width}}  {rule.CATEGORY:<12}  {rule.TITLE}")
        print("\n`dockwiz explain RULE` says what a rule does, when it is safe, and why.")
        return 0
    found = next((rule for rule in RULES if options.rule == rule.ID), None)
    if found is None:
        raise BadInput(f"no rule named {options.rule}", hint="`dockwiz explain` lists them")
    print(f"{found.ID} ({found.CATEGORY})\n\n{(found.__doc__ or '').strip()}")
    return 0
