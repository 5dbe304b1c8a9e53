"""A `layers.py` or `viz.py` of the user, found before the package of that name, says so if a name is missed in it."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Any

__all__ = ["watch_shadows"]

# The packages that stand beside this one.
SIBLINGS = ("layers", "viz")
OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class ShadowLoader(SourceFileLoader):
    """Loads the user's module as ever; asked for a name of ours that is not in it, it is an ImportError."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and let it tell of names that it lacks if it does not do so itself."""
        super().exec_module(module)

        def missing(name: str) -> Any:
            if name in names_of(module.__name__):
                raise ImportError(
                    f"{module.__name__}.{name} is of scalar-autograd, but {self.path} is found first under the name "
                    f"{module.__name__!r}: rename that file",
                    name=module.__name__,
                    path=self.path,
                )
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        vars(module).setdefault("__getattr__", missing)


def names_of(package: str) -> set[str]:
    """The public names of a package that can't be imported for the user's module of its name."""
    import ast

    with open(os.path.join(OURS, package, "__init__.py"), encoding="utf-8") as file:
        for statement in ast.parse(file.read()).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
                return set(ast.literal_eval(statement.value))
    return set()


class Shadows:
    """Finds the user's modules that have the names of these packages, and no others."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's spec if it is a Python file that is not ours."""
        if fullname not in SIBLINGS:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or type(found.loader) is not SourceFileLoader or found.origin is None:
            return None
        if os.path.abspath(found.origin) == os.path.join(OURS, fullname, "__init__.py"):
            return None
        return spec_from_file_location(
            fullname,
            found.origin,
            loader=ShadowLoader(fullname, found.origin),
            submodule_search_locations=found.submodule_search_locations,
        )


def watch_shadows() -> None:
    """Look at imports of these names before anybody else does; asked once."""
    if Shadows not in sys.meta_path:
        sys.meta_path.insert(0, Shadows)
