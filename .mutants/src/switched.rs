//! The copy with all mutants behind switches, built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::mutant::{Genre, Mutant, root};
use crate::rewrite::{Rewritten, rewrite};
use crate::{Result, copy, outcome, plan};

/// What asks which mutant is on: one name in the environment, read once. 0 is none. With another name there, each
/// switch that is asked is written to that file once.
const SWITCH: &str = r#"extern crate std;
use std::io::Write;
use std::sync::{Mutex, OnceLock};
static ON: OnceLock<u32> = OnceLock::new();
static SEEN: Mutex<(Option<std::fs::File>, std::vec::Vec<bool>)> = Mutex::new((None, std::vec::Vec::new()));
pub(crate) fn on(id: u32) -> bool {
    let on = *ON.get_or_init(|| {
        std::env::var("WANE_MUTANT").map_or(if std::env::var_os("WANE_MUTANTS_SEEN").is_some() { u32::MAX } else { 0 }, |id| id.parse().unwrap())
    });
    if on == u32::MAX { see(id); }
    on == id
}
#[cold]
fn see(id: u32) {
    let mut seen = SEEN.lock().unwrap();
    let at = usize::try_from(id).unwrap();
    if seen.1.len() <= at { seen.1.resize(at + 1, false); }
    if !seen.1[at] {
        seen.1[at] = true;
        let file = seen.0.get_or_insert_with(|| std::fs::File::options().append(true).create(true).open(std::env::var_os("WANE_MUTANTS_SEEN").unwrap()).unwrap());
        std::writeln!(file, "{id}").unwrap();
    }
}
"#;

/// The build with switches.
pub(crate) struct Switched {
    pub(crate) copy: PathBuf,
    /// The test binaries: unit tests, integration tests.
    pub(crate) binaries: Vec<PathBuf>,
    /// Mutants that do not compile.
    pub(crate) unviable: BTreeSet<u32>,
    /// Mutants that have to be built alone.
    pub(crate) alone: BTreeSet<u32>,
}

impl Switched {
    /// Tells copies with other mutants in them apart.
    pub(crate) fn digest(&self) -> Result<String> {
        let mut all = String::new();
        let mut folders = vec![self.copy.join(plan::SOURCES)];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| error.to_string())?;
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            for path in paths {
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.ends_with("tests.rs") => {}
                    false => all.push_str(&copy::read(&path)?),
                }
            }
        }
        Ok(outcome::digest(&all))
    }
}

/// The arguments of cargo that make test binaries. What is tested is slow without optimisation and costs one build.
pub(crate) const BUILD: &[&str] = &[
    "test",
    "--no-run",
    "--message-format=json",
    "--package=wane",
    "--all-features",
    "--config=profile.dev.package.wane.opt-level=1",
    "--config=profile.dev.package.wane.debug=false",
];

/// Which of them, in the order in which they are kept.
pub(crate) const UNIT: &str = "--lib";
pub(crate) const INTEGRATION: &str = "--test=it";
pub(crate) const ALL: &[&str] = &[UNIT, INTEGRATION];

pub(crate) fn build(mutants: &BTreeMap<String, Vec<Mutant>>) -> Result<Switched> {
    let lib = "crates/wane/src/lib.rs".to_owned();
    let switch = "crates/wane/src/switch.rs".to_owned();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for name in mutants.keys().chain([&lib]) {
        files.insert(name.clone(), copy::read(&root().join(name))?);
    }
    let written: BTreeSet<String> = files.keys().cloned().chain([switch.clone()]).collect();
    let copy = copy::workspace("switched", &written)?;
    copy::write(&copy.join(switch), SWITCH.as_bytes())?;

    let opaque = |mutant: &&Mutant| mutant.genre == Genre::Body && mutant.change.contains("impl ");
    let named_types: BTreeSet<u32> =
        mutants.values().flatten().filter(|mutant| !opaque(mutant)).map(|mutant| mutant.id).collect();
    // What was found out about the same sources before.
    let sources: String = files.values().map(String::as_str).collect();
    let place = copy::target().join("mutants").join(format!("aside-{}", outcome::digest(&sources)));
    let (mut alone, mut unviable) = read_aside(&place);
    loop {
        let mut rewritten = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for (name, text) in &files {
            let of_file = mutants.get(name).map(Vec::as_slice).unwrap_or_default();
            let those: Vec<&Mutant> = of_file.iter().filter(|mutant| !alone.contains(&mutant.id)).collect();
            let mut made = rewrite(text, &those).map_err(|error| format!("{name}: {error}"))?;
            kept.extend(made.places.iter().flat_map(|place| place.ids.iter().copied()));
            if *name == lib {
                // Mutants speak of vectors without a path.
                made.text = made.text.replace("\nextern crate alloc;", "\n#[macro_use] extern crate alloc;");
                made.text.push_str("\nmod switch;\n");
            }
            copy::write(&copy.join(name), made.text.as_bytes())?;
            rewritten.insert(name.clone(), made);
        }
        // Those that were not found in the syntax have to stand alone too.
        alone.extend(mutants.values().flatten().map(|mutant| mutant.id).filter(|id| !kept.contains(id)));
        let messages = cargo(&copy, &[BUILD, ALL].concat())?;
        let errors: Vec<&Value> = messages.iter().filter(|m| m["message"]["level"] == "error").collect();
        if errors.is_empty() {
            let binaries = binaries(&messages, ALL)?;
            let ids = |ids: &BTreeSet<u32>| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
            copy::write(&place, format!("{}\n{}\n", ids(&alone), ids(&unviable)).as_bytes())?;
            return Ok(Switched { copy, binaries, alone: &alone - &unviable, unviable });
        }
        let before = alone.len();
        for error in &errors {
            let (ids, certain) = blamed(&error["message"], &rewritten, &named_types);
            if certain {
                unviable.extend(&ids);
            }
            alone.extend(ids);
        }
        eprintln!("{} mutants cannot stand behind a switch, {} of them nowhere", alone.len(), unviable.len());
        if alone.len() == before {
            let texts: Vec<_> = errors.iter().filter_map(|m| m["message"]["rendered"].as_str()).collect();
            return Err(format!("the copy does not build:\n{}", texts.join("\n")));
        }
    }
}

fn read_aside(place: &Path) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let text = fs::read_to_string(place).unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split(' ').filter_map(|id| id.parse().ok()).collect());
    (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

/// Runs cargo in a copy and reads what it says. Each copy has builds of its own: cargo would take those of one for those
/// of another.
pub(crate) fn cargo(copy: &Path, arguments: &[&str]) -> Result<Vec<Value>> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_extension("build"))
        .env("CARGO_INCREMENTAL", "1")
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))).collect()
}

pub(crate) fn binaries(messages: &[Value], kinds: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = messages.iter().filter_map(|m| m["executable"].as_str()).map(PathBuf::from).collect();
    // The unit tests first: `wane-…` and `it-…`.
    found.sort_by_key(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("it-")));
    if found.len() == kinds.len() {
        Ok(found)
    } else {
        Err(format!("a test binary for each of {kinds:?} expected: {found:?}"))
    }
}

/// What is wrong with a mutant wherever it stands: names that do not resolve, traits that are not there, types that do
/// not fit, borrows that end too early.
const CERTAIN: &[&str] = &[
    "E0053", "E0061", "E0106", "E0107", "E0277", "E0282", "E0283", "E0308", "E0369", "E0412", "E0423", "E0425",
    "E0432", "E0433", "E0515", "E0560", "E0599", "E0600", "E0604", "E0605", "E0606", "E0614", "E0716",
];

/// The mutants that an error of the compiler lies in: those of the smallest place around it. And whether it says that
/// this one does not compile alone either.
fn blamed(message: &Value, rewritten: &BTreeMap<String, Rewritten>, named_types: &BTreeSet<u32>) -> (Vec<u32>, bool) {
    let code = message["code"]["code"].as_str().unwrap_or_default();
    // A function that lost its `const` may be called where one is needed.
    if code == "E0015" {
        let text = message["message"].as_str().unwrap_or_default();
        let name = text.split('`').nth(1).and_then(|path| path.rsplit("::").next()).unwrap_or_default();
        let named = rewritten.values().flat_map(|file| &file.unconst).filter(|(function, _)| function == name);
        let ids: Vec<u32> = named.flat_map(|(_, ids)| ids.iter().copied()).collect();
        if !ids.is_empty() {
            return (ids, false);
        }
    }
    let spans = message["spans"].as_array().into_iter().flatten();
    let (mut ordered, other): (Vec<&Value>, Vec<&Value>) = spans.partition(|span| span["is_primary"] == true);
    ordered.extend(other);
    for span in ordered {
        let Some(file) = span["file_name"].as_str().and_then(|name| rewritten.get(name)) else { continue };
        let Some(start) = span["byte_start"].as_u64().and_then(|at| usize::try_from(at).ok()) else { continue };
        let around = file.places.iter().filter(|place| place.range.contains(&start));
        let Some(place) = around.min_by_key(|place| place.range.len()) else { continue };
        let named = place.ids.iter().all(|id| named_types.contains(id));
        let certain = place.exact && CERTAIN.contains(&code) && (named || code != "E0308");
        return (place.ids.clone(), certain);
    }
    (Vec::new(), false)
}
