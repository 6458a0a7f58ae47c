from __future__ import annotations

from dataclasses import replace

import pytest

from tests.wizard.compare.examples import ANSWER, CONFIG, RUNNING, ended, side
from wizard.compare.values import Behaviour, Reason, Severity
from wizard.compare.verdict import compare_behaviour, judge, reasons_for


def reason(severity: Severity, undecided: bool = False) -> Reason:
    return Reason("x", severity, "text", undecided=undecided)


@pytest.mark.parametrize(
    ("reasons", "verdict"),
    [
        ((), "equivalent"),
        ((reason("harmless"),), "equivalent"),
        ((reason("harmless"), reason("noted")), "noted"),
        ((reason("noted"), reason("noted", undecided=True)), "unknown"),
        ((reason("noted", undecided=True), reason("harmful")), "different"),
    ],
)
def test_the_weightiest_reason_decides(reasons: tuple[Reason, ...], verdict: str) -> None:
    assert judge(reasons) == verdict


def test_the_same_image_twice_is_equivalent() -> None:
    assert judge(reasons_for(side("before"), side("after"))) == "equivalent"


def verdict_of(before: Behaviour | None, after: Behaviour | None) -> tuple[str, str]:
    reasons = compare_behaviour(before, after)
    return judge(reasons), reasons[0].text


def test_a_container_that_ends_where_the_other_runs_is_different() -> None:
    after = ended(1, "Traceback\nModuleNotFoundError: No module named 'boto3'\n")
    verdict, text = verdict_of(RUNNING, after)
    assert verdict == "different"
    assert "exit code 1 (ModuleNotFoundError: No module named 'boto3')" in text


def test_failing_in_both_is_said_and_proves_nothing() -> None:
    verdict, text = verdict_of(ended(3, "no DATABASE_URL"), ended(3, "no DATABASE_URL"))
    assert verdict == "unknown"
    assert text == "fails in both: ends with exit code 3 (no DATABASE_URL)"


def test_a_command_that_ends_well_in_both_with_the_same_words_is_equivalent() -> None:
    assert verdict_of(ended(0, "took 12 ms"), ended(0, "took 9 ms"))[0] == "equivalent"
    assert verdict_of(ended(0, "hello"), ended(0, "goodbye"))[0] == "noted"


def test_other_exit_codes_are_different_only_when_the_original_was_well() -> None:
    assert verdict_of(ended(0), ended(2))[0] == "different"
    assert verdict_of(ended(2), ended(0))[0] == "unknown"


def test_running_out_of_memory_is_named() -> None:
    _, text = verdict_of(RUNNING, replace(ended(137), out_of_memory=True))
    assert "out of memory" in text


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (replace(RUNNING, health="unhealthy", ready_seconds=None), "different"),
        (replace(RUNNING, ports=()), "different"),
        (replace(RUNNING, ports=(8000, 9000)), "noted"),
        (replace(RUNNING, probes=(replace(ANSWER, status=500),)), "different"),
        (replace(RUNNING, probes=(replace(ANSWER, status=None, digest=None),)), "different"),
        (replace(RUNNING, probes=(replace(ANSWER, digest="other"),)), "noted"),
        (replace(RUNNING, probes=(replace(ANSWER, digest=None),)), "equivalent"),
        (replace(RUNNING, probes=(replace(ANSWER, content_type="text/plain"),)), "noted"),
        (replace(RUNNING, ready_seconds=30.0), "equivalent"),
    ],
)
def test_what_a_running_container_does_is_compared(after: Behaviour, verdict: str) -> None:
    assert verdict_of(RUNNING, after)[0] == verdict


def test_two_containers_that_answer_nothing_leave_it_open() -> None:
    silent = replace(RUNNING, health="none", ports=(), probes=(replace(ANSWER, status=None, digest=None),))
    assert judge(compare_behaviour(silent, silent)) == "unknown"


def test_two_that_listen_but_speak_no_http_are_noted() -> None:
    database = replace(RUNNING, health="none", ports=(5432,), probes=(replace(ANSWER, status=None, digest=None),))
    assert judge(compare_behaviour(database, database)) == "noted"


def test_two_workers_without_port_or_health_check_are_noted() -> None:
    worker = Behaviour(True, None, "none", None, (), (), 5.0)
    assert verdict_of(worker, worker) == ("noted", "both keep running; there is no port and no health check to try")


def test_not_starting_is_different_or_fails_in_both() -> None:
    broken = Behaviour(False, None, "untested", None, None, (), 0.0, error="no such program: gunicorn")
    assert verdict_of(RUNNING, broken)[0] == "different"
    assert verdict_of(broken, broken)[0] == "unknown"


def test_a_side_that_does_not_build_is_named() -> None:
    good, failed = side("before"), replace(side("after"), image=None, error="line 8: exit code: 37")
    first = reasons_for(good, failed)[0]
    assert first.text == "the new image does not build: line 8: exit code: 37"
    assert judge(reasons_for(good, failed)) == "different"
    assert judge(reasons_for(replace(failed, label="before"), good)) == "unknown"


def test_harm_stands_first() -> None:
    reasons = reasons_for(side("before"), side("after", config=replace(CONFIG, labels={"a": "b"}, user="app")))
    assert [r.severity for r in reasons] == ["harmful", "harmless", "harmless", "harmless"]
