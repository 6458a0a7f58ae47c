"""The Textual application: holds the session, shows the pages, and leaves the terminal as it was."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType

from screens import glyphs
from screens.base import PageScreen, ordered_bindings
from screens.dialogs import HelpDialog, PaletteDialog, Question, commands
from screens.farewell import farewell
from screens.flow import Flow
from screens.jobs import Crashed, Failed, Finished, Progressed
from screens.session import Page, Session
from wizard.assets import assets_folder
from wizard.plan.selection import Selection
from wizard.rules.base import Rule, Settings
from wizard.workspace import open_workspace

INTERRUPTED = 130
CRASHED = 70
TICK = 0.1
"""Seconds between two looks at a running build: the calm ten frames of BuildKit's own display."""


@dataclass(frozen=True, slots=True)
class WizardOptions:
    """How the wizard shows itself, and what it tries."""

    ascii_only: bool = False
    rules: tuple[Rule, ...] | None = None
    """None: all rules."""


class DockwizApp(App[int], inherit_bindings=False):
    """The wizard."""

    TITLE = "dockwiz"
    CSS_PATH = assets_folder() / "styles" / "wizard.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-normal"), (100, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Cancel", show=False, priority=True, id="cancel",
                tooltip="Stop the build, else leave"),
        Binding("ctrl+p", "palette", "Commands", show=False, id="palette", tooltip="Find a command by its name"),
        Binding("question_mark", "help", "Help", show=False, id="help", tooltip="Keys of this page"),
        Binding("q", "leave", "Quit", show=False, id="quit", tooltip="Leave dockwiz"),
        *(
            Binding(str(page.value), f"go({page.value})", page.title, show=False, id=f"page-{page.value}",
                    tooltip=f"Go to {page.title}, once reached")
            for page in Page
        ),
    ]  # fmt: skip

    def __init__(self, session: Session, options: WizardOptions = WizardOptions()) -> None:
        # With ansi_color Textual takes NO_COLOR as "no colours at all", without it as "shades of grey".
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.glyphs = glyphs.choose(options.ascii_only)
        self.session = session
        self.repo_note = ""
        self.crash: BaseException | None = None
        self.flow = Flow(self, options.rules)

    # Pages

    def on_mount(self) -> None:
        # Killed politely, or with its terminal closed: the terminal is left as it was, and nothing stays running.
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit, INTERRUPTED)
        self.push_screen(self._install(None))
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self.flow.inspect)

    def open_page(self, page: Page | None) -> None:
        """Go to a page (None: the welcome), which from now on is open to the number keys."""
        if page is not None:
            self.session = self.session.reach(page)
        self.switch_screen(self._install(page))
        if page is Page.DIFF:
            self.flow.check()

    @property
    def page_in_sight(self) -> Page | None:
        """The page that is shown, whatever dialog lies over it; None for the welcome."""
        return next((screen.PAGE for screen in reversed(self.screen_stack) if isinstance(screen, PageScreen)), None)

    def _install(self, page: Page | None) -> str:
        """The name of a page's screen, made when it is first needed and kept from then on."""
        name = page.title if page is not None else "Welcome"
        if not self.is_screen_installed(name):
            self.install_screen(_make_page(page), name)
        return name

    def action_go(self, number: int) -> None:
        """Jump to a page that was reached before."""
        if number <= self.session.reached and self.session.inspection is not None:
            self.open_page(Page(number))

    def update_screen(self) -> None:
        """Draw the page in sight anew from the session. Nothing is in sight while the application closes."""
        page = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(page, PageScreen) and page.is_mounted:
            page.update()

    def _tick(self) -> None:
        if self.flow.running is not None or self.flow.measuring or self.flow.looking or self.flow.asking:
            self.update_screen()

    # Jobs

    @on(Finished)
    def _finished(self, message: Finished) -> None:
        self.flow.finished(message)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.flow.failed(message)

    @on(Crashed)
    def _crashed(self, message: Crashed) -> None:
        raise message.error

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        self.flow.progress = message.progress
        self.update_screen()

    # Keys that work everywhere

    def action_help(self) -> None:
        if isinstance(self.screen, PageScreen):
            self.push_screen(HelpDialog(self.screen.ABOUT, commands(ordered_bindings(self.screen))))

    def action_palette(self) -> None:
        page = self.screen
        if not isinstance(page, PageScreen):
            return

        async def run(action: str | None) -> None:
            if action:
                focused = page.focused or page
                await (focused.run_action(action) if hasattr(focused, f"action_{action}") else page.run_action(action))

        self.push_screen(PaletteDialog(commands(ordered_bindings(page))), run)

    def action_interrupt(self) -> None:
        """Stop the build or the measuring; where nothing runs, leave."""
        if self.flow.cancel():
            self.say("stopping ..")
        else:
            self.exit(INTERRUPTED)

    def action_leave(self) -> None:
        """Quit; asks only while a build runs."""
        if not (self.flow.building or self.flow.measuring):
            self.exit(0)
            return

        def answered(answer: str | None) -> None:
            if answer == "leave":
                self.exit(INTERRUPTED)

        text = "A build is running. Leaving stops it; what was written to the files stays, and can be undone."
        answers = (("enter", "stay", "Go on watching"), ("q", "leave", "Stop the build and leave"))
        self.push_screen(Question("Leave dockwiz?", text, answers), answered)

    # Services for the pages

    def say(self, text: str) -> None:
        """A confirmation in the last line; the next key brings the keys back."""
        if isinstance(self.screen, PageScreen):
            self.screen.keybar.say(text)

    def copy(self, text: str) -> None:
        """Copy by the desktop's tool, by the terminal, and into a file where no tool is there."""
        from screens.clipboard import copy_by_tool, copy_to_file

        self.copy_to_clipboard(text)
        tool = None if self.is_headless else copy_by_tool(text)
        kept = None if tool else copy_to_file(text)
        where = f"by {tool}" if tool else f"by the terminal{f'; also in {kept}' if kept else ''}"
        self.say(f"copied {len(text.splitlines())} lines {where}")

    def edit(self, path: str, line: int) -> None:
        """Open a file of the repo in the person's editor, then look at the repo again."""
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        if self.hand_over([*editor, f"+{line}", str(self.session.workspace.root / path)]):
            self.flow.inspect()

    def hand_over(self, command: list[str]) -> bool:
        """Give the terminal to another program until it ends. False where that is not possible."""
        try:
            with self.suspend():
                subprocess.run(command, check=False)
        except (OSError, SuspendNotSupported) as error:
            self.say(f"{command[0]}: {error}")
            return False
        return True

    # Crashes

    def _fatal_error(self) -> None:
        """Instead of a traceback over the terminal: `run_wizard` writes it to a file and names that."""
        self.crash = self._exception
        self._close_messages_no_wait()


def _make_page(page: Page | None) -> PageScreen:
    from screens.build import BuildScreen
    from screens.diff import DiffScreen
    from screens.inspect import InspectScreen
    from screens.propose import ProposeScreen
    from screens.report import ReportScreen
    from screens.welcome import WelcomeScreen

    made: dict[Page | None, type[PageScreen]] = {
        None: WelcomeScreen,
        Page.INSPECT: InspectScreen,
        Page.PROPOSE: ProposeScreen,
        Page.DIFF: DiffScreen,
        Page.BUILD: BuildScreen,
        Page.REPORT: ReportScreen,
    }
    return made[page]()


def run_wizard(
    path: Path,
    dockerfile: str | None = None,
    *,
    ascii: bool = False,  # noqa: A002
    selection: Selection = Selection(),  # noqa: B008
    settings: Settings = Settings(),  # noqa: B008
) -> int:
    """Run the wizard on the build context `path` and give the exit code.

    `dockerfile` is what the person gave with -f, relative to `path`. Raises BadInput where there is no such folder
    or Dockerfile. The caller has made sure that standard input and output are a terminal.
    """
    workspace = open_workspace(path)
    chosen = None
    if dockerfile is not None:
        from wizard.inspection.dockerfiles import choose_dockerfile

        chosen = choose_dockerfile(workspace, dockerfile)
    app = DockwizApp(
        Session(workspace, chosen, selection=selection, settings=settings), WizardOptions(ascii_only=ascii)
    )
    code = app.run()
    app.flow.stop()
    if app.crash is not None:
        from screens.crash import write_crash_file

        place = write_crash_file(app.crash)
        print(
            f"dockwiz: this is our fault: {type(app.crash).__name__}: {app.crash} (details: {place})", file=sys.stderr
        )
        return CRASHED
    print(farewell(app.session, app.flow.problems, app.flow.tag), end="")
    if code:
        return code
    unread = app.flow.problems.get("inspect")
    if unread is not None and app.session.inspection is None:
        return unread.exit_code
    built = app.session.build
    return built.trace.exit_code if built is not None and built.outcome == "failed" else 0
