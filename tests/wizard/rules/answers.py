"""What the network answers in a fixture, recorded in the case's folder:

answers.json   {"digests": {image: digest}, "bytes": {index, "" for the usual one: number},
                "because": {image, requirements file or lock: why there is no answer}};
lock.txt       the lines of a lock, for every requirements file, or the whole of a project's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from wizard.inspection.questions import Answer, DigestQuestion, DownloadQuestion, LockQuestion, Question, RelockQuestion

Find = Callable[[Question], Answer]


def recorded(case: Path) -> Find | None:
    """The answers of a case; None where it records none."""
    if not (case / "answers.json").exists():
        return None
    answers = json.loads((case / "answers.json").read_text())
    lock = (case / "lock.txt").read_text() if (case / "lock.txt").exists() else None

    def find(question: Question) -> Answer:
        match question:
            case DigestQuestion(name):
                text = answers.get("digests", {}).get(name)
            case DownloadQuestion(address=name):
                text = answers.get("bytes", {}).get(name)
            case LockQuestion(name) | RelockQuestion(lock=name):
                text = lock
        return Answer(text, answers.get("because", {}).get(name, "nothing is recorded" if text is None else ""))

    return find
