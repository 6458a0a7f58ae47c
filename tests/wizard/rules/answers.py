"""What the network answers in a fixture, recorded in the case's folder:

answers.json   {"digests": {image: digest}, "versions": {image: version},
                "bytes": {index, "" for the usual one: number},
                "because": {image, requirements file or lock: why there is no answer}};
lock.txt       the lines of a lock, for every requirements file, or the whole of a project's;
newest.txt     the same where each requirement is asked for by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from wizard.inspection.questions import (
    Answer,
    DigestQuestion,
    DownloadQuestion,
    LockQuestion,
    Question,
    RelockQuestion,
    VersionQuestion,
)

Find = Callable[[Question], Answer]


def recorded(case: Path) -> Find | None:
    """The answers of a case; None where it records none."""
    if not (case / "answers.json").exists():
        return None
    answers = json.loads((case / "answers.json").read_text())
    texts = {name: _text(case / name) for name in ("lock.txt", "newest.txt")}

    def find(question: Question) -> Answer:
        match question:
            case DigestQuestion(name):
                text = answers.get("digests", {}).get(name)
            case VersionQuestion(name):
                text = answers.get("versions", {}).get(name)
            case DownloadQuestion(address=name):
                text = answers.get("bytes", {}).get(name)
            case LockQuestion(name):
                text = texts["newest.txt" if question.alone else "lock.txt"]
            case RelockQuestion(lock=name):
                text = texts["lock.txt"]
        return Answer(text, answers.get("because", {}).get(name, "nothing is recorded" if text is None else ""))

    return find


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
