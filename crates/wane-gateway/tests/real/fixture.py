"""A server that offers what the official conformance suite asks a server for, over Streamable HTTP and in both eras.

    fixture.py PORT [careless]

A careless one does not look where requests come from. What it is called and what it answers is the suite's choice: each scenario says what it looks for.
"""

import base64
import json
import struct
import sys
import warnings
import zlib

import anyio
import uvicorn
from mcp import MCPError
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import INVALID_PARAMS, SamplingMessage, TextContent

# Sampling and logging are on their way out of MCP; the suite still asks for them.
warnings.filterwarnings("ignore")

MISSING_CAPABILITY = -32021
BUS = InMemorySubscriptionBus()


def encoded(data):
    return base64.b64encode(data).decode()


def pixel():
    """One red pixel."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def silence():
    """A WAV file that holds no samples."""
    form = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 0)
    return b"RIFF" + struct.pack("<I", len(form)) + form


def said(words):
    return {"type": "text", "text": words}


def embedded(uri, kind, words):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": words}}


def answer(*parts):
    return {"content": [said(part) if isinstance(part, str) else part for part in parts]}


IMAGE = {"type": "image", "data": encoded(pixel()), "mimeType": "image/png"}


def form(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def shaped(answers, key, member, kind):
    """The value that an answer to a question holds, if it has the shape that was asked for."""
    held = (answers.get(key) or {}).get("content") or {}
    return held[member] if isinstance(held.get(member), kind) else None


# Tools, by name: description, schema of the arguments, and what is done.
TOOLS = {}


def tool(name, description, **properties):
    def put(done):
        TOOLS[name] = (description, form(**properties), done)
        return done

    return put


TEXT = {"type": "string"}

FIXED = {
    "test_simple_text": ("Answers with a text", answer("This is a simple text response for testing.")),
    "test_image_content": ("Answers with an image", answer(IMAGE)),
    "test_audio_content": ("Answers with a sound", answer({"type": "audio", "data": encoded(silence()), "mimeType": "audio/wav"})),
    "test_embedded_resource": (
        "Answers with a resource",
        answer(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
    ),
    "test_multiple_content_types": (
        "Answers with a text, an image and a resource",
        answer(
            "Multiple content types test:",
            IMAGE,
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ),
    ),
    "test_error_handling": (
        "Always fails",
        {**answer("This tool intentionally returns an error for testing"), "isError": True},
    ),
}
for name, (description, result) in FIXED.items():
    tool(name, description)(lambda _ctx, _call, result=result: result)


@tool("test_tool_with_logging", "Tells of what it does while it does it")
@tool("test_logging_tool", "The same, for a client that may not want to hear of it")
async def logging(ctx, _call):
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
        await anyio.sleep(0.05)
    return answer("Told three times.")


@tool("test_tool_with_progress", "Tells how far it is")
async def progress(ctx, _call):
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
        await anyio.sleep(0.05)
    return answer("Told three times.")


@tool("test_sampling", "Asks the client's model", prompt=TEXT)
async def sampling(ctx, call):
    asked = [SamplingMessage(role="user", content=TextContent(type="text", text=call["arguments"]["prompt"]))]
    told = await ctx.session.create_message(asked, max_tokens=100, related_request_id=ctx.request_id)
    return answer(f"LLM response: {told.content.text}")


async def ask(ctx, words, schema):
    told = await ctx.session.elicit_form(words, schema, related_request_id=ctx.request_id)
    return f"action={told.action}, content={json.dumps(told.content or {})}"


@tool("test_elicitation", "Asks the user", message=TEXT)
async def elicitation(ctx, call):
    told = await ask(ctx, call["arguments"]["message"], form(username=TEXT, email=TEXT))
    return answer(f"User response: {told}")


@tool("test_elicitation_sep1034_defaults", "Asks the user, with answers to start from")
async def elicitation_defaults(ctx, _call):
    schema = form(
        name={**TEXT, "default": "John Doe"},
        age={"type": "integer", "default": 30},
        score={"type": "number", "default": 95.5},
        status={**TEXT, "enum": ["active", "inactive", "pending"], "default": "active"},
        verified={"type": "boolean", "default": True},
    )
    return answer(f"Elicitation completed: {await ask(ctx, 'Is this right?', schema)}")


def choices(**titles):
    return [{"const": value, "title": title} for value, title in titles.items()]


@tool("test_elicitation_sep1330_enums", "Asks the user to choose, in each way that MCP has")
async def elicitation_enums(ctx, _call):
    options = ["option1", "option2", "option3"]
    schema = form(
        untitledSingle={**TEXT, "enum": options},
        titledSingle={**TEXT, "oneOf": choices(value1="First Option", value2="Second Option", value3="Third Option")},
        legacyEnum={**TEXT, "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
        untitledMulti={"type": "array", "items": {**TEXT, "enum": options}},
        titledMulti={
            "type": "array",
            "items": {"anyOf": choices(value1="First Choice", value2="Second Choice", value3="Third Choice")},
        },
    )
    return answer(f"Elicitation completed: {await ask(ctx, 'Which?', schema)}")


@tool("test_reconnection", "Ends its stream before it answers")
async def reconnection(ctx, _call):
    if ctx.close_sse_stream is not None:
        await ctx.close_sse_stream()
    await anyio.sleep(0.1)
    return answer("Whoever reads this has come back.")


@tool("test_trigger_tool_change", "Announces that tools have changed")
async def tools_change(_ctx, _call):
    await BUS.publish(ToolsListChanged())
    return answer("Announced.")


@tool("test_trigger_prompt_change", "Announces that prompts have changed")
async def prompts_change(_ctx, _call):
    await BUS.publish(PromptsListChanged())
    return answer("Announced.")


@tool("test_missing_capability", "Needs a client with a model")
async def missing_capability(ctx, _call):
    if getattr(ctx.session.client_capabilities, "sampling", None) is None:
        raise MCPError(MISSING_CAPABILITY, "a model is needed", {"requiredCapabilities": {"sampling": {}}})
    return answer("There is one.")


@tool("test_x_mcp_header", "Wants to see an argument in a header", region={**TEXT, "x-mcp-header": "Region"})
async def header(_ctx, call):
    return answer(f"region: {call['arguments'].get('region')}")


@tool("json_schema_2020_12_tool", "Has a schema in the words of JSON Schema 2020-12")
async def schema(_ctx, call):
    return answer(json.dumps(call["arguments"]))


TOOLS["json_schema_2020_12_tool"] = (
    TOOLS["json_schema_2020_12_tool"][0],
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {"$anchor": "addressDef", "type": "object", "properties": {"street": TEXT, "city": TEXT}},
        },
        "properties": {
            "name": TEXT,
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {**TEXT, "enum": ["phone", "email"]},
            "phone": TEXT,
            "email": TEXT,
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
    schema,
)


# What a tool or prompt of the newer era asks back, and is asked again with the answers.
def elicit(words, **properties):
    return {"method": "elicitation/create", "params": {"mode": "form", "message": words, "requestedSchema": form(**properties)}}


def sample(words, tokens):
    messages = [{"role": "user", "content": said(words)}]
    return {"method": "sampling/createMessage", "params": {"messages": messages, "maxTokens": tokens}}


ROOTS = {"method": "roots/list", "params": {}}
NAME = elicit("What is your name?", name=TEXT)


def back(state=None, **requests):
    asked = {"resultType": "input_required", "inputRequests": requests}
    return asked if state is None else {**asked, "requestState": state}


def asks(name, description):
    """A tool that is given the answers so far, and the state that it gave with its questions."""
    return tool(f"test_input_required_result_{name}", description)


def read(call):
    return call.get("inputResponses") or {}, call.get("requestState")


@asks("elicitation", "Asks back for a name")
@tool("test_streaming_elicitation", "The same, for a client that looks at the stream")
async def back_elicitation(_ctx, call):
    answers, _ = read(call)
    name = shaped(answers, "user_name", "name", str)
    return back(user_name=NAME) if name is None else answer(f"Hello, {name}!")


@asks("sampling", "Asks back what the client's model knows")
async def back_sampling(_ctx, call):
    told = (read(call)[0].get("capital_question") or {}).get("content") or {}
    return answer(told["text"]) if "text" in told else back(capital_question=sample("What is the capital of France?", 100))


@asks("list_roots", "Asks back for the client's roots")
async def back_roots(_ctx, call):
    roots = (read(call)[0].get("client_roots") or {}).get("roots")
    return back(client_roots=ROOTS) if roots is None else answer(*[f"root: {root['uri']}" for root in roots])


@asks("request_state", "Asks back, and wants to have its state again")
@asks("tampered_state", "The same, for a client that changes it")
async def back_state(_ctx, call):
    answers, state = read(call)
    if state is None or "confirm" not in answers:
        return back("asked", confirm=elicit("Please confirm", ok={"type": "boolean"}))
    return answer("state-ok")


@asks("multiple_inputs", "Asks back three things at once")
async def back_several(_ctx, call):
    answers, state = read(call)
    wanted = {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}
    return answer("All are told.") if state and wanted.keys() <= answers.keys() else back("asked", **wanted)


@asks("multi_round", "Asks back twice")
async def back_twice(_ctx, call):
    answers, state = read(call)
    if state == "second" and "step2" in answers:
        return answer("Both are told.")
    if state == "first" and "step1" in answers:
        return back("second", step2=elicit("Step 2: What is your favorite color?", color=TEXT))
    return back("first", step1=elicit("Step 1: What is your name?", name=TEXT))


@asks("capabilities", "Asks back only what the client can answer")
async def back_what_is_there(ctx, _call):
    able = ctx.session.client_capabilities
    wanted = {}
    if getattr(able, "elicitation", None) is not None:
        wanted["user_name"] = NAME
    if getattr(able, "sampling", None) is not None:
        wanted["greeting"] = sample("Generate a greeting", 50)
    return back(**wanted) if wanted else answer("Nothing can be asked.")


def user(content):
    return {"role": "user", "content": content}


def told(*contents):
    return {"messages": [user(content) for content in contents]}


def context(call):
    words = shaped(read(call)[0], "user_context", "context", str)
    asked = back(user_context=elicit("What context should the prompt use?", context=TEXT))
    return asked if words is None else told(said(f"Context: {words}"))


# Prompts, by name: description, arguments, and what comes of a request.
PROMPTS = {
    "test_simple_prompt": ("A text", [], lambda _: told(said("This is a simple prompt for testing."))),
    "test_prompt_with_arguments": (
        "A text with two arguments",
        ["arg1", "arg2"],
        lambda call: told(said("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'".format(**call["arguments"]))),
    ),
    "test_prompt_with_embedded_resource": (
        "A resource",
        ["resourceUri"],
        lambda call: told(
            embedded(call["arguments"]["resourceUri"], "text/plain", "Embedded resource content for testing."),
            said("Please process the embedded resource above."),
        ),
    ),
    "test_prompt_with_image": ("An image", [], lambda _: told(IMAGE, said("Please analyze the image above."))),
    "test_input_required_result_prompt": ("Asks back for a context", [], context),
}

# Resources, by URI: kind and content.
RESOURCES = {
    "test://static-text": ("text/plain", {"text": "This is the content of the static text resource."}),
    "test://static-binary": ("image/png", {"blob": IMAGE["data"]}),
    "test://watched-resource": ("text/plain", {"text": "Nothing happens here."}),
}
BEFORE, BEHIND = "test://template/", "/data"


async def list_tools(_ctx, _params):
    described = lambda name, description, schema: {"name": name, "description": description, "inputSchema": schema}
    return {"tools": [described(name, description, schema) for name, (description, schema, _) in TOOLS.items()]}


async def call_tool(ctx, params):
    call = params.model_dump(mode="json", by_alias=True)
    if params.name not in TOOLS:
        raise MCPError(INVALID_PARAMS, f"no tool `{params.name}`")
    done = TOOLS[params.name][2](ctx, call)
    return done if isinstance(done, dict) else await done


async def list_prompts(_ctx, _params):
    arguments = lambda names: [{"name": name, "description": name, "required": True} for name in names]
    described = lambda name, entry: {"name": name, "description": entry[0], "arguments": arguments(entry[1])}
    return {"prompts": [described(name, entry) for name, entry in PROMPTS.items()]}


async def get_prompt(_ctx, params):
    if params.name not in PROMPTS:
        raise MCPError(INVALID_PARAMS, f"no prompt `{params.name}`")
    return PROMPTS[params.name][2](params.model_dump(mode="json", by_alias=True))


async def list_resources(_ctx, _params):
    described = lambda uri, kind: {"uri": uri, "name": uri.removeprefix("test://"), "description": uri, "mimeType": kind}
    return {"resources": [described(uri, kind) for uri, (kind, _) in RESOURCES.items()]}


async def list_templates(_ctx, _params):
    template = {"uriTemplate": f"{BEFORE}{{id}}{BEHIND}", "name": "template", "mimeType": "application/json"}
    return {"resourceTemplates": [{**template, "description": "Data by its id"}]}


async def read_resource(_ctx, params):
    uri = str(params.uri)
    kind, content = RESOURCES.get(uri, (None, None))
    if content is None and uri.startswith(BEFORE) and uri.endswith(BEHIND):
        held = uri.removeprefix(BEFORE).removesuffix(BEHIND)
        kind = "application/json"
        content = {"text": json.dumps({"id": held, "templateTest": True, "data": f"Data for ID: {held}"})}
    if content is None:
        raise MCPError(INVALID_PARAMS, "no such resource", {"uri": uri})
    return {"contents": [{"uri": uri, "mimeType": kind, **content}]}


async def nothing(_ctx, _params):
    return {}


async def complete(_ctx, _params):
    return {"completion": {"values": ["paris", "park", "party"], "total": 3, "hasMore": False}}


def whole(handler):
    """Results say what they are, unless they say that they ask back; the older era does not see it."""

    async def handle(ctx, params):
        return {"resultType": "complete", **await handler(ctx, params)}

    return handle


class Events(EventStore):
    """What was said on streams, for clients that come back; for as long as a test runs."""

    def __init__(self):
        self.said = []

    async def store_event(self, stream_id, message):
        self.said.append((stream_id, message))
        return str(len(self.said))

    async def replay_events_after(self, last_event_id, send_callback):
        at = int(last_event_id)
        stream = self.said[at - 1][0]
        for place, (of, message) in enumerate(self.said[at:], at + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(place)))
        return stream


def server():
    cached = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read")
    made = Server(
        "fixture",
        version="1",
        cache_hints={method: CacheHint(ttl_ms=60_000, scope="public") for method in cached},
        on_list_tools=whole(list_tools),
        on_call_tool=whole(call_tool),
        on_list_prompts=whole(list_prompts),
        on_get_prompt=whole(get_prompt),
        on_list_resources=whole(list_resources),
        on_list_resource_templates=whole(list_templates),
        on_read_resource=whole(read_resource),
        on_subscribe_resource=nothing,
        on_unsubscribe_resource=nothing,
        on_completion=whole(complete),
        on_set_logging_level=nothing,
        on_subscriptions_listen=ListenHandler(BUS),
    )
    made.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="fixture"))
    return made


def main():
    looks = TransportSecuritySettings(enable_dns_rebinding_protection=False) if "careless" in sys.argv else None
    app = server().streamable_http_app(event_store=Events(), retry_interval=100, transport_security=looks)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
