"""Which fields exist, over all configuration classes of the process; reports names that nobody has."""

from __future__ import annotations

import difflib
import importlib
import logging
from collections.abc import Callable, Iterable

from pynenc.conf.sources import FILEPATH, Document, Found
from pynenc.exceptions import ConfigError

logger = logging.getLogger(__name__)

#: Sections of official plugins: a shared file may have them where the plugin is not installed.
_PLUGIN_SECTIONS = frozenset({"redis", "mongo", "rabbitmq"})


#: Modules of this package that define configuration classes; few programs need all of them.
_OWN_MODULES = ("config_pynenc", "config_task", "config_components", "config_runner", "config_sqlite")
#: Section, name and value.
_Entry = tuple[str, str, Found]


def _import_own_classes() -> None:
    for name in _OWN_MODULES:
        importlib.import_module(f"{__package__}.{name}")


class KnownFields:
    """The fields of every configuration class, by section."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._by_section: dict[str, set[str]] = {}
        self._discoverers: list[Callable[[], None]] = [_import_own_classes]
        self._warned: set[str] = set()

    def add(self, sections: Iterable[str], fields: Iterable[str]) -> None:
        """Take note of a class: ``sections`` are its own and those of its parents."""
        self._all.update(fields)
        for section in sections:
            self._by_section.setdefault(section, set()).update(fields)

    def discover_with(self, discover: Callable[[], None]) -> None:
        """Call ``discover`` before a name is reported as unknown: it may import the class that has it.

        It is called again for every unknown name, so it has to be cheap then.
        """
        self._discoverers.append(discover)

    def is_misplaced(self, section: str, field: str) -> bool:
        """Whether neither the class of ``section`` nor a subclass has ``field``."""
        return section in self._by_section and field not in self._by_section[section]

    def check(self, document: Document) -> None:
        """Report names of a document that no class has.

        Raises:
            ConfigError: there is one; the message has the nearest known name.
        """
        for section, name, found in self._find_unknown(document):
            raise ConfigError(self._describe(section, name, found))

    def check_environment(self, document: Document) -> None:
        """Warn once about each variable that no class reads: other programs may share our prefix."""
        for section, name, found in self._find_unknown(document, environment=True):
            if found.origin not in self._warned:
                self._warned.add(found.origin)
                logger.warning("%s", self._describe(section, name, found))

    def _find_unknown(self, document: Document, *, environment: bool = False) -> list[_Entry]:
        unknown = self._unknown_now(document, environment)
        for discover in self._discoverers:
            if not unknown:
                break
            discover()
            unknown = self._unknown_now(document, environment)
        return unknown

    def _unknown_now(self, document: Document, environment: bool) -> list[_Entry]:
        return [
            (section, name, found)
            for section, table in document.tables()
            if section not in _PLUGIN_SECTIONS or section in self._by_section
            for name, found in table.items()
            if not (self._is_known(section, name) or (environment and _is_exempt(name, found)))
        ]

    def _is_known(self, section: str, name: str) -> bool:
        return name in self._all and (not section or section in self._by_section)

    def _describe(self, section: str, name: str, found: Found) -> str:
        if section and section not in self._by_section:
            return f"{found.origin}: there is no section '{section}'{nearest(section, self._by_section)}"
        place = f" in section '{section}'" if section else ""
        hint = nearest(name, self._by_section.get(section, ())) or nearest(name, self._all)
        return f"{found.origin}: there is no setting '{name}'{place}{hint}"


def _is_exempt(name: str, found: Found) -> bool:
    """Whether a variable names a file, or has one underscore and thus need not be meant for us."""
    return name == FILEPATH or not found.origin.startswith("environment variable PYNENC__")


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The end of a message about an unknown name: the candidate that was probably meant, if there is one."""
    matches = difflib.get_close_matches(name, candidates, n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""


#: The configuration classes of this process.
KNOWN_FIELDS = KnownFields()
