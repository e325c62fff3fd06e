"""Public API of pynenc."""
