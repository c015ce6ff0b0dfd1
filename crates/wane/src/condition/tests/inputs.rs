//! Paths, URLs and addresses: which texts are taken, and for what.

use super::*;

#[test]
fn under_takes_plain_paths_only() {
    let test = "a under /data, /tmp/x";
    for path in ["/data", "/data/a", "/data/a b/ü.txt", "/tmp/x/y", "/data/...", "/data/.hidden", "/data/a..b"] {
        on_text(test, path, None);
    }
    for path in ["/", "/database", "/dat", "/tmp", "/etc/passwd", "/DATA/a"] {
        on_text(test, path, Some(Code::DenyCondition));
    }
    for path in [
        "",
        "data",
        "./data",
        "/data/",
        "/data/../etc",
        "/data/..",
        "/data/.",
        "/data/./a",
        "//data",
        "/data//a",
        "/data/%2e%2e/etc",
        "/data/a%00",
        "/data\\..\\etc",
        "/data/a ",
        "/data/a\u{a0}",
        "/data/a\0",
        "/data/a\nb",
        "/data/\u{85}",
        "~/data",
        "/data/~",
        "/data/~root",
        "file:///data",
        " /data",
    ] {
        on_text(test, path, Some(Code::DenyPath));
    }
    on_text("a under /", "/etc/passwd", None);
    on_text("a under /", "/", None);
    on_text("a under /", "/..", Some(Code::DenyPath));
}

#[test]
fn host_takes_plain_urls_only() {
    let test = "a host example.com, h:8080, 127.0.0.1, \"[::1]\"";
    for url in [
        "https://example.com",
        "https://example.com/",
        "http://example.com/a?b#c",
        "https://example.com?q=1",
        "http://h:8080/x",
        "http://127.0.0.1/",
        "http://[::1]/",
        "https://example.com/@evil.test",
        "ftp://example.com/",
    ] {
        on_text(test, url, None);
    }
    for url in [
        "https://example.com:8443/",
        "http://h/",
        "http://h:8081/",
        "https://evil.test/example.com",
        "https://example.com.evil.test/",
        "https://sub.example.com/",
        "mailto:a@example.com",
        "http://[::ffff:7f00:1]/",
        "file:///example.com",
    ] {
        on_text(test, url, Some(Code::DenyCondition));
    }
    for url in [
        "",
        "example.com",
        "//example.com",
        "https:example.com",
        "https:/example.com",
        "HTTPS://example.com/",
        "https://EXAMPLE.com/",
        "https://example.com:443/",
        "http://a\\@b/",
        "https://example.com\\@evil.test/",
        "https://example.com@evil.test/",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "https://example.com/a/../b",
        "https://example.com/%2e%2e/b",
        "https://example.com/a b",
        " https://example.com/",
        "https://example.com/ ",
        "https://exam\tple.com/",
        "https://example\u{3002}com/",
        "https://ex%61mple.com/",
        "https://еxample.com/",
        "https://example.com/é",
        "http://[::0001]/",
        "http://[::ffff:127.0.0.1]/",
        "https://",
        "https://example.com/\n",
        "https://example.com/?a\\b",
        "https://example.com./",
    ] {
        on_text(test, url, Some(Code::DenyUrl));
    }
}

#[test]
fn what_parsers_of_different_ages_read_differently_is_no_url() {
    let name = |last: &str| format!("{}{last}", "a12345678.".repeat(25));
    let label = |letters: usize| format!("http://{}.b/", "a".repeat(letters));
    for url in
        ["x://h_1.a--b/c'd", "x://h", "x:///a", "x://", "x:/a//b", "x:a/./../b", "x:", "mailto:a@b", "file:///a/b"]
    {
        on_text("a scheme nowhere", url, Some(Code::DenyCondition));
    }
    for url in
        ["file:///", "http://h/%", "http://h/a#'b", "http://h/a[1]", "http://-a.b-/", "http://h:0/", "http://1a/"]
    {
        on_text("a scheme nowhere", url, Some(Code::DenyCondition));
    }
    on_text("a scheme nowhere", &label(63), Some(Code::DenyCondition));
    on_text("a scheme nowhere", &label(64), Some(Code::DenyUrl));
    on_text("a scheme nowhere", &format!("http://{}/", name("abc")), Some(Code::DenyCondition));
    on_text("a scheme nowhere", &format!("http://{}/", name("abcd")), Some(Code::DenyUrl));
    for url in [
        "http://h/^",
        "http://h/|",
        "http://h/?{}",
        "http://h/?`",
        "x:a\"b",
        "x:<b>",
        "http://h/?a='b'",
        "x://h/?'",
        "http://a^b/",
        "x://a|b/",
        "x://A/",
        "x://%41/",
        "x://1.2.3/",
        "x://0x7f/",
        "x://a.0xg/",
        "http://1.2.3.4.5/",
        "http://a.1/",
        "http://a../",
        "http://a..b/",
        "http://.a/",
        "http://xn--bcher-kva.de/",
        "http://a.xn--p1ai/",
        "http://a~b/",
        "x://a,b/",
        "file://h/a",
        "file://localhost/a",
        "file:////h/a",
        "file://",
        "file:/a",
        "file:a",
        "x:/.//a",
        "x:/./a",
        "x:/..//a",
    ] {
        on_text("a scheme nowhere", url, Some(Code::DenyUrl));
    }
    for host in ["xn--bcher-kva.de", "a.xn--p1ai", "a.1", "a.0x", "1", "a..b", &"a".repeat(64), &name("abcd")] {
        assert_eq!(host.parse::<Host>().map_err(|refusal| refusal.code()), Err(Code::ParseCondition), "{host}");
    }
    for host in ["a--b", "1a", "a.1b", &"a".repeat(63), &name("abc")] {
        assert!(host.parse::<Host>().is_ok(), "{host}");
    }
}

#[test]
fn a_host_without_port_means_the_default_port() {
    on_text("a host h:443", "https://h/", None);
    on_text("a host h:443", "http://h/", Some(Code::DenyCondition));
    on_text("a host h:443", "http://h:443/", None);
    on_text("a host h", "http://h:443/", Some(Code::DenyCondition));
}

#[test]
fn scheme_is_exact() {
    on_text("a scheme https", "https://h/x", None);
    on_text("a scheme https", "http://h/x", Some(Code::DenyCondition));
    on_text("a scheme https", "HTTPS://h/x", Some(Code::DenyUrl));
    on_text("a scheme https", "https://u@h/x", Some(Code::DenyUrl));
    on_text("a scheme https", "javascript:alert(1)", Some(Code::DenyCondition));
}

#[test]
fn cidr_takes_bare_literal_addresses_only() {
    let test = "a cidr 10.0.0.0/8, 2001:db8::/32";
    for address in ["10.0.0.1", "10.255.255.255", "2001:db8::1", "2001:DB8:0::1", "::ffff:10.0.0.1", "::ffff:a00:1"] {
        on_text(test, address, None);
    }
    for address in ["11.0.0.1", "::ffff:11.0.0.1", "::10.0.0.1", "2001:db9::1", "::"] {
        on_text(test, address, Some(Code::DenyCondition));
    }
    for address in [
        "",
        "127.1",
        "10.1",
        "0x0a.0.0.1",
        "167772161",
        "010.0.0.1",
        "10.0.0.01",
        "10.0.0.1/32",
        "10.0.0.1:80",
        "[::1]",
        "fe80::1%eth0",
        "fe80::1%251",
        "2001:0db8::1",
        " 10.0.0.1",
        "10.0.0.1 ",
        "10.0.0.256",
        "example.com",
        "１0.0.0.1",
        "::ffff:010.0.0.1",
    ] {
        on_text(test, address, Some(Code::DenyAddress));
    }
    on_text("a cidr ::/0", "10.0.0.1", Some(Code::DenyCondition));
    on_text("a cidr ::/0", "::ffff:10.0.0.1", Some(Code::DenyCondition));
    on_text("a cidr 0.0.0.0/0", "::ffff:10.0.0.1", None);
}

#[test]
fn operands_that_are_refused() {
    let refused = |code: Option<Code>, what: &str| assert_eq!(code, Some(Code::ParseCondition), "{what:?}");
    for dir in ["", "data", "/data/", "/data/../etc", "/a//b", "/%2e", "/a ", "/~", "/a\\b", "/a\0", "/./a", "//"] {
        refused(dir.parse::<Directory>().err().map(|e| e.code()), dir);
    }
    for net in [
        "",
        "10.0.0.1/8",
        "10.0.0.0",
        "10.0.0.0/33",
        "10.0.0/8",
        "010.0.0.0/8",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "::1/64",
        "fe80::%eth0/64",
        "2001:DB8::/32",
        "2001:0db8::/32",
        "::ffff:0.0.0.0/90",
        "::ffff:10.0.0.1/104",
        "::ffff:10.0.0.0/104",
        "::ffff:a00:0/104",
        "::ffff:0:0/96",
        "2001:db8:0:0::/32",
        " 10.0.0.0/8",
    ] {
        refused(net.parse::<Network>().err().map(|e| e.code()), net);
    }
    for host in [
        "",
        "Example.com",
        "example.com.",
        ".example.com",
        "a..b",
        "127.1",
        "0x7f.1",
        "2130706433",
        "a@b",
        "a/b",
        "a\\b",
        "h:",
        "h:0",
        "h:65536",
        "h:080",
        "h:+80",
        "*.example.com",
        "bücher.de",
        "http://h",
        "::1",
        "[::0001]",
        "[::1",
        "[::1]x",
        "[::1%25eth0]",
        "a b",
        "xn--a",
    ] {
        refused(host.parse::<Host>().err().map(|e| e.code()), host);
    }
    for host in ["h", "a_b.c", "[::1]:80", "10.0.0.1:1", "h:65535"] {
        assert!(host.parse::<Host>().is_ok(), "{host}");
    }
    for scheme in ["", "HTTPS", "1http", "https:", "ht tp", "é"] {
        refused(scheme.parse::<Scheme>().err().map(|e| e.code()), scheme);
    }
    refused("".parse::<Source>().err().map(|e| e.code()), "");
    assert_eq!("x".repeat(257).parse::<Source>().unwrap_err().code(), Code::ParseLimit);
    assert_eq!("*".repeat(257).parse::<Glob>().unwrap_err().code(), Code::ParseLimit);
    let long = Test::Equals(Value::Text("x".repeat(257).into()));
    assert_eq!(Condition::new("/a".parse().unwrap(), long).unwrap_err().code(), Code::ParseLimit);
}

/// The plain form as the specification describes it, without a parser: the scheme, the host and the port.
fn told_apart(url: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, rest) = url.split_once(':')?;
    scheme.parse::<Scheme>().ok()?;
    if !rest.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)) {
        return None;
    }
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let default = match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    };
    let dots = |segment: &str| matches!(segment.to_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let Some(behind) = rest.strip_prefix("//") else {
        let taken = default.is_none() && scheme != "file" && !query.contains('\'');
        return (taken && (!rest.starts_with('/') || !rest.split('/').any(dots))).then_some((scheme, "", None));
    };
    let (authority, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
    let (host, port) = match authority.rsplit_once(':').filter(|_| !authority.ends_with(']')) {
        None => (authority, None),
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|number| number.to_string() == port)?)),
    };
    let named = if host.is_empty() { default.is_none() && port.is_none() } else { host.parse::<Host>().is_ok() };
    let file = scheme != "file" || host.is_empty() && path.starts_with('/') && !path.starts_with("//");
    let plain = named && file && (port.is_none() || port != default) && !path.split('/').any(dots);
    (plain && !query.contains('\'')).then_some((scheme, host, port))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_plain_url_can_be_told_without_a_parser(
        url in "(https?|wss|file|x)(://|:|:/|:///)(h|a\\.b|[a-z.0-9x_-]{0,6}|1\\.2\\.3\\.4|\\[::1\\])(:80|:443|:0|:[0-9]{1,5})?(/|//|/\\./|[/.?#a'%2e^|@]{0,8})",
    ) {
        let parsed = host::plain_url(&url);
        let parsed = parsed.as_ref().map(|url| (url.scheme(), url.host_str().unwrap_or(""), url.port()));
        prop_assert_eq!(parsed, told_apart(&url));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_path_under_a_directory_stays_there_when_resolved(path in "[/.a~%\\\\ ]{0,10}") {
        let dir: Directory = "/a".parse().unwrap();
        if path::is_plain(&path) && dir.holds(&path) {
            let mut resolved: Vec<&str> = Vec::new();
            for part in path.split('/') {
                match part {
                    "" | "." => {}
                    ".." => drop(resolved.pop()),
                    _ => resolved.push(part),
                }
            }
            prop_assert_eq!(resolved.first(), Some(&"a"));
            prop_assert_eq!(format!("/{}", resolved.join("/")), path);
        }
    }

    #[test]
    fn a_plain_url_reads_the_same_for_a_simpler_parser(
        url in "(https?|ftp|x)://?[a-z@:\\\\.\\[\\]0-9]{0,8}[/?#@\\\\a.%2e]{0,6}|\\PC{0,20}",
    ) {
        let parsed = host::plain_url(&url);
        if let Some((parsed, host)) = parsed.as_ref().and_then(|parsed| Some((parsed, parsed.host_str()?))) {
            let after = url.split_once("://").unwrap().1;
            let authority: String = after.chars().take_while(|c| !"/?#".contains(*c)).collect();
            let port = parsed.port().map_or(String::new(), |port| format!(":{port}"));
            prop_assert_eq!(authority, format!("{host}{port}"));
        }
    }
}
