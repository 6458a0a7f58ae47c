"""A library that comes with the compilers, that no table knows of, and that no behaviour shows: MarkupSafe does
without its compiled part where that cannot be loaded. The comparison finds it missing, and the next plan keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.rules.test_fixtures import look_at
from wizard.build.api import EngineApi
from wizard.compare.behaviour import Limits
from wizard.compare.defaults import with_plan
from wizard.compare.libraries.remembered import remember, remembered
from wizard.compare.session import Options, compare
from wizard.compare.values import Comparison
from wizard.inspection.values import Engine
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.state import StateFolder

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev tini && rm -rf /var/lib/apt/lists/*
ENV LDFLAGS="-Wl,--no-as-needed -latomic"
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
CMD ["python", "app.py"]
"""


@pytest.mark.engine
@pytest.mark.full
def test_what_a_comparison_finds_missing_the_next_plan_keeps(reach: Engine, api: EngineApi, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "Dockerfile").write_text(DOCKERFILE)
    (repo / "requirements.txt").write_text("--no-binary markupsafe\nmarkupsafe==2.1.5\n")
    (repo / "app.py").write_text("import markupsafe\nprint(markupsafe.escape('<a>'))\n")
    state = StateFolder(tmp_path / "state")
    found = look_at(repo)

    def planned() -> Plan:
        only = Selection(only=frozenset({"split-stages"}))
        return make_plan(found.workspace, found.inspection, only, Settings(proven=remembered(state, "Dockerfile")))

    def compared(plan: Plan) -> Comparison:
        sides = with_plan(plan)
        assert sides is not None
        before, after, change = sides
        options = Options(("unchanged",), limits=Limits(quiet_seconds=1.0), change=change)
        return compare(before, after, reach, api, state, options)

    first = compared(planned())
    assert [reason.text for reason in first.reasons if reason.kind == "behaviour"] == [
        "both end with exit code 0 and the same output"
    ]
    (harmful,) = (reason for reason in first.reasons if reason.severity == "harmful")
    assert harmful.text.startswith("libatomic.so.1 is missing in the new image: needed by /opt/venv/lib/python3.11/")
    assert harmful.text.endswith("add libatomic1 to the packages for the run time in line 3")
    assert first.verdict == "different"

    assert [need.package for need in remember(first, state, "Dockerfile")] == ["libatomic1"]
    second = compared(planned())
    assert b"tini libatomic1 " in (planned().changes["Dockerfile"] or b"")
    assert [reason for reason in second.reasons if reason.severity == "harmful"] == []
    assert remember(second, state, "Dockerfile") == ()
