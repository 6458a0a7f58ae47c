"""What the network answers in a fixture, recorded in the case's folder:

answers.json   {"digests": {image: digest}, "versions": {image: version},
                "because": {image or requirements file: why there is no answer}};
lock.txt       the lines of a lock, for every requirements file;
newest.txt     the same where each requirement is asked for by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from wizard.inspection.questions import Answer, DigestQuestion, LockQuestion, Question

Find = Callable[[Question], Answer]


def recorded(case: Path) -> Find | None:
    """The answers of a case; None where it records none."""
    if not (case / "answers.json").exists():
        return None
    answers = json.loads((case / "answers.json").read_text())
    texts = {name: _text(case / name) for name in ("lock.txt", "newest.txt")}

    def find(question: Question) -> Answer:
        if isinstance(question, LockQuestion):
            name, text = question.requirements, texts["newest.txt" if question.alone else "lock.txt"]
        else:
            kind = "digests" if isinstance(question, DigestQuestion) else "versions"
            name, text = question.image, answers.get(kind, {}).get(question.image)
        return Answer(text, answers.get("because", {}).get(name, "nothing is recorded" if text is None else ""))

    return find


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
