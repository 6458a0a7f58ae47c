"""What the five pages share: header, key bar, moving on and back, searching, copying."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import ScreenResume
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from screens.session import Page, Session
from screens.widgets.header import Header
from screens.widgets.keybar import KeyBar
from screens.widgets.lineview import LineView
from screens.widgets.panes import FindBar, Separator
from screens.widgets.roles import ROLE_CLASSES

if TYPE_CHECKING:
    from screens.app import DockwizApp


def ordered_bindings(screen: PageScreen) -> list[tuple[str, Binding]]:
    """Every key that works here with its binding: the page's own first, in the order of their definition."""
    named = [binding.id for binding in type(screen).BINDINGS if isinstance(binding, Binding)]
    active = [(key, entry) for key, entry in screen.active_bindings.items() if entry.enabled]
    active.sort(
        key=lambda item: (
            named.index(item[1].binding.id)
            if item[1].node is screen and item[1].binding.id in named
            else len(named) + (item[1].node is not screen)
        )
    )
    return [(key, entry.binding) for key, entry in active]


def shown_bindings(screen: PageScreen) -> list[Binding]:
    """The bindings for the key bar, one key for each purpose; cancelling is there while something can be cancelled."""
    busy = screen.wizard.flow.building or screen.wizard.flow.measuring
    kept: dict[str, Binding] = {}
    for _, binding in ordered_bindings(screen):
        if binding.show or (busy and binding.action == "interrupt"):
            kept.setdefault(binding.description, binding)
    return list(kept.values())


class PageScreen(Screen[None], inherit_bindings=False):
    """One of the wizard's pages. Subclasses give `panes` and `show`."""

    COMPONENT_CLASSES = ROLE_CLASSES
    AUTO_FOCUS: ClassVar[str | None] = ""
    PAGE: ClassVar[Page | None] = None
    ABOUT: ClassVar[str] = ""
    """What `?` says of this page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Pane", show=False, id="pane-next", tooltip="Go to the next pane"),
        Binding("shift+tab", "app.focus_previous", "Pane back", show=False, id="pane-back", tooltip="Previous pane"),
        Binding("slash", "find", "Find", show=False, id="find", key_display="/", tooltip="Search in this pane"),
        Binding("n", "find_next(1)", "Next", show=False, id="find-next", tooltip="Next place found"),
        Binding("N", "find_next(-1)", "Previous", show=False, id="find-previous", tooltip="Previous place found"),
        Binding("y", "copy", "Copy", show=False, id="copy", tooltip="Copy what this pane shows"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.wizard = cast("DockwizApp", self.app)
        self.glyphs = self.wizard.glyphs
        self.header = Header(ascii_only=self.glyphs.ascii_only)
        self.keybar = KeyBar()
        self.findbar = FindBar()
        self._searched: LineView | None = None

    def panes(self) -> Iterable[Widget]:
        """The widgets between header and key bar."""
        raise NotImplementedError

    def show(self, session: Session) -> None:
        """Bring the panes up to date with the session."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self.header
        yield Separator(self.glyphs)
        with Container(id="body"):
            yield from self.panes()
        yield self.findbar
        yield Separator(self.glyphs)
        yield self.keybar

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, lambda _screen: self.keybar.show(shown_bindings(self)))
        self.update()

    def on_resize(self) -> None:
        # Textual's own handler, which runs after this one, is what knows whether the screen is wide now.
        self.call_later(self.update)

    @on(ScreenResume)
    def update(self) -> None:
        """Draw everything anew from the session."""
        session = self.wizard.session
        self.header.show(session.name, self.wizard.repo_note, self.PAGE, session.reached)
        self.show(session)
        self.refresh_bindings()
        self.keybar.show(shown_bindings(self))

    def on_key(self) -> None:
        self.keybar.listen()

    # Searching

    def _pane(self) -> LineView | None:
        focused = self.focused
        if isinstance(focused, LineView):
            return focused
        return next((view for view in self.query(LineView) if view.focusable), None)

    def action_find(self) -> None:
        self._searched = self._pane()
        self.findbar.value = ""
        self.findbar.display = True
        self.findbar.focus()

    def action_find_next(self, direction: int) -> None:
        pane = self._pane()
        if pane is None or not self.search_on(pane, direction):
            self.wizard.say("nothing more to find")

    def search_on(self, pane: LineView, direction: int) -> bool:
        """Go to the next place of interest: what was searched for, unless a page knows something better."""
        return bool(pane.needle) and pane.find_next(direction)

    @on(Input.Submitted, "#find")
    def _search(self, event: Input.Submitted) -> None:
        pane = self._searched
        self._close_find()
        if pane is not None and not pane.find(event.value) and event.value:
            self.wizard.say(f"not found: {event.value}")

    @on(FindBar.Left)
    def _close_find(self) -> None:
        self.findbar.display = False
        if self._searched is not None:
            self._searched.focus()

    # Copying

    def action_copy(self) -> None:
        text = self.copied()
        if text:
            self.wizard.copy(text)

    def copied(self) -> str:
        """What `y` copies."""
        pane = self._pane()
        return pane.visible_text if pane is not None else ""

    @on(Header.Asked)
    def _asked(self, event: Header.Asked) -> None:
        self.wizard.action_go(event.page.value)
