"""Runs a command in a terminal, and answers when it asks: terminal.py <what it asks> <answer> <command> …

Prints all that came to the terminal, and ends with the command's exit code.
"""

import os
import pty
import sys

question, answer, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

seen = b""
asked = False
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side is closed.
        break
    if not data:
        break
    seen += data
    if not asked and question.encode() in seen:
        asked = True
        os.write(terminal, answer.encode() + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
