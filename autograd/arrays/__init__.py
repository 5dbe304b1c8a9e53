"""Arrays of nodes: NumPy's functions on them, integers among them, and linear algebra."""
