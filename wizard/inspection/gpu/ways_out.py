"""What a person can do where torch comes in a way that cannot be edited here: in the words of each manager.

Source: docs.astral.sh/uv, "Using uv with PyTorch"; python-poetry.org, "Repositories", explicit package sources;
pdm-project.org, "Configure the project", package indexes; pipenv.pypa.io, "Specifiers", specifying package indexes.
"""

from __future__ import annotations

from wizard.inspection.gpu.project_pulls import NAME, ProjectPull
from wizard.wording import listed

_CALLED = {"uv": "uv", "poetry": "Poetry", "pdm": "PDM", "pipenv": "Pipenv"}


def brought_by(pull: ProjectPull) -> str:
    """How torch comes into the image, for the beginning of a sentence: by whom, and how that is known."""
    return f"{_CALLED[pull.install.manager]} installs {listed(list(pull.members))} from the usual index ({pull.how})"


def way_out(pull: ProjectPull, index: str) -> str:
    """What to write into the manifest, and the command that makes the lock again."""
    members = list(pull.members)
    match pull.install.manager:
        case "uv":
            bound = listed([f'{name} = {{ index = "{NAME}" }}' for name in members])
            added = [name for name in members if name not in pull.direct]
            direct = f", {listed(added)} to its dependencies" if added else ""
            return (
                f'add [[tool.uv.index]] with name = "{NAME}", url = "{index}", explicit = true, and '
                f"[tool.uv.sources] with {bound} to {pull.manifest}{direct}, then run `uv lock`"
            )
        case "poetry":
            words = " ".join(f"{name}=={version}" if version else name for name, version in pull.members.items())
            return (
                f"run `poetry source add --priority explicit {NAME} {index}` and "
                f"`poetry add --source {NAME} {words}`, which makes the lock again"
            )
        case "pdm":
            names = ", ".join(f'"{name}"' for name in members)
            return (
                f'add [[tool.pdm.source]] with name = "{NAME}", url = "{index}", include_packages = [{names}] '
                f"to {pull.manifest}, then run `pdm lock --update-reuse`"
            )
        case _:
            return (
                f'add [[source]] with name = "{NAME}", url = "{index}", verify_ssl = true to {pull.manifest}, '
                f'index = "{NAME}" to {listed(members)} under [packages], then run `pipenv lock`'
            )
