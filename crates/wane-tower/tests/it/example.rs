//! The example, as a process of its own, and two clients that it does not know.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Heir, Narrowing, RootGrant, Seal, SecretKey, mint};
use wane_audit::LogSecret;
use wane_ledger::{Ledger, LedgerUrl};

use crate::scene::{Answered, ask};

/// Cargo builds examples with the tests, into the folder beside theirs.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples/tool_server");
    assert!(path.is_file(), "{} is built with the tests: cargo test --package wane-tower", path.display());
    path
}

/// The server, which ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(folder: &Path, ledger: &LedgerUrl) -> (Self, SocketAddr) {
        let of = |name: &str| folder.join(name);
        let mut command = Command::new(example());
        command.arg(of("root.pub")).arg(ledger.to_string()).arg(of("log.secret")).arg("127.0.0.1:0");
        let mut server = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("http://").expect("it says where it listens").parse().unwrap();
        (server, address)
    }
}

async fn post(address: SocketAddr, path: &str, token: &str, body: &str) -> Answered {
    let request = http::Request::post(path).header("authorization", format!("Bearer {token}"));
    ask(address, request, body.to_owned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_serves_its_tools_to_who_may_call_them() {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut rng = UnwrapErr(SysRng);
    let (root, secret) = (SecretKey::generate(&mut rng), LogSecret::from_bytes([7; 32]));
    std::fs::write(folder.path().join("root.pub"), format!("{}\n", root.public_key())).unwrap();
    std::fs::write(folder.path().join("log.secret"), secret.expose_text().as_bytes()).unwrap();
    let url: LedgerUrl = format!("sqlite:{}", folder.path().join("ledger.db").display()).parse().unwrap();
    let mut ledger = Ledger::create(url.create().unwrap(), secret.hint(), None, now, Box::new(rng)).unwrap();
    let grant = RootGrant::new("notes".parse().unwrap(), now, now + 600).ledger(ledger.id());
    let grant = grant.scope("read:notes".parse().unwrap()).scope("write:notes".parse().unwrap());
    let token = mint(&grant, &root, Heir::carried(&mut rng)).unwrap();
    ledger.register(token.chain(), Some(&root.public_key()), now).unwrap();
    let narrowing = Narrowing::new().keep("write:notes if text like draft:*".parse().unwrap());
    let child = token.attenuate(&narrowing, Heir::carried(&mut rng)).unwrap().seal(&Seal::new()).unwrap().to_text();
    let sealed = token.seal(&Seal::new()).unwrap().to_text();
    let (mut server, address) = Server::start(folder.path(), &url);

    let written = post(address, "/write", &sealed, r#"{"text":"b"}"#).await;
    assert_eq!((written.status.as_u16(), written.headers.get("wane-ledger")), (200, None));
    assert_eq!(post(address, "/write", &child, r#"{"text":"draft: c"}"#).await.status, 200);
    let refused = [
        ("/write", &child, r#"{"text":"c"}"#, 403, "deny-condition"),
        ("/read", &child, "{}", 403, "deny-scope"),
        ("/delete", &sealed, "{}", 403, "deny-unlisted"),
        ("/read", &sealed, r#"{"text":"a","text":"b"}"#, 400, "parse-json-duplicate"),
        ("/read", &sealed, "", 400, "parse-json"),
    ];
    for (path, token, body, status, code) in refused {
        assert_eq!(post(address, path, token, body).await.refusal(), (status, code.into()), "{path} {body}");
    }
    assert_eq!(post(address, "/read", &sealed, "{}").await.body, "{\"text\":\"b\"}\n{\"text\":\"draft: c\"}");
    // What it has read is restricted, and nothing is written any more; the ledger outlives the server.
    let after = post(address, "/write", &sealed, r#"{"text":"b"}"#).await;
    assert_eq!(after.refusal(), (403, "deny-ratchet".into()));
    let id = server.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
    let (_server, address) = Server::start(folder.path(), &url);
    assert_eq!(post(address, "/write", &child, r#"{"text":"draft: c"}"#).await.refusal(), after.refusal());
    assert_eq!(post(address, "/read", &sealed, "{}").await.body, "");

    // curl is a client that shares no code with this one.
    if !Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "`curl --version` fails");
        return;
    }
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "30", "--write-out", " %{http_code} %{content_type}"])
        .args(["--header", &format!("Authorization: Bearer {child}"), "--data-binary", "{}"])
        .arg(format!("http://{address}/read"))
        .output()
        .unwrap();
    let said = String::from_utf8(curl.stdout).unwrap();
    assert!(said.contains(r#""code":"deny-scope""#) && said.ends_with(" 403 application/problem+json"), "{said}");
}
