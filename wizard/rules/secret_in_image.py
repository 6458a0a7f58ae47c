"""Hand secrets to the steps that need them, and to nothing else.

What it does
: Finds secrets in ARG and ENV, copied files with credentials, passwords in addresses and tokens in commands. Where a
  secret is only there for the build, ARG, ENV or COPY goes, the steps that may read it get
  `RUN --mount=type=secret`, and every caller in the repo that handed over a build argument hands over the secret:
  scripts, Makefiles, CI, compose, bake. Where the frontend has no `env=`, the step reads /run/secrets.

Why
: A build argument stands in the history of the image, an ENV in its configuration, a copied file in its layers, also
  where a later step removes it. Whoever can pull the image can read them.

When it is safe
: Never by itself: a build that runs somewhere else has to hand over the secret too. The rewrite is only made where no
  container reads the variable at run time, no step leaves it in a file, no other instruction uses it, and every caller
  that is seen can be changed. Else the secret is named with the reason and the way out, and nothing is changed. A
  value that was in the file stays in its git history: it has to be replaced. What names a secret is narrow: the name's
  end (`…_TOKEN`, `…PASSWORD`, `API_KEY`), files by name and content, keys by their form; switches and placeholders are
  none.

Source
: docs.docker.com, Build secrets, and build check SecretsUsedInArgOrEnv; `docker build --secret` in the CLI reference.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, NamedTuple

from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.editing import Edit, add_flags, delete, remove_span, splice
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.style import style_of
from wizard.inspection.callers.given import BuildSecret
from wizard.inspection.callers.giving import documents_naming, give_secrets
from wizard.inspection.frontend import frontend_of
from wizard.inspection.places import line_at, place_at
from wizard.inspection.secrets.copied import CopiedFile, copied_files
from wizard.inspection.secrets.file_mounts import file_mounts
from wizard.inspection.secrets.variable_mounts import steps_for
from wizard.inspection.secrets.variables import Variable, secret_variables
from wizard.inspection.secrets.written import written_secrets
from wizard.inspection.shipped import shipped_stages
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "secret-in-image"
TITLE = "Keep secrets out of the image"
CATEGORY: Category = "secure"

_REPLACE: Final = "The value is in the file and its git history: replace it by a new one."


class _Found(NamedTuple):
    """A secret, and what can be done."""

    places: tuple[Instruction, ...]
    why: str
    """A sentence: what can be read, and where."""
    problem: str = ""
    """Why nothing is changed, with the way out: sentences. "" where it is."""
    secret: BuildSecret | None = None
    steps: tuple[tuple[Instruction, str], ...] = ()
    """The RUN instructions that get the secret, each with its `--mount`."""
    exports: str = ""
    """What these begin with, where the variable comes from the file of a secret."""
    edits: tuple[Edit, ...] = ()
    written_out: bool = False
    ignore: tuple[tuple[str, bytes], ...] = ()
    """New content of ignore files."""


def propose(view: View) -> Proposal | Refusal | None:
    """Build secrets for all that can be given that way; every other secret by name, with the reason."""
    document = view.document
    variables = secret_variables(document)
    found = [_variable(view, variable) for variable in variables]
    found += [_file(view, file) for file in copied_files(view.workspace, document)]
    told = {place.index for one in found for place in one.places}
    found += [
        _Found(
            (one.instruction,),
            f"{line_at(one.instruction.start_line).capitalize()} holds {one.what}.",
            f"Take it out of the file and hand it to the step with `RUN --mount=type=secret`. {_REPLACE}",
        )
        for one in written_secrets(document)
        if one.instruction.index not in told
    ]
    if not found:
        return None
    workspace, done, left = view.workspace, list[_Found](), list[_Found]()
    changed: list[str] = []
    for one in found:
        if one.problem or one.secret is None:
            left.append(one)
            continue
        given = give_secrets(workspace, view.dockerfile, view.inspection.dockerfiles, one.secret)
        if isinstance(given, str):
            left.append(one._replace(problem=f"{given}. Change it by hand to `{_option(one.secret)}`, then ask again."))
            continue
        workspace = workspace.edit({**given.edits, **dict(one.ignore)})
        changed += [place_at(caller.path, caller.line) for caller in given.callers]
        done.append(one)
    edits = _edits(document, done)
    result = splice(document, edits) if edits else None
    files = {
        path: content for path, content in workspace.overlay.items() if view.workspace.overlay.get(path) != content
    }
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=" ".join([*(one.why for one in done), *(f"{one.why} {_left(one, done)}" for one in left)]),
        evidence=tuple(evidence_at(view, place) for one in (*done, *left) for place in one.places),
        edits={**files, view.dockerfile: result.source} if result else {},
        planned=result.planned if result else None,
        risk=_risk(view, done, changed),
    )


def _left(one: _Found, done: list[_Found]) -> str:
    return f"{'It' if done else 'Nothing'} is {'left' if done else 'changed'}: {one.problem}"


def _risk(view: View, done: list[_Found], changed: list[str]) -> str:
    """What the person has to check."""
    if not done:
        return ""
    options = " ".join(dict.fromkeys(_option(one.secret) for one in done if one.secret))
    said = [f"Every build has to hand it over now, also where this repo does not show it: `docker build {options} …`."]
    if changed:
        said.append(f"Changed with it: {listed(list(dict.fromkeys(changed)))}.")
    else:
        said.append("No file of the repo that builds it had to be changed.")
    if any("compose" in place for place in changed):
        said.append("Compose stops where the variable is not set.")
    told = [place for one in done if one.secret for place in documents_naming(view.workspace, one.secret.id)]
    if told:
        said.append(f"Documents still say to hand over a build argument: {listed(told)}.")
    said.append("A step is not run again because a secret has changed.")
    if any(one.written_out for one in done):
        said.append(_REPLACE)
    return " ".join(said)


def _option(secret: BuildSecret | None) -> str:
    if secret is None:
        return ""
    return f"--secret id={secret.id},{f'src={secret.file}' if secret.file else f'env={secret.id}'}"


def _variable(view: View, variable: Variable) -> _Found:
    """What becomes of an ARG or ENV."""
    document = view.document
    places = tuple(one.instruction for one in variable.declarations)
    shipped = {stage.index for stage in shipped_stages(document, view.inspection.callers)}
    stages = [document.stage_of(place) for place in places]
    in_image = any(stage is not None and stage.index in shipped for stage in stages)
    where = "the build's cache and provenance"
    if in_image:
        where = "the image's configuration" if variable.in_environment else "the image's history"
    lines = listed([line_at(place.start_line) for place in places])
    why = f"{variable.name} of {lines} can be read in {where}."
    again = f" {_REPLACE}" if variable.written_out else ""
    steps = steps_for(view.workspace, document, variable, view.inspection.callers)
    if isinstance(steps, str):
        return _Found(places, why, f"{steps}{again}")
    frontend = frontend_of(document, view.inspection.engine)
    mount, exports = f"--mount=type=secret,id={variable.name},env={variable.name}", ""
    if not frontend.has("secret-env"):
        unfit = next(
            (step for step in steps if step.json is not None or step.heredocs or _unread(document, step)), None
        )
        if unfit is not None:
            because = f"{frontend.lacks('secret-env')}, and {line_at(unfit.start_line)} cannot read a file instead"
            return _Found(places, why, f"{because}. Ask for a newer frontend (`# syntax=docker/dockerfile:1`).{again}")
        mount = f"--mount=type=secret,id={variable.name},mode=0444"
        exports = f'export {variable.name}="$(cat /run/secrets/{variable.name})" &&{style_of(document).break_line}'
    return _Found(
        places,
        why,
        secret=BuildSecret(variable.name, optional=not variable.written_out),
        steps=tuple((step, mount) for step in steps),
        exports=exports,
        edits=tuple(_taken_out(document, variable)),
        written_out=variable.written_out,
    )


def _unread(document: Document, step: Instruction) -> bool:
    return parse_run(document, step).opaque is not None


def _taken_out(document: Document, variable: Variable) -> Iterator[Edit]:
    for one in variable.declarations:
        if one.alone:
            yield delete(document, one.instruction)
        else:
            yield remove_span(document, one.instruction, one.pair.word.span)


def _file(view: View, file: CopiedFile) -> _Found:
    """What becomes of a copied file."""
    place = file.instruction
    name = posixpath.basename(file.path)
    holds = "may hold" if file.named else "holds"
    why = f"{line_at(place.start_line).capitalize()} copies {file.path}, which {holds} credentials."
    if not file.named or "programs" not in file.entry:
        instead = file.entry.get(
            "instead", "Name it in .dockerignore, and mount it: `RUN --mount=type=secret,id=…,target=…`."
        )
        return _Found((place,), why, instead)
    mounts = file_mounts(view.workspace, view.document, file, view.inspection.dockerfiles)
    if isinstance(mounts, str):
        return _Found((place,), why, mounts)
    return _Found(
        (place,),
        why,
        secret=BuildSecret(name.lstrip("."), file.path, optional=False),
        steps=mounts.steps,
        edits=mounts.edits,
        ignore=mounts.ignore,
    )


def _edits(document: Document, done: list[_Found]) -> list[Edit]:
    """All edits of the Dockerfile: those of one instruction together."""
    edits = [edit for one in done for edit in one.edits]
    mounts: dict[int, list[str]] = {}
    exports: dict[int, str] = {}
    for one in done:
        for step, mount in one.steps:
            mounts.setdefault(step.index, []).append(mount)
            exports[step.index] = exports.get(step.index, "") + one.exports
    for index, flags in mounts.items():
        step = document.instructions[index]
        edits.append(add_flags(document, step, flags))
        if exports[index]:
            at = step.argument_span.start
            edits.append(Edit(step.argument_span._replace(end=at), exports[index]))
    return edits
