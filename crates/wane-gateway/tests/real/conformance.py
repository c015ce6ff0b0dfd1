"""The official conformance suite before a fixture, and before the gateway in front of it: nothing may get lost.

    conformance.py WANE NODE_MODULES BIN

NODE22 in the environment names a Node that is new enough for the suite. What is not expected to pass stands in conformance.txt.
"""

import asyncio
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from mcp.types import ElicitResult

import clients
from clients import HERE, NODE_MODULES, check, text
from over_http import connected, everything, gateway, port, runs

NODE = os.environ.get("NODE22", "node")
REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]
# The suite looks at each message on the wire in every scenario: that alone is no scenario that passes.
EVERYWHERE = "wire-schema-"


def expected():
    """Scenarios that are not expected to pass, with the reasons: before the fixture, and before the gateway."""
    found = {"fixture": {}, "gateway": {}}
    for line in (HERE / "conformance.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            which, name, reason = re.fullmatch(r"(\w+) ([\w-]+): (.+)", line).groups()
            found[which][name] = reason
    return found


def conformance(*words, **env):
    line = [NODE, f"{NODE_MODULES}/@modelcontextprotocol/conformance/dist/index.js", *words]
    # It fails where a scenario does, which is looked at one by one.
    return subprocess.run(line, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True, timeout=300)


class Found:
    """What the suite has found in one scenario."""

    def __init__(self, checks):
        self.right = collections.Counter(one["id"] for one in checks if one["status"] == "SUCCESS")
        self.wrong = [f"{one['id']}: {one.get('errorMessage')}" for one in checks if one["status"] in ("FAILURE", "WARNING")]

    def passes(self):
        return not self.wrong and any(not name.startswith(EVERYWHERE) for name in self.right)


def scenarios(url, *words, shown=None):
    """What the suite finds at an address, by scenario."""
    env = {}
    if shown is not None:
        env = {"NODE_OPTIONS": f"--import={(HERE / 'shown.mjs').as_uri()}", "SHOWN": shown, "GATEWAY": url.split("/")[2]}
    with tempfile.TemporaryDirectory() as folder:
        conformance("server", "--url", url, *words, "--output-dir", folder, **env)
        files = pathlib.Path(folder).glob("server-*/checks.json")
        named = {re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.*", file.parent.name)[1]: file for file in files}
        return {name: Found(json.loads(file.read_text())) for name, file in named.items()}


def all_scenarios(url, shown=None):
    """Each scenario of each revision."""
    found = {}
    for revision in REVISIONS:
        ran = scenarios(url, "--suite", "all", "--spec-version", revision, shown=shown)
        found.update({(revision, name): one for name, one in ran.items()})
    return found


def before_the_fixture(url, not_applicable):
    """Each scenario passes that applies, and none that is said not to."""
    found = all_scenarios(url)
    for (revision, name), one in found.items():
        if not one.passes():
            sys.exit(f"FAILED: {revision} {name} does not pass before the fixture: {one.wrong}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, ran in zip(not_applicable, pool.map(lambda name: scenarios(url, "--scenario", name), not_applicable)):
            if ran[name].passes():
                sys.exit(f"FAILED: {name} passes, and is said not to apply: {not_applicable[name]}")
    listed = set(re.findall(r"^ +- (\S+) \[", conformance("list", "--server").stdout, re.M))
    ran = {name for _, name in found}
    check(listed == ran | not_applicable.keys(), "conformance: each scenario of the suite ran, or is said not to apply")
    check(True, f"conformance: the fixture passes {len(found)} of {len(found)} scenarios, {len(ran)} by name")
    return found


def before_the_gateway(url, shown, direct, refused):
    """What passes without the gateway passes with it, check by check, but for what it refuses on purpose."""
    spec = (HERE / "../../../../spec/gateway.md").read_text()
    unknown = [name for name, reason in refused.items() if f"[{reason.split(',')[0]}]" not in spec]
    if unknown:
        sys.exit(f"FAILED: no sentence of spec/gateway.md says why the gateway refuses {unknown}")
    through, lost = all_scenarios(url, shown), []
    for which, one in direct.items():
        found, name = through.get(which, Found([])), which[1]
        gone = [*found.wrong, *(one.right - found.right)]
        if name in refused and found.passes():
            sys.exit(f"FAILED: {which} passes, and is said to be refused: {refused[name]}")
        if name not in refused and (gone or not found.passes()):
            lost.append(f"{which}: {gone}")
    check(not lost, "conformance: no scenario is lost behind the gateway" + "".join(f"\n  {one}" for one in lost))
    passed = [which for which, one in through.items() if one.passes()]
    check(len({name for _, name in passed}) >= 25, f"conformance: {len(passed)} of {len(direct)} scenarios pass behind the gateway")
    for name, reason in refused.items():
        check(True, f"conformance: {name} is refused: {reason}")


def gained(careless, behind):
    """A server that does not look where requests come from does behind the gateway."""
    name = "dns-rebinding-protection"
    for revision in ("2025-11-25", "2026-07-28"):
        words = ["--scenario", name, "--spec-version", revision]
        passes = [scenarios(url, *words)[name].passes() for url in (careless, behind)]
        check(passes == [False, True], f"conformance: {revision} {name} is gained before a careless server")


async def talk(client, mode):
    """What an official client hears from the fixture."""
    steps = []

    async def progress(done, _total, _message):
        steps.append(done)

    called = ["test_simple_text", "test_multiple_content_types", "test_error_handling", "test_audio_content"]
    heard = [(await client.call_tool(name, {})).model_dump() for name in called]
    heard.append((await client.call_tool("test_tool_with_progress", {}, progress_callback=progress)).model_dump())
    asks = ("test_elicitation", {"message": "Who?"}) if mode == "legacy" else ("test_input_required_result_elicitation", {})
    heard.append((await client.call_tool(*asks)).model_dump())
    heard.append((await client.get_prompt("test_prompt_with_arguments", {"arg1": "é", "arg2": "€"})).model_dump())
    for uri in ("test://static-binary", "test://template/7/data"):
        heard.append((await client.read_resource(uri)).model_dump())
    heard.append([tool.model_dump() for tool in (await client.list_tools()).tools])
    heard.append((await client.list_resources()).model_dump())
    return heard, steps


async def same(direct, at, shown, mode):
    """An official client hears behind the gateway what it hears without one."""

    async def elicit(_context, params):
        content = {name: "x" for name in params.requested_schema["properties"]}
        return ElicitResult(action="accept", content=content)

    told = []
    for place, path in ((direct, "/mcp"), (at, "/fixture/mcp")):
        async with connected(place, path, shown, mode, elicitation_callback=elicit) as client:
            told.append(await talk(client, mode))
    (heard, steps), through = told
    check((heard, steps) == through and steps == [0, 50, 100], f"fixture {mode}: {len(heard)} answers are the same as without a gateway")


async def falls_back(direct, at, shown):
    """A client that speaks both eras notices behind the gateway that a server speaks the older one alone."""
    versions = []
    for place, path in ((direct, "/mcp"), (at, "/everything/mcp")):
        async with connected(place, path, shown, "auto") as client:
            said = text(await client.call_tool("echo", {"message": "x"}))
            versions.append((client.protocol_version, said))
    check(versions[0] == versions[1] == ("2025-11-25", "Echo: x"), "everything auto: the client falls back to the older era")


def main():
    said = expected()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        scene = clients.Scene(folder)
        more = (HERE / "fixture.toml").read_text() + '[server.careless]\naudience = "careless"\n'
        with (scene.folder / "catalogue.toml").open("a") as catalogue:
            catalogue.write(more)
        shown = {}
        for name in ("fixture", "everything"):
            scene.wane("seal", scene.token(f"{name}.tok", name, "*"), "-o", f"{name}.sealed")
            shown[name] = (scene.folder / f"{name}.sealed").read_text().strip()
        one, two, three, at = port(), port(), port(), port()
        for words, place in (([], one), (["careless"], two)):
            running.enter_context(runs([sys.executable, str(HERE / "fixture.py"), str(place), *words], place))
        running.enter_context(everything(three))
        servers = [("fixture", one), ("careless", two), ("everything", three)]
        running.enter_context(gateway(scene, at, servers, "--client-tokens"))
        url = lambda port, path="": f"http://127.0.0.1:{port}{path}/mcp"
        direct = before_the_fixture(url(one), said["fixture"])
        before_the_gateway(url(at, "/fixture"), shown["fixture"], direct, said["gateway"])
        gained(url(two), url(at, "/careless"))
        for mode in ("legacy", "auto", "2026-07-28"):
            asyncio.run(same(one, at, shown["fixture"], mode))
        asyncio.run(falls_back(three, at, shown["everything"]))
        scene.wane("audit", "verify", "--ledger", "sqlite:l.db", capture_output=True)


if __name__ == "__main__":
    main()
