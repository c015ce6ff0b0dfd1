"""Runs clients.mjs with both generations of the TypeScript client, each before a session of its own.

    typescript.py WANE NODE_MODULES BIN
"""

import os
import subprocess
import tempfile

import clients

with tempfile.TemporaryDirectory() as folder:
    scene = clients.Scene(folder)
    for kind in ("sdk", "client"):
        token = scene.token(f"{kind}.tok", "files", "read:files", "write:files")
        behind = scene.behind("files", token)
        line = ["node", str(clients.HERE / "clients.mjs"), kind, str(scene.repo), behind.command, *behind.args]
        subprocess.run(line, cwd=folder, env={**scene.env(), "NODE_MODULES": clients.NODE_MODULES}, check=True)
