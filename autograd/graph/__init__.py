"""The graph that operations on nodes record, and the backward sweep over it."""
