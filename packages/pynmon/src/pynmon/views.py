"""From facts to HTML: one template environment, in which everything that is not markup is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from pynenc.values.status import InvocationStatus
from pynmon.assets import digest_of_assets
from pynmon.identity import identity_of
from pynmon.presentation import columns, texts
from pynmon.presentation.cells import Cells
from pynmon.presentation.instants import COOKIE, Instants
from pynmon.presentation.statuses import LOOKS
from pynmon.query.grammar import Term, Value, text_of
from pynmon.query.meaning import INTO_PAYLOADS, QUALIFIERS
from pynmon.settings import MonitorSettings
from pynmon.several import home_of
from pynmon.source import Source

_HERE = Path(__file__).parent
#: Every page of the navigation, by group: name of its route, word, the key that follows ``g``.
PAGES = {
    "Observe": (
        ("dashboard", "Dashboard", "d"),
        ("timeline", "Timeline", "t"),
        ("invocations", "Invocations", "i"),
        ("workflows", "Workflows", "w"),
        ("failures", "Failures", "f"),
    ),
    "Operate": (
        ("tasks", "Tasks", "k"),
        ("schedules", "Schedules", "s"),
        ("runners", "Runners", "r"),
        ("logs", "Logs", "l"),
    ),
    "System": (
        ("queues", "Queues", "q"),
        ("system", "System", "y"),
        ("audit", "Audit", "a"),
    ),
}
#: Those at the bottom of a small screen; behind the fourth item are all.
ON_TELEPHONES = ("dashboard", "invocations", "failures")
#: Filters of instants, which show them as the reader of the page chose.
_INSTANTS = ("exact", "clock", "moment", "zone_at", "tick")


class Views:
    """Renders the templates of one monitor.

    Args:
        source: Whose pages they are.
        settings: What every page says.
        app_ids: All apps behind the same address, where there are several.
    """

    def __init__(self, source: Source, settings: MonitorSettings, app_ids: Sequence[str] = ()) -> None:
        self._source = source
        self._app_ids = app_ids
        #: By where the monitor is mounted, and name of the route.
        self._addresses: dict[tuple[str, str], str] = {}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            duration=texts.duration,
            iso=texts.iso,
            number=texts.number,
            size=texts.size,
            short=texts.short_id,
            tail=texts.id_tail,
            error_name=texts.error_name,
        )
        self._environment.filters.update({name: _shown_as(name) for name in _INSTANTS})
        self._environment.globals.update(
            percent=texts.percent,
            term=lambda name, value: text_of((Term(name, (Value(value, is_literal=True),)),)),
            plural=texts.plural,
            look=lambda status: LOOKS[InvocationStatus(status)],
            navigation=PAGES,
            on_telephones=ON_TELEPHONES,
            columns=columns.COLUMNS,
            qualifiers=QUALIFIERS,
            into_payloads=INTO_PAYLOADS,
            app_id=source.app_id,
            environment=settings.environment,
            assets=digest_of_assets(),
        )

    def page(self, request: Request, template: str, *, status_code: int = 200, **facts: Any) -> HTMLResponse:
        """A whole page."""
        if "now" not in facts:
            facts["now"] = self._source.now()
        return HTMLResponse(self.text(request, template, **facts), status_code)

    def page_without_store(
        self, request: Request, template: str, *, status_code: int = 200, **facts: Any
    ) -> HTMLResponse:
        """A whole page for which nothing is read."""
        return HTMLResponse(self.text(request, template, **{"now": 0.0, **facts}), status_code)

    def error(self, request: Request, status_code: int, title: str, detail: str) -> HTMLResponse:
        """A page that says what is wrong."""
        return self.page_without_store(
            request, "error.html", status_code=status_code, title=title, detail=detail
        )

    def text(self, request: Request, template: str, **facts: Any) -> str:
        """What a template makes of facts, ``now`` among them."""

        def url(name: str, **parameters: Any) -> str:
            address = self._address(request, name, parameters)
            for key, value in parameters.items():
                # Ids may hold what means something in an address.
                address = address.replace(f"{{{key}}}", quote(str(value), safe="/"))
            return address

        def is_at(name: str) -> bool:
            path, home = request.url.path, url(name)
            return path == home or (name != "dashboard" and path.startswith(f"{home}/"))

        viewer = identity_of(request.scope)
        instants = Instants(request.cookies.get(COOKIE, ""), facts["now"])
        return self._environment.get_template(template).render(
            request=request,
            url=url,
            is_at=is_at,
            instants=instants,
            without=columns.left_out(request.cookies.get(columns.COOKIE, "")),
            cells=Cells(url, instants),
            viewer=viewer,
            sees=lambda name: (
                viewer is not None
                and (viewer.sees_logs if name == "logs" else viewer.may_act if name == "audit" else True)
            ),
            homes=self._homes(request),
            **facts,
        )

    def _homes(self, request: Request) -> list[tuple[str, str]]:
        """The other apps behind the same address, and where each begins."""
        root, here = str(request.scope.get("root_path", "")), self._source.app_id
        return [(one, home_of(root, here, one)) for one in self._app_ids if one != here]

    def _address(self, request: Request, name: str, parameters: Iterable[str]) -> str:
        """An address with names in braces; asked of the routes once, because a page has hundreds of links."""
        key = (request.scope.get("root_path", ""), name)
        found = self._addresses.get(key)
        if found is None:
            # Only the path: the monitor may be behind a proxy that has another name.
            path = request.url_for(name, **{one: f"{{{one}}}" for one in parameters}).path
            found = self._addresses[key] = str(path)
        return found


def _shown_as(name: str) -> Callable[..., str]:
    @pass_context
    def show(context: Context, *values: Any) -> str:
        text: str = getattr(context["instants"], name)(*values)
        return text

    return show


def _finalize(value: Any) -> Any:
    """Whatever a template writes: hostile characters are made visible, then it is escaped."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return texts.visible(value)
    return value
