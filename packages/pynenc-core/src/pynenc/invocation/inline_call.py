"""A call that runs in this process, with the very objects that it was given."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pynenc.arguments import Arguments
from pynenc.call import Call
from pynenc.engine.payloads import SerializedArguments
from pynenc.engine.registry import TaskDefinition


class InlineCall(Call):
    """A call whose values are at hand; they are serialized only when somebody asks for the text.

    Args:
        definition: The task.
        values: By parameter name.
        serialize: Makes their serialized form.
    """

    def __init__(
        self,
        definition: TaskDefinition,
        values: Mapping[str, Any],
        serialize: Callable[[], SerializedArguments],
    ) -> None:
        super().__init__(definition.task_id, serialize, lambda _: dict(values))
        self.definition = definition
        self._values = dict(values)

    @property
    def arguments(self) -> Arguments:
        """The values."""
        return Arguments(self._values)

    def run(self) -> Any:
        """Call the function; returns or raises what it does.

        An ``async def`` gets a loop of its own: in this thread, or in another one where a loop runs here.
        """
        if not self.definition.is_async:
            return self.definition.call(dict(self._values))
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._body())
        with ThreadPoolExecutor(1) as thread:
            context = contextvars.copy_context()
            return thread.submit(lambda: context.run(asyncio.run, self._body())).result()

    async def _body(self) -> Any:
        return await self.definition.call(dict(self._values))
