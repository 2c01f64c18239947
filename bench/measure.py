"""Runs a command and prints one line of JSON: what it and all its descendants took.

seconds: wall clock; cpuSeconds: user and system time; peakTreeBytes: greatest sum of resident sets, sampled;
peakProcessBytes: greatest resident set of a program itself, without the tools that it starts, or of any one process of a
pipe, which a shell starts. Standard output of the command is not touched.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

PAGE = os.sysconf('SC_PAGE_SIZE')
SAMPLE_SECONDS = 0.1


def tree(pid):
    """The process and its descendants."""
    yield pid
    try:
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/children') as children:
                for child in children.read().split():
                    yield from tree(int(child))
    except (FileNotFoundError, ProcessLookupError):
        return


def resident(pid):
    """Bytes of memory that the process holds now; 0 if it has ended."""
    try:
        with open(f'/proc/{pid}/statm') as sizes:
            return int(sizes.read().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


def greatest(pid):
    """Bytes of memory that the process held at most; 0 if it has ended."""
    try:
        with open(f'/proc/{pid}/status') as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM')), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def main(result_file, command):
    started = time.monotonic()
    # A session of its own, so that a signal reaches every part of a pipe.
    child = subprocess.Popen(command, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.killpg(child.pid, received))
    peak = own = 0
    ended = threading.Event()

    def sample():
        nonlocal peak, own
        while not ended.wait(SAMPLE_SECONDS):
            peak = max(peak, sum(resident(pid) for pid in tree(child.pid)))
            own = max(own, greatest(child.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    code = child.wait()
    seconds = time.monotonic() - started
    ended.set()
    sampler.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        'code': code,
        'seconds': seconds,
        'cpuSeconds': used.ru_utime + used.ru_stime,
        'peakTreeBytes': peak,
        'peakProcessBytes': used.ru_maxrss * 1024 if command[0] == 'bash' else own,
    }
    with open(result_file, 'w') as file:
        json.dump(result, file)


main(sys.argv[1], sys.argv[2:])
