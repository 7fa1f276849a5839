"""Plan, evaluate, and the outcomes."""
