//! What is a URL of a ledger, what is none, and what is shown of one.

use super::*;

fn home() -> StateHome {
    StateHome { state: None, home: Some("/home/ada".into()) }
}

fn parsed(text: &str) -> Result<LedgerUrl, Refusal> {
    LedgerUrl::parse(text, &home())
}

#[test]
fn each_scheme_is_read() {
    let shown = |text: &str| parsed(text).expect(text).to_string();
    assert_eq!(shown("memory:"), "memory:");
    assert_eq!(shown("sqlite:ledger.db"), "sqlite:ledger.db");
    assert_eq!(shown("sqlite:/var/lib/wane.db"), "sqlite:/var/lib/wane.db");
    assert_eq!(shown("sqlite::memory:"), "sqlite::memory:");
    assert_eq!(shown("sqlite:"), "sqlite:/home/ada/.local/state/wane/ledger.db");
    assert_eq!(shown("postgresql://db/wane"), "postgresql://db/wane");
    assert!(parsed("memory:").expect("a url").is_volatile());
    assert!(parsed("memory:").expect("a url").open().expect("a store").view(&mut |_| Ok(())).is_ok());
    assert_eq!(parsed("sqlite:a/b").expect("a url").file(), Some(Path::new("a/b")));
}

#[test]
fn what_names_no_ledger_is_refused_and_not_repeated() {
    let cases = [
        ("", "it names no ledger: it has no scheme"),
        ("ledger.db", "it names no ledger: it has no scheme"),
        ("mysql://ada:secret@db/wane", "`mysql:` names no ledger: the scheme is not known"),
        ("SQLITE:x", "`SQLITE:` names no ledger: the scheme is not known"),
        ("/secret:x", "it names no ledger: the scheme is not known"),
        ("memory:secret", "`memory:` names no ledger: nothing follows `memory:`"),
        ("sqlite://secret/x", "`sqlite:` names no ledger: a file has no host; write `sqlite:PATH`"),
        ("sqlite:~/x", "`sqlite:` names no ledger: `~` is the shell's; write the path in full"),
        ("sqlite:x?mode=secret", "`sqlite:` names no ledger: a path has no options"),
        ("sqlite:x/", "`sqlite:` names no ledger: the path names a folder"),
        ("sqlite:..", "`sqlite:` names no ledger: the path names a folder"),
        ("sqlite:a\nb", "`sqlite:` names no ledger: a URL is one line of printable text"),
        ("postgres:secret", "`postgres:` names no ledger: `//HOST/DATABASE` must follow"),
        ("postgres://", "`postgres:` names no ledger: `//HOST/DATABASE` must follow"),
    ];
    for (text, line) in cases {
        let refusal = parsed(text).expect_err(text);
        assert_eq!((refusal.code(), refusal.to_string().as_str()), (Code::UseLedgerUrl, line), "{text}");
    }
}

#[test]
fn without_a_home_a_path_must_be_given() {
    for home in [StateHome::default(), StateHome { state: Some("relative".into()), home: Some("also/relative".into()) }]
    {
        let refusal = LedgerUrl::parse("sqlite:", &home).expect_err("no path");
        assert!(refusal.bound().contains("XDG_STATE_HOME"), "{refusal}");
        assert!(LedgerUrl::parse("sqlite:x", &home).is_ok());
    }
    let both = StateHome { state: Some("/state".into()), home: Some("/home/ada".into()) };
    assert_eq!(both.ledger(), Some("/state/wane/ledger.db".into()));
}

#[test]
fn no_password_is_shown() {
    let cases = [
        ("postgres://ada@db/wane", "postgres://ada@db/wane"),
        ("postgres://db:5432/wane?sslmode=disable", "postgres://db:5432/wane?sslmode=disable"),
        ("postgres://[::1]:5432/wane", "postgres://[::1]:5432/wane"),
        ("postgres://[::1]/wane", "postgres://[::1]/wane"),
        ("postgres:///wane?host=/run/postgresql", "postgres:///wane?host=/run/postgresql"),
        ("postgres://ada:secret@db/wane", "postgres://ada:***@db/wane"),
        ("postgresql://ada:sec/r?e:t@secret@db:1/wane", "postgresql://ada:***@db:1/wane"),
        ("postgres://db/wane?password=secret&user=ada", "postgres://db/wane?password=***&user=ada"),
        ("postgres://db/wane?p%61ssword=secret", "postgres://db/wane?p%61ssword=***"),
        ("postgres://ada@db/wane?password=secret@x", "postgres://ada:***@x"),
        ("postgres://ada/secret@db/wane", "postgres://ada:***@db/wane"),
        ("postgres://ada@secret@db/wane", "postgres://ada:***@db/wane"),
        ("postgres://ada#secret@db/wane", "postgres://ada:***@db/wane"),
        ("postgres://db/wane?secret&user=ada&", "postgres://db/wane?***&user=ada&"),
        ("postgres://ada:secret", "postgres://ada:***"),
        ("postgres://ada:secret/wane", "postgres://ada:***/wane"),
        ("postgres://ada:deadbeef", "postgres://ada:***"),
        ("postgres://ada:cafe/wane", "postgres://ada:***/wane"),
        ("postgres://ada:123456/wane", "postgres://ada:***/wane"),
        ("postgres://ada:65536/wane", "postgres://ada:***/wane"),
        ("postgres://ada:+123/wane", "postgres://ada:***/wane"),
        ("postgres://ada:se:12/wane", "postgres://ada:***/wane"),
        ("postgres://ada:secret,db:12/wane", "postgres://ada:***/wane"),
        ("postgres://[::1]:cafe/wane", "postgres://[::1]:***/wane"),
        ("postgres://[::1]cafe/wane", "postgres://[::1]:***/wane"),
        ("postgres://[ada:cafe/wane", "postgres://[ada:***/wane"),
    ];
    for (text, shown) in cases {
        let url = parsed(text).expect(text);
        assert_eq!(url.to_string(), shown, "{text}");
        assert_eq!(format!("{url:?}"), format!("LedgerUrl({shown})"));
        assert_eq!(url.has_password(), text != shown, "{text}");
    }
}
