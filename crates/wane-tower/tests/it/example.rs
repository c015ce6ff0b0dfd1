//! The example, as a process of its own, and two clients that it does not know.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tempfile::TempDir;
use wane::{Heir, Narrowing, RootGrant, Seal, SecretKey, Token, mint};
use wane_audit::LogSecret;
use wane_ledger::{Ledger, LedgerUrl};

use crate::scene::{Answered, PATIENCE, ask};

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
        command.stderr(Stdio::piped());
        command.arg(of("root.pub")).arg(ledger.to_string()).arg(of("log.secret")).arg("127.0.0.1:0");
        let mut server = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("http://").expect("it says where it listens").parse().unwrap();
        (server, address)
    }

    fn interrupt(&self) {
        assert!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap().success());
    }
}

/// What a server is started with, and a token for it.
struct Notes {
    folder: TempDir,
    url: LedgerUrl,
    token: Token,
}

impl Notes {
    fn new() -> Self {
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
        Self { folder, url, token }
    }
}

async fn post(address: SocketAddr, path: &str, token: &str, body: &str) -> Answered {
    let request = http::Request::post(path).header("authorization", format!("Bearer {token}"));
    ask(address, request, body.to_owned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_serves_its_tools_to_who_may_call_them() {
    let Notes { folder, url, token } = Notes::new();
    let narrowing = Narrowing::new().keep("write:notes if text like draft:*".parse().unwrap());
    let child = token
        .attenuate(&narrowing, Heir::carried(&mut UnwrapErr(SysRng)))
        .unwrap()
        .seal(&Seal::new())
        .unwrap()
        .to_text();
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
    server.interrupt();
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

/// Somebody else holds the ledger, and an admission waits for it that its client has given up. Then the ledger is gone.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_says_so_where_it_could_not_close_its_guard() {
    let notes = Notes::new();
    let (mut server, address) = Server::start(notes.folder.path(), &notes.url);
    let sealed = notes.token.seal(&Seal::new()).unwrap().to_text();
    let mut store = notes.url.open().unwrap();
    let held = store.transact(&[], &mut |_| {
        let mut client = TcpStream::connect(address).unwrap();
        let head = format!("POST /read HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {sealed}\r\n");
        client.write_all(format!("{head}Content-Length: 2\r\n\r\n{{}}").as_bytes()).unwrap();
        // Nothing comes: it waits.
        client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(client.read(&mut [0]).is_err());
        drop(client);
        server.interrupt();
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_ok() {
            assert!(Instant::now() < until, "it still listens");
        }
        let ledger = notes.folder.path().join("ledger.db");
        std::fs::rename(&ledger, ledger.with_extension("away")).unwrap();
        Ok(())
    });
    drop((held, store));
    let status = server.0.wait().unwrap();
    let mut said = String::new();
    server.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.starts_with("Error: "), "{said}");
}
