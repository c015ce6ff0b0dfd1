//! Over TLS, with programs of others at the other end: curl and openssl as clients, Python as a server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::keys::is_there;
use crate::mcp_serve::{self, Gateway};
use crate::scene::{Scene, shell};
use crate::serve::{self, Serving, soon};

macro_rules! fixtures {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../crates/wane-gateway/tests/tls/", $name)))),*]
    };
}

const FIXTURES: &[(&str, &str)] =
    fixtures!["ours.crt", "others.crt", "server.crt", "server.key", "rsa.crt", "rsa.key", "expired.crt"];

/// A server of MCP over TLS that answers all that it is asked, and says on which port.
const SERVER: &str = r#"
import http.server, json, ssl, sys
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"content": []}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

fn tools() -> bool {
    is_there("curl --version") && is_there("openssl version") && is_there("python3 --version")
}

fn with_certificates(scene: Scene) -> Scene {
    for (name, text) in FIXTURES {
        scene.write(name, text);
        scene.chmod(name, 0o600);
    }
    scene
}

/// A server that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _: std::io::Result<()> = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server(scene: &Scene, certificate: &str, key: &str) -> (Ends, String) {
    scene.write("server.py", SERVER);
    let line = format!("exec python3 server.py {certificate} {key}");
    let mut child = shell(&scene.path(""), &line).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (Ends(child), format!("https://localhost:{}/mcp", port.trim()))
}

/// A call by curl, with its certificate authority.
fn curl(scene: &Scene, authority: &str, url: &str) -> crate::scene::Ran {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;
    let token = "-H \"authorization: Bearer $(cat sealed)\" -H 'content-type: application/json'";
    scene.sh(&format!("curl -sS --max-time 20 --cacert {authority} {token} -d '{body}' {url}"))
}

/// The name in the certificate that is shown there.
fn shown(scene: &Scene, address: &str) -> String {
    scene.sh(&format!("openssl s_client -connect {address} -CAfile ours.crt | openssl x509 -noout -subject")).out
}

#[test]
fn curl_calls_a_server_of_python_and_all_of_it_is_encrypted() {
    if !tools() {
        return;
    }
    let scene = with_certificates(mcp_serve::scene());
    let (_ends, url) = server(&scene, "rsa.crt", "rsa.key");
    let flags = format!(
        "--client-tokens --catalogue one.toml --upstream {url} --upstream-ca others.crt --upstream-ca ours.crt \
         --tls-cert server.crt --tls-key server.key --listen 0.0.0.0:0"
    );
    let mut gateway = Gateway::start(&scene, &flags);
    let address = gateway.line().strip_prefix("listening on https://0.0.0.0:").unwrap().to_owned();
    let url = format!("https://127.0.0.1:{address}/mcp");
    assert_eq!(gateway.line(), format!("files: https://0.0.0.0:{address}/files/mcp"));
    let called = curl(&scene, "ours.crt", &url).exits(0).json();
    assert_eq!(called["result"]["content"], serde_json::json!([]), "{called}");
    for version in ["--tlsv1.2 --tls-max 1.2", "--tlsv1.3"] {
        curl(&scene, &format!("ours.crt {version}"), &url).exits(0);
    }
    // Curl says 60 of a certificate that it does not believe, and 35 of no terms at all.
    curl(&scene, "others.crt", &url).exits(60);
    curl(&scene, "ours.crt --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0", &url).exits(35);
    assert_ne!(curl(&scene, "ours.crt", &url.replace("https:", "http:")).code, 0);
    assert!(!gateway.stop().contains("wane1."));
}

#[test]
fn a_server_that_is_not_believed_is_told_of() {
    if !tools() {
        return;
    }
    let scene = with_certificates(mcp_serve::scene());
    let (expired, unknown) =
        ("its certificate has expired", "its certificate is of no authority that is believed here");
    for (certificate, authority, why) in [
        ("expired.crt", "--upstream-ca ours.crt", expired),
        ("server.crt", "--upstream-ca others.crt", unknown),
        // Whose word counts on this machine is in a file too.
        ("server.crt", "", unknown),
    ] {
        let (_ends, url) = server(&scene, certificate, "server.key");
        let flags = format!("--client-tokens --catalogue one.toml --upstream {url} {authority} --listen 127.0.0.1:0");
        let line = format!(
            "SSL_CERT_DIR=; SSL_CERT_FILE=others.crt; export SSL_CERT_DIR SSL_CERT_FILE; exec wane mcp serve --root root.pub --ledger sqlite:l.db {flags}"
        );
        let mut gateway = Gateway::spawn(&mut shell(&scene.path(""), &line));
        let address = gateway.line().strip_prefix("listening on http://").unwrap().to_owned();
        let called = curl(&scene, "ours.crt", &format!("http://{address}/mcp")).exits(0).json();
        let message = format!("the tool server cannot be reached: {why}");
        assert_eq!(called["error"]["message"], message.as_str(), "{called}");
        let said = gateway.stop();
        assert!(said.contains(&format!("note: dropped from the server: `files` cannot be reached: {why}\n")), "{said}");
    }
}

#[test]
fn a_renewed_certificate_comes_into_force_and_a_broken_one_does_not() {
    if !tools() {
        return;
    }
    let scene = with_certificates(mcp_serve::scene());
    scene.sh("cp server.crt shown.crt && cp server.key shown.key").exits(0);
    let flags = "--client-tokens --catalogue one.toml --upstream cat --tls-cert shown.crt --tls-key shown.key \
                 --listen 127.0.0.1:0 --json 2> log";
    let mut gateway = Gateway::start(&scene, flags);
    let told: Value = serde_json::from_str(&gateway.line()).unwrap();
    let address = told["listen"].as_str().unwrap().strip_prefix("https://").unwrap().to_owned();
    assert_eq!(shown(&scene, &address), "subject=CN = server\n");
    let mut expected = Vec::new();
    for (change, event, shows) in [
        // One after the other, as whoever renews it does.
        ("cp rsa.crt shown.crt", "unusable", "server"),
        // Another reason is told, though its code is the same.
        ("chmod 644 shown.key && cp rsa.key shown.key", "unusable", "server"),
        ("chmod 600 shown.key", "reread", "rsa"),
        // Nor is a key used that others can read.
        ("chmod 644 shown.key && cp server.key shown.key && cp server.crt shown.crt", "unusable", "rsa"),
        ("chmod 600 shown.key", "reread", "server"),
        ("rm shown.key", "unusable", "server"),
    ] {
        scene.sh(change).exits(0);
        expected.push(event);
        let told =
            || -> Vec<Value> { scene.read("log").lines().filter_map(|line| serde_json::from_str(line).ok()).collect() };
        let events = || told().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        soon(change, || events().len() >= expected.len());
        assert_eq!(events(), expected, "{change}");
        assert_eq!(shown(&scene, &address), format!("subject=CN = {shows}\n"), "{change}");
        let code = if event == "unusable" { "parse-certificate".into() } else { Value::Null };
        let last = serde_json::json!({ "event": event, "what": "certificate", "file": "shown.crt", "code": code });
        assert_eq!(told().last(), Some(&last));
    }
    gateway.stop();
}

#[test]
fn the_service_is_asked_over_tls() {
    if !tools() {
        return;
    }
    let scene = with_certificates(serve::scene());
    let mut serving = Serving::start(&scene, "--listen 0.0.0.0:0 --tls-cert server.crt --tls-key server.key");
    let address = serving.first.replace("0.0.0.0", "127.0.0.1");
    let get = |scheme: &str, path: &str| {
        scene.sh(&format!(
            "curl -sS --max-time 20 --cacert ours.crt -o out -w '%{{http_code}}' {scheme}://{address}{path}"
        ))
    };
    soon("it is ready", || get("https", "/readyz").out == "200");
    assert_ne!(get("http", "/healthz").code, 0);
    let body = serve::question(&scene, "/v1/admit", "read");
    scene.write("question", body.split_once("\r\n\r\n").unwrap().1);
    let post = "curl -sS --max-time 20 --cacert ours.crt -H 'content-type: application/json' -d @question";
    let admitted = scene.sh(&format!("{post} https://{address}/v1/admit")).exits(0).json();
    assert_eq!((&admitted["verdict"], &admitted["committed"]), (&"allow".into(), &true.into()), "{admitted}");
    scene.sh("cp rsa.key server.key").exits(0);
    soon("it is not ready", || get("https", "/readyz").out == "503");
    let problem: Value = serde_json::from_str(&scene.read("out")).unwrap();
    let wrong = serde_json::json!([{ "what": "certificate", "file": "server.crt", "code": "parse-certificate" }]);
    assert_eq!(problem["problems"], wrong, "{problem}");
    scene.sh("cp rsa.crt server.crt").exits(0);
    soon("it is ready again", || get("https", "/readyz").out == "200");
    assert_eq!(shown(&scene, &address), "subject=CN = rsa\n");
    assert_eq!(serving.end("-TERM"), Some(0));
}

#[test]
fn what_cannot_be_used_does_not_start() {
    let scene = with_certificates(mcp_serve::scene());
    scene.sh("cp server.key open.key && chmod 644 open.key").exits(0);
    let (both, url) = ("--tls-cert server.crt --tls-key server.key", "--upstream http://127.0.0.1:9/mcp");
    let (https, local) = ("--upstream https://127.0.0.1:9/mcp", "--listen 127.0.0.1:0");
    for (flags, exit, word) in [
        (format!("--client-tokens {url} {local} --tls-cert server.crt"), 2, "use-arguments"),
        (format!("--client-tokens {url} {local} --tls-key server.key"), 2, "use-arguments"),
        (format!("--client-tokens {url} {local} {both} --without-tls"), 2, "use-arguments"),
        (format!("--token tok --seal {url} --listen 0.0.0.0:0 {both}"), 2, "use-arguments"),
        (format!("--client-tokens {url} {local} --tls-cert server.crt --tls-key open.key"), 1, "use-key-open"),
        (format!("--client-tokens {url} {local} --tls-cert server.crt --tls-key rsa.key"), 2, "parse-certificate"),
        (format!("--client-tokens {url} {local} --tls-cert one.toml --tls-key rsa.key"), 2, "parse-certificate"),
        (format!("--client-tokens {url} {local} --tls-cert none.crt --tls-key rsa.key"), 1, "use-file"),
        (format!("--client-tokens {url} {local} --upstream-ca ours.crt"), 2, "use-arguments"),
        (format!("--client-tokens {https} {local} --upstream-ca one.toml"), 2, "parse-certificate"),
        (format!("--client-tokens {https} {local} --upstream-ca none.crt"), 1, "use-file"),
        (format!("--client-tokens {https} {local}"), 1, "use-file"),
    ] {
        let line = format!(
            "SSL_CERT_DIR= SSL_CERT_FILE=/dev/null timeout 20 wane mcp serve --root root.pub --ledger sqlite:l.db --catalogue one.toml {flags}"
        );
        scene.sh(&line).fails(exit, word);
    }
    let refused = scene.sh("wane serve --root root.pub --ledger sqlite:l.db --catalogue one.toml --listen 0.0.0.0:0");
    assert!(refused.fails(2, "use-arguments").err.contains("--tls-cert"));
}
