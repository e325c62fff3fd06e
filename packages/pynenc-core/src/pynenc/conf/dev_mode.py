"""Whether tasks run inline, as settings and environment say at the moment of asking."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from pynenc.conf.config_pynenc import ConfigPynenc

_FIELD = "dev_mode_force_sync_tasks"
#: The documented variables of the field. Others are read once, with all settings: each look takes its time.
_VARIABLE, _VARIABLE_OF_CLASS = (
    os.environ.encodekey(prefix + _FIELD.upper()) for prefix in ("PYNENC__", "PYNENC__CONFIGPYNENC__")
)
#: What is behind os.environ. To say that there is no such variable, that raises and catches two errors: for both
#: variables together this took a sixth of all that a process does to register a call in memory.
_environment: Mapping[str | bytes, str | bytes] = vars(os.environ)["_data"]


class DevMode:
    """Answers at every call, so that a test may switch the mode by assignment or by a variable.

    Args:
        conf: The settings of the app; an assignment to them decides.
        resolve: Makes them anew from all their sources.
    """

    def __init__(self, conf: ConfigPynenc, resolve: Callable[[], ConfigPynenc]) -> None:
        self._conf = conf
        self._resolve = resolve
        self._known: tuple[tuple[str | bytes | None, ...], bool] = (
            _variables(),
            conf.dev_mode_force_sync_tasks,
        )

    def __call__(self) -> bool:
        """Whether a call made now runs inline.

        Raises:
            ConfigError: a variable has a wrong value; the message names it.
        """
        if self._conf.is_direct(_FIELD):
            return self._conf.dev_mode_force_sync_tasks
        variables, value = self._known
        now = _variables()
        if now != variables:
            value = self._resolve().dev_mode_force_sync_tasks
            self._known = (now, value)
        return value


def _variables() -> tuple[str | bytes | None, ...]:
    return _environment.get(_VARIABLE), _environment.get(_VARIABLE_OF_CLASS)
