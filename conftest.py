"""Doctests of a module whose extra isn't installed are left out."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("sklearn") else ["layers/estimators.py"]
