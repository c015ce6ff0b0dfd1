//! `tool_server ROOT_KEY_FILE sqlite:LEDGER LOG_SECRET_FILE 127.0.0.1:PORT` serves two tools, `/read` and `/write`.

use std::time::{Duration, Instant, UNIX_EPOCH};
use std::{env, error::Error, fs, io, io::Write as _, sync::Arc};

use axum::{Router, http::request::Parts, middleware::map_response, response::Response, routing::post};
use tokio::{net::TcpListener, signal::ctrl_c, sync::Mutex, time::sleep};
use wane::{Arguments, Code, Family, Level, Refusal, Request, Roots};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, LedgerUrl, Pace, Volatile};
use wane_tower::{AdmitLayer, Admitted, http_call, whole_body};

static NOTES: Mutex<Vec<String>> = Mutex::const_new(Vec::new());

/// What a request needs, and how confidential what it may reveal is.
fn demands(head: &Parts, body: &[u8]) -> Result<Request, Refusal> {
    let (action, level) = match head.uri.path() {
        "/read" => ("read:notes", Level::Restricted),
        "/write" => ("write:notes", Level::Public),
        _ => return Err(Refusal::new(Code::DenyUnlisted, "path", "this path", "")),
    };
    let request = Request::new("notes".parse()?, http_call(head)?, vec![action.parse()?], level)?;
    Ok(request.arguments(Arguments::from_json(body)?))
}

async fn read(admitted: Admitted) -> String {
    let _whole = admitted.into_request();
    NOTES.lock().await.join("\n")
}

/// The arguments come from what was decided on; nobody reads the body again.
async fn write(admitted: Admitted) {
    NOTES.lock().await.push(admitted.into_request().stated_arguments().to_json());
}

/// What troubles the ledger is told to whoever runs the server.
async fn tell(answer: Response) -> Response {
    if let Some(refusal) =
        answer.extensions().get::<Refusal>().filter(|refusal| refusal.code().family() == Family::State)
    {
        // Who does not listen is not told.
        let _: Result<(), io::Error> = writeln!(io::stderr(), "{}: {refusal}", refusal.code());
    }
    answer
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, root, ledger, secret, address] = &*env::args().collect::<Vec<_>>() else {
        return Err("four arguments".into());
    };
    let now = || UNIX_EPOCH.elapsed().map_or(u64::MAX, |since| since.as_secs());
    let options = GuardOptions {
        roots: Roots::single(fs::read_to_string(root)?.parse()?),
        log_secret: Some(LogSecret::parse(&fs::read_to_string(secret)?)?),
        checkpoint_key: None,
        volatile: Volatile::Refused,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(rand_core::UnwrapErr(getrandom::SysRng)),
        version: "tool_server".into(),
    };
    let guard = Arc::new(Guard::open(vec![ledger.parse::<LedgerUrl>()?.open()?], options, now())?);
    let layer = AdmitLayer::new(&guard, whole_body(65_536, demands), now);
    let tools =
        Router::new().route("/read", post(read)).route("/write", post(write)).layer(layer).layer(map_response(tell));
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, tools).with_graceful_shutdown(async { ctrl_c().await.unwrap_or(()) }).await?;
    Ok(alone(guard).await?.close(now())?)
}

/// The guard, once nobody else holds it: an admission may, whose client has gone away.
async fn alone(mut guard: Arc<Guard>) -> Result<Guard, &'static str> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        guard = match Arc::try_unwrap(guard) {
            Ok(guard) => return Ok(guard),
            Err(_) if Instant::now() > until => {
                return Err("an admission waits for the ledger still; how it was closed is not known");
            }
            Err(held) => held,
        };
        sleep(Duration::from_millis(10)).await;
    }
}
