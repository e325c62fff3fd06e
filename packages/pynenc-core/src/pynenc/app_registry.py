"""How a child process gets its app back."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from types import ModuleType

from pynenc.app import Pynenc
from pynenc.exceptions import AppLoadError
from pynenc.values.app_ref import AppRef


def load_referenced_app(ref: AppRef) -> Pynenc:
    """Import the module that makes the app, and take over what was assigned to it.

    Raises:
        AppLoadError: the module cannot be imported, or its top level does not make the app.
    """
    module = _import(ref)
    for value in vars(module).values():
        if isinstance(value, Pynenc) and (value.app_id == ref.app_id or _renamed(ref)):
            value.apply(ref)
            for name in value.conf.task_modules:
                _import_tasks(name)
            return value
    raise AppLoadError(
        f"module '{module.__name__}' has no app '{ref.app_id}' at its top level: assign the app to a "
        "variable of the module, so that worker processes find it"
    )


def _renamed(ref: AppRef) -> bool:
    return "app_id" in ref.direct_values.get("ConfigPynenc", {})


def _import(ref: AppRef) -> ModuleType:
    if ref.module is None:
        raise AppLoadError(
            f"app '{ref.app_id}' was made where no file is (an interactive session, `python -c`): worker "
            "processes cannot import it; move it into a module, for example tasks.py"
        )
    try:
        if importlib.util.find_spec(ref.module) is not None or ref.filepath is None:
            return importlib.import_module(ref.module)
        return _import_file(ref.module, ref.filepath)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise AppLoadError(
            f"importing module '{ref.module}' of app '{ref.app_id}' raised {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno})"
        ) from error


def _import_file(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AppLoadError(f"'{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _import_tasks(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception as error:
        raise AppLoadError(
            f"importing '{name}' of task_modules raised {type(error).__name__}: {error}"
        ) from error
