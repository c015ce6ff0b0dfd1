//! Envoy's `ext_authz`: requests as its HTTP client sends them.

use serde_json::Value;

use super::{Answered, Serving};

/// As Envoy asks: the client's method, host and path below the prefix, and the headers that it was told to pass on.
fn envoy(serving: &Serving, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
    use std::io::Write as _;
    let mut stream = serving.connect();
    let mut head = format!("{method} /envoy/files{path} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    super::read(stream)
}

#[test]
fn a_request_goes_on_only_with_a_token_that_allows_it() {
    let serving = Serving::start(&["read:repos:core", "write:repos:core"], &[]);
    let bearer = format!("Bearer {}", serving.scene.sealed());
    let unsealed = format!("Bearer {}", &*serving.scene.token.expose_text());
    let ours = ("authorization", bearer.as_str());
    let allowed = envoy(&serving, "GET", "/repos/core", &[ours], "");
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert_eq!(allowed.header("x-envoy-auth-headers-to-remove"), Some("authorization"));
    assert_eq!(allowed.json()["committed"], true);
    let lower = bearer.replacen("Bearer", "bearer", 1);
    for (method, path, headers, expected) in [
        ("GET", "/repos/core", &[("authorization", lower.as_str())][..], (200, "none")),
        ("POST", "/repos/core/stars", &[ours], (200, "none")),
        ("GET", "/repos/core", &[], (401, "deny-no-token")),
        ("GET", "/repos/core", &[("authorization", "Basic eDp5")], (401, "deny-no-token")),
        ("GET", "/repos/core", &[("authorization", "Bearer eyJhbGciOiJub25lIn0")], (401, "deny-no-token")),
        ("GET", "/repos/core", &[("authorization", "Bearer wane1.sealed.AAAA")], (400, "parse-trailing-bytes")),
        ("GET", "/repos/core", &[("authorization", unsealed.as_str())], (401, "chain-unsealed")),
        ("GET", "/repos/core", &[ours, ours], (400, "parse-message")),
        ("GET", "/repos/other", &[ours], (403, "deny-scope")),
        ("DELETE", "/repos/core", &[ours], (403, "deny-unlisted")),
        ("GET", "/REPOS/core", &[ours], (403, "deny-route")),
        ("GET", "/repos/x/../core", &[ours], (403, "deny-route")),
        ("GET", "/repos//core", &[ours], (403, "deny-route")),
        ("GET", "/repos/co%72e", &[ours], (403, "deny-route")),
        ("GET", "/repos/core?a=1&a=2", &[ours], (403, "deny-route")),
        ("GET", "/repos/core", &[ours, ("origin", "https://example.com")], (403, "deny-method")),
        ("GET", "/repos/core", &[ours, ("x-http-method-override", "DELETE")], (403, "deny-route")),
        ("GET", "/repos/core", &[ours, ("x-original-url", "/repos/other")], (403, "deny-route")),
    ] {
        let answered = envoy(&serving, method, path, headers, "");
        assert_eq!(answered.code(), (expected.0, expected.1.to_owned()), "{method} {path} {answered:?}");
        assert_eq!(answered.header("x-envoy-auth-headers-to-remove").is_some(), answered.status == 200);
    }
    for path in ["/envoy/mail/repos/core", "/envoy//repos/core", "/envoy/files"] {
        let head = format!("GET {path} HTTP/1.1\r\nAuthorization: {bearer}");
        let (status, code) = serving.send(&head, b"").code();
        assert!(status == 403 && code == "deny-unlisted" || status == 404, "{path}: {status} {code}");
    }
}

#[test]
fn a_body_that_is_partial_or_missing_is_denied() {
    let serving = Serving::start(&["read:*", "write:*"], &[]);
    let bearer = format!("Bearer {}", serving.scene.sealed());
    let asks = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let headers: Vec<(&str, &str)> = [("authorization", bearer.as_str())].iter().chain(headers).copied().collect();
        envoy(&serving, method, path, &headers, body).code()
    };
    let json = ("content-type", "application/json");
    let (whole, partial) = (("x-envoy-auth-partial-body", "false"), ("x-envoy-auth-partial-body", "true"));
    let ok = r#"{"title":"ok"}"#;
    assert_eq!(asks("POST", "/repos/core/issues", &[json, whole], ok), (200, "none".into()));
    assert_eq!(asks("PUT", "/repos/core/blob", &[whole], "anything"), (200, "none".into()));
    for (method, path, headers, body) in [
        ("POST", "/repos/core/issues", &[json, partial][..], ok),
        ("POST", "/repos/core/issues", &[json, ("x-envoy-auth-partial-body", "")], ok),
        ("POST", "/repos/core/issues", &[json, whole, partial], ok),
        ("POST", "/repos/core/issues", &[json, ("content-encoding", "br")], ok),
        // `with_request_body` is not configured, or what it sends does not get here.
        ("POST", "/repos/core/issues", &[json], ""),
        ("POST", "/repos/core/issues", &[json, whole], ""),
        ("PUT", "/repos/core/blob", &[], ""),
        ("PUT", "/repos/core/blob", &[whole], ""),
        ("POST", "/repos/core/stars", &[json], ""),
        ("POST", "/repos/core/stars", &[("content-encoding", "gzip")], ""),
        ("GET", "/repos/core", &[whole], ""),
        ("POST", "/repos/core/stars", &[whole], "x"),
        ("POST", "/repos/core/issues", &[whole], ok),
    ] {
        assert_eq!(asks(method, path, headers, body), (403, "deny-route".into()), "{method} {path} {headers:?}");
    }
    // What is not there cannot satisfy a rule either.
    assert_eq!(asks("POST", "/repos/core/issues", &[], ""), (403, "deny-missing-argument".into()));
    let twice = r#"{"title":"ok","title":"rm"}"#;
    assert_eq!(asks("POST", "/repos/core/issues", &[json, whole], twice), (400, "parse-json-duplicate".into()));
}

#[test]
fn envoy_is_never_told_of_an_error_that_it_could_let_through() {
    let mut serving = Serving::start(&["read:*"], &[]);
    let bearer = format!("Bearer {}", serving.scene.sealed());
    serving.lose_guard();
    let answered = envoy(&serving, "GET", "/repos/core", &[("authorization", &bearer)], "");
    assert_eq!(answered.code(), (403, "state-unreachable".into()));
}

/// The example, read as YAML is: a tree of what its lines say.
#[test]
fn the_example_fails_closed() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/envoy.yaml")).unwrap();
    let example: Value = serde_saphyr::from_str(&text).unwrap();
    let listener = &example["static_resources"]["listeners"][0];
    let chain = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = chain["http_filters"].as_array().unwrap();
    assert_eq!(filters.last().unwrap()["name"], "envoy.filters.http.router");
    let authz = &filters[0]["typed_config"];
    let kind = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";
    assert_eq!((&authz["@type"], &authz["failure_mode_allow"]), (&kind.into(), &false.into()));
    let body = &authz["with_request_body"];
    assert_eq!(body["allow_partial_message"], false);
    // Packed bytes are for gRPC: in the HTTP form older ones would send no body at all.
    assert!(body.get("pack_as_bytes").is_none_or(|packed| packed == false));
    assert!((1..=1_048_576).contains(&body["max_request_bytes"].as_u64().unwrap()));
    let service = &authz["http_service"];
    let cluster = service["server_uri"]["cluster"].as_str().unwrap();
    assert!(service["server_uri"]["timeout"].as_str().unwrap().ends_with('s'));
    let prefix = service["path_prefix"].as_str().unwrap();
    assert!(prefix.starts_with("/envoy/") && !prefix.ends_with('/'), "{prefix}");
    let allowed = authz["allowed_headers"]["patterns"].as_array().unwrap();
    let allowed: Vec<&str> = allowed.iter().map(|pattern| pattern["exact"].as_str().unwrap()).collect();
    for name in ["authorization", "content-type", "content-encoding", "transfer-encoding"] {
        assert!(allowed.contains(&name), "{name}");
    }
    assert!(!allowed.contains(&"origin"));
    // Paths are decided as they are received, so Envoy must not change them behind our back.
    assert_eq!(chain["normalize_path"], false);
    assert_eq!(chain["path_with_escaped_slashes_action"], "REJECT_REQUEST");
    // Nobody is internal, who could ask for retries; and nothing else asks for them.
    assert_eq!(chain["use_remote_address"], true);
    let internal = &chain["internal_address_config"];
    assert_eq!(internal["unix_sockets"], false);
    assert_eq!(internal["cidr_ranges"], serde_json::json!([{ "address_prefix": "255.255.255.255", "prefix_len": 32 }]));
    for gone in ["xff_num_trusted_hops", "original_ip_detection_extensions"] {
        assert_eq!(chain.get(gone), None, "{gone}");
    }
    assert!(!example.to_string().contains("retry_policy"));
    let removed = chain["route_config"]["request_headers_to_remove"].as_array().unwrap();
    let mut instead = vec!["x-http-method".to_owned(), "x-http-method-override".into(), "x-method-override".into()];
    for start in ["x-original", "x-rewrite"] {
        instead.extend(["method", "path", "uri", "url"].map(|end| format!("{start}-{end}")));
    }
    assert_eq!(removed.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), instead);
    let clusters = example["static_resources"]["clusters"].as_array().unwrap();
    assert!(clusters.iter().any(|found| found["name"] == cluster));
}
