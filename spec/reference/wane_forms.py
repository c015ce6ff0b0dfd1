"""The forms of bytes and texts that a verifier reads: keys and signatures, CBOR, JSON, paths, addresses, URLs.

Part of wane_verifier.py. The ids in brackets are those of the sentences in spec/token.md, spec/scopes.md and
spec/decide.md. What is refused is raised as `Refused`, with the code of spec/errors.md.
"""

import base64
import json
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SAFE = 2**53 - 1  # the integers that every JSON implementation keeps


class Refused(Exception):
    def __init__(self, code, block=None):
        super().__init__(code)
        self.code, self.block = code, block


def need(holds, code, block=None):
    if not holds:
        raise Refused(code, block)


# Ed25519 under the strict rules [T23] [T33]. `cryptography` checks the equation without the cofactor and compares R as
# bytes; what it takes too freely is looked at here: the spelling and the order of points, and S.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, P) % P
OF_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# Twice a point of order 8 has y = 0, so its own y squared is -x squared.
assert (CURVE * OF_EIGHT**4 + 2 * OF_EIGHT**2 - 1) % P == 0, "the y of a point of order 8"
SMALL = {0, 1, P - 1, OF_EIGHT, P - OF_EIGHT}  # the y of all points whose order divides eight


def y_of(encoded):
    return int.from_bytes(encoded, "little") & 2**255 - 1


@lru_cache(10_000)
def is_good_key(encoded):
    y = y_of(encoded)
    # x = 0, whose sign could be spelled twice, has only points of small order.
    return y < P and y not in SMALL and pow((y * y - 1) * (CURVE * y * y + 1), (P - 1) // 2, P) == 1


def is_signed(key, signature, message):
    # An R that is equal to the encoding of a computed point is a point in its only spelling.
    if not is_good_key(key) or y_of(signature[:32]) in SMALL or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# Strict CBOR [T6]–[T13]: maps become tuples of pairs, the rest what it is in Python.


def scan(data):
    size = len(data)

    def item(at, depth):
        need(at < size, "parse-truncated")
        major, info = data[at] >> 5, data[at] & 31
        at += 1
        if info > 27:  # [T7]
            raise Refused("parse-reserved" if info < 31 or major in (0, 1, 6) else "parse-indefinite")
        if major == 7:
            need(20 <= info <= 22, "parse-float" if info > 24 else "parse-simple")
            return (False, True, None)[info - 20], at
        count = info
        if info > 23:
            start, at = at, at + (1 << info - 24)
            need(at <= size, "parse-truncated")
            count = int.from_bytes(data[start:at], "big")
            need(count >= (24, 2**8, 2**16, 2**32)[info - 24], "parse-not-shortest")
        if major < 2:
            return (-1 - count if major else count), at
        need(major != 6, "parse-tag")
        need(count * (2 if major == 5 else 1) <= size - at, "parse-truncated")  # [T10]
        if major == 2:
            return data[at : at + count], at + count
        if major == 3:
            try:
                return data[at : at + count].decode("utf-8"), at + count
            except UnicodeDecodeError:
                raise Refused("parse-utf8") from None
        need(depth < 8, "parse-too-deep")  # [T12]
        items = []
        if major == 4:
            for _ in range(count):
                value, at = item(at, depth + 1)
                items.append(value)
            return items, at
        before = b""
        for _ in range(count):
            start = at
            key, at = item(at, depth + 1)
            encoded = data[start:at]
            need(encoded != before, "parse-duplicate-key")  # [T9]
            need(encoded > before, "parse-key-order")
            before = encoded
            value, at = item(at, depth + 1)
            items.append((key, value))
        return tuple(items), at

    value, end = item(0, 0)
    need(end == size, "parse-trailing-bytes")
    return value


# Texts [T1]–[T5].

PREFIX = re.compile(rb"wane1\.(token|sealed|key|approval)\.([A-Za-z0-9_-]*)\n?")


def unwrap(text):
    """The prefix's word and the bytes behind it."""
    need(len(text) <= 21864, "parse-too-large")
    match = PREFIX.fullmatch(text)
    need(match, "parse-text")
    digits = match[2]
    need(len(digits) % 4 != 1, "parse-text")
    data = base64.urlsafe_b64decode(digits + b"=" * (-len(digits) % 4))
    need(base64.urlsafe_b64encode(data).rstrip(b"=") == digits, "parse-text")
    return match[1].decode(), data


def read_key(text):
    word, data = unwrap(text)
    need(word == "key", "parse-prefix")
    need(len(data) == 32 and is_good_key(data), "parse-key")
    return data


# JSON, read raw [T126]–[T129]: objects become dicts, integers ints, and other numbers floats.

STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"')
NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*+)(?:\.([0-9]++))?(?:[eE]([+-]?)([0-9]++))?")
WHITE = re.compile(r"[ \t\r\n]*+")
WORDS = {"null": None, "true": True, "false": False}


def read_number(match, code="parse-json-number"):
    sign, whole, fraction, exponent_sign, exponent = (part or "" for part in match.groups())
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0
    # No text is long enough to bring an exponent of ten digits back.
    shift = int((exponent_sign + (exponent.lstrip("0") or "0"))[:10]) - len(fraction) + len(digits)
    digits = digits.rstrip("0")
    shift -= len(digits)
    if shift < 0:
        number = float(match[0])
        need(number and abs(number) != float("inf") and not number.is_integer(), code)
        return number
    need(len(digits) + shift <= 16 and int(digits) * 10**shift <= SAFE, code)
    return int(sign + digits) * 10**shift


def read_string(match, code="parse-json"):
    text = json.loads(match[0])
    need(not re.search("[\ud800-\udfff]", text), code)
    return text


def read_json(data):
    need(len(data) <= 2**20, "parse-too-large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("parse-json") from None

    def skip(at, sign=None):
        at = WHITE.match(text, at).end()
        if sign:
            need(text.startswith(sign, at), "parse-json")
            at = WHITE.match(text, at + 1).end()
        return at

    def string(at):
        match = STRING.match(text, at)
        need(match, "parse-json")
        return read_string(match), match.end()

    def value(at, depth):
        start = text[at : at + 1]
        if start == '"':
            return string(at)
        if start in ("{", "["):
            need(depth < 64, "parse-too-deep")
            result, close = ({}, "}") if start == "{" else ([], "]")
            at = skip(at + 1)
            if text.startswith(close, at):
                return result, at + 1
            while True:
                if start == "{":
                    key, at = string(at)
                    need(key not in result, "parse-json-duplicate")
                    result[key], at = value(skip(at, ":"), depth + 1)
                else:
                    one, at = value(at, depth + 1)
                    result.append(one)
                at = skip(at)
                if text.startswith(close, at):
                    return result, at + 1
                at = skip(at, ",")
        for word, meant in WORDS.items():
            if text.startswith(word, at):
                return meant, at + len(word)
        match = NUMBER.match(text, at)
        need(match, "parse-json")
        return read_number(match), match.end()

    result, end = value(skip(0), 0)
    need(skip(end) == len(text), "parse-json")
    return result


def read_arguments(data):
    arguments = read_json(data)
    need(type(arguments) is dict, "parse-json")
    return arguments


# Paths and addresses [T91] [T97].

IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")


def is_plain_path(path):  # [T91]
    return (
        path.startswith("/")
        and (path == "/" or not {"", ".", ".."} & set(path[1:].split("/")))
        and not path[-1].isspace()
        and not re.search(r"[\\%~\x00-\x1f\x7f-\x9f]", path)
    )


def address(text):  # [T97]
    if "." in text and ":" not in text:
        one = r"(0|[1-9][0-9]{0,2})"
        return IPv4Address(text) if re.fullmatch(rf"{one}(\.{one}){{3}}", text) and IPV4.fullmatch(text) else None
    if not re.fullmatch("[0-9A-Fa-f:.]+", text) or re.search(r"(?<![0-9A-Fa-f])0[0-9A-Fa-f]", text):
        return None
    try:
        found = IPv6Address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found


def plain_ipv6(found):
    """RFC 5952 section 4, which is how a URL has it."""
    groups = ":".join(f"{int(found) >> 112 - 16 * i & 0xFFFF:x}" for i in range(8))
    zeros = max(re.findall(r"\b0(?::0\b)+", groups), key=len, default=None)  # the first of the longest
    if zeros is None:
        return groups
    before, _, behind = groups.partition(zeros) if groups.startswith(zeros) else groups.partition(":" + zeros)
    return f"{before}::{behind.removeprefix(':')}"


# URLs in plain form [T93], [T188], [T94], told apart as scopes.md describes it, without a parser.

SCHEME = re.compile("[a-z][a-z0-9+.-]*")
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
URL = re.compile(rf"({SCHEME.pattern}):([^?#]*)(?:\?([^#]*))?(?:#.*)?")
AUTHORITY = re.compile(r"//(\[[^]/]*\]|[^:/]*)(?::(0|[1-9][0-9]{0,4}))?(/.*|)")
DOTS = re.compile(r"(?:\.|%2e){1,2}", re.I)


def is_plain_host(host):
    """An address in plain form, or a name that is not taken for one."""
    if host.startswith("["):
        return host.endswith("]") and is_plain_ipv6(host[1:-1])
    labels = host.split(".")
    if len(host) > 253 or not all(re.fullmatch("(?!xn--)[a-z0-9_-]{1,63}", label) for label in labels):
        return False
    return bool(IPV4.fullmatch(host)) if re.fullmatch("[0-9]+|0x.*", labels[-1]) else True


def is_plain_ipv6(text):
    try:
        return plain_ipv6(IPv6Address(text)) == text
    except ValueError:
        return False


def read_url(url):
    """Scheme, host and port of a URL in plain form, or None."""
    parts = re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*", url) and URL.fullmatch(url)
    if not parts or "'" in (parts[3] or ""):
        return None
    scheme, rest = parts[1], parts[2]
    if not rest.startswith("//"):
        plain = scheme not in PORTS and scheme != "file" and (not rest.startswith("/") or has_no_dots(rest))
        return (scheme, None, None) if plain else None
    found = AUTHORITY.fullmatch(rest)
    if not found or not has_no_dots(found[3]):
        return None
    host, port, default = found[1], int(found[2]) if found[2] else None, PORTS.get(scheme)
    if host == "" and (port is not None or default) or host and not is_plain_host(host):
        return None
    if port is not None and (port == default or port > 65535):
        return None
    if scheme == "file" and (host or not re.match("/(?!/)", found[3])):
        return None
    return scheme, host, default if port is None else port


def has_no_dots(path):
    return not any(DOTS.fullmatch(segment) for segment in path.split("/"))
