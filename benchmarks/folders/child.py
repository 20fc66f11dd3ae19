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
        `load`, processes that the computer ran on average in the minute before.
    """
    load = os.getloadavg()[0]
    with open(log, "wb") as output:
        clock, started = time.time(), time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        total = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # Bytes there, KiB elsewhere.
    return {
        "code": process.returncode,
        "first_result": result.stat().st_mtime - clock if result.exists() else total,
        "total": total,
        "processor": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * unit / 2**20,
        "load": load,
    }


if __name__ == "__main__":
    target, predictions, printed, _, *words = sys.argv[1:]
    Path(target).write_text(json.dumps(measure(words, Path(predictions), Path(printed))))
