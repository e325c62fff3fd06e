"""Measured values → one table and one JSON document."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness.system import Metric
from benchmarks.harness.systems import BY_NAME, CANDIDATES, FASTEST, Candidate, is_peer


@dataclass
class Measured:
    """All values of one metric on one system."""

    scenario: str
    metric: Metric
    system: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def to_json(self) -> dict[str, Any]:
        """One entry of the document."""
        return {
            "scenario": self.scenario,
            **asdict(self.metric),
            "system": self.system,
            "median": self.median,
            "values": self.values,
        }


def table(results: Iterable[Measured], candidates: Sequence[Candidate]) -> str:
    """Medians in Markdown, one line per metric, with the ratio to the peer beside each that has one."""
    by_metric: dict[Metric, dict[str, Measured]] = {}
    for measured in results:
        by_metric.setdefault(measured.metric, {})[measured.system] = measured
    names = {candidate.name for candidate in candidates}
    columns: list[Candidate | tuple[str, str]] = []
    for candidate in CANDIDATES:
        if candidate.name in names:
            columns.append(candidate)
        if FASTEST in candidate.peers and candidate.name in names:
            columns.append((candidate.name, FASTEST))
        pairs = [c for c in CANDIDATES if candidate.name in c.peers and {c.name, candidate.name} <= names]
        columns.extend((pair.name, candidate.name) for pair in pairs)
    lines = [["", *("ratio" if isinstance(column, tuple) else column.name for column in columns)]]
    for metric, by_system in by_metric.items():
        cells = [f"{metric.title} ({metric.unit})"]
        for column in columns:
            if isinstance(column, tuple):
                ours, peer = column
                peers = by_system.get(peer) if peer != FASTEST else _fastest(metric, by_system, BY_NAME[ours])
                cells.append(_ratio(by_system.get(ours), peers))
            else:
                found = by_system.get(column.name)
                cells.append("" if found is None else _number(found.median))
        lines.append(cells)
    return _markdown(lines)


def _fastest(metric: Metric, by_system: dict[str, Measured], ours: Candidate) -> Measured | None:
    names = {c.name for c in CANDIDATES if c.backend == ours.backend and is_peer(c)}
    peers = [measured for name, measured in by_system.items() if name in names]
    best = max if metric.more_is_better else min
    return best(peers, key=lambda measured: measured.median) if peers else None


def _ratio(ours: Measured | None, peers: Measured | None) -> str:
    if ours is None or peers is None or peers.median == 0:
        return ""
    return f"{ours.median / peers.median:.2g} x"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _markdown(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [
        "| "
        + " | ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(pairs))
        + " |"
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths)) + "|"
    return "\n".join([rows[0], rule, *rows[1:]])
