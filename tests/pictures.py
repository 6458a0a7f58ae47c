"""docs/images/*.png: the wizard's pages on a bundled sample, with figures that were really measured (`make pictures`).

The report is drawn from docs/images/flask-ocr.json, the comparison of a real session on that sample.
`python -m tests.pictures FOLDER` takes it anew from a state folder, where the wizard and `dockwiz compare` keep it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from screens.session import Page
from tests.engine.machine import install_missing
from tests.screens.driving import make_app, press, running
from wizard.compare.last import load_last
from wizard.compare.values import Comparison
from wizard.samples import lay_out
from wizard.state import StateFolder

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SAMPLE = "flask-ocr"
MEASURED = IMAGES / f"{SAMPLE}.json"
SIZES = {"propose": (90, 32), "report": (90, 38)}
"""Columns and rows of each picture."""
WIDTH = 1280
"""Pixels."""


def main(words: list[str]) -> None:
    """Take the comparison where a state folder is named, and draw the pictures."""
    if words:
        _keep(Path(words[0]))
    install_missing({"rsvg-convert": "librsvg2-bin"})
    os.environ.update(LC_ALL="C.UTF-8")
    with tempfile.TemporaryDirectory(prefix="dockwiz-pictures-") as folder:
        os.environ["DOCKWIZ_STATE"] = str(Path(folder) / "state")
        repo = lay_out(SAMPLE, Path(folder) / SAMPLE)
        for name, size in SIZES.items():
            drawing = Path(folder) / f"{name}.svg"
            drawing.write_text(asyncio.run(_draw(repo, name, size)), "utf-8")
            picture = IMAGES / f"{name}.png"
            subprocess.run(["rsvg-convert", "--width", str(WIDTH), "--output", picture, drawing], check=True)
            print(picture)


async def _draw(repo: Path, name: str, size: tuple[int, int]) -> str:
    app = make_app(repo, ascii_only=False, rules=None)
    async with running(app, size) as pilot:
        if name == "report":
            app.session = replace(app.session, comparison=_measured())
            app.open_page(Page.REPORT)
            await press(pilot)
        else:
            await press(pilot, "enter", "enter", "j", "j", "j")
        # Without it a renderer may take the blanks at the beginning of a text away.
        return app.export_screenshot(title="dockwiz").replace("<svg ", '<svg xml:space="preserve" ', 1)


def _measured() -> Comparison:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "comparison.json").write_bytes(MEASURED.read_bytes())
        kept = load_last(StateFolder(Path(folder)))
    if kept is None:
        sys.exit(f"{MEASURED}: not a comparison that this version can read; take it anew")
    return kept.value


def _keep(state: Path) -> None:
    """Store the newest comparison of the sample that lies below a state folder."""
    found = sorted(state.glob(f"**/{SAMPLE}-*/comparison.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        sys.exit(f"{state}: no comparison of {SAMPLE} in it")
    IMAGES.mkdir(parents=True, exist_ok=True)
    MEASURED.write_bytes(found[-1].read_bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
