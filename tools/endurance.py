"""The tests of interruption, memory and outside data, with every point and many more mutations than CI has time for.

    python tools/endurance.py [interruption] [memory] [data]

Interruption is worth most on a copy without extension modules (`make core-uncompiled` leaves one in build/uncompiled).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


def interruption():
    """Interrupt each kind of work everywhere, and by alarms."""
    from tests.tables import interruptions

    for kind in interruptions.SUBJECTS:
        points = interruptions.interrupt_everywhere(kind)
        alarms = interruptions.interrupt_by_signals(kind, 1_500, seed=1)
        print(f"{kind.__name__}: right after {points} interrupts, one at each point, and {alarms} alarms", flush=True)


def memory():
    """Refuse every request for memory of each kind of work."""
    from tests.tables import out_of_memory

    with tempfile.TemporaryDirectory() as folder:
        shim = Path(folder) / "failing_malloc.so"
        source = PROJECT / "tests" / "tables" / "failing_malloc.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
        variables = os.environ | {"LD_PRELOAD": str(shim), "PYTHONMALLOC": "malloc", "PYTHONPATH": str(PROJECT)}
        for name in out_of_memory.WORK:
            command = [sys.executable, "-m", "tests.tables.out_of_memory", "refuse", name, "1000000"]
            found = subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout
            print(f"{name}: requests, and how they ended: {found}", end="", flush=True)


def data():
    """Mutate programs, descriptions and files of weights."""
    from tests.program import test_file
    from tests.project import test_outside_data

    print("programs refused, run:", test_file.mutations_withstood(100_000, seed=1), flush=True)
    print("descriptions refused, made:", test_outside_data.descriptions_withstood(20_000, seed=1), flush=True)
    for suffix in (".npz", ".safetensors"):
        with tempfile.TemporaryDirectory() as folder:
            found = test_outside_data.weights_withstood(Path(folder) / f"weights{suffix}", 20_000, seed=1)
            print(f"{suffix} refused, read: {found}", flush=True)


if __name__ == "__main__":
    parts = {"interruption": interruption, "memory": memory, "data": data}
    for asked in sys.argv[1:] or list(parts):
        parts[asked]()
