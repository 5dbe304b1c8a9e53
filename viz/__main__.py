"""`python -m viz --engines`: which layout engines are here, and which one would be used."""

from __future__ import annotations

import argparse
import sys

from viz.engine import available_engines, find_engine, version_of
from viz.errors import EngineError


def main(arguments: list[str] | None = None) -> int:
    """Report the engines; the exit status is 1 if there is none."""
    parser = argparse.ArgumentParser(prog="python -m viz", description="Pictures of computational graphs.")
    parser.add_argument("--engines", action="store_true", help="which layout engines are found, and their versions")
    options = parser.parse_args(arguments)
    if not options.engines:
        parser.print_help()
        return 0
    try:
        used = find_engine()
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    for engine in dict.fromkeys([used, *available_engines()]):
        mark = "used" if engine == used else "also"
        try:
            version = version_of(engine)
        except EngineError as error:
            version = str(error)
        print(f"{mark}: {engine.path} ({engine.source}): {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
