"""The report: before and after side by side, what both images do, and what was not measured."""

from __future__ import annotations

import re

from screens.glyphs import Glyphs
from screens.lines import Line, Span, fit, line, paragraph, shorten
from screens.masking import mask
from screens.session import Session
from screens.views.lanes import in_short
from wizard.again import command, undo_command
from wizard.compare.libraries.remembered import kept_next
from wizard.compare.values import LABELS, Comparison, Progress, Run, SideResult
from wizard.report.rows import first_run
from wizard.report.rows import rows as table
from wizard.report.units import brief, count, seconds

NAME = 27
_LESS = re.compile(r"-([\d.]+) %")


def report(session: Session, tag: str, offer: str, width: int, glyphs: Glyphs) -> list[Line]:
    """The page: the table, the verdict with its reasons, what was not measured, and what to do next."""
    comparison = session.comparison
    if comparison is None:
        return _build_only(session, tag, offer, width)
    figure, change_width = columns(width)
    rows: list[Line] = [line(), _heading(width)]
    for row in table(comparison):
        less = _LESS.fullmatch(row.change)
        cells = width - NAME - 2 * figure - change_width - 6
        text = f"{row.before:>{figure}}{row.after:>{figure}}  "
        # The only words that are longer than their column: no difference was measured.
        room = width - NAME - 2 * figure - 4
        change = f"{row.change if len(row.change) <= room else 'alike':>{change_width}}"
        bar = saved_bar(float(less[1]), cells, glyphs) if less else ""
        rows.append(
            line(
                Span(f"  {fit(row.title, NAME)}", "key"),
                text,
                Span(change, "good" if less else ""),
                Span(f"  {bar}" if bar else "", "good"),
            )
        )
    rows.append(_users(comparison.before, comparison.after, width))
    rows.append(line())
    rows += _verdict(comparison, width, glyphs)
    rows += _steps_after_edit(comparison, width)
    rows += _stages(comparison, width, glyphs)
    rows += _slowest(session, width)
    rows.append(line())
    rows += paragraph("  Measured", _conditions(comparison), width, indent=13, role="dim")
    rows += [line(Span("  Not measured", "warn"))] if comparison.not_measured else []
    for text in comparison.not_measured:
        rows += paragraph("", text, width, indent=13, role="warn")
    return [*rows, *_next(session, tag, width)]


def columns(width: int) -> tuple[int, int]:
    """The cells of a figure (`12 min 05 s` at most) and of the change; below 70 cells both are as narrow as can be."""
    return (11, 7) if width < 70 else (12, 10)


def saved_bar(percent: float, cells: int, glyphs: Glyphs) -> str:
    """How much is gone, as a bar; empty where there is no room for one."""
    if cells < 8:
        return ""
    cells = min(cells, 20)
    filled = round(percent / 100 * cells)
    return glyphs.bar * filled + glyphs.bar_rest * (cells - filled)


def measuring(progress: Progress | None, elapsed: float, width: int, glyphs: Glyphs) -> list[Line]:
    """What the measuring does now, how far it is, and the last build that ended."""
    if progress is None:
        return [line(Span(f" {glyphs.running} Preparing the measurement ..", "running"))]
    cells = max(min(width - 40, 40), 10)
    filled = round(progress.done / progress.total * cells) if progress.total else 0
    rows = [
        line(Span(f" {glyphs.running} {progress.message}", "running"), f"  {seconds(elapsed)} so far"),
        line(
            f"   {glyphs.bar * filled}{glyphs.bar_rest * (cells - filled)}  {progress.done} of {progress.total}",
        ),
    ]
    if progress.run is not None:
        rows.append(line(Span(f"   {run_words(progress.run)}", "dim")))
    return rows


def run_words(run: Run) -> str:
    """`before, cold: 71.2 s, 0 of 9 steps cached`."""

    outcome = "" if run.outcome == "done" else f" ({run.outcome})"
    cached = f"{run.steps_cached} of {count(run.steps_total, 'step')} cached"
    return f"{run.side}, {run.scenario}: {seconds(run.seconds)}, {cached}{outcome}"


def _build_only(session: Session, tag: str, offer: str, width: int) -> list[Line]:
    result = session.build
    rows: list[Line] = [line()]
    if result is None:
        rows.append(line("  Nothing has been built yet."))
    else:
        trace = result.trace
        cached = f"{trace.steps_cached} of {count(trace.steps_total, 'step')} cached"
        rows += paragraph("  This build", f"{seconds(result.seconds)}, {cached}   (measured)", width, indent=17)
        rows += _slowest(session, width, indent=17)
    missing = (
        "the build before, a cold build, a rebuild after an edit, the image's size, and whether both do the same job"
    )
    rows += paragraph("  Not measured", missing, width, indent=17, role="warn")
    if offer and session.plan is not None:
        rows.append(line())
        rows += paragraph("  enter", f"measures all of that: {offer}", width, indent=17)
        rows += paragraph("", "It works on private copies and removes what it made.", width, indent=17, role="dim")
    return [*rows, *_next(session, tag, width)]


def _heading(width: int) -> Line:
    figure, change = columns(width)
    return line(Span(f"  {'':<{NAME}}{'before':>{figure}}{'after':>{figure}}  {'change':>{change}}", "dim"))


def _users(before: SideResult, after: SideResult, width: int) -> Line:
    figure, change = columns(width)
    names = [(side.config.user or "root") if side.config is not None else "-" for side in (before, after)]
    same = "same" if names[0] == names[1] else ""
    return line(Span(f"  {fit('Runs as', NAME)}", "key"), f"{names[0]:>{figure}}{names[1]:>{figure}}  {same:>{change}}")


def _verdict(comparison: Comparison, width: int, glyphs: Glyphs) -> list[Line]:
    said, mark, role = {
        "equivalent": ("the new image does the same job", glyphs.done, "good"),
        "noted": ("the new image does the same job; see what differs", glyphs.done, "good"),
        "different": ("the new image does NOT do the same job", glyphs.failed, "bad"),
        "unknown": ("not decided", glyphs.warning, "warn"),
    }[comparison.verdict]
    if comparison.cancelled:
        said = f"cancelled before the end: {said}"
    rows = [line(Span(f"  {mark} Verdict   ", role), Span(said, role))]
    shown = [reason for reason in comparison.reasons if reason.severity != "harmless" or reason.undecided]
    for reason in shown or comparison.reasons[:4]:
        mark = {"harmful": glyphs.failed, "noted": glyphs.warning, "harmless": glyphs.done}[reason.severity]
        intended = f"  ({reason.intended_by})" if reason.intended_by else ""
        rows += paragraph(f"           {mark}", f"{reason.text}{intended}", width, indent=14)
    kept = kept_next(comparison)
    if kept:
        rows += paragraph("", kept, width, indent=14)
    for side in (comparison.before, comparison.after):
        if side.error:
            rows += paragraph("", f"{side.label}: {side.error}", width, indent=14, role="bad")
    return rows


def _steps_after_edit(comparison: Comparison, width: int) -> list[Line]:
    if comparison.edited is None:
        return []
    rows: list[Line] = []
    for side in LABELS:
        runs = comparison.of(side, "source")
        if runs:
            ran = ", ".join(runs[0].executed) or "nothing"
            text = f"{side}: ran {ran}; {runs[0].steps_cached} of {runs[0].steps_total} cached"
            rows += paragraph("  Edit" if side == "before" else "", text, width, indent=13)
    return rows


def _stages(comparison: Comparison, width: int, glyphs: Glyphs) -> list[Line]:
    """Where the time of a cold build goes: a bar a stage, the same scale for both sides."""
    runs = {side: first_run(comparison, side, "cold") for side in LABELS}
    times = [(side, stage) for side, run in runs.items() if run is not None for stage in run.stages if stage.seconds]
    if not times:
        return []
    longest = max(stage.seconds for _, stage in times)
    name = max(len(stage.name) for _, stage in times)
    name = min(name, 20)
    cells = min(max(width - 10 - name - 14, 0), 40)
    rows = [
        line(),
        line(Span("  Cold build by stage", "key"), Span(f"   {glyphs.critical} the build waited for it", "dim")),
    ]
    previous = ""
    for side, stage in times:
        mark = glyphs.critical if stage.critical_seconds > 0 else " "
        bar = glyphs.bar * max(round(stage.seconds / longest * cells), 1) if cells >= 8 else ""
        rows.append(
            line(
                Span(f"  {side if side != previous else '':<8}", "dim"),
                fit(stage.name, name),
                f"{brief(stage.seconds):>8} ",
                Span(f"{mark} ", "warn"),
                Span(bar, "good" if side == "after" else "dim"),
            )
        )
        previous = side
    return rows


def _slowest(session: Session, width: int, indent: int = 13) -> list[Line]:
    """The slowest steps of the build that the person watched."""
    result = session.build
    if result is None:
        return []
    done = sorted((step for step in result.trace.steps if step.state == "done"), key=lambda step: -step.seconds)[:3]
    rows = [line()] if done and session.comparison is not None else []
    for number, step in enumerate(done):
        text = f"{brief(step.seconds):>6}  {step.label}  {mask(in_short(step.command))}"
        label = fit("  Slowest" if number == 0 else "", indent)
        rows.append(line(Span(label, "key"), shorten(text, width - indent)))
    return rows


def _conditions(comparison: Comparison) -> str:
    where = comparison.conditions
    buildx = f", buildx {where.buildx}" if where.buildx else ""
    rounds = max((run.round for run in comparison.runs), default=0)
    return (
        f"here, {count(rounds, 'round')}, engine {where.engine} ({where.store}){buildx}; cold = no cache, "
        "fresh cache mounts, base images present"
    )


def _next(session: Session, tag: str, width: int) -> list[Line]:
    rows: list[Line] = [line()]
    if session.build is not None and session.build.outcome == "done" and tag:
        rows += paragraph("  Run it", f"docker run --rm -P {tag}", width, indent=13)
    if session.written:
        rows += paragraph("  Undo", undo_command(session.place), width, indent=13)
    if session.comparison is not None:
        rows += paragraph("  Again", command("report", session.place), width, indent=13)
    return rows
