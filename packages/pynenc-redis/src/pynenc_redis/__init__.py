"""Redis backend for pynenc."""
