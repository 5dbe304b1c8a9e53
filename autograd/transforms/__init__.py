"""Derivatives of Python functions: `grad`, `jacobian`, `hessian` and their kin."""
