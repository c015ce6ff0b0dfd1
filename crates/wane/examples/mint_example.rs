//! Prints a root key and a sealed token of three blocks under it, each on a line of its own, for other
//! implementations to verify: `cargo run --package wane --example mint_example`.

use std::error::Error;
use std::io::{Write as _, stdout};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Heir, Narrowing, RootGrant, Seal, SecretKey, mint};

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = UnwrapErr(SysRng);
    let (root, now) = (SecretKey::generate(&mut rng), 1_767_225_600);

    let grant = RootGrant::new("files".parse()?, now, now + 3_600)
        .scope("read:hr:*".parse()?)
        .scope("read:files:* if path under /data/reports only".parse()?)
        .scope("write:files:*".parse()?)
        .subject("planner");
    let token = mint(&grant, &root, Heir::carried(&mut rng))?;
    let child = Narrowing::new().keep("read:files:q3".parse()?).expires_at(now + 600);
    let sealed = token.attenuate(&child, Heir::carried(&mut rng))?.seal(&Seal::new().expires_at(now + 60))?;

    let mut out = stdout();
    writeln!(out, "{}", root.public_key())?;
    writeln!(out, "{}", sealed.to_text())?;
    Ok(())
}
