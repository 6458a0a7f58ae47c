"""Where and with what something was measured, for the report."""

from __future__ import annotations

from wizard import __version__
from wizard.build.api import EngineApi
from wizard.compare.values import Conditions
from wizard.inspection.values import Engine


def conditions_of(engine: Engine, api: EngineApi, link: str | None) -> Conditions:
    """The engine's own word on its machine: it need not be this one."""
    info = api.info()
    memory = int(info.get("MemTotal") or 0)
    machine = f"{info.get('NCPU')} processors, {memory / 1e9:.0f} GB memory, {info.get('OperatingSystem')}"
    return Conditions(
        engine=engine.version,
        store=engine.store,
        buildx=engine.buildx,
        builder=engine.builder,
        driver=engine.driver,
        architecture=engine.architecture,
        machine=machine,
        dockwiz=__version__,
        link=link,
    )
