"""Tensor, op, graph, differentiation. Knows no op by name except the three that broadcasting needs."""
