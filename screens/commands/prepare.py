"""From the options of a command to the values it works on."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from wizard.compare.libraries.remembered import remembered
from wizard.errors import BadInput
from wizard.inspection import inspect
from wizard.inspection.dockerfiles import choose_dockerfile
from wizard.inspection.values import Inspection
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.state import StateFolder, state_folder
from wizard.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from wizard.build.request import BuildRequest


class Repo(NamedTuple):
    """A repository with its Dockerfile chosen."""

    workspace: Workspace
    dockerfile: str
    """Relative to the root."""

    @property
    def state(self) -> StateFolder:
        return state_folder(self.workspace.root)


def open_repo(options: argparse.Namespace) -> Repo:
    """The repo of PATH and -f. Raises BadInput where there is no Dockerfile, or several and none was named."""
    workspace = open_workspace(options.path)
    try:
        return Repo(workspace, choose_dockerfile(workspace, options.file))
    except BadInput as error:
        if error.path == workspace.context:
            # About PATH as a whole: in the person's own words for it.
            error.path = str(options.path)
        raise


def inspect_repo(repo: Repo) -> Inspection:
    """The inspection without an engine: nothing of `plan` and `apply` needs one."""
    return inspect(repo.workspace, repo.dockerfile, with_history=False)


def selection_of(options: argparse.Namespace) -> Selection:
    """The SELECT options as a value."""
    return Selection(only=options.only, skip=options.skip, all=options.all, goal=options.goal)


def settings_of(options: argparse.Namespace) -> Settings:
    return Settings(torch_index=options.torch_index, online=options.online)


def plan_repo(repo: Repo, options: argparse.Namespace) -> Plan:
    """The plan for the repo as the options select; with --online also what needs a registry or a package index."""

    def make(inspection: Inspection) -> Plan:
        return make_plan(repo.workspace, inspection, selection_of(options), settings)

    settings = replace(settings_of(options), proven=remembered(repo.state, repo.dockerfile))
    if not options.online:
        return make(inspect_repo(repo))
    from wizard.online.planning import plan_online

    return plan_online(make, inspect_repo(repo))


def request_of(repo: Repo, options: argparse.Namespace) -> BuildRequest:
    """A build of the repo with what the person's own way to build passes along."""
    from wizard.build.request import BuildRequest

    return BuildRequest(
        context=repo.workspace.root / repo.workspace.context,
        dockerfile=repo.workspace.root / repo.dockerfile,
        target=options.target,
        build_args=dict(options.build_arg),
        secrets=tuple(options.secret),
        ssh=tuple(options.ssh),
        builder=options.builder,
    )
