"""`dockwiz doctor`: what is here to build with, what is missing and how to get it."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from typing import Any

import wizard
from wizard.build.engines import find_engine
from wizard.errors import NoEngine
from wizard.report.units import size
from wizard.state import state_home


def run(options: argparse.Namespace) -> int:
    facts = _facts()
    if options.json:
        print(json.dumps(facts, indent=2))
    else:
        for name, value in facts.items():
            if name != "schema":
                print(f"{name.replace('_', ' '):<16} {_words(value)}")
    return 0 if facts["problem"] is None else NoEngine.exit_code


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = {
        "schema": "dockwiz.doctor/1",
        "dockwiz": wizard.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "docker_command": shutil.which("docker"),
        "git": shutil.which("git"),
        "state_folder": str(state_home()),
    }
    try:
        engine = find_engine()
    except NoEngine as error:
        return {**facts, "engine": None, "problem": str(error)}
    return {
        **facts,
        "engine": f"{engine.version} (API {engine.api_version}) at {engine.host}",
        "image_store": engine.store,
        "buildx": engine.buildx,
        "builder": f"{engine.builder} ({engine.driver})",
        "disk_free": None if engine.disk_free is None else size(engine.disk_free),
        "problem": None,
    }


def _words(value: Any) -> str:
    return "none" if value is None else str(value)
