"""The example tool server in TypeScript, which asks `wane serve`, driven by the official client.

    tool_server.py WANE NODE_MODULES BIN
"""

import os
import subprocess
import tempfile

import clients

EXAMPLE = clients.HERE.parents[1] / "examples" / "tool-server.ts"

check = clients.check
lines = EXAMPLE.read_text().splitlines()
check(len(lines) <= 40, f"tool server: {len(lines)} lines are no more than 40")
with tempfile.TemporaryDirectory() as folder:
    scene = clients.Scene(folder)
    os.symlink(clients.NODE_MODULES, scene.folder / "node_modules")
    server = scene.folder / "tool-server.mjs"
    esbuild = f"{clients.NODE_MODULES}/.bin/esbuild"
    subprocess.run([esbuild, str(EXAMPLE), f"--outfile={server}", "--log-level=warning"], check=True)
    scene.wane("seal", scene.token("tool.tok", "files", "read:files"), "--aud", "files", "-o", "tool.sealed")
    words = ["--catalogue", "catalogue.toml", "--root", "root.pub", "--ledger", "sqlite:l.db"]
    line = [clients.WANE, "serve", "--listen", "127.0.0.1:0", *words]
    with subprocess.Popen(line, cwd=folder, env=scene.env(), stdout=subprocess.PIPE, text=True) as service:
        try:
            address = service.stdout.readline().strip()
            env = {**scene.env(), "WANE_SERVICE": f"http://{address}", "SERVICE": str(service.pid)}
            script = ["node", str(clients.HERE / "tool_server.mjs"), str(server), str(scene.repo), str(scene.folder / "tool.sealed")]
            subprocess.run(script, cwd=folder, env={**env, "NODE_MODULES": clients.NODE_MODULES}, check=True)
            check(service.wait(20) == 0, "tool server: the service has ended well")
        finally:
            service.kill()
