"""Loads torch's shared libraries without stopping the other threads; imports nothing of torch itself.

Python holds its lock while it loads an extension's library, and torch's are hundreds of megabytes: from a slow disk
the whole program, its interface included, would stand still for seconds. A function of the C library that is called
through ctypes runs without that lock. What it has loaded, the later import only finds.
"""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (("libtorch_global_deps", "RTLD_GLOBAL"), ("libtorch_python", "RTLD_LOCAL"))
"""In torch's own order and with its own flags; the second one needs, and so loads, all the others."""


def preload_torch() -> None:
    """Load what `import torch` will need. Does nothing where that cannot be done; the import then says why."""
    if os.name != "posix" or "torch" in sys.modules:
        return
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return
    open_library = ctypes.CDLL(None).dlopen
    open_library.argtypes = [ctypes.c_char_p, ctypes.c_int]
    open_library.restype = ctypes.c_void_p
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    for name, scope in _LIBRARIES:
        path = Path(found.origin).parent / "lib" / (name + suffix)
        if path.exists():
            open_library(os.fsencode(path), os.RTLD_LAZY | getattr(os, scope))
