"""What the network answers in a fixture, recorded in the case's folder:

answers.json   {"digests": {image: digest}, "because": {image or requirements file: why there is no answer}};
lock.txt       the lines of a lock, for every requirements file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from wizard.inspection.questions import Answer, DigestQuestion, Question

Find = Callable[[Question], Answer]


def recorded(case: Path) -> Find | None:
    """The answers of a case; None where it records none."""
    if not (case / "answers.json").exists():
        return None
    answers = json.loads((case / "answers.json").read_text())
    lock = (case / "lock.txt").read_text() if (case / "lock.txt").exists() else None

    def find(question: Question) -> Answer:
        of_image = isinstance(question, DigestQuestion)
        name = question.image if isinstance(question, DigestQuestion) else question.requirements
        text = answers.get("digests", {}).get(name) if of_image else lock
        return Answer(text, answers.get("because", {}).get(name, "nothing is recorded" if text is None else ""))

    return find
