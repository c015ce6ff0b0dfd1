//! `keygen`, `key` and key files.

use crate::scene::Scene;

const SHA256: &str = "-v2 aes-256-cbc -v2prf hmacWithSHA256";

/// Whether OpenSSL is here to compare with. Where everything is checked, it must be.
fn openssl() -> bool {
    is_there("openssl version")
}

/// Whether a tool is there. Where everything must be checked, it has to be.
pub(crate) fn is_there(version: &str) -> bool {
    let found = Scene::new().sh(version).code == 0;
    assert!(found || std::env::var_os("CI").is_none(), "`{version}` fails");
    found
}

fn with_key() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene
}

#[test]
fn a_key_file_is_private_under_any_umask() {
    let scene = Scene::new();
    scene.sh("umask 000; wane keygen root.pem").exits(0);
    assert_eq!(scene.mode("root.pem"), 0o600);
}

#[test]
fn nothing_is_overwritten() {
    let scene = with_key();
    let before = scene.read("root.pem");
    scene.sh("wane keygen root.pem").fails(1, "use-file-exists");
    scene.sh("ln -s nowhere link.pem; wane keygen link.pem").fails(1, "use-file-exists");
    assert_eq!(scene.read("root.pem"), before);
}

#[test]
fn an_open_key_file_is_refused_with_the_chmod() {
    let scene = with_key();
    for mode in [0o644, 0o640, 0o606] {
        scene.chmod("root.pem", mode);
        let ran = scene.sh("wane key root.pem").fails(1, "use-key-open");
        assert!(ran.err.contains("hint: `chmod 600 root.pem`"), "{ran:?}");
        assert!(ran.out.is_empty());
    }
    scene.chmod("root.pem", 0o400);
    scene.sh("wane key root.pem").exits(0);
}

#[test]
fn a_mounted_secret_of_another_user_is_used_and_noted() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can give files away.
    }
    let scene = with_key();
    scene.sh("chown 12345 root.pem && chmod 640 root.pem").exits(0);
    let ran = scene.sh("wane key root.pem").exits(0);
    assert!(ran.err.contains("note: the group of `root.pem` can read it"), "{ran:?}");
    scene.chmod("root.pem", 0o644);
    scene.sh("wane key root.pem").fails(1, "use-key-open");
}

#[test]
fn openssl_reads_our_keys_and_we_read_its() {
    if !openssl() {
        return;
    }
    let scene = with_key();
    scene.sh("openssl pkey -in root.pem -noout").exits(0);
    scene.sh("openssl pkey -in root.pem -out again.pem && cmp root.pem again.pem").exits(0);
    let ours = scene.sh("wane key root.pem --format pem").exits(0);
    assert_eq!(ours.out, scene.sh("openssl pkey -in root.pem -pubout").out);
    let theirs = scene.sh("umask 077; openssl genpkey -algorithm ed25519 -out ssl.pem && wane key ssl.pem").exits(0);
    assert_eq!(theirs.out, scene.sh("openssl pkey -in ssl.pem -pubout | wane key").out);
    scene.sh("umask 077; openssl genpkey -algorithm x25519 -out x.pem && wane key x.pem").fails(4, "parse-key-file");
}

#[test]
fn every_public_form_is_read() {
    let scene = with_key();
    let key = scene.read("root.pub");
    for format in ["wane", "pem", "jwk"] {
        let ran = scene.sh(&format!("wane key root.pem --format {format} | wane key -")).exits(0);
        assert_eq!(ran.out, key);
        assert!(ran.err.starts_with("fingerprint: "), "{ran:?}");
    }
    let json = scene.sh("wane key root.pub --json").exits(0).json();
    assert_eq!(json["public_key"], key.trim());
    assert_eq!(json["jwk"]["crv"], "Ed25519");
}

#[test]
fn keys_come_from_files_descriptors_and_variables() {
    let scene = with_key();
    let key = scene.read("root.pub");
    for line in [
        "wane key - < root.pem",
        "cat root.pem | wane key",
        "wane key fd:7 7< root.pem",
        "wane key fd:0 < root.pem",
        "K=\"$(cat root.pem)\" wane key env:K",
        "wane key $(cat root.pub)",
    ] {
        assert_eq!(scene.sh(line).exits(0).out, key, "{line}");
    }
    scene.sh("wane key env:NONE_SUCH").fails(2, "use-input");
    scene.sh("wane key fd:x").exits(2);
    scene.sh("wane key fd:77").fails(1, "use-file");
    scene.sh("wane key none.pem").fails(1, "use-file");
}

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    if !openssl() {
        return;
    }
    let scene = with_key();
    let key = scene.read("root.pub");
    scene.sh("umask 077; echo abc > pass; echo abd > wrong").exits(0);
    for cipher in [SHA256, "-v2 aes-128-cbc -v2prf hmacWithSHA256", "-scrypt"] {
        scene
            .sh(&format!("umask 077; openssl pkcs8 -topk8 {cipher} -in root.pem -out enc.pem -passout file:pass"))
            .exits(0);
        assert_eq!(scene.sh("wane key enc.pem --passphrase-file pass").exits(0).out, key);
        scene.sh("wane key enc.pem --passphrase-file wrong").fails(1, "use-passphrase");
    }
    scene.sh("setsid wane key enc.pem").fails(1, "use-passphrase");
    scene.sh("wane key - --passphrase-file - < enc.pem").fails(2, "use-stdin-twice");
    scene.chmod("pass", 0o644);
    scene.sh("wane key enc.pem --passphrase-file pass").fails(1, "use-key-open");
}

#[test]
fn a_terminal_is_asked_and_shows_nothing() {
    let scene = with_key();
    if !openssl() || !is_there("script --version") {
        return;
    }
    let line = format!("umask 077; openssl pkcs8 -topk8 {SHA256} -in root.pem -out enc.pem -passout pass:xyzzy");
    scene.sh(&line).exits(0);
    // What is typed before the prompt is thrown away, so it is typed once the prompt is there.
    let ran = scene.sh("{ sleep 0.5; echo xyzzy; } | script -qec 'wane key enc.pem' /dev/null").exits(0);
    assert!(
        ran.out.contains("passphrase of `enc.pem`: ") && ran.out.contains(scene.read("root.pub").trim()),
        "{ran:?}"
    );
    assert!(!ran.out.contains("xyzzy"), "{ran:?}");

    // Ctrl-C ends the question and leaves a terminal that echoes.
    let cancelled =
        "{ sleep 0.5; printf '\\003'; sleep 0.5; } | script -qec 'wane key enc.pem; echo code $?; stty' /dev/null";
    let ran = scene.sh(cancelled).exits(0);
    assert!(ran.out.contains("cancelled") && ran.out.contains("code 1"), "{ran:?}");
    assert!(!ran.out.contains("-echo") && !ran.out.contains("-isig"), "{ran:?}");
}

#[test]
fn weak_encryption_is_refused_before_anybody_is_asked() {
    if !openssl() {
        return;
    }
    let scene = with_key();
    for cipher in ["-v2 des3 -v2prf hmacWithSHA256", "-v2 aes-256-cbc -v2prf hmacWithSHA1", "-v1 PBE-SHA1-3DES"] {
        let line = format!("umask 077; openssl pkcs8 -topk8 {cipher} -in root.pem -out enc.pem -passout pass:abc");
        scene.sh(&line).exits(0);
        let ran = scene.sh("setsid wane key enc.pem").fails(1, "use-key-cipher");
        assert!(ran.err.contains("hint: `openssl pkcs8 -topk8"), "{ran:?}");
    }
    let des = "openssl pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA256 -in root.pem -out des.pem -passout pass:abc";
    scene.sh(&format!("umask 077; {des}")).exits(0);
    assert!(scene.sh("wane key des.pem").err.contains("encrypted with 3des"));
    // The hint works.
    scene.sh("umask 077; echo abc > pass").exits(0);
    let line = format!("umask 077; openssl pkcs8 -topk8 {SHA256} -in root.pem -out NEW -passout pass:abc");
    scene.sh(&line).exits(0);
    scene.sh("wane key NEW --passphrase-file pass").exits(0);
}

#[test]
fn what_is_no_key_is_named() {
    let scene = Scene::new();
    for text in ["", "hello", "wane1.key.AAAA", "{}", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        scene.write("key", text);
        let ran = scene.sh("wane key key").exits(4);
        assert!(ran.err.contains("error[parse-key"), "{text}: {ran:?}");
    }
    scene.write("key", &"x".repeat(20_000));
    scene.sh("wane key key").fails(4, "parse-too-large");
}

#[test]
fn a_secret_file_can_be_read_again_under_any_umask() {
    let scene = Scene::new();
    for umask in ["000", "077", "0277", "0777"] {
        scene.sh(&format!("umask {umask}; wane keygen {umask}.pem")).exits(0);
        assert_eq!(scene.mode(&format!("{umask}.pem")), 0o600, "{umask}");
    }
}
