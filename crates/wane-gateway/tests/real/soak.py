"""Many sessions at once before one gateway, for as long as is asked, and what goes wrong around it meanwhile:

    soak.py WANE SECONDS [SAMPLES.csv] [SESSIONS]

The gateway is `wane mcp serve` on a SQLite ledger in a small file system. Each session has its own token and its own connection, reads,
is denied, and at times reads what is restricted, after which it must never send again. In the middle the server is killed, clients
break off, the ledger is locked by somebody else, and the disk is full; behind it all goes on, and in the end the log verifies. The
gateway's memory is written down every second. Exits with 0 if every answer was one that the time allowed, and memory did not grow.
Needs Linux; without the right to mount, the disk is not filled, which is said.
"""

import http.client
import json
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = "2026-07-28"
CALLS_A_SECOND = 100
LAST_FAULT = 0.7  # the part of the time behind which nothing is wrong any more
# What the gateway may take more at the end than behind so much of the time, in KiB, beside what threads take that began since:
# faults let many begin. The ledger's own cache of 16 MiB fills at first; behind the faults nothing grows but by mistake.
GROWTH = [(1 / 3, 16 * 1024), (LAST_FAULT, 8 * 1024)]
THREAD = 256  # KiB for one that has decided, its stack and what its allocator keeps, in a build that is not optimized
THREADS = 160 + 10 + os.cpu_count()  # what the gateway states for one server, a few of its ledger's, and one for each processor
CATALOGUE = """
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.files.tool.salaries]
action = "read:hr"
level = "restricted"
[server.files.tool.post]
action = "send:web"
level = "public"
[server.files.tool.drop]
action = "delete:files"
level = "public"
"""


def serve(port, log):
    """The tool server, in a process of its own: it writes down each call that reaches it."""
    calls = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            os.write(calls, f"{body['id']} {body['params']['name']}\n".encode())
            result = {"resultType": "complete", "content": [{"type": "text", "text": "done"}]}
            answer = json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_):
            """A gateway whose client broke off does the same."""

    Server(("127.0.0.1", port), Handler).serve_forever()


class Soak:
    def __init__(self, wane, seconds, sessions):
        self.wane, self.seconds, self.sessions = wane, seconds, sessions
        self.home = Path(tempfile.mkdtemp(prefix="wane-soak-"))
        self.small = self.home / "small"
        self.small.mkdir(mode=0o700)
        size = f"size={64 + seconds // 4}m,mode=700"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.small], capture_output=True)
        self.mounted = mounted.returncode == 0
        self.ledger = f"sqlite:{self.small}/l.db"
        self.fault = "starting"  # what is wrong now; while anything is, calls may fail as well
        self.breaks = 0  # counts up when clients are to break off
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.counts = {"allowed": 0, "denied": 0, "failed": 0}
        self.wrong = []
        self.samples = []

    def run(self, *words, **more):
        done = subprocess.run([self.wane, *words], cwd=self.home, capture_output=True, text=True, **more)
        if done.returncode != 0:
            raise SystemExit(f"wane {' '.join(words)}: {done.stderr}")
        return done.stdout

    def prepare(self):
        (self.home / "catalogue.toml").write_text(CATALOGUE)
        (self.home / "root.pub").write_text(self.run("keygen", "root.pem"))

        def mint(number):
            scopes = ["--scope", "read:*", "--scope", "send:*"]
            ttl = f"{self.seconds + 600}s"
            base = ["--key", "root.pem", "--aud", "files", *scopes, "--ttl", ttl, "--ledger", self.ledger]
            self.run("mint", *base, "-o", f"{number}.tok")
            return self.run("seal", f"{number}.tok").strip()

        self.tokens = [mint(0)]
        numbers = iter(range(1, self.sessions))
        taken = {}

        def work():
            while True:
                with self.lock:
                    number = next(numbers, None)
                if number is None:
                    return
                taken[number] = mint(number)

        each([threading.Thread(target=work) for _ in range(4)])
        self.tokens += [taken[number] for number in range(1, self.sessions)]

    def start_server(self):
        self.server = subprocess.Popen([sys.executable, __file__, "serve", str(self.port), self.home / "calls"])
        wait_for(lambda: can_connect(self.port), "the server")

    def start_gateway(self):
        flags = ["--client-tokens", "--catalogue", "catalogue.toml", "--root", "root.pub", "--ledger", self.ledger]
        where = ["--upstream", f"http://127.0.0.1:{self.port}/mcp", "--listen", f"127.0.0.1:{self.door}"]
        self.said = open(self.home / "gateway.log", "ab")
        words = [self.wane, "mcp", "serve", *flags, *where]
        self.gateway = subprocess.Popen(words, cwd=self.home, stdout=self.said, stderr=self.said)
        wait_for(lambda: can_connect(self.door), "the gateway")

    def session(self, number):
        chance = random.Random(number)
        token, connection, count, breaks = self.tokens[number], None, 0, 0
        restricted = "no"  # whether the session has read what is restricted; "maybe" after a call without an answer
        pause = self.sessions / CALLS_A_SECOND
        self.ended.wait(chance.random() * pause)
        while not self.ended.is_set():
            began, fault_before = time.monotonic(), self.fault
            tool = chance.choices(["read", "post", "drop", "salaries"], [70, 20, 8, 2])[0]
            expected = "denied" if tool == "drop" or tool == "post" and restricted == "yes" else "allowed"
            count += 1
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.door, timeout=60)
                got, why = self.call(connection, token, f"{number}.{count}", tool, breaks < self.breaks)
                breaks = self.breaks
            except (OSError, http.client.HTTPException, ValueError) as error:
                got, why = "failed", type(error).__name__
            if got == "failed":
                if connection:
                    connection.close()
                connection = None
            # What has to be denied is never allowed. The rest may fail as long as something is wrong, and shortly after.
            troubled = self.fault or fault_before or why == "broken off"
            good = got == expected or got == "failed" and troubled or tool == "post" and restricted == "maybe"
            if tool == "salaries" and restricted != "yes":
                restricted = "yes" if got == "allowed" else "maybe"
            elif tool == "post" and restricted == "maybe" and got != "failed":
                restricted = "no" if got == "allowed" else "yes"
            with self.lock:
                self.counts[got] += 1
                if not good:
                    self.wrong.append(f"session {number}, {tool}: {got} ({why}), and {expected} was expected")
            self.ended.wait(max(0.0, pause - (time.monotonic() - began)))
        if connection:
            connection.close()

    def call(self, connection, token, number, tool, breaks_off):
        meta = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
        params = {"name": tool, "arguments": {}, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
            "Authorization": f"Bearer {token}",
        }
        connection.request("POST", "/mcp", body, headers)
        if breaks_off:
            # A client that is killed: the connection is reset in the middle of the call.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            return "failed", "broken off"
        response = connection.getresponse()
        text = response.read()
        answer = json.loads(text)
        if "result" not in answer:
            data = answer["error"].get("data", {}).get("dev.wane/denied", {})
            return "failed", data.get("code", f"{response.status} {answer['error']['message']}")
        denied = answer["result"].get("_meta", {}).get("dev.wane/denied")
        if not denied:
            return "allowed", ""
        return ("failed" if denied["code"].startswith("state-") else "denied"), denied["code"]

    def faults(self):
        """Each at its time, and each ended before the next."""
        self.fault = ""
        begun = time.monotonic()
        for at, name, fault in [
            (0.20, "the server is killed", self.kill_server),
            (0.35, "clients break off", self.break_off),
            (0.50, "the ledger is away", self.lock_ledger),
            (0.65, "the disk is full", self.fill_disk),
        ]:
            self.ended.wait(max(0.0, begun + at * self.seconds - time.monotonic()))
            before = dict(self.counts)
            self.fault = name
            fault()
            time.sleep(5)
            self.fault = ""
            print(f"{name}: {self.counts['failed'] - before['failed']} calls failed meanwhile", flush=True)
        self.ended.wait(max(0.0, begun + self.seconds - time.monotonic()))

    def kill_server(self):
        self.server.kill()
        self.server.wait()
        time.sleep(5)
        self.start_server()

    def break_off(self):
        self.breaks += 1
        time.sleep(self.sessions / CALLS_A_SECOND)

    def lock_ledger(self):
        held = sqlite3.connect(self.small / "l.db", isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
        time.sleep(25)
        held.execute("ROLLBACK")
        held.close()

    def fill_disk(self):
        if not self.mounted:
            print("SKIPPED: a full disk: no small file system can be mounted here", flush=True)
            return
        filler = self.small / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
            time.sleep(8)
        filler.unlink()

    def sample(self):
        begun = time.monotonic()
        while not self.ended.wait(1):
            try:
                status = dict(
                    line.split(":\t", 1) for line in Path(f"/proc/{self.gateway.pid}/status").read_text().splitlines()
                )
                resident, threads = int(status["VmRSS"].split()[0]), int(status["Threads"])
                files = len(os.listdir(f"/proc/{self.gateway.pid}/fd"))
            except (OSError, KeyError):
                continue
            row = (round(time.monotonic() - begun), resident, threads, files, *self.counts.values(), self.fault)
            self.samples.append(row)

    def go(self):
        # A file and a thread for each session.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
        threading.stack_size(256 * 1024)
        self.port, self.door = free_port(), free_port()
        print(f"{self.sessions} sessions are minted", flush=True)
        self.prepare()
        self.start_server()
        self.start_gateway()
        threads = [threading.Thread(target=self.session, args=(number,)) for number in range(self.sessions)]
        threads.append(threading.Thread(target=self.sample))
        for thread in threads:
            thread.start()
        try:
            self.faults()
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()
        self.gateway.send_signal(signal.SIGTERM)
        if self.gateway.wait(60) != 0:
            self.wrong.append(f"the gateway ended with {self.gateway.returncode}")
        self.server.kill()
        self.look_back()

    def look_back(self):
        print(self.run("audit", "verify", "--ledger", self.ledger).strip(), flush=True)
        reached = [line.split() for line in (self.home / "calls").read_text().splitlines()]
        allowed = self.counts["allowed"]
        if len({number for number, _ in reached}) != len(reached):
            self.wrong.append("a call reached the server twice")
        if any(tool == "drop" for _, tool in reached):
            self.wrong.append("what was denied reached the server")
        if len(reached) < allowed:
            self.wrong.append(f"{allowed} calls were allowed, and {len(reached)} reached the server")
        print(f"{allowed} allowed, {self.counts['denied']} denied, {self.counts['failed']} failed; {len(reached)} reached it")

    def growth(self, behind):
        """KiB an hour by least squares behind this part of the time, and what there was more at the end than then: KiB, threads."""
        rows = [(at, resident) for at, resident, *_ in self.samples if at >= self.seconds * behind]
        threads = [threads for at, _, threads, *_ in self.samples if at >= self.seconds * behind]
        mean_at, mean = (sum(column) / len(rows) for column in zip(*rows))
        slope = sum((at - mean_at) * (one - mean) for at, one in rows) / sum((at - mean_at) ** 2 for at, _ in rows)
        return slope * 3600, rows[-1][1] - rows[0][1], threads[-1] - threads[0]

    def told_growth(self):
        """Behind the first third, in which it warms up, and behind the last fault: each lets more threads begin, which stay."""
        parts = [("the first third", 1 / 3), ("the last fault", LAST_FAULT)]
        return [f"memory behind {name}: {slope:+.0f} KiB an hour by least squares, {grown:+} KiB and {began:+} threads in all"
                for name, (slope, grown, began) in ((name, self.growth(behind)) for name, behind in parts)]

    def write_samples(self, path):
        with open(path, "w") as file:
            file.write(f"# {self.sessions} sessions, {self.seconds} s, about {CALLS_A_SECOND} calls a second\n")
            for line in self.told_growth():
                file.write(f"# {line}\n")
            file.write("second,resident_kib,threads,files,allowed,denied,failed,fault\n")
            # Some hundreds are enough to see it.
            step = max(1, len(self.samples) // 240)
            for row in self.samples[::step]:
                file.write(",".join(map(str, row)) + "\n")

    def clean(self):
        for process in (getattr(self, "gateway", None), getattr(self, "server", None)):
            if process and process.poll() is None:
                process.kill()
        if self.mounted:
            subprocess.run(["umount", "-l", self.small])
        shutil.rmtree(self.home, ignore_errors=True)


def each(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait_for(holds, what):
    until = time.monotonic() + 30
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"{what} does not come up")
        time.sleep(0.05)


def main():
    if sys.argv[1] == "serve":
        return serve(int(sys.argv[2]), sys.argv[3])
    wane, seconds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    samples = sys.argv[3] if len(sys.argv) > 3 else None
    soak = Soak(wane, seconds, int(sys.argv[4]) if len(sys.argv) > 4 else 500)
    try:
        soak.go()
        if samples:
            soak.write_samples(samples)
        print("\n".join(soak.told_growth()), flush=True)
        for behind, most in GROWTH:
            _, grown, began = soak.growth(behind)
            most += THREAD * max(0, began)
            if grown > most:
                soak.wrong.append(f"behind {behind:.0%} of the time the gateway took {grown} KiB more, at most {most}")
        threads = max(threads for _, _, threads, *_ in soak.samples)
        if threads > THREADS:
            soak.wrong.append(f"the gateway had {threads} threads, at most {THREADS}")
        if soak.wrong:
            tail = (soak.home / "gateway.log").read_text().splitlines()[-20:]
            print("\n".join(tail), file=sys.stderr)
        # What went wrong is what whoever reads the end of this should find there.
        for line in soak.wrong[:20]:
            print(f"wrong: {line}", file=sys.stderr)
        return 1 if soak.wrong else 0
    finally:
        soak.clean()


if __name__ == "__main__":
    sys.exit(main())
