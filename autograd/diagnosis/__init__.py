"""Errors that say where, numbers that can be trusted: what went wrong in a graph, and how good its numbers are.

`explain` says why a gradient is 0, infinite or nan; `rounding` how many digits of a value are right and what cost the
others; `paths` which ways through the graph a gradient is made of; `replay` what it all is in exact arithmetic.
"""
