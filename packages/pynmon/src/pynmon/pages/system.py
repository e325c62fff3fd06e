"""What the app is made of: stores and what they say of themselves, settings and where they come from."""

from __future__ import annotations

import platform
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

    components: tuple[str, ...]
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
            part.components,
            type(part.store).__name__,
            asdict(part.store.capabilities),
            findings,
            sizes,
        )
        for (part, findings), sizes in zip(source.findings(), source.sizes(), strict=True)
    ]
    answers = source.probes([name for part, _ in source.findings() for name in part.components])
    return views.page(
        request,
        "system.html",
        now=_now(source),
        stores=stores,
        settings=_settings(source),
        versions=_versions(),
        answers=answers,
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


def _now(source: Source) -> float:
    """The time of the store; 0 while it does not answer, which the page says, that is there for it."""
    try:
        return source.now()
    except StoreError:
        return 0.0
