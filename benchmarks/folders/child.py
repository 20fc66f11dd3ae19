"""Run a command as a process of its own and measure it; a program, so that nothing else counts as its memory.

    python -m benchmarks.folders.child USAGE.json RESULT LOG -- COMMAND [ARGUMENT ...]

It imports no library: Linux counts the memory of the process that starts a command as the command's.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def measure(command: list[str], result: Path, log: Path) -> dict[str, float]:
    """Run a command and return its usage.

    Args:
        command: program and arguments.
        result: the file with predictions, which the command writes once it knows them.
        log: file for what it prints.

    Returns:
        `code`, the exit code; `first_result`, seconds until `result` was written, and `total` until the end;
        `processor`, seconds of all threads and processes of the command; `memory`, the largest resident set in MiB;
        `others`, cores that other processes kept busy meanwhile, on average, and 0 where the system does not tell.
    """
    busy = _busy_seconds()
    with open(log, "wb") as output:
        clock, started = time.time(), time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        total = time.monotonic() - started
    processor = usage.ru_utime + usage.ru_stime
    busy = _busy_seconds() - busy
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # Bytes there, KiB elsewhere.
    return {
        "code": process.returncode,
        "first_result": result.stat().st_mtime - clock if result.exists() else total,
        "total": total,
        "processor": processor,
        "memory": usage.ru_maxrss * unit / 2**20,
        "others": max(0.0, busy - processor) / total,
    }


def _busy_seconds() -> float:
    """Return the seconds that all cores were busy since the start of the system, also for other virtual machines."""
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    user, nice, system, _, _, *interrupts_and_stolen = map(int, first[1:9])
    return (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    target, predictions, printed, _, *words = sys.argv[1:]
    Path(target).write_text(json.dumps(measure(words, Path(predictions), Path(printed))))
