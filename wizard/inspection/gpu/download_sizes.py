"""What PyTorch weighs from the one index and from the other: the questions, and what their answers save."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from wizard.dockerfile.document import Document
from wizard.inspection.gpu.project_pulls import ProjectPull
from wizard.inspection.gpu.torch_pulls import Pull
from wizard.inspection.installs.locking import Unlockable, platforms_of, python_of
from wizard.inspection.questions import Answer, DownloadQuestion, Question


class DownloadQuestions(NamedTuple):
    """The same packages from the usual index, and with the torch family from the CPU index."""

    before: DownloadQuestion
    after: DownloadQuestion


def download_questions(
    document: Document, pull: Pull | ProjectPull, requirements: Iterable[str], index: str
) -> DownloadQuestions | None:
    """What to ask for the sizes of these requirements (`torch==2.1.0`); None where the image's Python is not known.
    `index`: the address of the CPU index."""
    try:
        python = python_of(document, pull.stage, pull.reading, pull.install)
        platform = platforms_of(document, pull.stage)[0]
    except Unlockable:
        return None
    before = DownloadQuestion(tuple(requirements), python, platform)
    return DownloadQuestions(before, before._replace(address=index))


def saved_by_index(questions: DownloadQuestions, answers: Mapping[Question, Answer]) -> int | None:
    """The bytes that are downloaded less; None where the index does not tell."""
    before, after = (answers[question].text for question in questions)
    return None if before is None or after is None else int(before) - int(after)
