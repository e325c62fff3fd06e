"""What an installed backend tells pynenc about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pynenc.conf.config_base import ConfigBase


@dataclass(frozen=True, slots=True)
class Plugin:
    """The object that an entry point of the group ``pynenc.plugins`` names.

    A module that defines one imports its configuration classes, but no driver: components given as dotted
    paths are imported when an app uses them.
    """

    #: For messages: ``redis``.
    name: str
    #: Class name -> the class, or its dotted path.
    components: Mapping[str, type | str] = field(default_factory=dict)
    #: The settings it brings; a name in a file is an error only when no class has it.
    config_classes: tuple[type[ConfigBase], ...] = ()
    #: Name -> ``function(builder, ...)`` that returns the builder.
    builder_methods: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    #: Called by ``build()`` with the values of the builder; each raises ``ValueError`` to refuse them.
    validators: tuple[Callable[[dict[str, Any]], object], ...] = ()
    #: Lowest version of pynenc-core it works with; a higher major version fits neither. Empty: any.
    requires_core: str = ""
