"""``pynenc demo``: measures a source tree with real tasks on real worker processes."""
