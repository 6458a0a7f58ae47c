"""A rule that is wrong loses its proposal, alone, with words that say why; nothing of it is written.

Every rule here is wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from wizard.dockerfile import Document, Span, parse
from wizard.dockerfile.editing import Edit, delete, insert_after, insert_before, splice
from wizard.dockerfile.planned import readings
from wizard.inspection.values import BuildContext, Engine, Inspection
from wizard.plan.apply import apply
from wizard.plan.fold import Plan, make_plan
from wizard.rules.base import Proposal, Rule, View
from wizard.state import StateFolder
from wizard.workspace import open_workspace

HEREDOCS = b"""FROM debian:bookworm-slim AS base
RUN <<EOF
make
EOF
COPY app /app
RUN <<EOF
check
EOF
"""
PLAIN = b"""# syntax=docker/dockerfile:1.2
FROM debian:bookworm-slim AS base
RUN make \\
    all
COPY app /app
USER app
"""
NO_SYNTAX = PLAIN.partition(b"\n")[2]

Rewrite = Callable[[Document], Document | bytes]


def rule(name: str, rewrite: Rewrite) -> Rule:
    """A rule that proposes what `rewrite` makes of the Dockerfile: a spliced document, or bytes without a plan."""

    def propose(view: View) -> Proposal | None:
        result = rewrite(view.document)
        source, planned = (result, None) if isinstance(result, bytes) else (result.source, result.planned)
        if source == view.document.source:
            return None
        return Proposal(name, name, "speed", "safe", "because", (), {view.dockerfile: source}, planned=planned)

    return as_rule(name, propose)


def as_rule(name: str, propose: Callable[[View], Proposal | None]) -> Rule:
    return cast(Rule, SimpleNamespace(ID=name, TITLE=name, CATEGORY="speed", __doc__="", propose=propose))


def adds_a_comment(document: Document) -> bytes:
    return document.source if b"# end\n" in document.source else document.source + b"# end\n"


def plan_of(root: Path, dockerfile: bytes, *rules: Rule, engine: str | None = None) -> Plan:
    (root / "Dockerfile").write_bytes(dockerfile)
    known = Engine(engine, "1.41", "unix:///x", "overlay2", None, None, None, "amd64") if engine else None
    inspection = Inspection(("Dockerfile",), "Dockerfile", (), BuildContext(0, 0, None, ()), (), (), engine=known)
    return make_plan(open_workspace(root), inspection, rules=rules)


def because(plan: Plan) -> str:
    (refusal,) = plan.refusals
    assert refusal.rule == "wrong"
    return refusal.because


def first(document: Document, keyword: str) -> int:
    return next(i.index for i in document.instructions if i.keyword == keyword)


def loses_the_end_of_a_heredoc(document: Document) -> Document:
    return splice(document, [Edit(document.instructions[1].heredocs[0].terminator, "")])


def ends_in_a_continuation(document: Document) -> Document:
    return splice(document, [Edit(Span(*(document.instructions[1].argument_span.end,) * 2), " \\")])


def removes_a_line_too_many(document: Document) -> Document:
    copy, user = document.instructions[first(document, "COPY")], document.instructions[first(document, "USER")]
    edit = delete(document, copy)
    return splice(document, [Edit(Span(edit.span.start, user.span.end), "", removes=copy.index)])


def takes_the_line_end_along(document: Document) -> Document:
    copy = document.instructions[first(document, "COPY")]
    return splice(document, [Edit(Span(copy.span.end - 1, copy.span.end), " ")])


def adds_a_step_in_passing(document: Document) -> Document:
    end = document.instructions[1].argument_span.end
    return splice(document, [Edit(Span(end, end), "\nRUN more")])


def turns_a_step_into_a_comment(document: Document) -> Document:
    start = document.instructions[-1].span.start
    return splice(document, [Edit(Span(start, start), "# ")])


def inserts_the_start_of_a_heredoc(document: Document) -> Document:
    return splice(document, [insert_before(document, document.instructions[1], "RUN <<EOF\nx\n")])


def reaches_over_two(document: Document) -> Document:
    copy, user = document.instructions[first(document, "COPY")], document.instructions[first(document, "USER")]
    return splice(document, [Edit(Span(copy.argument_span.start, user.argument_span.start), "a b\nUSER ")])


def comments_above_the_directives(document: Document) -> Document:
    return splice(document, [Edit(Span(0, 0), "# About this image.\n")])


@pytest.mark.parametrize(
    ("dockerfile", "rewrite", "words"),
    [
        (HEREDOCS, loses_the_end_of_a_heredoc, "unterminated heredoc"),
        (HEREDOCS, inserts_the_start_of_a_heredoc, "unterminated heredoc"),
        (PLAIN, ends_in_a_continuation, "another RUN than planned"),
        (PLAIN, removes_a_line_too_many, "nothing where USER was planned"),
        (PLAIN, takes_the_line_end_along, "another COPY than planned"),
        (PLAIN, adds_a_step_in_passing, "makes several instructions of one"),
        (PLAIN, turns_a_step_into_a_comment, "leaves nothing of an instruction"),
        (PLAIN, reaches_over_two, "reaches into a second instruction"),
        (PLAIN, comments_above_the_directives, "changes the parser directives"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_edit_that_does_more_than_it_says_is_not_made(
    tmp_path: Path, dockerfile: bytes, rewrite: Rewrite, words: str
) -> None:
    plan = plan_of(tmp_path, dockerfile, rule("wrong", rewrite))
    assert plan.changes == {}
    assert words in because(plan)


@pytest.mark.parametrize(
    ("dockerfile", "rewrite"),
    [
        # What one tool really did: the COPY is drawn into the heredoc's body, and BuildKit's own check passes.
        (HEREDOCS, lambda d: d.source.replace(b"EOF\nCOPY app /app\nRUN <<EOF\n", b"COPY app /app\nRUN x\n")),
        (HEREDOCS, lambda d: d.source.replace(b"COPY app /app\n", b"")),
        (PLAIN, lambda d: d.source.replace(b"all\n", b"all \\\n")),
        (PLAIN, lambda d: d.source.replace(b"USER app", b"USER root")),
        (PLAIN, lambda d: d.source + b"RUN more\n"),
    ],
)
def test_bytes_that_no_edit_planned_are_not_taken(tmp_path: Path, dockerfile: bytes, rewrite: Rewrite) -> None:
    plan = plan_of(tmp_path, dockerfile, rule("wrong", rewrite))
    assert plan.changes == {}
    assert "the result did not pass our own check: the planned Dockerfile reads otherwise" in because(plan)


def test_a_plan_is_held_against_the_bytes_that_would_be_written(tmp_path: Path) -> None:
    def other_bytes(view: View) -> Proposal:
        planned = readings(splice(view.document, [delete(view.document, view.document.instructions[2])]))
        source = splice(view.document, [delete(view.document, view.document.instructions[3])]).source
        return Proposal("wrong", "", "speed", "safe", "", (), {view.dockerfile: source}, planned=planned)

    assert "COPY where USER was planned" in because(plan_of(tmp_path, PLAIN, as_rule("wrong", other_bytes)))


@pytest.mark.parametrize("gone", [b"# syntax=docker/dockerfile:1.2\n", b"1.2"], ids=["dropped", "changed"])
def test_a_syntax_line_is_neither_dropped_nor_changed(tmp_path: Path, gone: bytes) -> None:
    plan = plan_of(tmp_path, PLAIN, rule("wrong", lambda document: document.source.replace(gone, b"", 1)))
    assert "parser directives of Dockerfile would change" in because(plan)


def test_a_syntax_line_is_not_added(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HEREDOCS, rule("wrong", lambda d: b"# syntax=docker/dockerfile:1\n" + d.source))
    assert "parser directives of Dockerfile would change" in because(plan)


def test_a_stage_keeps_its_name(tmp_path: Path) -> None:
    def renames(document: Document) -> Document:
        name = document.instructions[0].words[2]
        return splice(document, [Edit(name.span, "other")] if name.text == "base" else [])

    assert "the stage base is gone" in because(plan_of(tmp_path, PLAIN, rule("wrong", renames)))


def links(document: Document) -> Document:
    copy = document.instructions[first(document, "COPY")]
    end = copy.keyword_span.end
    return splice(document, [] if copy.flags else [Edit(Span(end, end), " --link")])


def test_nothing_is_used_that_the_frontend_does_not_have(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, PLAIN, rule("wrong", links), engine="28.5.2")
    assert "the frontend docker/dockerfile:1.2 does not have COPY --link" in because(plan)
    plan = plan_of(tmp_path, NO_SYNTAX, rule("wrong", links), engine="20.10.24")
    assert "engine 20.10.24 does not have COPY --link" in because(plan)


def test_what_the_file_uses_already_may_be_used_again(tmp_path: Path) -> None:
    used = PLAIN + b"COPY --link b c\n"
    assert plan_of(tmp_path, used, rule("right", links), engine="20.10.24").refusals == ()


def test_without_an_engine_the_proposal_says_what_was_not_checked(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, NO_SYNTAX, rule("right", links))
    assert [step.proposal.risk for step in plan.selected] == [
        "COPY --link needs engine 23.0 or later: not checked, no engine was asked."
    ]


def test_a_second_reader_that_no_longer_agrees_is_heard(tmp_path: Path) -> None:
    def doubles_a_backslash(document: Document) -> Document:
        end = document.instructions[1].argument_span.end
        return splice(document, [] if b"\\\\" in document.source else [Edit(Span(end, end), " \\\\")])

    plan = plan_of(tmp_path, PLAIN, rule("wrong", doubles_a_backslash))
    assert "dockerfile-parse reads USER where we read COPY" in because(plan)


def test_a_second_reader_has_no_voice_where_it_misreads(tmp_path: Path) -> None:
    def adds_a_heredoc(document: Document) -> Document:
        text = "RUN <<EOF\nFROM x\nEOF"
        there = any(i.heredocs for i in document.instructions)
        return splice(document, [] if there else [insert_after(document, document.instructions[-1], text)])

    plan = plan_of(tmp_path, NO_SYNTAX, rule("right", adds_a_heredoc), engine="28.5.2")
    assert plan.refusals == ()
    assert plan.result.read("Dockerfile").endswith(b"RUN <<EOF\nFROM x\nEOF\n")


def test_an_ignore_file_that_buildkit_refuses_is_not_written(tmp_path: Path) -> None:
    def propose(_: View) -> Proposal:
        return Proposal("wrong", "", "speed", "safe", "", (), {".dockerignore": b"ok\n[a-\n"})

    assert ".dockerignore:2" in because(plan_of(tmp_path, PLAIN, as_rule("wrong", propose)))


def test_a_rule_that_would_change_its_own_result_again_is_dropped(tmp_path: Path) -> None:
    never_rests = rule("wrong", lambda document: document.source + b"# once more\n")
    plan = plan_of(tmp_path, PLAIN, never_rests, rule("right", adds_a_comment))
    assert because(plan) == "the result did not pass our own check: a second run would change it again"
    assert [step.proposal.rule for step in plan.selected] == ["right"]


def test_a_rule_that_a_later_one_opens_a_door_to_has_its_say_in_the_same_plan(tmp_path: Path) -> None:
    def after_the_end(document: Document) -> bytes:
        return document.source + b"# more\n" if document.source.endswith(b"# end\n") else document.source

    rules = rule("early", after_the_end), rule("late", adds_a_comment)
    plan = plan_of(tmp_path, PLAIN, *rules)
    assert [step.proposal.rule for step in plan.selected] == ["late", "early"]
    assert plan_of(tmp_path, plan.result.read("Dockerfile"), *rules).selected == ()


def test_the_others_are_applied_and_nothing_of_the_wrong_one_is_written(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    plan = plan_of(repo, PLAIN, rule("wrong", removes_a_line_too_many), rule("right", adds_a_comment))
    apply(plan, StateFolder(tmp_path / "state"))
    assert (repo / "Dockerfile").read_bytes() == PLAIN + b"# end\n"
    assert readings(parse(PLAIN + b"# end\n")) == readings(parse(PLAIN))
