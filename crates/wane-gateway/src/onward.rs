//! Which headers of a client go on to its server: for whoever passes them on, and for whoever says so beforehand.

/// What is of a connection, or tells of a client, a method or a path.
const NOT: [&str; 30] = [
    "accept-encoding",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
];

/// What begins so tells of a client, a method or a path that would count in the place of those that were looked at.
const STARTS: [&str; 4] = ["sec-", "x-forwarded-", "x-original-", "x-rewrite-"];

/// Whether a header of a client's, in small letters, concerns the server, and not this connection or the gateway.
// spec: G36
pub(crate) fn passes(name: &str) -> bool {
    // There are servers that take `_` for `-`.
    !NOT.contains(&name) && !name.contains('_') && !STARTS.iter().any(|start| name.starts_with(start))
}
