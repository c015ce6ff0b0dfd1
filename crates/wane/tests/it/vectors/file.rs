//! A file taken apart. What `test-vectors/README.md` does not list is refused.

use serde_json::Value;

/// Which reader takes the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Sealed,
    Token,
    Key,
    Approval,
    Scope,
    Arguments,
}

/// One file.
#[derive(Debug)]
pub(super) struct Vector {
    pub(super) expect: &'static str,
    pub(super) code: Option<String>,
    pub(super) block: Option<usize>,
    pub(super) kind: Payload,
    pub(super) now: Option<u64>,
    pub(super) roots: Option<String>,
    pub(super) request: Option<Value>,
    pub(super) arguments: Option<String>,
    pub(super) state: Option<Value>,
    pub(super) token: Option<String>,
    pub(super) payload: String,
}

/// Each layer, and the families of codes that it answers with.
const EXPECT: &[(&str, &[&str])] = &[
    ("ok", &[]),
    ("misuse", &["use-"]),
    ("parse-error", &["parse-"]),
    ("chain-error", &["chain-"]),
    ("denied", &["deny-", "state-"]),
    ("needs-approval", &["deny-needs-approval"]),
];

impl Vector {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (head, rest) = text.split_once("\n\n").ok_or("no empty line ends the headers")?;
        let payload = rest.strip_suffix('\n').ok_or("no LF ends the payload")?;
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for line in head.split('\n') {
            let (name, value) = line.split_once(": ").ok_or_else(|| format!("{line:?} is no header"))?;
            if value.is_empty() {
                return Err(format!("{name} is empty"));
            }
            if name != "roots" && headers.iter().any(|(known, _)| *known == name) {
                return Err(format!("{name} stands twice"));
            }
            headers.push((name, value));
        }

        let roots: Vec<&str> = headers.iter().filter(|(name, _)| *name == "roots").map(|(_, line)| *line).collect();
        headers.retain(|(name, _)| *name != "roots");
        let mut take = |wanted: &str| {
            let place = headers.iter().position(|(name, _)| *name == wanted)?;
            Some(headers.remove(place).1)
        };
        take("comment").ok_or("no comment")?;
        let expect = take("expect").ok_or("expect is not there")?;
        let code = take("code").map(str::to_owned);
        let expect = layer(expect, code.as_deref())?;
        check_ids(take("spec").ok_or("spec is not there")?)?;
        let (kind, times) = flags(take("flags"))?;
        let vector = Self {
            expect,
            code,
            block: take("block").map(number).transpose()?,
            kind,
            now: take("now").map(number).transpose()?,
            roots: (!roots.is_empty()).then(|| roots.join("\n") + "\n"),
            request: take("request").map(json).transpose()?,
            arguments: take("arguments").map(str::to_owned),
            state: take("state").map(json).transpose()?,
            token: take("token").map(str::to_owned),
            payload: payload.repeat(times),
        };
        match headers.first() {
            Some((name, _)) => Err(format!("the header {name} is not known")),
            None => vector.fits(),
        }
    }

    /// Headers that would be read by nobody are refused.
    fn fits(self) -> Result<Self, String> {
        let judged = self.request.is_some();
        let pairs = [
            (self.now.is_some() == judged, "now and request belong together"),
            (judged || self.arguments.is_none() && self.state.is_none(), "arguments or a state without a request"),
            (self.kind == Payload::Sealed || !judged, "a request for what is not judged"),
            (self.roots.is_some() == (self.kind == Payload::Sealed), "roots are for sealed tokens, and only for them"),
            (self.token.is_none() || self.expect == "ok" && judged, "a token that nobody seals again"),
            (self.code.is_some() || self.block.is_none(), "a block without a code"),
        ];
        match pairs.iter().find(|(fits, _)| !fits) {
            Some((_, reason)) => Err((*reason).to_owned()),
            None => Ok(self),
        }
    }
}

fn layer(expect: &str, code: Option<&str>) -> Result<&'static str, String> {
    let (layer, families) =
        EXPECT.iter().find(|(layer, _)| *layer == expect).ok_or_else(|| format!("expect: {expect} is not known"))?;
    let of_layer = match code {
        None => families.is_empty(),
        Some("deny-needs-approval") => *layer == "needs-approval",
        Some(code) => families.iter().any(|family| code.starts_with(family)),
    };
    if of_layer { Ok(layer) } else { Err(format!("{code:?} is no code of {expect}")) }
}

fn flags(stated: Option<&str>) -> Result<(Payload, usize), String> {
    let (mut kind, mut times) = (Payload::Sealed, 1);
    for flag in stated.into_iter().flat_map(|flags| flags.split(", ")) {
        let other = match flag {
            "token" => Payload::Token,
            "key" => Payload::Key,
            "approval" => Payload::Approval,
            "scope" => Payload::Scope,
            "arguments" => Payload::Arguments,
            flag => match flag.strip_prefix("repeat ") {
                Some(count) if times == 1 => {
                    times = number(count)?;
                    continue;
                }
                _ => return Err(format!("the flag {flag} is not known")),
            },
        };
        if kind != Payload::Sealed {
            return Err("two flags say what the payload is".to_owned());
        }
        kind = other;
    }
    Ok((kind, times))
}

fn check_ids(ids: &str) -> Result<(), String> {
    let is_id = |id: &str| {
        let digits = id.strip_prefix(['A', 'S', 'T']);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match ids.split(' ').find(|id| !is_id(id)) {
        Some(id) => Err(format!("spec: {id} is no id")),
        None => Ok(()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn json(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(format!("{text} is no JSON object")),
    }
}
