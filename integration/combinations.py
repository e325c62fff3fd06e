"""Writes the table of docs/combinations.md from reports of test runs: which promise holds for which combination.

``python integration/combinations.py REPORT.xml...``, reports being what ``pytest --junit-xml`` writes.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

PAGE = Path(__file__).parent.parent / "docs" / "combinations.md"
_BEGIN, _END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"

#: Backends of the tests, and how the page calls them: queue, then records.
COMBINATIONS = {
    "rabbitmq": "RabbitMQ, SQLite",
    "rabbitmq_redis": "RabbitMQ, Redis",
    "rabbitmq_mongodb": "RabbitMQ, MongoDB",
    "redis_mongodb": "Redis, payloads in MongoDB",
    "sqlite_split": "SQLite, a file each",
}
#: Modules of tests, and what holds when all of their tests pass.
PROMISES = {
    "contract.test_broker": "messages arrive at least once, under leases",
    "contract.test_isolation": "apps on the same servers do not see each other",
    "behaviour.test_results": "results and exceptions come back as they were, large ones too",
    "behaviour.test_retries": "failed attempts are retried, with their delays",
    "behaviour.test_time_limits": "time limits end an attempt",
    "behaviour.test_cancellation": "cancelled work does not run, and gives no result",
    "behaviour.test_concurrency_control": "running limits are kept; equal calls are merged",
    "behaviour.test_nested_waits": "tasks that wait for tasks cannot deadlock",
    "behaviour.test_recovery_and_shutdown": "a runner stops and starts without losing work",
    "behaviour.test_client_data": "large values are stored once, and removed after use",
    "behaviour.test_result_cache": "stored results answer equal calls",
    "behaviour.test_triggers": "triggers react once to each occurrence",
    "behaviour.test_workflows": "workflows go on from their last step",
    "faults.test_runner_kills": "nothing is lost, and nothing ends twice, when workers and runners are killed",
}

#: Promise and combination → how many tests had which result.
Results = dict[tuple[str, str], Counter[str]]


def read(reports: Iterable[Path]) -> Results:
    """Count the results of the tests that stand for a promise."""
    results: Results = defaultdict(Counter)
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            module = re.sub(r"^integration\.|\.Test\w+$", "", case.get("classname", ""))
            parameters = case.get("name", "").partition("[")[2].rstrip("]").split("-")
            for backend in COMBINATIONS.keys() & set(parameters):
                if module in PROMISES:
                    results[module, backend][_result_of(case)] += 1
    return results


def _result_of(case: ElementTree.Element) -> str:
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def table(results: Results) -> str:
    """The table in Markdown."""
    lines = ["| | " + " | ".join(COMBINATIONS.values()) + " |", "|---" * (len(COMBINATIONS) + 1) + "|"]
    for module, promise in PROMISES.items():
        cells = [_cell(results.get((module, backend), Counter())) for backend in COMBINATIONS]
        lines.append(f"| {promise} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(counts: Counter[str]) -> str:
    ran = counts["passed"] + counts["failed"]
    if not ran:
        return "not tested"
    return f"**no**: {counts['failed']} of {ran}" if counts["failed"] else f"yes ({ran})"


def main(arguments: list[str]) -> None:
    """Replace the table of the page."""
    if not arguments:
        sys.exit(__doc__)
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin, f"{PAGE} has no line {_BEGIN!r}"
    assert end, f"{PAGE} has no line {_END!r}"
    text = table(read(map(Path, arguments)))
    PAGE.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
