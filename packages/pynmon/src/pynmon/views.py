"""From facts to HTML: one template environment, in which everything that is not markup is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from pynenc.values.status import InvocationStatus
from pynmon.assets import digest_of_assets
from pynmon.identity import identity_of
from pynmon.presentation import columns, texts
from pynmon.presentation.cells import Cells
from pynmon.presentation.choices import CHOICES, choices_of
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


class _Compiled(BytecodeCache):
    """Compiles each template once, however many monitors a process has."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._found:
            bucket.bytecode_from_string(self._found[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._found[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


class Views:
    """Renders the templates of one monitor.

    Args:
        source: Whose pages they are.
        settings: What every page says.
        addresses: Of all pages below where the monitor is mounted, by the names of their routes, with the names of what
            stands in them in braces.
        app_ids: All apps behind the same address, where there are several.
    """

    def __init__(
        self,
        source: Source,
        settings: MonitorSettings,
        addresses: Mapping[str, str],
        app_ids: Sequence[str] = (),
    ) -> None:
        self._source = source
        self._app_ids = app_ids
        self._addresses = addresses
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            bytecode_cache=_COMPILED,
            # They are files of the package.
            auto_reload=False,
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
            offered=CHOICES,
            qualifiers=QUALIFIERS,
            into_payloads=INTO_PAYLOADS,
            app_id=source.app_id,
            environment=settings.environment,
            assets=digest_of_assets(),
        )
        # Now, so that nobody waits for it.
        for name in self._environment.list_templates():
            self._environment.get_template(name)

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

    def url_of(self, request: Request) -> Callable[..., str]:
        """From the name of a route, and what stands in it, to the address of a page."""
        # Only the path: the monitor may be behind a proxy that has another name.
        root = str(request.scope.get("root_path", ""))

        def url(name: str, **parameters: Any) -> str:
            address = root + self._addresses[name]
            for key, value in parameters.items():
                # Ids may hold what means something in an address.
                address = address.replace(f"{{{key}}}", quote(str(value), safe="/"))
            return address

        return url

    def text(self, request: Request, template: str, **facts: Any) -> str:
        """What a template makes of facts, ``now`` among them."""
        url = self.url_of(request)

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
            preferences=choices_of(request.cookies),
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
