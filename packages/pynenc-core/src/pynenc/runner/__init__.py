"""Processes and slots: who runs what, where, and how it stops."""

from pynenc.runner.base_runner import BaseRunner, DummyRunner
from pynenc.runner.persistent_process_runner import PersistentProcessRunner
from pynenc.runner.thread_runner import ThreadRunner

__all__ = ["BaseRunner", "DummyRunner", "PersistentProcessRunner", "ThreadRunner"]
