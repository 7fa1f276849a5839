"""Measurements of dui-conformance: official material, detection of mutations, speed. `python -m bench` runs all.

Nothing here is part of the product; `make bench` runs it from the root of a clone.
"""
