"""The interpreter: a program's operations laid out in memory, and run over one row or blocks of rows."""
