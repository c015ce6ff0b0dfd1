// The example tool server before a service that admits, denies, is gone, is silent, or says what is no clear yes.
//
//     tool_server.mjs SERVER FOLDER SEALED
//
// WANE_SERVICE is where the service listens, SERVICE its process, NODE_MODULES where the client lies.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [server, folder, sealed] = process.argv.slice(2);
const find = createRequire(`${process.env.NODE_MODULES}/x.js`);
const load = (name) => import(pathToFileURL(find.resolve(name)).href);
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");

const check = (holds, what) => {
  if (!holds) {
    console.error(`FAILED: tool server: ${what}`);
    process.exit(1);
  }
  console.log(`ok: tool server: ${what}`);
};

const token = readFileSync(sealed, "utf8").trim();
const readme = `${folder}/public/readme.txt`;

const before = async (service, then) => {
  const client = new Client({ name: "test", version: "1" });
  const env = { ...process.env, WANE_SERVICE: service };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], env }));
  const call = async (path, meta, name = "read_text_file") => {
    const { content, isError } = await client.callTool({ name, arguments: { path }, _meta: meta });
    return `${isError === true ? "error" : "ok"}: ${content[0].text.trim()}`;
  };
  await then(call);
  await client.close();
};
const ours = { "dev.wane/token": token };
const gone = "error: Denied by wane, state-unreachable";

await before(process.env.WANE_SERVICE, async (call) => {
  check((await call(readme, ours)) === "ok: hello", "a file is read");
  for (const [path, meta, code] of [
    ["/etc/passwd", ours, "deny-unmatched"],
    [`${folder}/public/../salaries.txt`, ours, "deny-path"],
    [readme, undefined, "deny-no-token"],
    [readme, { "dev.wane/token": `${token.slice(0, -4)}AAAA` }, "chain-signature"],
    [readme, { "dev.wane/token": [token] }, "parse-json"],
  ]) {
    check((await call(path, meta)) === `error: Denied by wane, ${code}`, `${code} is an error for the model`);
  }
  check((await call(readme, ours, "write_file")) === "error: Denied by wane, deny-scope", "another tool is denied");
  process.kill(Number(process.env.SERVICE), "SIGTERM");
  const up = () => fetch(`${process.env.WANE_SERVICE}/healthz`).then(() => true, () => false);
  while (await up());
  check((await call(readme, ours)) === gone, "without the service nothing is read");
});

// Services that are none.
for (const [what, answer] of [
  ["silence", () => {}],
  ["an empty yes", (response) => response.end("{}")],
  ["a check", (response) => response.end('{"verdict":"allow","committed":false}')],
  ["no JSON", (response) => response.end("yes")],
  ["another yes", (response) => response.writeHead(202).end('{"committed":true}')],
  ["a redirect", (response) => response.writeHead(307, { location: process.env.WANE_SERVICE }).end()],
]) {
  const other = createServer((_, response) => answer(response)).listen(0, "127.0.0.1");
  await new Promise((listens) => other.once("listening", listens));
  await before(`http://127.0.0.1:${other.address().port}`, async (call) => check((await call(readme, ours)) === gone, `${what} is no yes`));
  other.closeAllConnections();
  other.close();
}
process.exit(0);
