"""A tool server of the official Python library over Streamable HTTP, in both eras: http_server.py PORT"""

import sys

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


server.run("streamable-http", port=int(sys.argv[1]))
