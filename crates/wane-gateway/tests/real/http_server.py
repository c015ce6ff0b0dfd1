"""A tool server of the official Python library over Streamable HTTP, in both eras: http_server.py PORT [CERTIFICATE KEY]"""

import sys

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("notes")


@server.tool()
def read_note(name: str) -> str:
    """Reads a note."""
    return f"note {name}"


@server.tool()
def read_salaries() -> str:
    """Reads what few may know."""
    return "salaries"


@server.tool()
async def count(steps: int, context: Context) -> str:
    """Counts, and says how far it is."""
    for step in range(steps):
        await context.report_progress(step + 1, steps)
    return f"counted to {steps}"


@server.tool()
def post(text: str) -> str:
    """Sends a text away."""
    return f"posted {text}"


@server.tool()
def forbidden() -> str:
    """Is in no catalogue."""
    return "called"


match sys.argv[1:]:
    case [port]:
        server.run("streamable-http", port=int(port))
    case [port, certificate, key]:
        tls = {"ssl_certfile": certificate, "ssl_keyfile": key}
        uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=int(port), log_level="warning", **tls)
