"""A PDM or Pipenv project without a lock whose torch comes from the CPU index: its manifest.

Source: pdm-project.org, "Configure the project", package indexes (`include_packages`, from PDM 2.10 on);
pipenv.pypa.io, "Specifiers", specifying package indexes (`index =` of a package).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.inspection.gpu.project_pulls import NAME


def obstacle(manager: str, data: Mapping[str, Any], members: Mapping[str, str | None]) -> str | None:
    """Why the manifest cannot be edited: what else it says about torch or its sources."""
    if manager == "pdm":
        sources = data.get("tool", {}).get("pdm", {}).get("source", ())
        taken = any("include_packages" in source for source in sources)
        return "binds packages to sources of its own already" if taken else _named(sources)
    packages = data.get("packages", {})
    odd = next((name for name in members if isinstance(packages.get(name), dict)), None)
    if odd is not None:
        return f"says more about {odd} than its version"
    return _named(data.get("source", ())) or (
        None if data.get("source") else "names no source, the first of which counts"
    )


def _named(sources: Any) -> str | None:
    return f"has a source called {NAME} already" if any(one.get("name") == NAME for one in sources) else None


def cpu_manifest(manager: str, text: str, members: Mapping[str, str | None], index: str) -> str:
    """The file with the CPU index as one more source, and the family bound to it. Pipenv's count for direct packages
    alone: those that only others bring are added."""
    import tomlkit

    document: Any = tomlkit.parse(text)
    entry = tomlkit.table()
    entry.update({"name": NAME, "url": index})
    if manager == "pdm":
        entry["include_packages"] = list(members)
        if "tool" not in document:
            document["tool"] = tomlkit.table(is_super_table=True)
        document["tool"].setdefault("pdm", tomlkit.table(is_super_table=True)).setdefault(
            "source", tomlkit.aot()
        ).append(entry)
        return str(tomlkit.dumps(document))
    entry["verify_ssl"] = True
    document["source"].append(entry)
    packages = document.setdefault("packages", tomlkit.table())
    for name in members:
        bound = tomlkit.inline_table()
        bound.update({"version": str(packages.get(name, "*")), "index": NAME})
        packages[name] = bound
    return str(tomlkit.dumps(document))
