"""Bytes to typed subjects: one safe door per format. Nothing here judges."""
