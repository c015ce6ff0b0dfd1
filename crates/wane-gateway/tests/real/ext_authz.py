"""Envoy itself, as the example configures it, between a client and an HTTP server: what `wane serve` does not admit does not arrive.

    ext_authz.py WANE NODE_MODULES BIN
"""

import contextlib
import http.client
import http.server
import json
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

import clients
from clients import BIN, WANE, check

EXAMPLE = clients.HERE.parents[1] / "examples" / "envoy.yaml"
CATALOGUE = """
[server.api]
audience = "api"
[[server.api.route]]
method = "GET"
path = "/repos/{repo}"
action = "read:repos:{/path/repo}"
level = "internal"
[[server.api.route]]
method = "POST"
path = "/repos/{repo}/stars"
action = "write:repos:{/path/repo}"
level = "internal"
[[server.api.route]]
method = "POST"
path = "/repos/{repo}/issues"
body = "json"
action = "write:repos:{/path/repo}"
rule = [{ when = "/body/title like ok*", level = "internal" }]
[[server.api.route]]
method = "PUT"
path = "/repos/{repo}/blob"
body = "opaque"
action = "write:repos:{/path/repo}"
level = "internal"
"""


class Upstream(http.server.BaseHTTPRequestHandler):
    """Keeps what arrives."""

    protocol_version = "HTTP/1.1"
    arrived = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding"):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.arrived.append((self.command, self.path, dict(self.headers), body))
        self.send_response(503 if "fails" in self.path else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def listens(at, child):
    until = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", at), 1):
            return
        time.sleep(0.05)
    check(False, f"envoy: nobody listens on {at}")


def ask(at, method, path, body=None, **headers):
    """The status and the code of an answer, and what arrived upstream meanwhile."""
    Upstream.arrived.clear()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", at, timeout=20)) as client:
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = client.getresponse()
        text = answer.read()
    told = json.loads(text) if answer.getheader("content-type") == "application/problem+json" else {}
    return answer.status, told.get("code"), list(Upstream.arrived)


@contextlib.contextmanager
def envoy(scene, service, upstream, change=lambda text: text):
    here = port()
    text = change(EXAMPLE.read_text())
    for old, new in [("9191", service), ("8081", upstream), ("8080", here)]:
        text = text.replace(f"port_value: {old}", f"port_value: {new}")
    file = scene / f"envoy-{here}.yaml"
    file.write_text(text)
    line = [f"{BIN}/envoy", "-c", str(file), "--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
    with subprocess.Popen(line) as child:
        try:
            listens(here, child)
            yield here
        finally:
            child.kill()


def main(folder):
    scene = pathlib.Path(folder)
    env = {**clients.os.environ, "HOME": folder}
    (scene / "catalogue.toml").write_text(CATALOGUE)
    run = lambda line: subprocess.run(["sh", "-ec", f'alias wane="{WANE}"\n{line}'], cwd=folder, env=env, check=True)
    run("wane keygen root.pem > root.pub\nwane mint --key root.pem --aud api --scope 'read:repos:core' --scope 'write:repos:core' --ledger sqlite:l.db -o tok\nwane seal tok -o sealed")
    bearer = "Bearer " + (scene / "sealed").read_text().strip()
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    to = upstream.server_address[1]
    line = [WANE, "serve", "--listen", "127.0.0.1:0", "--catalogue", "catalogue.toml", "--root", "root.pub", "--ledger", "sqlite:l.db"]
    with subprocess.Popen(line, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as child:
        try:
            service = int(child.stdout.readline().rsplit(":", 1)[1])
            with envoy(scene, service, to) as at:
                configured(at, bearer)
                child.terminate()
                child.wait(20)
                status, _, arrived = ask(at, "GET", "/repos/core", authorization=bearer)
                check((status, arrived) == (403, []), "envoy: without the service nothing arrives")
        finally:
            child.kill()
    with subprocess.Popen(line, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as child:
        try:
            service = int(child.stdout.readline().rsplit(":", 1)[1])
            misconfigured(scene, service, to, bearer)
        finally:
            child.kill()


def configured(at, bearer):
    ours, json_type = {"authorization": bearer}, {"content_type": "application/json"}
    status, _, arrived = ask(at, "GET", "/repos/core?page=2", **ours)
    check((status, [one[:2] for one in arrived]) == (200, [("GET", "/repos/core?page=2")]), "envoy: what is admitted arrives")
    names = {name.lower() for name in arrived[0][2]}
    check("authorization" not in names, "envoy: without the token")
    again = {"x_forwarded_for": "10.0.0.1", "x_envoy_retry_on": "5xx,reset", "x_envoy_max_retries": "5", "x_envoy_internal": "true"}
    status, _, arrived = ask(at, "GET", "/repos/core?fails=1", **ours, **again)
    check((status, len(arrived)) == (503, 1), "envoy: what fails is not done again, whatever the client asks for")
    status, _, arrived = ask(at, "GET", "/repos/core", **ours, x_http_method_override="DELETE", x_original_url="/repos/other")
    names = {name.lower() for name in arrived[0][2]}
    check(status == 200 and not names & {"x-http-method-override", "x-original-url"}, "envoy: nothing arrives that stands for the method or the path")
    title = json.dumps({"title": "ok then"})
    status, _, arrived = ask(at, "POST", "/repos/core/issues", title, **ours, **json_type)
    check(status == 200 and arrived[0][3] == title.encode(), "envoy: a body that is admitted arrives whole")
    chunks = iter([title[:5].encode(), title[5:].encode()])
    status, _, arrived = ask(at, "POST", "/repos/core/issues", chunks, **ours, **json_type)
    check(status == 200 and arrived[0][3] == title.encode(), "envoy: one in pieces too")
    check(ask(at, "PUT", "/repos/core/blob", "anything", **ours)[0] == 200, "envoy: an opaque one too")
    check(ask(at, "POST", "/repos/core/stars", **ours)[0] == 200, "envoy: none where the route has none")
    spoofed = {"x_envoy_auth_partial_body": "false"}
    for what, method, path, body, headers, expected in [
        ("no token", "GET", "/repos/core", None, {}, (401, "deny-no-token")),
        ("another token", "GET", "/repos/core", None, {"authorization": "Bearer x"}, (401, "deny-no-token")),
        ("another repository", "GET", "/repos/other", None, ours, (403, "deny-scope")),
        ("a route that is not listed", "DELETE", "/repos/core", None, ours, (403, "deny-unlisted")),
        ("a path that walks", "GET", "/repos/other/../core", None, ours, (403, "deny-route")),
        ("a path of two readings", "GET", "/repos/c%6fre", None, ours, (403, "deny-route")),
        ("two slashes", "GET", "/repos//core", None, ours, (403, "deny-route")),
        ("another title", "POST", "/repos/core/issues", '{"title":"rm"}', {**ours, **json_type}, (403, "deny-unmatched")),
        ("a title twice", "POST", "/repos/core/issues", '{"title":"ok","title":"rm"}', {**ours, **json_type}, (400, "parse-json-duplicate")),
        ("another type", "POST", "/repos/core/issues", title, {**ours, "content_type": "text/plain"}, (403, "deny-route")),
        ("no type", "POST", "/repos/core/issues", title, ours, (403, "deny-route")),
        ("no body", "POST", "/repos/core/issues", None, {**ours, **json_type, **spoofed}, (403, "deny-route")),
        ("a body too many", "POST", "/repos/core/stars", "x", ours, (403, "deny-route")),
        ("a body of a GET", "GET", "/repos/core", "x", ours, (403, "deny-route")),
    ]:
        *found, arrived = ask(at, method, path, body, **headers)
        check((tuple(found), arrived) == (expected, []), f"envoy: {what} is {expected[1]}, and does not arrive")
    for path in ("/repos/core%2f..%2fother", "/repos/core%5cother"):
        status, _, arrived = ask(at, "GET", path, **ours)
        check((status, arrived) == (400, []), f"envoy: {path} is refused by Envoy")
    status, _, arrived = ask(at, "PUT", "/repos/core/blob", "x" * 2_000_000, **ours)
    check((status, arrived) == (413, []), "envoy: a body over the limit is refused by Envoy")


def misconfigured(scene, service, upstream, bearer):
    ours, json_type = {"authorization": bearer}, {"content_type": "application/json"}
    title = json.dumps({"title": "ok then"})
    without = lambda text: "".join(
        line for line in text.splitlines(True) if not any(word in line for word in ("with_request_body:", "max_request_bytes:", "allow_partial_message:"))
    )
    cut = lambda text: text.replace("max_request_bytes: 1048576", "max_request_bytes: 8").replace("allow_partial_message: false", "allow_partial_message: true")
    for what, change in [("sends no body", without), ("sends a part of it", cut)]:
        with envoy(scene, service, upstream, change) as at:
            for method, path, headers in [
                ("POST", "/repos/core/issues", {**ours, **json_type}),
                ("POST", "/repos/core/issues", ours),
                ("PUT", "/repos/core/blob", ours),
                ("POST", "/repos/core/stars", {**ours, **json_type}),
            ]:
                status, code, arrived = ask(at, method, path, title, **headers)
                check(status == 403 and arrived == [], f"envoy: where it {what}, {method} {path} is {code}")
    with envoy(scene, service, upstream, lambda text: text.replace("failure_mode_allow: false", "failure_mode_allow: true")) as at:
        status, code, arrived = ask(at, "GET", "/repos/other", **ours)
        check((status, code, arrived) == (403, "deny-scope", []), "envoy: a denial is no error that it lets through")


with tempfile.TemporaryDirectory() as folder:
    main(folder)
