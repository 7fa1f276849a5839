"""Judges what a DUI exports, and says how ready it is for Ségur referencing."""

__version__ = "0.1.0"
