"""Whether a failed attempt is followed by another one, and when."""

from __future__ import annotations

import random

from pynenc.conf.config_task import ConfigTask


def retry_delay_seconds(conf: ConfigTask, error: BaseException, retries: int) -> float | None:
    """Seconds until the next attempt; None when there is none.

    Args:
        conf: The task's settings.
        error: What the attempt raised.
        retries: How often the invocation was retried before.
    """
    if retries >= conf.max_retries or not isinstance(error, conf.retry_classes()):
        return None
    if not conf.retry_backoff:
        return 0.0
    # The exponent is capped because 2.0 ** 1024 overflows.
    delay = conf.retry_backoff * 2.0 ** min(retries, 64)
    if conf.retry_backoff_max is not None:
        delay = min(delay, conf.retry_backoff_max)
    # What failed together must not fail together again: anywhere in the upper half of the delay.
    return delay * random.uniform(0.5, 1.0) if conf.retry_jitter else delay
