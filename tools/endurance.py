"""The long forms of what the tests try: every point, every request, and new random numbers for as long as is asked.

    python tools/endurance.py --hours 1
    python tools/endurance.py entries programs

Each part is run in turn, with other random numbers each time, until the time is over; each at least once. The exit
status is 1 at the first thing that is wrong. Interruption is worth most on a copy without extension modules (`make
core-uncompiled` leaves one in build/uncompiled).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


def interruption(number):
    """Interrupt each kind of work everywhere, and by alarms; most in the pool's rows and in machine code."""
    from tests.tables import interruptions

    for kind in interruptions.SUBJECTS:
        points = interruptions.interrupt_everywhere(kind) if number == 0 else 0
        many = kind.__name__ in ("SharedRows", "MachineCode")
        hits = interruptions.interrupt_by_signals(kind, *((10_000, number, 20) if many else (500, number)))
        print(f"{kind.__name__}: right after {points} interrupts, one at each point, and {hits} alarms", flush=True)


def memory(number):
    """Refuse every request for memory of each kind of work, and let machine code meet limits in steps."""
    from tests.tables import c_compiler, out_of_memory

    variables = os.environ | {"PYTHONPATH": str(PROJECT)}

    def run(*arguments, **settings):
        command = [sys.executable, "-m", "tests.tables.out_of_memory", *arguments]
        return subprocess.run(
            command, env=variables | settings, check=False, capture_output=True, text=True, timeout=1_800
        )

    with tempfile.TemporaryDirectory() as folder:
        shim = c_compiler.shim("failing_malloc.c", folder)
        for name in out_of_memory.WORK if number == 0 else ():
            found = run("refuse", name, "1000000", LD_PRELOAD=shim, PYTHONMALLOC="malloc")
            found.check_returncode()
            print(f"{name}: requests, and how they ended: {found.stdout}", end="", flush=True)
    for name in out_of_memory.GROWTH:
        for megabytes in range(40 + number % 40, 400, 80):
            found = run("grow", name, str(megabytes))
            assert found.stdout == "MemoryError, and afterwards right\n", (name, megabytes, found)
    for megabytes in range(10 + number % 20, 410, 20):
        found = run("keep", "300", str(megabytes))
        assert found.stdout in ("right\n", "MemoryError, and afterwards right\n"), (megabytes, found)
    assert run("keep", "1200", "2500").stdout == "right\n"
    print("each kind of growth, and machine code that is kept, are right under limits in steps", flush=True)


def processes(number):
    """End, kill and fork processes, fill disks, and free objects whose end uses the engine."""
    from tests.tables import c_compiler, ended_processes

    with tempfile.TemporaryDirectory() as folder:
        shim = c_compiler.shim("slow_exit.c", folder)
        print(
            ended_processes.ends_withstood(70, number, shim), "processes ended while threads were at work", flush=True
        )
    for task, count in (("forks", 200), ("kills", 500), ("full disks", 50), ("destructors", 2_000)):
        print(f"{task}: {ended_processes.run_alone(task, count, number)} right", flush=True)


def data(number):
    """Mutate programs, descriptions and files of weights, build such files of lies, and draw hostile names."""
    from tests.program import test_file
    from tests.project import test_outside_data
    from tests.tables import hostile_files, hostile_names

    print("programs refused, run:", test_file.mutations_withstood(50_000, seed=1 + number), flush=True)
    print("descriptions refused, made:", test_outside_data.descriptions_withstood(10_000, seed=1 + number), flush=True)
    for suffix in (".npz", ".safetensors"):
        with tempfile.TemporaryDirectory() as folder:
            found = test_outside_data.weights_withstood(Path(folder) / f"weights{suffix}", 10_000, seed=1 + number)
            print(f"{suffix} refused, read: {found}", flush=True)
            found = hostile_files.lies_withstood(Path(folder) / f"lies{suffix}", 5_000, seed=1 + number)
            print(f"{suffix} built to lie refused, read: {found}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = hostile_files.checkpoints_withstood(Path(folder) / "run.npz", seed=1 + number)
        print(f"checkpoints refused, taken: {found}", flush=True)
    print("options refused, used:", test_outside_data.options_withstood(seed=1 + number), flush=True)
    print("drawings:", hostile_names.drawings_withstood(100, seed=1 + number), flush=True)


def programs(number):
    """Search for programs that give different numbers in different ways."""
    from tools.search_programs import search

    for kind in ("python", "numpy"):
        tally = search(kind, 1_000_000 + 4_000 * number, 4_000)
        print(f"{kind}: {tally.report()}", flush=True)
        assert tally.wrong() == 0


def entries(number):
    """Call everything public with arguments that nobody should give."""
    from tools.fuzz_entries import fuzz

    ends, troubles = fuzz(1_000_000 + 20_000 * number, 20_000)
    print(f"calls: {ends}", *troubles, sep="\n", flush=True)
    assert not troubles


def soak(number):
    """Repeat everything, beyond all limits, for ten minutes, in a process of its own."""
    subprocess.run([sys.executable, PROJECT / "tools" / "soak.py"], env=os.environ | {"PYTHONPATH": "."}, check=True)


PARTS = {one.__name__: one for one in (entries, programs, data, memory, processes, interruption, soak)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--hours", type=float, default=0.0)
    given = parser.parse_args()
    end = time.monotonic() + 3_600 * given.hours
    round_number = 0
    while round_number == 0 or time.monotonic() < end:
        for asked in given.parts or PARTS:
            PARTS[asked](round_number)
        round_number += 1
