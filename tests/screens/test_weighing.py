"""Evidence for and against a proposal, and what waits for the network, as the Propose page shows them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from screens.cli import main
from screens.glyphs import ASCII
from screens.lines import text_of
from screens.views.weighing import MOST, side_by_side, stacked
from tests.screens.driving import frame, make_app, press, running
from wizard.inspection.questions import DigestQuestion
from wizard.inspection.values import Evidence
from wizard.rules.base import Asks, Refusal, Rule, View

pytestmark = pytest.mark.usefixtures("no_engine")
REQUIREMENT = Evidence("requirements.txt", 2, "torch==2.5.1")
GUARDED = Evidence("app/main.py", 2, 'device = "cuda" if torch.cuda.is_available() else "cpu"')
CALL = Evidence("tests/test_model.py", 3, "torch.zeros(1).cuda()")


def texts(rows: list) -> list[str]:
    return [text_of(row).rstrip() for row in rows]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service that asks first whether there is a GPU, and a test of it that does not."""
    for name, text in (
        ("Dockerfile", "FROM python:3.11-slim\nCOPY . .\nRUN pip install torch==2.5.1\nCMD python main.py\n"),
        ("main.py", f"import torch\n{GUARDED.text}\n"),
        ("test_main.py", f"import torch\n\n{CALL.text}\n"),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_in_one_column_each_line_names_its_place() -> None:
    assert texts(stacked([REQUIREMENT, GUARDED], [CALL], 60)) == [
        " For      requirements.txt:2  torch==2.5.1",
        '          app/main.py:2  device = "cuda" if torch.cuda.is_..',
        " Against  tests/test_model.py:3  torch.zeros(1).cuda()",
    ]


def test_in_two_columns_the_text_stands_below_its_place() -> None:
    assert texts(side_by_side([REQUIREMENT], [CALL], 55, ASCII)) == [
        " For                       |  Against",
        " requirements.txt:2        |  tests/test_model.py:3",
        "   torch==2.5.1            |    torch.zeros(1).cuda()",
    ]


def test_a_part_without_evidence_says_so_and_a_long_one_is_counted() -> None:
    many = [Evidence("a.py", number, "x.cuda()") for number in range(1, MOST + 4)]
    assert texts(stacked([], many, 60))[0] == " For      nothing found"
    assert texts(stacked([], many, 60))[-1].strip() == "and 3 more"
    assert texts(side_by_side([], many, 60, ASCII))[1].startswith(" nothing found")


def test_a_long_place_keeps_its_name_and_line() -> None:
    deep = Evidence("packages/service/recommendations/model.py", 120, "x")
    place = texts(side_by_side([deep], [], 43, ASCII))[1].split(" | ")[0].strip()
    assert place == "..ions/model.py:120"


@pytest.mark.parametrize(("size", "beside"), [((60, 40), False), ((80, 40), False), ((120, 40), True)])
async def test_the_page_shows_both_parts_beside_each_other_where_there_is_room(
    service: Path, size: tuple[int, int], beside: bool
) -> None:
    app = make_app(service, rules=None)
    async with running(app, size) as pilot:
        await press(pilot, "enter", "enter", "j")
        rows = frame(app).split("\n")
        assert any("Against" in row and "For " in row for row in rows) is beside
        assert any("test_main.py:3" in row for row in rows)


def test_the_plan_and_its_json_tell_the_parts_apart(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(service), "--only", "torch-cpu-index"]) == 0
    said = capsys.readouterr().out
    assert said.index("For:") < said.index("main.py:2") < said.index("Against:") < said.index("test_main.py:3")


def test_a_refusal_names_what_speaks_for_it_too(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (service / "serve.py").write_text("import torch\ntorch.zeros(1).cuda()\n")
    assert main(["plan", str(service), "--only", "torch-cpu-index"]) == 0
    said = capsys.readouterr().out
    assert said.index("this service uses a GPU") < said.index("main.py:2") < said.index("| serve.py:2")


def _digest(view: View) -> Asks | Refusal:
    """Waits for the network, which then says nothing of use."""
    if view.settings.online:
        return Refusal("pin", "nobody has it")
    return Asks("pin", (DigestQuestion("python:3.11-slim"),))


async def test_what_waits_is_listed_and_one_key_lets_it_ask(shop: Path) -> None:
    rule = cast(Rule, SimpleNamespace(ID="pin", TITLE="pin", CATEGORY="secure", __doc__="", propose=_digest))
    app = make_app(shop, rules=(rule,))
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "j")
        shown = frame(app)
        assert "Waiting for the network (1): o asks" in shown
        assert "Asks for the digest of python:3.11-slim now." in shown
        assert "Press o, or start with `dockwiz --online`" in shown
        await press(pilot, "o")
        assert "Waiting" not in frame(app)
        assert "nobody has it" in frame(app)
