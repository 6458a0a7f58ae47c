"""What the reducer makes of a build's messages."""

from __future__ import annotations

import base64

import pytest

from tests.wizard.build.streams import EPOCH, at, events, log, message, reduced, trace, vertex
from wizard.build.events import BuildEnd, BuildStart
from wizard.build.steps import Kind
from wizard.build.trace import trace_json

KILLED = 'process "/bin/sh -c sleep 9" did not complete successfully: exit code: 137: context canceled'
BROKEN = 'process "/bin/sh -c exit 37" did not complete successfully: exit code: 37'


def test_intervals_of_a_vertex_are_united_not_summed() -> None:
    result = trace(
        vertex("a", "[2/2] RUN x", 0.0, 0.00005),
        vertex("a", "[2/2] RUN x", 1.0),
        vertex("a", "[2/2] RUN x", 1.0, 3.0),
        vertex("a", "[2/2] RUN x", 2.0, 4.0),
    )
    (step,) = result.steps
    assert step.seconds == pytest.approx(3.00005)
    assert len(step.intervals) == 2


def test_an_end_before_its_start_takes_no_time() -> None:
    assert trace(vertex("a", "[2/2] RUN x", 2.0, 1.85)).steps[0].seconds == 0


def test_steps_are_numbered_vertexes_without_from_and_a_link_pair_is_one() -> None:
    result = trace(
        vertex("0", "[internal] load build context", 0, 0.1),
        vertex("1", "[a 1/3] FROM docker.io/library/debian", 0, 1),
        vertex("2", "[a 2/3] RUN x", 1, 2, inputs=("1",)),
        vertex("3", "[a 3/3] COPY --link b c", 1, 1.5, inputs=("0",)),
        vertex("4", "[a 3/3] LINK COPY --link b c", 2, 2.25, inputs=("2", "3")),
        vertex("5", "exporting to image", 3, 4),
    )
    assert (result.steps_total, result.steps_cached) == (2, 0)
    copied = result.stages[0].steps[1]
    assert (copied.command, copied.state, copied.seconds) == ("COPY --link b c", "done", 0.75)
    assert result.export_seconds == 1


def test_a_step_whose_result_came_from_the_cache_without_a_word_counts_as_cached() -> None:
    result = trace(
        vertex("1", "[a 1/3] FROM debian"),
        vertex("2", "[a 2/3] RUN x", inputs=("1",)),
        vertex("3", "[a 3/3] RUN y", 1, 1, inputs=("2",), cached=True),
    )
    assert [step.state for step in result.steps] == ["cached", "cached"]
    assert result.outcome == "done"


def test_stages_overlap_and_the_critical_path_goes_through_the_slower() -> None:
    result = trace(
        vertex("base", "[base 2/2] RUN base", 0, 1),
        vertex("slow", "[slow 1/1] RUN slow", 1, 5, inputs=("base",)),
        vertex("quick", "[quick 1/1] RUN quick", 1, 2, inputs=("base",)),
        vertex("last", "[stage-3 1/1] COPY", 5, 5.5, inputs=("quick", "slow")),
        vertex("out", "exporting to image", 5.5, 6),
    )
    assert result.critical_path == ("base 2", "slow 1", "stage-3 1")
    assert [(segment.kind, segment.seconds) for segment in result.critical][-1] == (Kind.EXPORT, 0.5)
    assert {stage.name: stage.critical_seconds for stage in result.stages} == {
        "base": 1,
        "quick": 0,
        "slow": 4,
        "stage-3": 0.5,
    }
    assert result.seconds == 6


def test_the_critical_path_goes_on_through_a_cached_step() -> None:
    """A RUN that ran again with the same result: what copies from it is cached, and still had to wait for it."""
    result = trace(
        vertex("a", "[a 1/1] RUN again", 0, 3),
        vertex("b", "[b 1/1] COPY --from=a", 3, 3, inputs=("a",), cached=True),
        vertex("c", "[c 1/1] RUN c", 3, 4, inputs=("b",)),
    )
    assert result.critical_path == ("a 1", "c 1")


def test_the_stamp_of_an_inferred_cached_input_does_not_lead_the_critical_path_astray() -> None:
    result = trace(
        vertex("ran", "[a 1/1] RUN a", 0, 3),
        vertex("cached", "[b 1/1] RUN b", 3.5, 3.5, cached=True),
        vertex("c", "[c 1/1] COPY", 3.5, 4, inputs=("cached", "ran")),
    )
    assert result.critical_path == ("a 1", "c 1")


def test_without_a_dockerfile_stages_stand_in_the_order_of_their_needs() -> None:
    result = trace(
        vertex("last", "[stage-2 1/1] COPY", inputs=("b",)),
        vertex("b", "[b 1/1] RUN", inputs=("a",)),
        vertex("a", "[a 1/1] RUN"),
    )
    assert [stage.name for stage in result.stages] == ["a", "b", "stage-2"]


def test_the_error_is_the_root_cause_and_victims_are_cancelled() -> None:
    result = trace(
        vertex("a", "[slow 1/1] RUN sleep 9", 0, 1.1, error=KILLED),
        vertex("b", "[bad 1/1] RUN exit 37", 0, 1, error=BROKEN),
        vertex("c", "[stage-2 1/2] COPY", inputs=("a", "b")),
        text=(
            "Dockerfile:6",
            "--------------------",
            "   6 | >>> RUN exit 37",
            "--------------------",
            f"ERROR: {BROKEN}",
        ),
    )
    assert (result.outcome, result.exit_code) == ("failed", 4)
    assert [step.state for step in result.steps] == ["cancelled", "failed", "not-run"]
    assert result.error is not None
    assert (result.error.stage, result.error.line, result.error.exit_code) == ("bad", 6, 37)
    assert result.error.message == BROKEN


def test_an_engine_that_goes_away_is_no_failure_of_the_build() -> None:
    gone = "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"
    result = trace(vertex("a", "[1/2] RUN make", 0), vertex("b", "[2/2] RUN make test", inputs=("a",)), text=(gone,))
    assert (result.outcome, result.exit_code) == ("failed", 3)
    assert result.error is not None
    assert result.error.engine_lost


def test_a_step_that_failed_by_itself_is_blamed_though_the_engine_went_away_later() -> None:
    gone = "ERROR: error reading from server: EOF"
    result = trace(vertex("b", "[bad 1/1] RUN exit 37", 0, 1, error=BROKEN), text=(gone,))
    assert result.exit_code == 4


def test_a_command_that_mentions_cancelling_is_no_victim() -> None:
    error = 'process "/bin/sh -c echo context canceled; exit 3" did not complete successfully: exit code: 3'
    result = trace(vertex("a", "[1/1] RUN", 0, 1, error=error), text=(f"ERROR: failed to solve: {error}",))
    assert result.outcome == "failed"


def test_a_cancelled_build_is_not_a_failed_one() -> None:
    result = trace(
        vertex("a", "[1/1] RUN sleep 9", 0, 1, error=KILLED),
        text=("ERROR: failed to build: failed to solve: Canceled: context canceled",),
    )
    assert (result.outcome, result.exit_code, result.error) == ("cancelled", 130, None)
    assert result.steps[0].state == "cancelled"


def test_a_parse_error_has_only_text() -> None:
    result = trace(
        text=(
            "Dockerfile:3",
            "--------------------",
            "   3 | >>> FOO bar",
            "--------------------",
            "ERROR: failed to build: failed to solve: dockerfile parse error on line 3: unknown instruction: FOO",
        )
    )
    assert result.outcome == "failed"
    assert result.error is not None
    assert (result.error.line, result.error.stage) == (3, None)
    assert result.error.message == "dockerfile parse error on line 3: unknown instruction: FOO"
    assert len(result.error.excerpt) == 4


def test_an_old_engine_words_a_parse_error_differently() -> None:
    result = trace(text=("ERROR: failed to solve: dockerfile parse error line 2: unknown instruction: FOO",))
    assert result.error is not None
    assert result.error.line == 2


def test_a_stream_that_stops_in_the_middle_is_a_failure() -> None:
    result = trace(vertex("a", "[1/1] RUN x", 0))
    assert result.outcome == "failed"
    assert result.error is not None
    assert "ends in the middle" in result.error.message


def test_a_running_build_counts_up_to_now() -> None:
    reducer = reduced(message(vertexes=[vertex("a", "[1/2] RUN x", 1), vertex("b", "[2/2] RUN y")]))
    now = reducer.snapshot(EPOCH + 4)
    assert now.outcome == "running"
    assert [(step.state, step.seconds) for step in now.steps] == [("running", 3), ("waiting", 0)]


def test_the_engines_clock_may_differ_from_ours() -> None:
    reducer = reduced()
    for event, received in (((1.0, None), 101.2), ((1.0, 2.0), 102.1)):
        (made,) = reduced_events(event)
        reducer.feed(made, received=EPOCH + received)
    (made,) = reduced_events((3.0, None))
    reducer.feed(made, received=EPOCH + 103.1)
    assert reducer.snapshot(EPOCH + 105.1).seconds == pytest.approx(4.0)


def reduced_events(span: tuple[float, float | None]) -> tuple[object, ...]:
    from wizard.build.events import decode_line

    return decode_line(message(vertexes=[vertex("a", "[1/1] RUN x", *span)])) or ()


def test_context_bytes_are_what_was_transferred() -> None:
    status = {"id": "transferring context:", "vertex": "c", "name": "transferring", "timestamp": at(1)}
    result = reduced(
        message(vertexes=[vertex("c", "[internal] load build context", 0, 1)]),
        message(statuses=[{**status, "current": 100}]),
        message(statuses=[{**status, "current": 2048}]),
    ).finish()
    assert result.context_bytes == 2048


def test_warnings_repeated_by_the_builder_are_one() -> None:
    warning = {"vertex": "d", "short": base64.b64encode(b"JSONArgsRecommended: x").decode(), "range": []}
    result = reduced(message(warnings=[warning]), message(warnings=[warning])).finish()
    assert [warning.short for warning in result.warnings] == ["JSONArgsRecommended: x"]


def test_logs_that_come_before_their_vertex_are_kept() -> None:
    result = reduced(
        message(logs=[log("a", b"early\n")]), message(vertexes=[vertex("a", "[1/1] RUN x", 0, 1)])
    ).finish()
    assert result.steps[0].log == ("early",)


DOCKERFILE = b"""\
ARG BASE=debian
FROM ${BASE} AS Deps
ENV A=1
RUN one \\
    && more
# why
COPY a b

FROM deps
WORKDIR /
RUN two
"""


def test_steps_get_their_lines_from_the_dockerfile() -> None:
    reducer = reduced(
        message(
            vertexes=[
                vertex("0", "[deps 1/3] FROM debian"),
                vertex("1", "[deps 2/3] RUN one     && more", 0, 1, inputs=("0",)),
                vertex("2", "[deps 3/3] COPY a b", 1, 2, inputs=("1",)),
                vertex("3", "[stage-1 1/2] RUN two", 2, 3, inputs=("2",)),
            ]
        )
    )
    reducer.feed(BuildStart(source=DOCKERFILE))
    result = reducer.finish()
    assert [(stage.name, [step.line for step in stage.steps]) for stage in result.stages] == [
        ("deps", [4, 7]),
        ("stage-1", [11]),
    ]


def test_provenance_corrects_the_lines() -> None:
    reducer = reduced(message(vertexes=[vertex("sha256:a", "[2/2] RUN one", 0, 1)]))
    reducer.feed(BuildStart(source=b"FROM debian\nRUN one\n"))
    assert reducer.snapshot().steps[0].line == 2
    reducer.feed(BuildEnd(0, "done", lines={"sha256:a": 20}))
    assert reducer.finish().steps[0].line == 20


def test_the_only_stage_is_called_by_its_name_where_the_file_is_known() -> None:
    reducer = reduced(message(vertexes=[vertex("a", "[2/2] RUN one", 0, 1)]))
    assert reducer.snapshot().stages[0].name == "stage-0"
    reducer.feed(BuildStart(source=b"FROM debian AS App\nRUN one\n"))
    assert reducer.snapshot().stages[0].name == "app"


def test_the_json_has_the_documented_shape() -> None:
    result = trace_json(
        trace(
            vertex("a", "[deps 1/2] RUN one", 0, 4.1),
            vertex("b", "[deps 2/2] RUN two", 4.1, 5, inputs=("a",), error=BROKEN),
        )
    )
    assert result["schema"] == "dockwiz.trace/1"
    assert (result["outcome"], result["seconds"], result["steps_total"], result["steps_cached"]) == (
        "failed",
        5.0,
        2,
        0,
    )
    (stage,) = result["stages"]
    assert (stage["name"], stage["seconds"], stage["critical_seconds"]) == ("deps", 5.0, 5.0)
    assert stage["steps"][0] == {"index": 1, "command": "RUN one", "line": None, "state": "done", "seconds": 4.1}
    assert result["critical_path"] == ["deps 1", "deps 2"]
    assert {key: result["error"][key] for key in ("stage", "line", "exit_code", "message")} == {
        "stage": "deps",
        "line": None,
        "exit_code": 37,
        "message": BROKEN,
    }


def test_a_step_that_another_build_had_begun_counts_from_the_start_of_this_one() -> None:
    result = trace(
        vertex("0", "[internal] load build definition from Dockerfile", 100, 100.1),
        vertex("1", "[a 1/2] FROM debian", 3, 3, cached=True),
        vertex("2", "[a 2/2] RUN x", 40, 110, inputs=("1",)),
    )
    assert result.seconds == pytest.approx(10)
    assert result.steps[0].seconds == pytest.approx(10)


SHARING = b"""FROM debian
ARG WHO
RUN echo $WHO
COPY --link a b
"""


def test_a_step_of_another_build_is_found_by_its_text() -> None:
    """Also where the other file has several stages and ours one, with the values of variables put in, and in pairs."""
    reducer = reduced()
    reducer.feed(BuildStart(source=SHARING))
    for item in (
        vertex("0", "[theirs 1/9] FROM debian", 0, 1),
        vertex("1", "[theirs 4/9] RUN echo me", 1, 2, inputs=("0",)),
        vertex("2", "[theirs 7/9] COPY --link a b", 1, 2),
        vertex("3", "[theirs 7/9] LINK COPY --link a b", 2, 3, inputs=("1", "2")),
        vertex("4", "[theirs 8/9] RUN what is not in our file", 3, 4, inputs=("3",)),
    ):
        for event in events(message(vertexes=[item])):
            reducer.feed(event)
    found = reducer.finish()
    assert [(stage.name, [(step.index, step.line) for step in stage.steps]) for stage in found.stages] == [
        ("stage-0", [(2, 3), (3, 4)]),
        ("theirs", [(8, None)]),
    ]
    assert found.tasks[0].name == "FROM debian"


def test_a_stage_of_the_same_name_in_another_build_is_not_taken_for_ours() -> None:
    """Theirs has more steps; ours is found where it stands in our own file."""
    reducer = reduced(
        message(vertexes=[vertex("0", "[deps 6/9] RUN two", 0, 1), vertex("1", "[deps 2/3] RUN one && more", 1, 2)])
    )
    reducer.feed(BuildStart(source=DOCKERFILE))
    assert [(step.label, step.line) for step in reducer.finish().steps] == [("deps 2", 4), ("stage-1 1", 11)]


def test_of_two_builds_with_one_stage_each_the_steps_are_counted_as_in_ours() -> None:
    reducer = reduced(message(vertexes=[vertex("0", "[2/9] RUN echo me", 0, 1), vertex("1", "[3/3] COPY --link a b")]))
    reducer.feed(BuildStart(source=SHARING))
    assert [(step.index, step.total, step.line) for step in reducer.finish().steps] == [(2, 3, 3), (3, 3, 4)]
