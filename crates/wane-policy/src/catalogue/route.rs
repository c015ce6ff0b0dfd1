//! HTTP routes: a method, the template of a path, and what the body is.

use std::str::FromStr;

use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;
use wane::{Arguments, Code, Refusal};

use super::alike;

/// A route of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) body: Body,
}

/// A method as it stands in a request: upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method(String);

/// The path of a route: segments, some of which stand for any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Named(String),
    Written(String),
}

/// What a request's body is, and what conditions see of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Body {
    /// There is none.
    #[default]
    None,
    /// A JSON object, which conditions see.
    Json,
    /// Anything, of which conditions see nothing.
    Opaque,
}

/// The target of a request, taken apart in the one way there is.
pub(super) struct Parts<'a> {
    segments: Vec<&'a str>,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Path and query of a request's target.
    // spec: C18
    pub(super) fn of(target: &'a str) -> Result<Self, Refusal> {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let refuse = |why: &str| Err(Refusal::new(Code::DenyRoute, "path", "the path", why));
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&b);
        if let Some(at) = path.bytes().position(|byte| !letter(byte)) {
            return refuse(&format!("the character at byte {at}"));
        }
        let Some(inside) = path.strip_prefix('/') else { return refuse("it does not start with `/`") };
        let segments: Vec<&str> = inside.split('/').collect();
        let (last, before) = segments.split_last().unwrap_or((&"", &[]));
        if before.contains(&"") || segments.iter().any(|segment| matches!(*segment, "." | "..")) || *last == "." {
            return refuse("an empty segment, `.` or `..`");
        }
        Ok(Self { segments, query })
    }
}

impl Route {
    /// Whether a request is one of this route.
    // spec: C17
    pub(super) fn fits(&self, method: &str, parts: &Parts<'_>) -> bool {
        let same = |(segment, found): (&Segment, &&str)| match segment {
            Segment::Written(written) => written == found,
            Segment::Named(_) => !found.is_empty(),
        };
        self.method.0 == method
            && self.path.0.len() == parts.segments.len()
            && self.path.0.iter().zip(&parts.segments).all(same)
    }

    /// Whether it would fit if capitals were not told from small letters, as some servers do.
    pub(super) fn fits_but_for_case(&self, method: &str, parts: &Parts<'_>) -> bool {
        let same = |(segment, found): (&Segment, &&str)| match segment {
            Segment::Written(written) => written.eq_ignore_ascii_case(found),
            Segment::Named(_) => !found.is_empty(),
        };
        self.method.0.eq_ignore_ascii_case(method)
            && self.path.0.len() == parts.segments.len()
            && self.path.0.iter().zip(&parts.segments).all(same)
            && !self.fits(method, parts)
    }

    /// Whether every request of the other is one of this, which then stands in its way.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let same = |(here, there): (&Segment, &Segment)| matches!(here, Segment::Named(_)) || here == there;
        self.method == other.method
            && self.path.0.len() == other.path.0.len()
            && self.path.0.iter().zip(&other.path.0).all(same)
    }

    /// Whether its requests have a body.
    pub(super) fn takes_body(&self) -> bool {
        self.body != Body::None
    }

    /// What conditions see of a request that fits: `path`, `query` and `body`, each where there is something.
    // spec: C12
    pub(super) fn arguments(
        &self,
        parts: &Parts<'_>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Arguments, Refusal> {
        let path = self.path.0.iter().zip(&parts.segments).filter_map(|(segment, found)| match segment {
            Segment::Named(name) => Some((name.clone(), Json::from(*found))),
            Segment::Written(_) => None,
        });
        let members = [("path", path.collect()), ("query", query(parts.query.unwrap_or_default())?)];
        let members = members.into_iter().filter(|(_, map): &(_, Map<_, _>)| !map.is_empty());
        let mut text: Vec<String> = members.map(|(name, map)| format!("\"{name}\":{}", Json::Object(map))).collect();
        match (self.body, body) {
            (_, []) => {}
            // A seal or an approval of one request is then of this body.
            (Body::Opaque, body) => text.push(format!("\"body\":\"sha256:{}\"", hex(&Sha256::digest(body)))),
            // spec: C19
            (Body::None, _) => return Err(Refusal::new(Code::DenyRoute, "body", "the body", "the route has none")),
            // spec: C20
            (Body::Json, _) if !content_type.is_some_and(is_json) => {
                return Err(Refusal::new(Code::DenyRoute, "body", "the body", "its type is not `application/json`"));
            }
            (Body::Json, body) => {
                let body = Arguments::from_json(body)?;
                alike::check(&body)?;
                text.push(format!("\"body\":{}", body.to_json()));
            }
        }
        Arguments::from_json(format!("{{{}}}", text.join(",")).as_bytes())
    }
}

/// Whether a body of this type is JSON in UTF-8 for everybody.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().is_some_and(|kind| kind == "application/json")
        && parts.all(|part| matches!(part.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The parameters of a query, decoded.
// spec: C19
fn query(text: &str) -> Result<Map<String, Json>, Refusal> {
    let refuse = |why: &str| Err(Refusal::new(Code::DenyRoute, "query", "the query", why));
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$'()*,=:@/?&%".contains(&b);
    if !text.bytes().all(letter) {
        return refuse("a character that programs read in different ways");
    }
    let digits = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(digits) {
        return refuse("a `%` without two hexadecimal digits");
    }
    let mut map = Map::new();
    let mut names = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        // What is no UTF-8 was replaced by this character.
        if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER) {
            return refuse("bytes that are no utf-8");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if name.is_empty() || !name.bytes().all(plain) {
            return refuse("the name of a parameter is not plain");
        }
        if value.contains(char::is_control) {
            return refuse("a control character");
        }
        let lower = name.to_ascii_lowercase();
        if names.contains(&lower) {
            return refuse("a parameter twice");
        }
        names.push(lower);
        map.insert(name.into_owned(), Json::from(value.into_owned()));
    }
    Ok(map)
}

impl FromStr for Method {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let letter = |b: u8| b.is_ascii_uppercase() || b == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(letter) {
            let found = format_args!("`{text}` is no method in upper case");
            return Err(Refusal::new(Code::ParseCatalogue, "method", found, ""));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Path {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = |why: &str| {
            Refusal::new(Code::ParseCatalogue, "path", format_args!("`{text}` is no path of a route: {why}"), "")
        };
        // With each name as a plain segment it must be a path that a request can have.
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name = |segment: &str| -> Option<String> {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            (!name.is_empty() && name.len() <= 64 && name.bytes().all(letter)).then(|| name.to_owned())
        };
        let inside = text.strip_prefix('/').ok_or_else(|| refuse("it does not start with `/`"))?;
        let segments: Vec<Segment> = inside
            .split('/')
            .map(|segment| name(segment).map_or_else(|| Segment::Written(segment.to_owned()), Segment::Named))
            .collect();
        let sample: Vec<&str> = segments
            .iter()
            .map(|segment| match segment {
                Segment::Written(written) => written,
                Segment::Named(_) => "x",
            })
            .collect();
        let sample = format!("/{}", sample.join("/"));
        if sample.contains('?') || Parts::of(&sample).is_err() {
            return Err(refuse("a segment that no request may have"));
        }
        let mut names: Vec<&String> = Vec::new();
        for segment in &segments {
            match segment {
                Segment::Named(name) if names.contains(&name) => return Err(refuse("a name twice")),
                Segment::Named(name) => names.push(name),
                Segment::Written(_) => {}
            }
        }
        Ok(Self(segments))
    }
}

impl FromStr for Body {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "none" => Ok(Self::None),
            "json" => Ok(Self::Json),
            "opaque" => Ok(Self::Opaque),
            _ => {
                let found = format_args!("`{text}` is no body: none, json or opaque");
                Err(Refusal::new(Code::ParseCatalogue, "body", found, ""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str, body: &str) -> Route {
        Route { method: "POST".parse().unwrap(), path: path.parse().unwrap(), body: body.parse().unwrap() }
    }

    fn seen(path: &str, body: &str, target: &str, sent: &str) -> Result<String, Code> {
        let route = route(path, body);
        let parts = Parts::of(target).map_err(|refusal| refusal.code())?;
        assert!(route.fits("POST", &parts), "{path} {target}");
        route
            .arguments(&parts, Some("application/json; charset=UTF-8"), sent.as_bytes())
            .map(|seen| seen.to_json())
            .map_err(|refusal| refusal.code())
    }

    #[test]
    fn path_query_and_body_are_arguments() {
        for (path, body, target, sent, arguments) in [
            ("/", "none", "/", "", "{}"),
            ("/a/{id}", "none", "/a/7", "", r#"{"path":{"id":"7"}}"#),
            ("/a/{id}", "none", "/a/7?", "", r#"{"path":{"id":"7"}}"#),
            ("/a", "none", "/a?x=1&y=a%20b%2Bc&z", "", r#"{"query":{"x":"1","y":"a b+c","z":""}}"#),
            ("/a/", "json", "/a/", r#"{"n": 1e1}"#, r#"{"body":{"n":10}}"#),
            ("/a", "json", "/a", "", "{}"),
            (
                "/a",
                "opaque",
                "/a",
                "x",
                r#"{"body":"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}"#,
            ),
            ("/a", "none", "/a?x=%22", "", r#"{"query":{"x":"\""}}"#),
        ] {
            assert_eq!(seen(path, body, target, sent), Ok(arguments.to_owned()), "{target}");
        }
    }

    #[test]
    fn what_has_two_readings_is_denied() {
        for target in
            ["a", "", "//a", "/a//b", "/a/./b", "/a/..", "/..", "/.", "/a%2e", "/a;x", "/a\\b", "/ä", "/a b", "/a#"]
        {
            assert_eq!(Parts::of(target).err().map(|refusal| refusal.code()), Some(Code::DenyRoute), "{target}");
        }
        for (body, target, sent, code) in [
            ("none", "/a?x=1&x=2", "", Code::DenyRoute),
            ("none", "/a?x=%ff", "", Code::DenyRoute),
            ("none", "/a?x=1;x=2", "", Code::DenyRoute),
            ("none", "/a?x=1&X=2", "", Code::DenyRoute),
            ("none", "/a?x=a+b", "", Code::DenyRoute),
            ("none", "/a?x[]=1", "", Code::DenyRoute),
            ("none", "/a?%20x=1", "", Code::DenyRoute),
            ("none", "/a?x%00=1", "", Code::DenyRoute),
            ("none", "/a?x=%00", "", Code::DenyRoute),
            ("none", "/a?x=%zz", "", Code::DenyRoute),
            ("none", "/a?x=%1", "", Code::DenyRoute),
            ("none", "/a?x=1#y", "", Code::DenyRoute),
            ("none", "/a?=1", "", Code::DenyRoute),
            ("none", "/a?%ff", "", Code::DenyRoute),
            ("none", "/a", " ", Code::DenyRoute),
            ("json", "/a", "[]", Code::ParseJson),
            ("json", "/a", r#"{"a":1,"A":2}"#, Code::ParseJsonDuplicate),
            ("json", "/a", r#"{"a":1,"a":2}"#, Code::ParseJsonDuplicate),
        ] {
            assert_eq!(seen("/a", body, target, sent), Err(code), "{target} {sent}");
        }
    }

    #[test]
    fn a_body_is_json_where_its_type_says_so() {
        let route = route("/a", "json");
        let parts = Parts::of("/a").unwrap();
        let answer = |kind: Option<&str>| route.arguments(&parts, kind, b"{}").is_ok();
        for kind in ["application/json", "Application/JSON;charset=utf-8", "application/json ; charset=\"UTF-8\""] {
            assert!(answer(Some(kind)), "{kind}");
        }
        for kind in [
            "",
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json;charset=ibm037",
            "application/json;x",
        ] {
            assert!(!answer(Some(kind)), "{kind}");
        }
        assert!(!answer(None));
    }

    #[test]
    fn only_the_same_segments_fit() {
        let route = route("/a/{id}/b", "none");
        for (method, target, fits) in [
            ("POST", "/a/1/b", true),
            ("POST", "/a/b/b?x", true),
            ("post", "/a/1/b", false),
            ("GET", "/a/1/b", false),
            ("POST", "/a/1/b/", false),
            ("POST", "/a/1", false),
            ("POST", "/a/1/B", false),
        ] {
            assert_eq!(route.fits(method, &Parts::of(target).unwrap()), fits, "{method} {target}");
        }
        let end = super::tests::route("/a/{id}", "none");
        assert!(!end.fits("POST", &Parts::of("/a/").unwrap()));
        for path in ["", "a", "/a?", "/{", "/{}", "/{a}{b}", "/x{a}", "/{a}/{a}", "/a/../b", "/%41", "//", "/{a b}"] {
            assert!(path.parse::<Path>().is_err(), "{path}");
        }
        for method in ["", "get", "GET ", "G\u{c9}T"] {
            assert!(method.parse::<Method>().is_err(), "{method}");
        }
    }
}
