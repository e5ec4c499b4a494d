"""Runs a command in a pseudo terminal and types answers.

Reads {"command": [...], "answers": [["pattern", "text"], ...]} from stdin, and types each text when its pattern has been
printed. Prints {"output": ..., "code": ...}.
"""

import json
import os
import pty
import re
import sys

task = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(task["command"][0], task["command"])
output, answers, seen = "", list(task["answers"]), 0
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    output += piece.decode("utf8", "replace")
    found = answers and re.search(answers[0][0], output[seen:])
    if found:
        seen += found.end()
        os.write(terminal, answers.pop(0)[1].encode())
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"output": output, "code": code}))
