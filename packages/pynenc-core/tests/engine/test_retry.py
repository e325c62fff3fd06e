"""When a failed attempt is followed by another one."""

from __future__ import annotations

import pytest

from pynenc.conf.config_task import ConfigTask
from pynenc.engine.retry import retry_delay_seconds
from pynenc.exceptions import RetryError


def conf(**options: object) -> ConfigTask:
    return ConfigTask({}, None, module="m", func_name="f", options=options)


def test_without_retries_nothing_is_retried() -> None:
    assert retry_delay_seconds(conf(), RetryError(), 0) is None


def test_retry_error_and_the_named_ones_are_retried() -> None:
    options = conf(max_retries=2, retry_for=(ValueError,))
    assert retry_delay_seconds(options, RetryError(), 0) == 0.0
    assert retry_delay_seconds(options, UnicodeError(), 1) == 0.0
    assert retry_delay_seconds(options, KeyError(), 0) is None
    assert retry_delay_seconds(options, ValueError(), 2) is None


@pytest.mark.parametrize(("retries", "delay"), [(0, 1.0), (1, 2.0), (5, 32.0), (6, 60.0), (5000, 60.0)])
def test_the_delay_doubles_up_to_its_maximum(retries: int, delay: float) -> None:
    options = conf(max_retries=10_000, retry_backoff=1.0, retry_backoff_max=60.0)
    assert retry_delay_seconds(options, RetryError(), retries) == delay


def test_jitter_spreads_delays_over_their_upper_half() -> None:
    options = conf(max_retries=9, retry_backoff=8.0, retry_jitter=True)
    delays = {retry_delay_seconds(options, RetryError(), 0) for _ in range(50)}
    assert len(delays) > 10
    assert all(delay is not None and 4.0 <= delay <= 8.0 for delay in delays)
