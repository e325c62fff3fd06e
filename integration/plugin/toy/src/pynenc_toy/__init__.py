"""Toy backend for pynenc."""
