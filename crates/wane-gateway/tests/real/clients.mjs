// The official file server behind the gateway, driven by both generations of the official TypeScript client.
//
//     clients.mjs FOLDER COMMAND…
//
// FOLDER is what the server works on, COMMAND a gateway before it with a fresh session. NODE_MODULES says where the clients lie.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [kind, folder, command, ...args] = process.argv.slice(2);
const find = createRequire(`${process.env.NODE_MODULES}/x.js`);
const load = (name) => import(pathToFileURL(find.resolve(name)).href);

const check = (holds, what) => {
  if (!holds) {
    console.error(`FAILED: ${kind}: ${what}`);
    process.exit(1);
  }
  console.log(`ok: ${kind}: ${what}`);
};

const [{ Client }, { StdioClientTransport }] =
  kind === "sdk"
    ? await Promise.all([load("@modelcontextprotocol/sdk/client/index.js"), load("@modelcontextprotocol/sdk/client/stdio.js")])
    : await Promise.all([load("@modelcontextprotocol/client"), load("@modelcontextprotocol/client/stdio")]);

const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: { ...process.env } }));
const names = async () => (await client.listTools()).tools.map((tool) => tool.name).sort().join(" ");
const call = (name, args) => client.callTool({ name, arguments: args });
const code = (result) => result._meta?.["dev.wane/denied"]?.code;

check((await names()) === "list_directory read_text_file write_file", "only what is catalogued is listed");
const read = await call("read_text_file", { path: `${folder}/public/readme.txt` });
check(!read.isError && read.content[0].text.includes("hello"), "a file is read");
const denied = await call("move_file", { source: `${folder}/public/readme.txt`, destination: `${folder}/gone` });
check(denied.isError && code(denied) === "deny-unlisted", "what is not catalogued is denied");
check(denied.content[0].text.startsWith("Denied by wane") && !existsSync(`${folder}/gone`), "the model is told, the server is not");
const outside = await call("read_text_file", { path: "/etc/passwd" });
check(code(outside) === "deny-unmatched", "a path outside is denied");
const secret = await call("read_text_file", { path: `${folder}/salaries.txt` });
check(secret._meta["dev.wane/mark"].level === "restricted", "the result tells the mark");
const after = await call("write_file", { path: `${folder}/public/note.txt`, content: "secret" });
check(code(after) === "deny-ratchet", "nothing is written any more");
check((await names()) === "list_directory read_text_file", "the list has shrunk");
await client.close();
process.exit(0);
