"""Try every item of five teaching texts on layers, and print right or refused, with our word: python tools/try_texts.py

Exits with status 1 if an item is neither.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.tables.texts import dense, implementation, lab, reference, request, scratch  # noqa: E402 - after the path

TEXTS = [module.TEXT for module in (lab, dense, reference, scratch, implementation, request)]


def main() -> int:
    """Print the table."""
    failed = 0
    for text in TEXTS:
        print(f"\n{text.title}")
        for item in text.items:
            try:
                verdict = item.verdict()
            except Exception as error:
                verdict = f"WRONG ({type(error).__name__}: {error})"
                failed += 1
            print(f"{item.number:4}  {verdict:8}  {item.said}  [{item.here}]")
    count = sum([len(text.items) for text in TEXTS])
    print(f"\n{count - failed} of {count} right, or refused with our word")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
