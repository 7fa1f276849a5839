"""The catalogue: loads and compiles `profiles/`. Never reads a subject's bytes."""
