"""Frozen data: no I/O and no behaviour beyond validation. Everything else may import from here."""
