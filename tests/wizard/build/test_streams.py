"""Recorded streams of a real engine, replayed (see record_streams.py)."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from wizard.build.events import BuildEnd, BuildEvent, BuildStart, encode
from wizard.build.plain import json_lines, plain_lines
from wizard.build.replay import replay
from wizard.build.trace import Reducer, trace_json
from wizard.build.values import BuildTrace
from wizard.errors import BadInput

STREAMS = Path(__file__).parents[2] / "fixtures" / "streams"
NAMES = sorted(path.name.removesuffix(".jsonl.gz") for path in STREAMS.glob("*.jsonl.gz"))


def replayed(name: str) -> BuildTrace:
    reducer = Reducer()
    for event in replay(STREAMS / f"{name}.jsonl.gz"):
        reducer.feed(event)
    return reducer.finish()


@pytest.mark.parametrize("name", NAMES)
def test_the_trace_of_a_recorded_stream(name: str) -> None:
    expected = STREAMS / f"{name}.trace.json"
    found = json.dumps(trace_json(replayed(name)), indent=1) + "\n"
    if os.environ.get("DOCKWIZ_WRITE_GOLDEN"):
        expected.write_text(found)
    assert json.loads(found) == json.loads(expected.read_text())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "clipped"])
def test_the_text_of_a_recorded_stream(name: str) -> None:
    expected = STREAMS / f"{name}.txt"
    found = "\n".join(plain_lines(replay(STREAMS / f"{name}.jsonl.gz"), Reducer())) + "\n"
    if os.environ.get("DOCKWIZ_WRITE_GOLDEN"):
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.parametrize(
    ("name", "outcome", "exit_code"),
    [
        ("parallel", "done", 0),
        ("cached", "done", 0),
        ("failed", "failed", 4),
        ("parse-error", "failed", 4),
        ("missing-file", "failed", 4),
        ("cancelled", "cancelled", 130),
    ],
)
def test_a_plain_stream_says_how_the_build_ended(name: str, outcome: str, exit_code: int) -> None:
    trace = replayed(name)
    assert (trace.outcome, trace.exit_code) == (outcome, exit_code)


def test_nothing_runs_again_in_a_fully_cached_build() -> None:
    trace = replayed("cached")
    assert trace.steps_cached == trace.steps_total == 9


def test_after_a_source_edit_only_the_steps_behind_it_run() -> None:
    trace = replayed("source-edit")
    assert [step.label for step in trace.steps if step.state == "done"] == ["stage-3 3", "stage-3 4"]


def test_in_parallel_stages_the_first_failure_is_the_error() -> None:
    error = replayed("failed").error
    assert error is not None
    assert (error.stage, error.line, error.exit_code, error.log) == ("bad", 6, 37, ("about to fail",))


def test_the_lines_of_a_stream_with_warnings_are_known_without_the_dockerfile() -> None:
    assert [step.line for step in replayed("warnings").steps] == [5, 7, 8]


def test_steps_that_run_in_another_build_at_the_same_time_stand_in_our_own_stages() -> None:
    """BuildKit prints them with the stages of the other build, `tools` and `other`."""
    stored = gzip.decompress((STREAMS / "shared.jsonl.gz").read_bytes()).decode()
    assert "[tools 2/4] RUN" in stored
    assert "[other 1/2] FROM" in stored
    trace = replayed("shared")
    assert [(step.label, step.total, step.line, step.state) for step in trace.steps] == [
        ("base 2", 2, 3, "done"),
        ("deps 1", 2, 6, "done"),
        ("deps 2", 2, 7, "done"),
        ("stage-2 1", 1, 10, "done"),
    ]
    assert [stage.name for stage in trace.stages] == ["base", "deps", "stage-2"]
    assert not any("other" in task.name for task in trace.tasks)
    assert trace.critical_path[:2] == ("base 2", "deps 1")


def test_output_is_folded_and_marked_where_the_builder_clipped_it() -> None:
    deps = next(stage for stage in replayed("parallel").stages if stage.name == "deps")
    assert deps.steps[2].log == ("100%", "\x1b[32mgreen\x1b[0m café")
    assert [step.clipped for step in replayed("clipped").steps] == [True, False]
    assert replayed("clipped").steps[1].log == ("no line end",)


def test_json_progress_is_one_object_per_change_and_then_the_trace() -> None:
    *changes, last = [json.loads(line) for line in json_lines(replay(STREAMS / "failed.jsonl.gz"), Reducer())]
    assert last["schema"] == "dockwiz.trace/1"
    assert [(change["step"], change["state"]) for change in changes if change["stage"] == "bad"] == [
        ("bad 2", "running"),
        ("bad 2", "failed"),
    ]


def test_a_log_of_ours_is_replayed_with_its_own_end(tmp_path: Path) -> None:
    """The builder was killed: the stream itself stops without a word."""
    stored = gzip.decompress((STREAMS / "failed.jsonl.gz").read_bytes()).splitlines(keepends=True)[:12]
    path = tmp_path / "build.jsonl"
    begin = BuildStart(("docker", "buildx", "build"), "Dockerfile", b"FROM debian AS slow\nRUN x\n")
    path.write_bytes(b"".join([encode(begin), *stored, encode(BuildEnd(-9, "failed", "killed (signal 9)"))]))
    reducer = Reducer()
    events: list[BuildEvent | str] = list(replay(path))
    for event in events:
        reducer.feed(event)
    trace = reducer.finish()
    assert trace.outcome == "failed"
    assert trace.error is not None
    assert trace.error.message == "killed (signal 9)"
    assert trace.command == ("docker", "buildx", "build")


def test_a_cut_off_recording_is_replayed_up_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes((STREAMS / "parallel.jsonl.gz").read_bytes()[:1500])
    reducer = Reducer()
    for event in replay(path):
        reducer.feed(event)
    assert reducer.finish().outcome == "failed"


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x00\x01\x02", b"\x1f\x8bnot gzip"])
def test_a_file_that_is_no_recording_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        list(replay(path))


def test_a_missing_recording_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        list(replay(tmp_path / "x"))
    with pytest.raises(BadInput, match="is a directory"):
        list(replay(tmp_path))
