"""An eval of GradBench a module: its `FUNCTIONS`, by the names that the eval asks for.

The problems are those of the folder `evals` of github.com/gradbench/gradbench. Functions are compiled where they are
defined, so that a further message of the same sizes finds what an earlier one has recorded.
"""
