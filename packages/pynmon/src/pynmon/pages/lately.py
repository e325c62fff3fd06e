"""The last minutes as a small timeline, of what a page has read already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.timeline.axis import Axis
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.groups import LanesBy, grouped
from pynmon.timeline.lanes import Limits, draw
from pynmon.timeline.spans import last_attempts, open_attempts
from pynmon.timeline.window import Window

SECONDS = 300.0
#: What is more than so many bars is drawn in one piece: it is sent again and again.
_LIMITS = Limits(lanes=6, rows=3, single=40)


def lately(
    ended: Iterable[Finished],
    owned: Iterable[InvocationRecord],
    runners: Sequence[RunnerRecord],
    window: Window,
) -> Drawing:
    """The busiest runners of a window.

    Args:
        ended: What ended in it.
        owned: What goes on.
        runners: Those that are known.
        window: Ends now.
    """
    known = {str(one.identity.runner_id): one for one in runners}
    spans = [*last_attempts(ended, window), *open_attempts(owned, window)]
    groups = grouped(LanesBy.RUNNER, spans, known, {})
    busiest = sorted(groups, key=lambda group: -len(group.spans))[: _LIMITS.lanes]
    axis = Axis(window)
    return Drawing(window, draw([group for group in groups if group in busiest], axis, limits=_LIMITS), axis)
