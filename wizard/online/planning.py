"""Planning with the network: plan, answer what the rules ask, plan again with the answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from wizard.inspection.questions import (
    Answer,
    DigestQuestion,
    DownloadQuestion,
    LockQuestion,
    Question,
    RelockQuestion,
    VersionQuestion,
)
from wizard.inspection.values import Inspection
from wizard.online.file_sizes import downloaded
from wizard.online.registry import digest_of, version_of
from wizard.online.relocking import relock
from wizard.online.resolver import resolve
from wizard.plan.fold import Plan

AT_ONCE = 4
"""Questions; resolvers work in parallel themselves."""


def find_answer(question: Question) -> Answer:
    """What the registry or the package index says. Never raises: no answer is an answer that says why."""
    match question:
        case DigestQuestion(image):
            return digest_of(image)
        case VersionQuestion():
            return version_of(question)
        case RelockQuestion():
            return relock(question)
        case DownloadQuestion():
            return downloaded(question)
        case LockQuestion():
            return resolve(question)


def plan_online(
    make: Callable[[Inspection], Plan],
    inspection: Inspection,
    find: Callable[[Question], Answer] = find_answer,
) -> Plan:
    """The plan that `make` gives once nothing that it asks is left open. Each question is asked once.

    Of a rule that the selection rules out by name nothing is asked.
    """
    plan = make(inspection)
    while questions := _open(plan, inspection):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = dict(zip(questions, pool.map(find, questions), strict=True))
        inspection = replace(inspection, answers={**inspection.answers, **answers})
        plan = make(inspection)
    return plan


def _open(plan: Plan, inspection: Inspection) -> tuple[Question, ...]:
    asked = (question for one in plan.asks if plan.selection.allows(one.rule) for question in one.questions)
    return tuple(question for question in dict.fromkeys(asked) if question not in inspection.answers)
