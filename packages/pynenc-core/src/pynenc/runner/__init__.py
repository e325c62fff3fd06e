"""Processes and slots: who runs what, where, and how it stops."""

from pynenc.runner.base_runner import BaseRunner, DummyRunner
from pynenc.runner.multi_thread_runner import MultiThreadRunner
from pynenc.runner.persistent_process_runner import PersistentProcessRunner
from pynenc.runner.process_runner import ProcessRunner
from pynenc.runner.thread_runner import ThreadRunner

__all__ = [
    "BaseRunner",
    "DummyRunner",
    "MultiThreadRunner",
    "PersistentProcessRunner",
    "ProcessRunner",
    "ThreadRunner",
]
