//! Which headers of a client go on to its server: for whoever passes them on, and for whoever says so beforehand.

/// What is of a connection, or tells of a client, a method or a path.
const NOT: [&str; 27] = [
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
    "x-real-ip",
];

/// What begins so tells of a client, a method or a path that would count in the place of those that were looked at.
const STARTS: [&str; 4] = ["sec-", "x-forwarded-", "x-original-", "x-rewrite-"];

/// What some servers take for the method or the target, which are decided as they stand in the request's line.
pub(crate) const INSTEAD: [&str; 11] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-original-path",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-method",
    "x-rewrite-path",
    "x-rewrite-uri",
    "x-rewrite-url",
];

/// Whether a header, in small letters, is one of those to a server that takes `_` for `-`.
// spec: H28
pub(crate) fn stands_for_another(name: &str) -> bool {
    INSTEAD.contains(&&*name.replace('_', "-"))
}

/// Whether a header of a client's, in small letters, concerns the server, and not this connection or the gateway.
// spec: G36
pub(crate) fn passes(name: &str) -> bool {
    // There are servers that take `_` for `-`.
    !NOT.contains(&name)
        && !name.contains('_')
        && !stands_for_another(name)
        && !STARTS.iter().any(|start| name.starts_with(start))
}
