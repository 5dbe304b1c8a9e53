"""`vmap`: a program at many rows, in this process and in others."""
