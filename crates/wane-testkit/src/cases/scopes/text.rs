//! Scope text (scopes.md section 4): only read.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [taken(), refused(), of_parts()].concat()
}

fn case((name, comment, spec, text, answer): (&str, &str, &str, &str, &str)) -> Case {
    Case::new(&format!("scopes/text-{name}"), comment).spec(spec).read_as(answer, "scope", text)
}

fn taken() -> Vec<Case> {
    let rows = [
        (
            "example",
            "the example of the specification",
            "T101",
            "read:files:* if path under /data/reports and limit <= 100 only",
        ),
        ("pattern", "a pattern alone", "T101", "read:files:*"),
        ("only", "a pattern and only", "T101", "read:files:* only"),
        ("open", "a condition and open", "T101 T104", "read:files:* if path under /data open"),
        ("open-pattern", "a pattern and open", "T101", "read:files:* open"),
        (
            "tight",
            "no white space where none is needed",
            "T103",
            r#"read:* if a=1 and b<=2 and c len<=3 and d in[1,"x"]"#,
        ),
        (
            "wide",
            "white space between any two parts",
            "T103",
            "  read:*   if  a  len  <=  3  and  b  in  [  1  ,  2  ]  only",
        ),
        (
            "every-operator",
            "every operator",
            "T103",
            concat!(
                r#"read:* if a = x and b in [1, null] and c <= 1 and d >= -1 and e len <= 2 and f like *.csv and g under /a, /b "#,
                r#"and h host a.b, "[::1]:80" and i scheme https and j cidr 10.0.0.0/8 and k absent and l seen x.y, z"#
            ),
        ),
        ("quoted", "quoted texts, with escapes", "T100", r#""read:*" if "/a b" = "\u0061\"" and c = "if" only"#),
        ("keyword-in-word", "words that start with a keyword", "T100", "read:* if android = iffy and opened = onlyx"),
        (
            "operator-as-target",
            "operators as names of arguments",
            "T103",
            "read:* if in in [in] and len len <= 1 and absent absent",
        ),
        (
            "short-target",
            "a name is short for a pointer, and a fact is none",
            "T81",
            "read:* if path = 1 and @path = 1 and @said.path = 1",
        ),
        ("pointer", "pointers written out", "T103", "read:* if /a/b = 1 and /a~1b = 1 and a/b/c = 1"),
        (
            "numbers",
            "integers in every spelling that JSON has",
            "T102",
            "read:* if a = 1e2 and b = -0 and c = 1.0 and d <= 9007199254740991",
        ),
        (
            "not-numbers",
            "words that JSON does not have as numbers are texts",
            "T102",
            "read:* if a = 01 and b = +1 and c = 1. and d = 0x1 and e = -",
        ),
        ("quoted-number", "a quoted number is a text", "T102", r#"read:* if a = "1.5" and b = "9007199254740993""#),
        ("letters", "letters beyond ASCII, quoted", "T100", r#"read:* if "/größe" = "名前""#),
        ("punctuation", "all that ASCII lets stand in a word", "T103", r"read:* if a = !#$%&'()*+-./:;?@\^_`{|}~"),
    ];
    rows.into_iter().map(|(name, comment, spec, text)| case((name, comment, spec, text, "ok"))).collect()
}

fn refused() -> Vec<Case> {
    let rows = [
        ("no-pattern", "no pattern", "if a = 1"),
        ("if-alone", "no condition behind if", "read:* if"),
        ("if-only", "a keyword in place of a condition", "read:* if only"),
        ("and-alone", "no condition behind and", "read:* if a = 1 and"),
        ("no-and", "two conditions without and", "read:* if a = 1 b = 2"),
        ("comma", "a comma in place of and", "read:* if a = 1, b = 2"),
        ("and-first", "and in place of if", "read:* and a = 1"),
        ("only-open", "only and open", "read:* if a = 1 only open"),
        ("only-twice", "only twice", "read:* only only"),
        ("only-first", "only before the conditions", "read:* only if a = 1"),
        ("unknown-operator", "an operator that is none", "read:* if a matches x"),
        ("capitals", "an operator in capitals", "read:* if a UNDER /x"),
        ("less", "an operator of programming languages", "read:* if a < 5"),
        ("not-equal", "another one", "read:* if a != 5"),
        ("two-equals", "= twice", "read:* if a == 5"),
        ("no-operand", "no operand", "read:* if a under"),
        ("keyword-operand", "a keyword as an operand", "read:* if a = only"),
        ("list-not-closed", "a list that is not closed", "read:* if a in [1, 2"),
        ("list-empty", "an empty list", "read:* if a in []"),
        ("list-bare", "a list without brackets", "read:* if a in 1, 2"),
        ("list-comma", "a comma at the end of a list", "read:* if a in [1,]"),
        ("bound-text", "a text as a bound", "read:* if a <= x"),
        ("bound-quoted", "a quoted number as a bound", r#"read:* if a <= "1""#),
        ("length-negative", "a negative length", "read:* if a len <= -1"),
        ("length-at-least", "a smallest length", "read:* if a len >= 1"),
        ("absent-operand", "absent with an operand", "read:* if a absent x"),
        ("quote-open", "a quoted text without an end", r#"read:* if a = "x"#),
        ("quote-escape", "an escape that JSON does not have", r#"read:* if a = "\x61""#),
        ("quote-surrogate", "half a surrogate pair", r#"read:* if a = "\ud800""#),
        ("letters-bare", "letters beyond ASCII that are not quoted", "read:* if a = 名前"),
        ("sign-bare", "a sign that only some versions of Unicode call a letter", r"read:* if a = xⓐ"),
        ("quote-glued", "something glued to a quoted text", r#"read:* if a = "x"y"#),
        ("no-break-space", "a space that is not white space here", "read:* if\u{a0}a = 1"),
        ("invisible", "a character that cannot be seen", "read:* if a = x\u{200b}"),
    ];
    let case = |(name, comment, text)| case((name, comment, "T103", text, "parse-scope"));
    rows.into_iter().map(case).collect()
}

/// Parts that have the form of scope text and are not what they stand for.
fn of_parts() -> Vec<Case> {
    let rows = [
        ("pattern-form", "the pattern has an empty segment", "T65 T103", "read::a", "parse-pattern"),
        ("number-large", "2^53", "T102", "read:* if a = 9007199254740992", "parse-json-number"),
        ("number-fraction", "a fraction", "T102", "read:* if a = 1.5", "parse-condition"),
        ("number-in-list", "a fraction in a list", "T102", "read:* if a in [x, 0.5]", "parse-condition"),
        ("bound-fraction", "a fraction as a bound", "T102", "read:* if a <= 0.5", "parse-condition"),
        ("length-large", "2^53 as a length", "T102", "read:* if a len <= 9007199254740992", "parse-json-number"),
        ("path-form", "a directory that ends in a slash", "T91 T103", "read:* if path under /data/", "parse-condition"),
        ("host-form", "a host in capitals", "T94 T103", "read:* if url host A.b", "parse-condition"),
        ("network-form", "a network with host bits", "T98 T103", "read:* if ip cidr 10.0.0.1/8", "parse-condition"),
        ("scheme-form", "a scheme with a colon", "T96 T103", "read:* if url scheme https:", "parse-condition"),
        ("source-form", "an empty name of a result field", "T79 T103", r#"read:* if a seen """#, "parse-condition"),
        ("fact-form", "a fact with a capital", "T36 T103", "read:* if @Env = x", "parse-name"),
        ("said-alone", "the fact said", "T80 T103", "read:* if @said = x", "parse-condition"),
        ("pointer-form", "a pointer with an unknown escape", "T80 T103", "read:* if /a~2 = 1", "parse-condition"),
        (
            "quoted-not-pointer",
            "a quoted target that is no pointer",
            "T80 T103",
            r#"read:* if "path" = 1"#,
            "parse-scope",
        ),
        ("quoted-fact", "a quoted target that looks like a fact", "T80 T103", r#"read:* if "@env" = 1"#, "parse-scope"),
        ("operand-twice", "an operand twice", "T103", "read:* if a in [1, 1.0]", "parse-condition"),
        ("directory-twice", "a directory twice", "T103", "read:* if a under /x, /x", "parse-condition"),
        ("condition-twice", "a condition twice", "T103", "read:* if a = 1 and /a = 1", "parse-condition"),
    ];
    rows.into_iter().map(case).collect()
}
