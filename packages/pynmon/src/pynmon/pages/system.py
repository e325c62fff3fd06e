"""What the app is made of: stores and what they say of themselves, settings and where they come from."""

from __future__ import annotations

import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pynenc.exceptions import StoreError
from pynenc.inspection import Setting, configs_of, settings_of
from pynenc.values.findings import Finding, Size
from pynmon.live import Live
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.presentation.payloads import masked_text
from pynmon.source import Source
from pynmon.timed import Queries

router = APIRouter()
_PACKAGES = ("pynenc-core", "pynmon", "pynenc-redis", "pynenc-mongodb", "pynenc-rabbitmq")


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One store, with the components that share it."""

    components: str
    name: str
    #: By the words of ``Capabilities``.
    capabilities: dict[str, bool]
    findings: list[Finding]
    sizes: list[Size]


@router.get("/system", name="system")
def system(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """All of it; it does not change by itself."""
    queries: Queries = request.app.state.queries
    live: Live = request.app.state.live
    stores = [
        StoreRow(
            ", ".join(part.components),
            type(part.store).__name__,
            asdict(part.store.capabilities),
            findings,
            sizes,
        )
        for (part, findings), sizes in zip(source.findings(), source.sizes(), strict=True)
    ]
    now, answer_seconds = _answer(source)
    return views.page(
        request,
        "system.html",
        now=now,
        stores=stores,
        settings=_settings(source),
        versions=_versions(),
        answer_seconds=answer_seconds,
        masked=masked_text,
        limits=source.settings,
        queries=queries.histograms(),
        live=live,
    )


def _settings(source: Source) -> list[tuple[str, list[Setting]]]:
    """By kind, those that somebody set first."""
    kinds = {type(config).__name__: config for config in configs_of(source.app)}
    return [
        (name, sorted(settings_of(config), key=lambda one: one.origin == "default"))
        for name, config in kinds.items()
    ]


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _answer(source: Source) -> tuple[float, float | None]:
    """The time of the store, and how long its cheapest read takes; 0 and None while it does not answer."""
    try:
        now = source.now()
        began = time.perf_counter()
        source.store.change_token()
    except StoreError:
        # What the store says about that is on the page, which is there for it.
        return 0.0, None
    return now, time.perf_counter() - began
