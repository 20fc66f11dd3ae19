"""Processes of a benchmark's contestants, each on its backend, asked in turns, one line per answer.

Contestants that take turns are all affected by a change of the machine's load, and a process has one backend. A
benchmark starts itself again for each contestant: the parent calls `start` and `ask`, the child `serve`.
"""

import contextlib
import json
import os
import subprocess
import sys


def start(module, arguments, backend, threads, **environment):
    """Start a module in a process with a backend and a number of CPU threads."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
        **environment,
    }
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


@contextlib.contextmanager
def started(processes):
    """Yield a dict name -> process, and end the processes with the block."""
    try:
        yield processes
    finally:
        for process in processes.values():
            process.stdin.close()
            process.wait()


def ask(process, question=None):
    """Send a question to a process and return its answer, both as JSON."""
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(
            f"A contestant ended early, perhaps for lack of memory; run fewer with --only. "
            f"Received: exit code {process.wait()}"
        )
    return json.loads(line)


def serve(prepare):
    """Answer every question with the function that `prepare()` returns; called in the child."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Keep what libraries print out of the answers.
    answer = prepare()
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()
