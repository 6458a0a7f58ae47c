from __future__ import annotations

import json
from dataclasses import replace

from tests.wizard.compare.examples import comparison, ended, run, side
from wizard.report.json import comparison_json


def test_the_document_is_the_schema_that_scripts_rely_on() -> None:
    document = comparison_json(comparison())
    assert document["schema"] == "dockwiz.compare/1"
    assert document["verdict"] == "equivalent"
    assert {"kind": "health", "severity": "harmless", "text": "both become healthy"} in document["reasons"]
    cold = document["scenarios"]["cold"]
    assert (cold["before"], cold["after"]) == (93.0, 71.2)
    assert [entry["side"] for entry in cold["runs"]] == ["before", "after"]
    assert document["size"]["before"] == {"unpacked": 1_412_000_000, "content": None, "layers": 9}
    assert document["context"]["after"] == {"files": 120, "bytes": 12_000_000}
    assert document["guilty"] == []
    assert json.loads(json.dumps(document)) == document


def test_a_scenario_is_the_median_of_its_finished_runs() -> None:
    times = [run("before", "cold", s, n) for n, s in enumerate((10.0, 30.0, 11.0), 1)]
    failed = run("after", "cold", 2.0, outcome="failed", error="line 8: exit code: 37")
    cold = comparison_json(comparison(runs=(*times, failed)))["scenarios"]["cold"]
    assert cold["before"] == 11.0
    assert cold["after"] is None
    assert cold["spread"] == {"before": 20.0, "after": None}
    assert cold["runs"][3]["error"] == "line 8: exit code: 37"


def test_what_was_not_run_has_no_scenario() -> None:
    document = comparison_json(comparison(runs=(run("before", "cold", 1.0),), cancelled=True))
    assert list(document["scenarios"]) == ["cold"]
    assert document["cancelled"] is True


def test_the_output_of_containers_is_not_handed_on() -> None:
    after = side("after", behaviour=ended(0, "PASSWORD=hunter2"))
    before = side("before", behaviour=ended(0, "PASSWORD=hunter2"))
    assert "hunter2" not in json.dumps(comparison_json(comparison(before=before, after=after)))


def test_values_of_variables_are_not_handed_on() -> None:
    config = comparison().before.config
    assert config is not None
    secret = side("before", config=replace(config, env={"TOKEN": "hunter2"}))
    assert "hunter2" not in json.dumps(comparison_json(comparison(before=secret)))


def test_a_side_without_an_image_says_why() -> None:
    broken = side("after", image=None, size=None, config=None, packages=None, behaviour=None, error="line 3: no")
    document = comparison_json(comparison(after=broken))
    assert document["after"]["error"] == "line 3: no"
    assert document["size"]["after"] is None
    assert document["verdict"] == "different"
