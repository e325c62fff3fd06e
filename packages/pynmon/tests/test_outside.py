"""Links to log lines lead where the template says, whatever an invocation is called."""

from __future__ import annotations

import pytest

from pynenc.exceptions import ConfigError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings
from pynmon.outside import log_url, log_url_around, log_url_of_runner


def record(task_id: str, ended_at: float | None) -> InvocationRecord:
    return InvocationRecord(
        invocation_id=InvocationId("0198-abcd"),
        task_id=task_id,
        args_id="x",
        status=InvocationStatus.SUCCESS,
        seq=3,
        status_at=0.0,
        root_id=InvocationId("0198-abcd"),
        created_at=60.0,
        available_at=60.0,
        ended_at=ended_at,
    )


def test_a_template_is_filled_with_what_is_known() -> None:
    template = "https://logs.example.org/{app}?q={invocation_id}&from={from}&to={to}&runner={runner_id}"
    assert log_url(template, "shop", record("a.b", 120.0), 999.0) == (
        "https://logs.example.org/shop?q=0198-abcd&from=1970-01-01T00%3A00%3A00.000Z"
        "&to=1970-01-01T00%3A03%3A00.000Z&runner="
    )
    # What has not ended is logged until now.
    assert "to=1970-01-01T00%3A02%3A00.000Z" in log_url(template, "shop", record("a.b", None), 60.0)


def test_what_is_filled_in_means_nothing_but_itself() -> None:
    hostile = record('a&b=c#{host}/../"><script>', 120.0)
    assert log_url("http://logs/{task}", "shop", hostile, 0.0) == (
        "http://logs/a%26b%3Dc%23%7Bhost%7D%2F..%2F%22%3E%3Cscript%3E"
    )


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("https://logs/{app}/{runner_id}?to={to}", "https://logs/shop/a%2Fb?to=1970-01-01T00%3A02%3A00.000Z"),
        ("https://logs/{host}", "https://logs/here"),
        ("https://logs/{runner_id}/{invocation_id}", ""),
        ("https://logs/{app}", ""),
        ("", ""),
    ],
)
def test_a_runner_has_log_lines_where_the_template_leads_to_them(template: str, address: str) -> None:
    identity = RunnerIdentity(runner_id=RunnerId("a/b"), runner_cls="ThreadRunner", host="here", pid=1)
    one = RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=60.0, stopped_at=60.0)
    assert log_url_of_runner(template, "shop", one, 999.0) == address


@pytest.mark.parametrize(
    ("template", "address"),
    [
        (
            "https://logs/?{from}..{to}",
            "https://logs/?{from}..{to}",
        ),
        ("https://logs/{invocation_id}/{host}", "https://logs/{invocation_id}/here"),
        ("https://{app}.logs/{runner_id}", "https://shop.logs/r"),
        # Nobody can name a place in what is filled in.
        ("https://logs/{task}", "https://logs/a.%7Bto%7D"),
    ],
)
def test_a_line_leads_to_those_around_it(template: str, address: str) -> None:
    identity = RunnerIdentity(runner_id=RunnerId("r"), runner_cls="ThreadRunner", host="here", pid=1)
    runner = RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=60.0)
    assert log_url_around(template, "shop", record("a.{to}", 120.0), runner) == address
    # Of a line that does not say so there is no address.
    unsaid = log_url_around(template, "shop", None, None)
    assert unsaid == (address if "{from}" in template else "")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("javascript:alert({app})", "no address"),
        ("//logs/{app}", "no address"),
        ("logs", "no address"),
        ("https:///{app}", "no address"),
        ("http://[logs/{app}", "no address"),
        ("https://logs/{password}", "{password}"),
        ("https://logs/{from:%H}", "{from:%H}"),
        ("https://logs/{app", "no other braces"),
        ("https://logs/app}", "no other braces"),
        ("https://logs/{}", "no other braces"),
        ("https://{host}:3000/{app}", "that its workers name"),
    ],
)
def test_a_template_that_leads_nowhere_is_refused(template: str, why: str) -> None:
    with pytest.raises(ConfigError, match="log_url_template") as refused:
        MonitorSettings(log_url_template=template)
    assert why in str(refused.value)
