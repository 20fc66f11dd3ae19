"""Processes of a benchmark's contestants: started on a backend each, asked in turns, each answering line by line.

Contestants that take turns, round after round, all meet a change of the machine's load; a process has one backend. The
module starts itself again for each contestant: the parent calls `start` and `ask`, the child `serve`.
"""

import contextlib
import json
import os
import subprocess
import sys


def start(module, arguments, backend, threads, **environment):
    """Start a process of a module on a backend with so many CPU threads."""
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
    """The processes of a dict name -> process, which end with the block."""
    try:
        yield processes
    finally:
        for process in processes.values():
            process.stdin.close()
            process.wait()


def ask(process, question=None):
    """What a process answers to a question; both go as JSON."""
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(
            f"A contestant ended early, perhaps for lack of memory. Received: exit code {process.wait()}"
        )
    return json.loads(line)


def serve(prepare):
    """In the child: `prepare()` gives a function of a question, which answers every question that arrives."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print does not mix with the answers.
    answer = prepare()
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()
