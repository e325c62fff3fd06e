"""Finds installed plugins, and the class that a setting such as ``broker_cls`` names."""

from __future__ import annotations

import difflib
import importlib
import logging
import re
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points, version
from types import ModuleType
from typing import Any

from pynenc.conf.known_fields import KNOWN_FIELDS
from pynenc.contracts.plugin import Plugin
from pynenc.exceptions import ConfigError, PluginError

logger = logging.getLogger(__name__)

GROUP = "pynenc.plugins"
_CORE_DISTRIBUTION = "pynenc-core"
#: Backends of this distribution; imported when a class name is looked up.
_CORE_PLUGINS = ("pynenc.backends.mem.plugin", "pynenc.backends.sqlite.plugin")
#: Parts of this distribution that belong to no backend.
_CORE_PARTS = Plugin(
    "core",
    components={
        name: f"{package}.{name}"
        for package, names in (
            ("pynenc.serializer", ("JsonSerializer", "JsonPickleSerializer", "PickleSerializer")),
            (
                "pynenc.runner",
                (
                    "DummyRunner",
                    "ThreadRunner",
                    "ProcessRunner",
                    "MultiThreadRunner",
                    "PersistentProcessRunner",
                ),
            ),
        )
        for name in names
    },
)
#: Beginning of the name of a class or builder method -> the extra that installs it.
_EXTRAS = {"redis": "redis", "mongo": "mongodb", "rabbit": "rabbitmq"}


class ComponentRegistry:
    """Component classes by name: of core, of plugins, and subclasses that the program has imported."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._plugins: dict[str, Plugin] = {}  # guarded by self._lock
        self._builder_classes: dict[str, Any] = {}  # guarded by self._lock
        self._failures: dict[str, str] = {}  # guarded by self._lock
        self._has_core = False  # guarded by self._lock
        self._has_entry_points = False  # guarded by self._lock

    def register(self, plugin: Plugin) -> None:
        """Make a plugin's components known; registering the same plugin again changes nothing.

        Raises:
            PluginError: it needs another version of pynenc-core, or another plugin has its name.
        """
        _require_core(plugin)
        with self._lock:
            if self._plugins.setdefault(plugin.name, plugin) is not plugin:
                raise PluginError(f"two plugins are named '{plugin.name}': uninstall one of them")

    def load_entry_points(self) -> None:
        """Load what is installed, once per process; a plugin that fails is logged and left out."""
        with self._lock:
            if self._has_entry_points:
                return
            self._has_entry_points = True  # first, because a plugin may ask for a class while it is loaded
            for entry_point in sorted(entry_points(group=GROUP), key=lambda found: found.name):
                try:
                    self._accept(entry_point.load(), entry_point)
                except Exception as error:  # noqa: BLE001 - boundary: a broken plugin must not end the program
                    self.record_failure(_describe(entry_point), error)

    def _accept(self, target: object, entry_point: EntryPoint) -> None:
        if isinstance(target, Plugin):
            self.register(target)
        elif hasattr(target, "register_builder_methods"):
            self._builder_classes[_describe(entry_point)] = target
        elif not isinstance(target, ModuleType):
            raise PluginError(
                f"'{entry_point.value}' is no Plugin, no module and has no register_builder_methods"
            )

    def record_failure(self, plugin: str, error: Exception) -> None:
        """Log that a plugin does not work, and mention it when a class is not found."""
        with self._lock:
            self._failures[plugin] = f"{type(error).__name__}: {error}"
        logger.warning("plugin %s cannot be used: %s: %s", plugin, type(error).__name__, error)

    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins of core and those installed."""
        self._load_core()
        self.load_entry_points()
        with self._lock:
            return tuple(self._plugins.values())

    def builder_plugins(self) -> dict[str, Any]:
        """What may add to the builder: plugins, and classes that have ``register_builder_methods``."""
        self.load_entry_points()
        with self._lock:
            return {f"'{name}'": plugin for name, plugin in self._plugins.items()} | self._builder_classes

    def resolve(self, base: type, name: str) -> type:
        """Return the subclass of ``base`` with this class name or dotted path.

        Raises:
            ConfigError: there is none, or several; the message lists what there is and what to install.
        """
        if "." in name:
            return _require_subclass(_import_class(name), base, name)
        self._load_core()
        found = self._find(base, name)
        if not found:
            self.load_entry_points()
            found = self._find(base, name)
        if len(found) > 1:
            raise ConfigError(
                f"'{name}' names several classes: {', '.join(sorted(found))}; write one of these instead"
            )
        if not found:
            raise ConfigError(self._describe_absence(base, name))
        return found.popitem()[1]

    def _load_core(self) -> None:
        with self._lock:
            if not self._has_core:
                for module in _CORE_PLUGINS:
                    self.register(importlib.import_module(module).plugin)
                self.register(_CORE_PARTS)
                self._has_core = True

    def _find(self, base: type, name: str) -> dict[str, type]:
        """Candidates by dotted path; of a class that was defined twice under one path the newer one."""
        with self._lock:
            registered = [
                plugin.components[name] for plugin in self._plugins.values() if name in plugin.components
            ]
        classes = [_import_class(item) if isinstance(item, str) else item for item in registered]
        classes += [found for found in _subclasses(base) if found.__name__ == name]
        return {_path_of(found): found for found in classes if issubclass(found, base)}

    def _describe_absence(self, base: type, name: str) -> str:
        available = self._list_available(base)
        lines = [f"there is no {base.__name__.removeprefix('Base').lower()} class '{name}'"]
        hint = install_hint(name)
        by_lower_case = {found.lower(): found for found in available}
        nearest = [
            by_lower_case[found] for found in difflib.get_close_matches(name.lower(), by_lower_case, n=1)
        ]
        if nearest and install_hint(nearest[0]) == hint:
            lines.append(f"did you mean '{nearest[0]}'?")
        elif hint:
            lines.append(hint)
        lines.append(f"available are {', '.join(available) or 'none'}, and any class by its dotted path")
        with self._lock:
            lines += [f"plugin {plugin} failed to load: {error}" for plugin, error in self._failures.items()]
        return "; ".join(lines)

    def _list_available(self, base: type) -> list[str]:
        names = {found.__name__ for found in _subclasses(base)}
        for plugin in self.plugins():
            names.update(
                name for name in plugin.components if name not in names and self._has(plugin, name, base)
            )
        return sorted(names)

    def _has(self, plugin: Plugin, name: str, base: type) -> bool:
        item = plugin.components[name]
        try:
            return issubclass(_import_class(item) if isinstance(item, str) else item, base)
        except ConfigError:  # its driver is missing; the list is only a hint
            return False


def install_hint(name: str) -> str:
    """How to install what ``name`` seems to belong to; empty when nobody knows."""
    extra = next((extra for start, extra in _EXTRAS.items() if name.lower().startswith(start)), "")
    return f"install it with: pip install {_CORE_DISTRIBUTION}[{extra}]" if extra else ""


def _subclasses(base: type) -> Iterator[type]:
    children: list[type] = base.__subclasses__()
    for found in children:
        yield found
        yield from _subclasses(found)


def _path_of(found: type) -> str:
    return f"{found.__module__}.{found.__qualname__}"


def _import_class(path: str) -> type:
    module, _, name = path.rpartition(".")
    try:
        found: object = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"class '{path}' cannot be imported: {error}") from error
    if not isinstance(found, type):
        raise ConfigError(f"'{path}' is not a class but {type(found).__name__}")
    return found


def _require_subclass(found: type, base: type, name: str) -> type:
    if not issubclass(found, base):
        raise ConfigError(f"class '{name}' is no subclass of {_path_of(base)}")
    return found


def _describe(entry_point: EntryPoint) -> str:
    distribution = entry_point.dist.name if entry_point.dist else "unknown distribution"
    return f"'{entry_point.name}' of {distribution}"


def _require_core(plugin: Plugin) -> None:
    if not plugin.requires_core:
        return
    needed, installed = _release_of(plugin.requires_core), _release_of(version(_CORE_DISTRIBUTION))
    if installed < needed or installed[:1] != needed[:1]:
        raise PluginError(
            f"plugin '{plugin.name}' needs {_CORE_DISTRIBUTION} {plugin.requires_core} or later, "
            f"of the same major version; installed is {version(_CORE_DISTRIBUTION)}"
        )


def _release_of(text: str) -> tuple[int, ...]:
    """The numbers of a version; pre-releases count as the release, as in our extras."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", text)[0]))


#: The classes of this process.
REGISTRY = ComponentRegistry()
KNOWN_FIELDS.discover_with(REGISTRY.load_entry_points)
