// An MCP server that runs nothing which `wane serve` has not admitted. Each call brings a sealed token, as `dev.wane/token` of its `_meta`.
import { readFile } from "node:fs/promises";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema, type CallToolResult } from "@modelcontextprotocol/sdk/types.js";

const service = process.env.WANE_SERVICE ?? "http://127.0.0.1:9191";
const inputSchema = { type: "object" as const, properties: { path: { type: "string" } }, required: ["path"] };
const tool = { name: "read_text_file", description: "Reads a file", inputSchema };

/** Why a call may not be done; nothing where it was admitted. Whatever is no clear yes within two seconds is a no. */
async function refused(token: unknown, name: string, args: unknown): Promise<string | undefined> {
  try {
    const answer = await fetch(`${service}/v1/admit`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, server: "files", tool: { name, arguments: args, listed: tool } }),
      redirect: "error",
      signal: AbortSignal.timeout(2000),
    });
    const said = (await answer.json()) as { committed?: unknown; code?: string };
    return answer.status === 200 && said.committed === true ? undefined : (said.code ?? "state-unreachable");
  } catch {
    return "state-unreachable";
  }
}

const server = new Server({ name: "files", version: "1.0.0" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: [tool] }));
server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
  const { name, arguments: args = {}, _meta } = params;
  const code = await refused(_meta?.["dev.wane/token"], name, args);
  const text = code ? `Denied by wane, ${code}` : await readFile(String(args.path), "utf8");
  return { content: [{ type: "text", text }], isError: code !== undefined };
});
await server.connect(new StdioServerTransport());
