//! Reading scope text.
//!
//! ```text
//! scope     = text ["if" condition *("and" condition)] ["only" / "open"]
//! condition = target ("=" value / "in" "[" value *("," value) "]" / "<=" integer / ">=" integer
//!           / "len" "<=" integer / ("like" / "scheme") text / "absent"
//!           / ("under" / "host" / "cidr" / "seen") text *("," text))
//! target    = word / quoted            ; `/pointer`, `name` for `/name`, `@fact`, `@said.fact`; quoted: a pointer
//! value     = word / quoted            ; a word that is JSON is that value, any other is a text
//! text      = word / quoted            ; always a text
//! word      = 1*(any plain character but `,` `[` `]` `"` `=` `<` `>` and space)
//! quoted    = a JSON text
//! ```
//!
//! `and`, `if`, `only` and `open` are never patterns, targets, values or texts unless they are quoted.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::{OtherArguments, Scope};
use crate::arguments::{Number, number};
use crate::code::Code;
use crate::condition::words::KEYWORDS;
use crate::condition::{Condition, Length, Operands, Target, Test};
use crate::json;
use crate::refusal::Refusal;
use crate::value::{Integer, Value};

impl FromStr for Scope {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut reader = Reader { rest: text };
        let pattern = reader.text("a pattern")?.parse()?;
        let mut conditions = Vec::new();
        if reader.keyword("if") {
            conditions.push(reader.condition()?);
            while reader.keyword("and") {
                conditions.push(reader.condition()?);
            }
        }
        let stated = if reader.keyword("only") {
            Some(OtherArguments::Closed)
        } else {
            reader.keyword("open").then_some(OtherArguments::Open)
        };
        reader.end(match (stated, conditions.is_empty()) {
            (Some(_), _) => "the end",
            (None, true) => "`if`, `only`, `open` or the end",
            (None, false) => "`and`, `only`, `open` or the end",
        })?;
        // Whoever names arguments most likely means no others.
        // spec: T101
        let unstated = if conditions.is_empty() { OtherArguments::Open } else { OtherArguments::Closed };
        Self::new(pattern, conditions, stated.unwrap_or(unstated))
    }
}

impl FromStr for Condition {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut reader = Reader { rest: text };
        let condition = reader.condition()?;
        reader.end("the end")?;
        Ok(condition)
    }
}

/// Reads a text from its start; what is left says where a refusal arose.
struct Reader<'a> {
    rest: &'a str,
}

/// A word as written, or a quoted text with its escapes resolved.
enum Token<'a> {
    Quoted(String),
    Word(&'a str),
}

impl<'a> Reader<'a> {
    fn condition(&mut self) -> Result<Condition, Refusal> {
        let target = self.target()?;
        let test = self.test()?;
        Condition::new(target, test)
    }

    fn target(&mut self) -> Result<Target, Refusal> {
        let here = self.rest;
        match self.token("an argument or a `@fact`")? {
            Token::Word(word) if word.starts_with(['/', '@']) => word.parse(),
            Token::Word(word) => format!("/{word}").parse(),
            Token::Quoted(text) if text.starts_with('/') => text.parse().map(Target::Argument),
            Token::Quoted(_) => Err(expected(here, "a pointer that starts with `/`")),
        }
    }

    fn test(&mut self) -> Result<Test, Refusal> {
        if self.symbol("<=") {
            return self.integer().map(Test::AtMost);
        }
        if self.symbol(">=") {
            return self.integer().map(Test::AtLeast);
        }
        if self.symbol("=") {
            return self.value().map(Test::Equals);
        }
        let operator = "an operator (=, in, <=, >=, len <=, like, under, host, scheme, cidr, absent, seen)";
        let here = self.rest;
        match self.word(operator)? {
            "absent" => Ok(Test::Absent),
            "cidr" => self.texts().map(Test::Cidr),
            "host" => self.texts().map(Test::Host),
            "in" => self.values().map(Test::In),
            "len" => self.length().map(Test::LenAtMost),
            "like" => Ok(Test::Like(self.text("a text")?.parse()?)),
            "scheme" => Ok(Test::Scheme(self.text("a text")?.parse()?)),
            "seen" => self.texts().map(Test::Seen),
            "under" => self.texts().map(Test::Under),
            _ => Err(expected(here, operator)),
        }
    }

    fn length(&mut self) -> Result<Length, Refusal> {
        self.require("<=")?;
        let here = self.rest;
        let length = u64::try_from(self.integer()?.get()).map_err(|_| expected(here, "a length"))?;
        Length::new(length)
    }

    fn integer(&mut self) -> Result<Integer, Refusal> {
        let here = self.rest;
        match self.value()? {
            Value::Integer(integer) => Ok(integer),
            _ => Err(expected(here, "an integer")),
        }
    }

    fn values(&mut self) -> Result<Operands<Value>, Refusal> {
        self.require("[")?;
        let mut values = Vec::from([self.value()?]);
        while self.symbol(",") {
            values.push(self.value()?);
        }
        self.require("]")?;
        Operands::new(values)
    }

    // spec: T102
    fn value(&mut self) -> Result<Value, Refusal> {
        let word = match self.token("a value")? {
            Token::Quoted(text) => return Value::text(&text),
            Token::Word(word) => word,
        };
        match (word, number::read(word)) {
            ("null", _) => Ok(Value::Null),
            ("true", _) => Ok(Value::Bool(true)),
            ("false", _) => Ok(Value::Bool(false)),
            (_, Ok(Number::Integer(integer))) => Ok(Value::Integer(integer)),
            (_, Err(number::Fault::Grammar)) => Value::text(word),
            (_, Err(number::Fault::IntegerRange)) => {
                let bound = crate::value::INTEGER_RANGE;
                Err(Refusal::new(Code::ParseJsonNumber, "conditions", json::shorten(word), bound))
            }
            (_, Ok(Number::Float(_)) | Err(number::Fault::FloatRange)) => {
                let bound = "an integer; quote it if a text is meant";
                Err(Refusal::new(Code::ParseCondition, "conditions", json::shorten(word), bound))
            }
        }
    }

    fn texts<T>(&mut self) -> Result<Operands<T>, Refusal>
    where
        T: FromStr<Err = Refusal> + PartialEq + fmt::Display,
    {
        let mut operands = Vec::from([self.text("a text")?.parse()?]);
        while self.symbol(",") {
            operands.push(self.text("a text")?.parse()?);
        }
        Operands::new(operands)
    }

    fn text(&mut self, what: &str) -> Result<Cow<'a, str>, Refusal> {
        Ok(match self.token(what)? {
            Token::Quoted(text) => Cow::Owned(text),
            Token::Word(word) => Cow::Borrowed(word),
        })
    }

    /// A quoted text, or a word that is not a keyword.
    fn token(&mut self, what: &str) -> Result<Token<'a>, Refusal> {
        self.skip_space();
        if self.rest.starts_with('"') {
            return self.quoted().map(Token::Quoted);
        }
        let here = self.rest;
        let word = self.word(what)?;
        if KEYWORDS.contains(&word) { Err(expected(here, what)) } else { Ok(Token::Word(word)) }
    }

    fn quoted(&mut self) -> Result<String, Refusal> {
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        match texts.next() {
            Some(Ok(text)) => {
                self.rest = self.rest.get(texts.byte_offset()..).unwrap_or_default();
                Ok(text)
            }
            _ => Err(expected(self.rest, "a text in json quotes")),
        }
    }

    // spec: T100
    fn word(&mut self, what: &str) -> Result<&'a str, Refusal> {
        self.skip_space();
        let letter = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '[' | ']' | '"' | '=' | '<' | '>');
        let end = self.rest.find(|c| !letter(c)).unwrap_or(self.rest.len());
        match self.rest.split_at_checked(end) {
            Some((word, rest)) if !word.is_empty() => {
                self.rest = rest;
                Ok(word)
            }
            _ => Err(expected(self.rest, what)),
        }
    }

    /// Takes the word if it stands here.
    fn keyword(&mut self, keyword: &str) -> bool {
        let here = self.rest;
        let stands = self.word("").is_ok_and(|word| word == keyword);
        if !stands {
            self.rest = here;
        }
        stands
    }

    /// Takes the symbol if it stands here.
    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(symbol);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn require(&mut self, symbol: &'static str) -> Result<(), Refusal> {
        if self.symbol(symbol) { Ok(()) } else { Err(expected(self.rest, &format!("`{symbol}`"))) }
    }

    fn end(&mut self, what: &str) -> Result<(), Refusal> {
        self.skip_space();
        if self.rest.is_empty() { Ok(()) } else { Err(expected(self.rest, what)) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }
}

// spec: T103
fn expected(here: &str, what: &str) -> Refusal {
    let here = here.trim_start();
    Refusal::new(Code::ParseScope, "scope", if here.is_empty() { "the end" } else { json::shorten(here) }, what)
}
