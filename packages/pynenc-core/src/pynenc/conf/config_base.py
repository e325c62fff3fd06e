"""The base of all configuration classes: resolves, validates, and remembers where each value came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import PrivateAttr, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from pynenc.conf import sources
from pynenc.conf.field_types import is_secret, reader_of
from pynenc.conf.known_fields import KNOWN_FIELDS, nearest
from pynenc.conf.sources import FILEPATH, Document, Found
from pynenc.exceptions import ConfigError, ConfigMultiInheritanceError

_DIRECT = "direct assignment"
_MASK = "**********"
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
#: What pydantic's words leave open.
_ALLOWED = {"bool_parsing": "allowed are true and false, yes and no, on and off, 1 and 0"}


class ConfigBase(BaseSettings):
    """Settings of one part of an app; the package docstring says which source wins.

    A subclass declares fields. It is addressed by the section named like the class without "Config",
    and by those of its parents.

    Args:
        config_values: Values from code, by field or by section like a file.
        config_filepath: A YAML, JSON or TOML file.
    """

    # Most apps use few of the classes that core and plugins declare: validators are built for those that are used.
    model_config = SettingsConfigDict(
        extra="forbid",
        validate_assignment=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,
    )

    _sections: ClassVar[tuple[str, ...]] = ()
    _readers: ClassVar[dict[str, Any]] = {}
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _direct: set[str] = PrivateAttr(default_factory=set)

    def __init__(
        self, config_values: Mapping[str, Any] | None = None, config_filepath: str | None = None
    ) -> None:
        self._resolve(config_values, config_filepath)

    def _resolve(
        self,
        config_values: Mapping[str, Any] | None,
        config_filepath: str | None,
        task_names: tuple[str, ...] = (),
        options: Document | None = None,
    ) -> None:
        """Build the object; ``options`` are what the decorator of the task named ``task_names`` was given."""
        found: dict[str, Found] = {}
        for document in self._documents(config_values, config_filepath, options):
            found.update(self._select(document, task_names))
        try:
            # Past BaseSettings.__init__: ours replace all of its sources, and only to build those takes
            # five times as long as everything here, for every task.
            super(BaseSettings, self).__init__(**{name: item.value for name, item in found.items()})
        except ValidationError as error:
            raise self._refusal(error, found) from None
        self._origins.update((name, item.origin) for name, item in found.items())

    @classmethod
    def _documents(
        cls,
        config_values: Mapping[str, Any] | None,
        config_filepath: str | None,
        options: Document | None,
    ) -> Iterator[Document]:
        """Everything that may name a field, the weakest first."""
        environment = sources.environment()
        KNOWN_FIELDS.check_environment(environment)
        if config_values:
            document = sources.document_of(config_values, "config_values")
            KNOWN_FIELDS.check(document)
            yield document
        if options:
            yield options
        files = [sources.pyproject()]
        if config_filepath:
            files.append(sources.file(str(config_filepath), "config_filepath"))
        for table in (environment.root, *(environment.sections.get(name, {}) for name in cls._sections)):
            if named := table.get(FILEPATH):
                files.append(sources.file(str(named.value), named.origin))
        for document in files:
            KNOWN_FIELDS.check(document)
            yield document
        yield environment

    @classmethod
    def _select(cls, document: Document, task_names: tuple[str, ...]) -> dict[str, Found]:
        """The values of a document that apply to this class: root, parents, own section, own task."""
        known = cls.model_fields
        selected = {name: found for name, found in document.root.items() if name in known}
        for section, table in document.sections.items():
            if section not in cls._sections:
                for name, found in table.items():
                    if name in known and KNOWN_FIELDS.is_misplaced(section, name):
                        selected[name] = found
        own = [document.sections.get(section) for section in cls._sections]
        own += [document.tasks.get(name) for name in task_names]
        for own_table in own:
            if own_table:
                selected.update((name, found) for name, found in own_table.items() if name in known)
        return selected

    def origin(self, field: str) -> str:
        """Where the value of ``field`` came from, for people to read."""
        self._require_field(field)
        return self._origins.get(field, "default")

    def display(self, field: str) -> str:
        """The value of ``field`` as text that may be shown to anybody."""
        self._require_field(field)
        return _mask(type(self).model_fields[field], getattr(self, field))

    @classmethod
    def display_default(cls, field: str) -> str:
        """What ``display`` gives of the default of ``field``."""
        found = cls.model_fields[field]
        return _mask(found, found.get_default(call_default_factory=True))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, (_hide_url_password(value) if isinstance(value, str) else value)

    def is_direct(self, field: str) -> bool:
        """Whether the value of ``field`` was assigned on this object."""
        # By the way of attributes a look takes several times as long, and there is one at each call of a task.
        private = self.__pydantic_private__
        return private is not None and field in private["_direct"]

    def direct_values(self) -> dict[str, Any]:
        """The values assigned on this object, ready for JSON and with secrets unmasked.

        They are meant for ``apply_direct`` in a child process, through a pipe, and for nothing else.
        """
        return {name: _plain(getattr(self, name)) for name in sorted(self._direct)}

    def apply_direct(self, values: Mapping[str, Any]) -> None:
        """Assign what ``direct_values`` gave in another process."""
        for name, value in values.items():
            setattr(self, name, value)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Whatever is assigned inside of the block is forgotten at its end."""
        values, direct, origins = dict(self.__dict__), set(self._direct), dict(self._origins)
        try:
            yield
        finally:
            self.__dict__.clear()
            self.__dict__.update(values)
            self._direct, self._origins = direct, origins

    if not TYPE_CHECKING:  # a visible __setattr__ would let mypy accept assignments to misspelt fields

        def __setattr__(self, name: str, value: object) -> None:
            if name.startswith("_"):
                super().__setattr__(name, value)
                return
            self._require_field(name)
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                raise self._refusal(error, {name: Found(value, _DIRECT)}) from None
            self._direct.add(name)
            self._origins[name] = _DIRECT

    @classmethod
    def _require_field(cls, name: str) -> None:
        if name not in cls.model_fields:
            raise ConfigError(f"{cls.__name__} has no field '{name}'{nearest(name, cls.model_fields)}")

    @classmethod
    def _refusal(cls, error: ValidationError, found: Mapping[str, Found]) -> ConfigError:
        problems = []
        for detail in error.errors(include_url=False, include_context=False):
            name = str(detail["loc"][0])
            value, origin = found[name]
            allowed = _ALLOWED.get(detail["type"], detail["msg"])
            shown = _mask(cls.model_fields[name], value, quote=True)
            problems.append(f"{cls.__name__}.{name} = {shown} (from {origin}): {allowed}")
        return ConfigError("; ".join(dict.fromkeys(problems)))

    @field_validator("*", mode="before")
    @classmethod
    def _read_written_value(cls, value: object, info: ValidationInfo) -> object:
        reader = cls._readers.get(info.field_name or "")
        return reader(value) if reader else value

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        _require_agreement(cls)
        cls._sections = tuple(
            sources.section_name(parent.__name__.removeprefix("Config"))
            for parent in reversed(cls.__mro__)
            if issubclass(parent, ConfigBase) and parent is not ConfigBase
        )
        readers = {name: reader_of(field.annotation) for name, field in cls.model_fields.items()}
        cls._readers = {name: reader for name, reader in readers.items() if reader}
        KNOWN_FIELDS.add(cls._sections, cls.model_fields)


def _require_agreement(cls: type[ConfigBase]) -> None:
    """Refuse a class that inherits one field in two meanings, unless it declares the field itself."""
    inherited: dict[str, tuple[str, FieldInfo]] = {}
    for base in cls.__bases__:
        for name, field in getattr(base, "model_fields", {}).items():
            other, first = inherited.setdefault(name, (base.__name__, field))
            same = (first.annotation, first.default) == (field.annotation, field.default)
            if not same and name not in cls.__annotations__:
                raise ConfigMultiInheritanceError(
                    f"{cls.__name__}: {other} and {base.__name__} define '{name}' differently; "
                    f"declare it in {cls.__name__} or rename one of them"
                )


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, tuple | frozenset | set | list):
        return [_plain(item) for item in value]
    return value


def _hide_url_password(text: str) -> str:
    return _URL_PASSWORD.sub(rf"\1{_MASK}@", text)


def _mask(field: FieldInfo, value: Any, *, quote: bool = False) -> str:
    if is_secret(field.annotation):
        return _MASK if value else ""
    plain = _plain(value)
    if isinstance(plain, list):
        return ", ".join(map(str, plain))
    if isinstance(plain, str):
        plain = _hide_url_password(plain)
    return repr(plain) if quote else str(plain)
