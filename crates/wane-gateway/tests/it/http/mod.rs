//! The gateway over HTTP, between real connections.

mod holder;
mod hostile;
mod ledger;
mod listing;
mod sessions;
mod started;
mod stateless;
mod tls;
mod tokens;
mod wire;

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use wane_gateway::http::{
    Bound, Door, HttpOptions, Limits, Listen, Reach, ServeError, Target, Upstream, UpstreamHeader, serve,
};
use wane_gateway::tls::Authorities;
use wane_gateway::{Credential, Gate, Stopper};

use self::wire::{Answer, Server};
use crate::scene::Scene;

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.files.tool.salaries]
action = "read:hr"
level = "restricted"
[server.files.tool.post]
action = "send:web"
level = "public"
[server.files.prompt.hello]
action = "read:prompts"
level = "public"
"#;

/// A gateway that serves.
struct Gateway {
    bound: Bound,
    stopper: Stopper,
    serves: Option<JoinHandle<Result<(), ServeError>>>,
    notices: Arc<Mutex<Vec<String>>>,
    _scene: Scene,
}

/// What is not as it is in most tests.
struct Setting {
    listen: Listen,
    door: Door,
    limits: Limits,
    headers: Vec<UpstreamHeader>,
    aware: bool,
    reach: Reach,
    authorities: Option<Authorities>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            listen: Listen::Address(([127, 0, 0, 1], 0).into()),
            door: Door::Open,
            limits: Limits::default(),
            headers: Vec::new(),
            aware: false,
            reach: Reach::ThisMachine,
            authorities: None,
        }
    }
}

impl Gateway {
    /// One before this server, with all that is usual.
    fn before(scene: Scene, server: &Server) -> Self {
        Self::with(scene, &[("files", server)], Setting::default())
    }

    fn with(scene: Scene, servers: &[(&str, &Server)], setting: Setting) -> Self {
        Self::start(scene, servers, setting).unwrap_or_else(|error| panic!("{error}"))
    }

    fn start(scene: Scene, servers: &[(&str, &Server)], setting: Setting) -> Result<Self, ServeError> {
        let servers = servers.iter().map(|(name, server)| (*name, Target::Url(server.url().parse().unwrap())));
        Self::behind(scene, servers.collect(), setting)
    }

    fn behind(scene: Scene, servers: Vec<(&str, Target)>, setting: Setting) -> Result<Self, ServeError> {
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let upstream = |(name, target): (&str, Target)| {
            let mut options = scene.options(Box::new(|_| Ok(())), Box::new(|_| Ok(())));
            options.server = name.to_owned();
            if setting.aware {
                options.credential = Credential::shown_to_both();
            }
            let notices = Arc::clone(&notices);
            options.report = Box::new(move |notice| notices.lock().unwrap().push(notice.to_string()));
            let headers = setting.headers.clone();
            Upstream { name: name.to_owned(), target, headers, gate: Gate::new(options).unwrap() }
        };
        let options = HttpOptions {
            upstreams: servers.into_iter().map(upstream).collect(),
            listen: setting.listen,
            reach: setting.reach,
            door: setting.door,
            origins: vec!["https://app.example".to_owned()],
            authorities: setting.authorities,
            limits: setting.limits,
        };
        let (stopper, stops) = Stopper::new();
        let (told, tells) = mpsc::channel();
        let bound = move |bound: &Bound| {
            told.send(bound.clone()).unwrap();
            ControlFlow::Continue(())
        };
        let serves = std::thread::spawn(move || serve(options, bound, stops));
        match tells.recv_timeout(Duration::from_secs(10)) {
            Ok(bound) => Ok(Self { bound, stopper, serves: Some(serves), notices, _scene: scene }),
            Err(_) => Err(serves.join().unwrap().unwrap_err()),
        }
    }

    fn address(&self) -> SocketAddr {
        match self.bound {
            Bound::Address(address) | Bound::Encrypted(address) => address,
            Bound::Socket(_) => panic!("it has no address"),
        }
    }

    /// Posts a message of the older era.
    fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        wire::post(self.address(), path, headers, body)
    }

    fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap())
    }

    /// Ends it; it ends well.
    fn stop(mut self) {
        self.stopper.stop();
        self.serves.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// A call of the older era.
fn call(id: u32, tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#)
}

const VERSION: &str = "2026-07-28";

/// A call of the newer era, with what else stands in its `_meta`, and the head that belongs to it.
fn stateless(id: u32, tool: &str, more: &str) -> (Vec<(&'static str, String)>, String) {
    let headers = vec![
        ("mcp-protocol-version", VERSION.to_owned()),
        ("mcp-method", "tools/call".to_owned()),
        ("mcp-name", tool.to_owned()),
    ];
    let meta = format!(
        r#""io.modelcontextprotocol/protocolVersion":"{VERSION}","io.modelcontextprotocol/clientCapabilities":{{}}{more}"#
    );
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}},"_meta":{{{meta}}}}}}}"#
    );
    (headers, body)
}

fn lent<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
