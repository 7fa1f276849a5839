"""Predicates for what data cannot say. Pure functions: values in, a verdict out."""
