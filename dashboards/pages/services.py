"""The page of services: health, uptime, latency, cost, the latest failures; and the switch for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn
from markupsafe import Markup
from panel.layout import Column

from dashboards.look import parts, wording
from dashboards.look.styles import BASE, LISTED, SERVICE
from dashboards.look.widgets import Button, Dialog
from dashboards.questions import ServicesNow
from registry import Catalogue, RegistryError

if TYPE_CHECKING:
    from panel.viewable import Viewable

    from dashboards.frames.services import ServicesFrame, ServiceState
    from dashboards.pages.session import Address, Session
    from dashboards.refresher import Question

_PROJECTION = (
    "“Month's end, about” is what this month has cost so far, plus the mean of the last 7 days for each day that is "
    "left. Days and months begin at midnight, local time."
)


class ServicesView:
    """The page of services for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: tuple[str, ...] = ()
        self._rows: dict[str, _ServiceRow] = {}
        self._list = Column(sizing_mode="stretch_width", margin=0, styles={"gap": "10px"})
        self._failures = parts.pane("", LISTED)
        self._dialog = _Confirmation(self._apply)
        session.follow("services", ServicesNow(), self._show)

    def view(self) -> list[Viewable]:
        """The whole page."""
        session = self._session
        bar = parts.title_bar("Services", "", session.live, session.status)
        note = parts.pane(Markup('<p class="soft">{}</p>').format(_PROJECTION), BASE)
        failures = parts.boxed(parts.panel_head_pane("Latest failures"), self._failures)
        return [parts.stacked(bar, session.error, self._list, note, failures, self._dialog.dialog)]

    def _show(self, frame: ServicesFrame) -> None:
        names = tuple(state.service.name for state in frame.services)
        if set(names) != set(self._names):  # otherwise rows stay where they are: nothing jumps under the mouse
            self._names = names
            self._rows = {state.service.name: _ServiceRow(state, self._dialog.ask) for state in frame.services}
            told = "There is nobody to ask. Add one on the command line:"
            nothing = parts.empty_pane("No services yet", told, "turnout services add NAME --kind openai_compatible")
            self._list.objects = [row.view() for row in self._rows.values()] or [parts.boxed(nothing)]
        for state in frame.services:
            self._rows[state.service.name].show(state)
        self._failures.object = wording.failures(frame.failures)

    async def _apply(self, name: str, *, enabled: bool) -> str:
        """Enable or disable; the sentence that says why not, or nothing."""
        house = self._session.house
        try:
            if not await house.visitors.is_admin(self._session.key_id):
                return "Your access key may not change services: its scopes lack “admin”."
            await Catalogue(house.sources.store, house.sources.clock).set_enabled(name, enabled)
        except RegistryError as error:
            return f"{error}."
        house.refresher.forget(ServicesNow())
        return ""


class _ServiceRow:
    def __init__(self, state: ServiceState, ask: Any) -> None:
        self._state = state
        self._pane = parts.pane("", SERVICE)
        self._pane.styles = {"flex": "1 1 300px", "width": "auto", "min-width": "0"}
        self._button = Button(label="", variant="outlined", size="small", margin=(12, 16), width=90)
        self._button.on_click(lambda _: ask(self._state.service.name, enable=not self._state.service.enabled))
        self.show(state)

    def view(self) -> Viewable:
        row = parts.side_by_side(self._pane, self._button)
        row.styles = {**row.styles, "gap": "0", "align-items": "flex-start"}
        return parts.boxed(row)

    def show(self, state: ServiceState) -> None:
        self._state = state
        self._pane.object = wording.service(state)
        self._button.label = "Disable" if state.service.enabled else "Enable"


class _Confirmation:
    """Asks before a service is enabled or disabled. Escape and Cancel leave all as it is; Enter is the answer."""

    def __init__(self, apply: Any) -> None:
        self._apply = apply
        self._name, self._enable = "", False
        self._told = parts.pane("", BASE)
        self._problem = parts.error_pane()
        self._yes = Button(label="", variant="contained", size="small", margin=(14, 6, 8, 0))
        self._no = Button(label="Cancel", variant="text", size="small", margin=(14, 0, 8, 0))
        self._yes.on_click(lambda _: pn.state.execute(self._confirm))
        self._no.on_click(lambda _: self._close())
        self.dialog = Dialog(
            self._told, self._problem, parts.side_by_side(self._yes, self._no),
            title="", title_variant="h6", open=False, close_on_click=True, width_option="xs",
        )  # fmt: skip

    def ask(self, name: str, *, enable: bool) -> None:
        self._name, self._enable = name, enable
        word = "Enable" if enable else "Disable"
        told = (
            "From now on routing may choose it, and its calls may cost money."
            if enable
            else "From now on routing leaves it out. Calls under way are finished."
        )
        self._told.object = str(Markup("<p>{}</p>").format(told))
        self._problem.visible = False
        self._yes.label = word
        self._yes.color = "primary" if enable else "error"
        self.dialog.title = f"{word} {name}?"
        self.dialog.open = True

    async def _confirm(self) -> None:
        problem = await self._apply(self._name, enabled=self._enable)
        if problem:
            self._problem.param.update(object=parts.error(problem), visible=True)
        else:
            self._close()

    def _close(self) -> None:
        self.dialog.open = False


def services_questions(_: Address) -> tuple[Question, ...]:
    """What the page asks first."""
    return (ServicesNow(),)


def services_page(session: Session) -> list[Viewable]:
    """The page of services."""
    return ServicesView(session).view()
