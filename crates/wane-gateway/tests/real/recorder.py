"""Stands before a server and writes down, in two files, every line that it gets and every line that it answers.

    recorder.py GOT SAID COMMAND…
"""

import subprocess
import sys
import threading

got, said, *command = sys.argv[1:]
server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def pump(source, target, path):
    with open(path, "wb") as record:
        for line in source:
            record.write(line)
            record.flush()
            target.write(line)
            target.flush()
    target.close()


threading.Thread(target=pump, args=(sys.stdin.buffer, server.stdin, got), daemon=True).start()
pump(server.stdout, sys.stdout.buffer, said)
sys.exit(server.wait())
