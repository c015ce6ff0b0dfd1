// A server behind the gateway over HTTP, driven by both generations of the official TypeScript client.
//
//     over_http.mjs KIND URL TOKEN
//
// KIND is the generation, TOKEN what it shows, of a fresh session. NODE_MODULES says where the clients lie.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [kind, url, token] = process.argv.slice(2);
const find = createRequire(`${process.env.NODE_MODULES}/x.js`);
const load = (name) => import(pathToFileURL(find.resolve(name)).href);

const check = (holds, what) => {
  if (!holds) {
    console.error(`FAILED: ${kind} over http: ${what}`);
    process.exit(1);
  }
  console.log(`ok: ${kind} over http: ${what}`);
};

const { Client, StreamableHTTPClientTransport } =
  kind === "sdk"
    ? {
        ...(await load("@modelcontextprotocol/sdk/client/index.js")),
        ...(await load("@modelcontextprotocol/sdk/client/streamableHttp.js")),
      }
    : await load("@modelcontextprotocol/client");

const connect = async (shown) => {
  const client = new Client({ name: "test", version: "1" });
  const headers = shown ? { Authorization: `Bearer ${shown}` } : {};
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
};
const call = (client, name, args) => client.callTool({ name, arguments: args });
const code = (result) => result._meta?.["dev.wane/denied"]?.code;

const client = await connect(token);
const names = async () => (await client.listTools()).tools.map((tool) => tool.name).sort().join(" ");
check((await names()) === "count post read_note read_salaries", "only what is catalogued is listed");
check((await call(client, "read_note", { name: "é" })).content[0].text === "note é", "a tool is called");
check(code(await call(client, "forbidden", {})) === "deny-unlisted", "what is not catalogued is denied");
const secret = await call(client, "read_salaries", {});
check(secret._meta["dev.wane/mark"].level === "restricted", "the result tells the mark");
check(code(await call(client, "post", { text: "x" })) === "deny-ratchet", "nothing is sent any more");
check((await names()) === "count read_note read_salaries", "the list has shrunk");
await client.close();

const nobody = await connect();
const refused = await call(nobody, "read_note", { name: "x" }).catch((error) => String(error));
check(String(refused).includes("no token") || String(refused).includes("Unauthorized"), "without a token nothing is called");
process.exit(0);
