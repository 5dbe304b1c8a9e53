"""Primitive operations: their declarations, their compiled forms, their names on the public surface. Knows no node."""
