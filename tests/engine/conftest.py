from tests.engine.small import predicates

__all__ = ["predicates"]
