//! Over TLS, on both sides of the gateway. `tests/tls/make.sh` has made the certificates.

use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};
use wane::Code;
use wane_gateway::http::{Bearer, Bound, Door, Limits, Listen, Reach, ServeError, Target};
use wane_gateway::tls::{Authorities, Identity, TlsError};

use super::wire::{self, PATIENCE, Server, result};
use super::{CATALOGUE, Gateway, Setting, call};
use crate::scene::{Scene, Whose};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../tls/", $name)).as_slice()
    };
}

const OURS: &[u8] = fixture!("ours.crt");
const OTHERS: &[u8] = fixture!("others.crt");
const SERVER: (&[u8], &[u8]) = (fixture!("server.crt"), fixture!("server.key"));

fn provider() -> Arc<tokio_rustls::rustls::crypto::CryptoProvider> {
    Arc::new(rustls_graviola::default_provider())
}

/// Clients bring their tokens.
fn scene() -> (Scene, String) {
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Client);
    let token = format!("Bearer {}", scene.sealed());
    (scene, token)
}

/// A server over TLS, which counts what it is asked, and the port that it has.
struct Shows {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    kinds: Arc<Mutex<Vec<Option<HandshakeKind>>>>,
}

impl Shows {
    fn start((chain, key): (&[u8], &[u8]), version: &'static SupportedProtocolVersion) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>().unwrap();
        let config = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
        let config = config.with_no_client_auth();
        let config = Arc::new(config.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key).unwrap()).unwrap());
        let (listener, asked) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::<AtomicUsize>::default());
        let (address, count) = (listener.local_addr().unwrap(), Arc::clone(&asked));
        let kinds = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&kinds);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, count, seen) = (Arc::clone(&config), Arc::clone(&count), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    let mut reader = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
                    if let Some(request) = wire::read_request(&mut reader) {
                        count.fetch_add(1, Ordering::SeqCst);
                        seen.lock().unwrap().push(reader.get_ref().conn.handshake_kind());
                        let body = result(&request.json()["id"], "[]");
                        let head = format!(
                            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}",
                            body.len()
                        );
                        write!(reader.get_mut(), "{head}\r\n\r\n{body}").unwrap();
                    }
                });
            }
        });
        Self { address, asked, kinds }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn before(url: &str, authority: &[u8]) -> (Gateway, String) {
    let (scene, token) = scene();
    let authorities = Some(Authorities::only([authority]).unwrap());
    let target = Target::Url(url.parse().unwrap());
    (Gateway::behind(scene, vec![("files", target)], Setting { authorities, ..Setting::default() }).unwrap(), token)
}

#[test]
fn servers_over_tls_are_reached() {
    let both: &[_] = &[&TLS12, &TLS13];
    let pairs = [
        (SERVER, both),
        ((fixture!("rsa.crt"), fixture!("rsa.key")), both),
        ((fixture!("p384.crt"), fixture!("p384.key")), both),
        // Its cryptography knows none of these in the older version.
        ((fixture!("ed25519.crt"), fixture!("ed25519.key")), &[&TLS13]),
    ];
    for (pair, versions) in pairs {
        for version in versions {
            let server = Shows::start(pair, version);
            for host in ["127.0.0.1", "localhost"] {
                let (gateway, token) = before(&format!("https://{host}:{}/mcp", server.address.port()), OURS);
                let answer = gateway.post("/mcp", &[("authorization", &token)], &call(1, "read"));
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (200, "none"),
                    "{version:?} {}",
                    String::from_utf8_lossy(pair.0)
                );
            }
            assert_eq!(server.asked(), 2);
        }
    }
}

#[test]
fn a_server_that_shows_nothing_good_is_not_asked() {
    let key = SERVER.1;
    for (chain, authority, why) in [
        (SERVER.0, OTHERS, "its certificate is of no authority that is believed here"),
        (fixture!("elsewhere.crt"), OURS, "its certificate is for another name"),
        (fixture!("expired.crt"), OURS, "its certificate has expired"),
        (fixture!("early.crt"), OURS, "its certificate is not valid yet"),
    ] {
        let server = Shows::start((chain, key), &TLS13);
        let (gateway, token) = before(&format!("https://{}/mcp", server.address), authority);
        let answer = gateway.post("/mcp", &[("authorization", &token)], &call(1, "read"));
        let message = format!("the tool server cannot be reached: {why}");
        assert_eq!((answer.status, &answer.json()["error"]["message"]), (502, &message.into()), "{answer:?}");
        let told = format!("dropped from the server: `files` cannot be reached: {why}");
        assert_eq!((gateway.notices(), server.asked()), (vec![told], 0));
    }
    // The authorities of this machine, whichever they are, have never heard of ours.
    if let Ok(authorities) = Authorities::of_this_machine() {
        let (server, (scene, token)) = (Shows::start(SERVER, &TLS13), scene());
        let target = Target::Url(format!("https://{}/mcp", server.address).parse().unwrap());
        let setting = Setting { authorities: Some(authorities), ..Setting::default() };
        let gateway = Gateway::behind(scene, vec![("files", target)], setting).unwrap();
        assert_eq!(gateway.post("/mcp", &[("authorization", &token)], &call(1, "read")).status, 502);
        assert_eq!(server.asked(), 0);
    }
}

#[test]
fn a_pinned_tool_of_a_server_that_is_not_believed_is_not_told_to_be_another() {
    let key = SERVER.1;
    let digest = format!(
        "level = \"public\"\ndigest = \"{}\"",
        wane_policy::ToolDigest::of_json(b"{\"name\":\"read\"}").unwrap()
    );
    let scene = Scene::new(&CATALOGUE.replacen("level = \"public\"", &digest, 1), &["read:*"], &[], Whose::Client);
    let (server, since) = (Shows::start((fixture!("expired.crt"), key), &TLS13), Instant::now());
    let token = format!("Bearer {}", scene.sealed());
    let target = Target::Url(format!("https://{}/mcp", server.address).parse().unwrap());
    let setting = Setting { authorities: Some(Authorities::only([OURS]).unwrap()), ..Setting::default() };
    let gateway = Gateway::behind(scene, vec![("files", target)], setting).unwrap();
    let answer = gateway.post("/mcp", &[("authorization", &token)], &call(1, "read"));
    let message = "the tool server cannot be reached: its certificate has expired";
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (502, &message.into()), "{answer:?}");
    assert!(since.elapsed() < Duration::from_secs(8) && server.asked() == 0);
}

#[test]
fn a_server_shows_its_certificate_at_each_connection() {
    for version in [&TLS12, &TLS13] {
        let server = Shows::start(SERVER, version);
        let (gateway, token) = before(&format!("https://{}/mcp", server.address), OURS);
        for id in 1..=3 {
            assert_eq!(gateway.post("/mcp", &[("authorization", &token)], &call(id, "read")).code(), "none");
        }
        assert_eq!(*server.kinds.lock().unwrap(), [Some(HandshakeKind::Full); 3], "{version:?}");
    }
}

#[test]
fn neither_kind_of_way_becomes_the_other() {
    // What most servers say to what is no request.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/mcp", plain.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, mut heard) = (plain.accept().unwrap().0, [0; 65_536]);
        let length = io::Read::read(&mut stream, &mut heard).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    });
    let (gateway, token) = before(&url, OURS);
    let answer = gateway.post("/mcp", &[("authorization", &token)], &call(1, "read"));
    let message = "the tool server cannot be reached: it speaks no tls";
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (502, &message.into()), "{answer:?}");
    let heard = heard.join().unwrap();
    assert!(!heard.contains("tools/call") && !heard.contains("wane1."), "{heard}");
    let encrypted = Shows::start(SERVER, &TLS13);
    let (gateway, token) = before(&format!("http://{}/mcp", encrypted.address), OURS);
    assert_eq!(gateway.post("/mcp", &[("authorization", &token)], &call(1, "read")).status, 502);
    assert_eq!(encrypted.asked(), 0);
    // Nor is there one where nobody is believed.
    let target = Target::Url("https://127.0.0.1:1/mcp".parse().unwrap());
    let refused = Gateway::behind(scene().0, vec![("files", target)], Setting::default()).err();
    assert!(matches!(refused, Some(ServeError::Upstreams(_))), "{refused:?}");
}

#[test]
fn a_server_that_does_not_shake_hands_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::Url(format!("https://{}/mcp", silent.local_addr().unwrap()).parse().unwrap());
    let ((scene, token), since) = (scene(), Instant::now());
    let limits = Limits { handshake: Duration::from_secs(1), ..Limits::default() };
    let setting = Setting { authorities: Some(Authorities::only([OURS]).unwrap()), limits, ..Setting::default() };
    let gateway = Gateway::behind(scene, vec![("files", target)], setting).unwrap();
    let answer = gateway.post("/mcp", &[("authorization", &token)], &call(1, "read"));
    assert_eq!((answer.status, since.elapsed() < PATIENCE), (502, true), "{answer:?}");
}

fn identity() -> Identity {
    Identity::from_pem(SERVER.0, SERVER.1).unwrap()
}

/// A gateway over TLS, and what it shows.
fn encrypted(limits: Limits) -> (Gateway, String, Identity) {
    let ((scene, token), identity) = (scene(), identity());
    let setting = Setting { reach: Reach::Tls(identity.clone()), limits, ..Setting::default() };
    (Gateway::with(scene, &[("files", &Server::echo())], setting), token, identity)
}

/// How a client speaks that believes this authority.
fn speaking(authority: &[u8], version: &'static SupportedProtocolVersion, speaks: &[&str]) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = speaks.iter().map(|text| text.as_bytes().to_vec()).collect();
    Arc::new(config)
}

type Spoken = StreamOwned<ClientConnection, TcpStream>;

/// A client that has shaken hands.
fn shaken(
    address: SocketAddr,
    authority: &[u8],
    version: &'static SupportedProtocolVersion,
    speaks: &[&str],
) -> io::Result<Spoken> {
    by(&speaking(authority, version, speaks), address)
}

fn by(config: &Arc<ClientConfig>, address: SocketAddr) -> io::Result<Spoken> {
    let name = ServerName::try_from(address.ip().to_string()).unwrap();
    let mut connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut stream = wire::connect(address);
    connection.complete_io(&mut stream)?;
    Ok(StreamOwned::new(connection, stream))
}

fn ask(mut stream: Spoken, host: SocketAddr, token: &str) -> wire::Answer {
    let request = wire::request("POST", &host.to_string(), "/mcp", &[("authorization", token)], &call(1, "read"));
    stream.write_all(request.as_bytes()).unwrap();
    wire::read_answer(&mut BufReader::new(stream)).expect("an answer")
}

#[test]
fn clients_come_in_over_tls_and_no_other_way() {
    let (gateway, token, _) = encrypted(Limits::default());
    let address = gateway.address();
    assert!(matches!(gateway.bound, Bound::Encrypted(_)) && gateway.bound.to_string().starts_with("https://127."));
    for version in [&TLS12, &TLS13] {
        for speaks in [&[][..], &["http/1.1"], &["h2", "http/1.1"]] {
            let stream = shaken(address, OURS, version, speaks).unwrap();
            let chosen = stream.conn.alpn_protocol().map(<[u8]>::to_vec);
            assert_eq!(chosen.as_deref(), speaks.last().map(|text| text.as_bytes()));
            assert_eq!(ask(stream, address, &token).code(), "none");
        }
        assert!(shaken(address, OTHERS, version, &[]).is_err());
        assert!(shaken(address, OURS, version, &["h2"]).is_err());
    }
    let mut plain = wire::connect(address);
    let request = wire::request("POST", &address.to_string(), "/mcp", &[("authorization", &token)], &call(1, "read"));
    plain.write_all(request.as_bytes()).unwrap();
    assert!(wire::read_answer(&mut BufReader::new(plain)).is_none());
}

#[test]
fn what_is_encrypted_may_be_reached_from_elsewhere_unless_it_holds_a_token() {
    let anywhere = || Listen::Address(([0, 0, 0, 0], 0).into());
    let server = Server::echo();
    let (scene, token) = scene();
    let setting = Setting { listen: anywhere(), reach: Reach::Tls(identity()), ..Setting::default() };
    let gateway = Gateway::with(scene, &[("files", &server)], setting);
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.address().port()));
    assert_eq!(ask(shaken(address, OURS, &TLS13, &[]).unwrap(), address, &token).code(), "none");
    let own = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Gateway);
    let door = Door::Bearer(Bearer::generate(&mut rand_core::UnwrapErr(getrandom::SysRng)));
    let setting = Setting { listen: anywhere(), door, reach: Reach::Tls(identity()), ..Setting::default() };
    let refused = Gateway::start(own, &[("files", &server)], setting).err();
    assert!(matches!(refused, Some(ServeError::Open(_))), "{refused:?}");
}

#[test]
fn whoever_does_not_shake_hands_stops_nobody() {
    let limits = Limits { connections: 4, head_time: Duration::from_secs(2), ..Limits::default() };
    let (gateway, token, _) = encrypted(limits);
    let address = gateway.address();
    let mut idle: Vec<TcpStream> = (0..4).map(|_| wire::connect(address)).collect();
    // Some begin, and leave it at that.
    for stream in idle.iter_mut().take(2) {
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    }
    assert_eq!(ask(shaken(address, OURS, &TLS13, &[]).unwrap(), address, &token).code(), "none");
    for mut stream in idle {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let ended = io::Read::read(&mut stream, &mut [0; 64]);
        let is_closed =
            |error: &io::Error| !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        assert!(ended.as_ref().map_or_else(is_closed, |read| *read == 0), "{ended:?}");
    }
    // Nor does it hold up the end.
    let open = wire::connect(address);
    gateway.stop();
    drop(open);
}

#[test]
fn another_certificate_comes_into_force_while_it_listens() {
    let (gateway, token, identity) = encrypted(Limits::default());
    let address = gateway.address();
    let shows = || {
        let stream = shaken(address, OURS, &TLS13, &[]).unwrap();
        let leaf = stream.conn.peer_certificates().unwrap().first().unwrap().to_vec();
        assert_eq!(ask(stream, address, &token).code(), "none");
        leaf
    };
    let der = |pem: &[u8]| CertificateDer::from_pem_slice(pem).unwrap().to_vec();
    assert_eq!(shows(), der(SERVER.0));
    let renewed = (fixture!("rsa.crt"), fixture!("rsa.key"));
    identity.replace(renewed.0, renewed.1).unwrap();
    assert_eq!(shows(), der(renewed.0));
    assert!(identity.replace(SERVER.0, renewed.1).is_err());
    assert_eq!(shows(), der(renewed.0));
}

#[test]
fn whoever_comes_back_is_shown_what_is_in_force() {
    for version in [&TLS12, &TLS13] {
        let (gateway, token, identity) = encrypted(Limits::default());
        let (address, config) = (gateway.address(), speaking(OURS, version, &[]));
        let shows = || {
            let stream = by(&config, address).unwrap();
            let leaf = stream.conn.peer_certificates().unwrap().first().unwrap().to_vec();
            assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Full), "{version:?}");
            assert_eq!(ask(stream, address, &token).code(), "none");
            leaf
        };
        let first = shows();
        assert_eq!(shows(), first);
        identity.replace(fixture!("rsa.crt"), fixture!("rsa.key")).unwrap();
        assert_ne!(shows(), first);
    }
}

#[test]
fn what_cannot_be_used_is_refused_in_words() {
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n".as_slice();
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice();
    let unended = b"-----BEGIN CERTIFICATE-----\nhunter2\n".as_slice();
    let refused = Mutex::new(Vec::new());
    let says = |error: TlsError| match error {
        TlsError::Unusable(refusal) if refusal.code() == Code::ParseCertificate => {
            refused.lock().unwrap().push(refusal.found().to_owned());
        }
        error => panic!("{error}"),
    };
    for (chain, key) in [
        (SERVER.0, fixture!("rsa.key")),
        (SERVER.0, encrypted),
        (SERVER.0, SERVER.0),
        (SERVER.0, b""),
        (b"", SERVER.1),
        (SERVER.1, SERVER.1),
        (unended, SERVER.1),
        (broken, SERVER.1),
    ] {
        says(Identity::from_pem(chain, key).unwrap_err());
    }
    let servers = [OURS, SERVER.0].concat();
    for file in [SERVER.1, b"", broken, unended, SERVER.0, &servers, fixture!("past.crt"), fixture!("future.crt")] {
        says(Authorities::only([OURS, file]).unwrap_err());
    }
    let no_key = "no key that is not encrypted stands in the file of the key as pem";
    let no_certificate = "no certificate stands in it as pem";
    let expected = [
        "the key is not the one that the certificate names",
        no_key,
        no_key,
        no_key,
        no_certificate,
        no_certificate,
        "it is no pem",
        "it is no certificate",
        no_certificate,
        no_certificate,
        "it is no certificate of an authority",
        "it is no pem",
        "it is no certificate of an authority",
        "it is no certificate of an authority",
        "the certificate of the authority has expired",
        "the certificate of the authority is not valid yet",
    ];
    assert_eq!(refused.into_inner().unwrap(), expected);
    assert!(matches!(Authorities::only([]), Err(TlsError::NoAuthorities)));
    assert_eq!(format!("{:?}{:?}", identity(), Authorities::only([OURS]).unwrap()), "Identity(..)Authorities(..)");
}
