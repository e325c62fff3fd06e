"""Public path of the state machine."""

from pynenc.values.status import (
    STATUS_TABLE,
    InvocationStatus,
    StatusDefinition,
    get_status_definition,
    validate_transition,
)

__all__ = [
    "STATUS_TABLE",
    "InvocationStatus",
    "StatusDefinition",
    "get_status_definition",
    "validate_transition",
]
