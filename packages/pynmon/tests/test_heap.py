from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

#: Four threads that allocate at the same time, and what the C library says of its heaps then.
PROGRAM = """
import ctypes, sys, threading
from pynmon.heap import share_one_heap
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
if sys.argv[1] == "shared":
    share_one_heap()
together = threading.Barrier(4)
def work():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps(how: str, path: Path) -> int:
    subprocess.run([sys.executable, "-c", PROGRAM, how, str(path)], check=True, timeout=60)
    return path.read_text().count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the C library of GNU has several heaps")
def test_threads_share_a_heap(tmp_path: Path) -> None:
    assert heaps("apart", tmp_path / "apart") > 1
    assert heaps("shared", tmp_path / "shared") == 1
