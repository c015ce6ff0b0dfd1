//! The tree, beside another implementation of RFC 6962 and beside its definition.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;
use wane::Code;
use wane_audit::{Checkpoint, Consistency, Frontier, Hash, Inclusion, Origin};

const SIZES: u64 = 300;

fn leaf(number: u64) -> Vec<u8> {
    format!("record {number}").into_bytes()
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|number| Hash::of_leaf(&leaf(number))).collect()
}

fn head(leaves: &[Hash]) -> Checkpoint {
    let mut log = Frontier::new();
    leaves.iter().for_each(|leaf| log.append(*leaf).unwrap());
    Checkpoint { origin: Origin::new("example.com/log").unwrap(), size: log.size(), root: log.root() }
}

fn given(leaves: &[Hash]) -> impl Iterator<Item = Result<Hash, wane::Refusal>> {
    leaves.iter().copied().map(Ok)
}

/// The definition, word for word: MTH of RFC 6962.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::of_nodes(&defined(left), &defined(right))
        }
    }
}

#[test]
fn roots_are_those_of_the_definition_and_of_another_tree() {
    let (mut log, mut other) = (Frontier::new(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
    let all = leaves(SIZES);
    for size in 0..SIZES {
        assert_eq!(log.root().as_bytes()[..], other.root().as_bytes()[..], "{size}");
        assert_eq!(log.root(), defined(&all[..usize::try_from(size).unwrap()]));
        // What is kept between two appends is what was written down.
        log = Frontier::from_bytes(&log.to_bytes()).unwrap();
        log.append(all[usize::try_from(size).unwrap()]).unwrap();
        other.push(leaf(size));
    }
}

/// The vectors of the Certificate Transparency project for RFC 6962.
#[test]
fn published_roots_are_found() {
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut log = Frontier::new();
    for (input, root) in inputs.into_iter().zip(roots) {
        log.append(Hash::of_leaf(input)).unwrap();
        assert_eq!(log.root().to_string(), root);
    }
}

fn path(json: &str) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let hashes = value["path"].as_array().unwrap().iter();
    hashes.flat_map(|hash| *hash.as_str().unwrap().parse::<Hash>().unwrap().as_bytes()).collect()
}

#[test]
fn inclusion_proofs_are_those_of_another_tree() {
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=70_u64 {
        other.push(leaf(size - 1));
        let all = leaves(size);
        let head = head(&all);
        for record in 0..size {
            let place = usize::try_from(record).unwrap();
            let proof = Inclusion::prove(record, size, given(&all)).unwrap();
            proof.verify(&all[place], &head).unwrap();
            let theirs = other.prove_inclusion(place);
            assert_eq!(path(&proof.to_json()), theirs.as_bytes());
            let root = RootHash::<Sha256>::new((*head.root.as_bytes()).into(), size);
            let ours = InclusionProof::try_from_bytes(path(&proof.to_json())).unwrap();
            root.verify_inclusion(&leaf(record), record, &ours).unwrap();

            let wrong = all.get(place ^ 1).copied().unwrap_or(Hash::EMPTY);
            assert_eq!(proof.verify(&wrong, &head).unwrap_err().code(), Code::StateLogBroken);
        }
    }
}

#[test]
fn consistency_proofs_are_those_of_another_tree() {
    for to in 1..=70_u64 {
        let all = leaves(to);
        let new = head(&all);
        for from in 0..=to {
            let old = head(&all[..usize::try_from(from).unwrap()]);
            let proof = Consistency::prove(from, to, given(&all)).unwrap();
            proof.verify(&old, &new).unwrap();
            if from == 0 {
                continue;
            }
            let ours = ConsistencyProof::try_from_bytes(path(&proof.to_json())).unwrap();
            let root = |head: &Checkpoint| RootHash::<Sha256>::new((*head.root.as_bytes()).into(), head.size);
            root(&new).verify_consistency(&root(&old), &ours).unwrap();

            // A history that differs in one place is another one, whichever side it is on.
            for place in [0, from / 2, from - 1] {
                let mut forked = all[..usize::try_from(from).unwrap()].to_vec();
                forked[usize::try_from(place).unwrap()] = Hash::of_leaf(b"altered");
                let refusal = proof.verify(&head(&forked), &new).unwrap_err();
                assert_eq!(refusal.code(), Code::StateLogFork, "{from} {to}");
                let theirs = root(&new).verify_consistency(&root(&head(&forked)), &ours);
                assert!(theirs.is_err());
            }
        }
    }
}

#[test]
fn a_proof_is_of_its_sizes_only() {
    let all = leaves(9);
    let heads: Vec<Checkpoint> = (0..=9).map(|size| head(&all[..size])).collect();
    let inclusion = Inclusion::prove(3, 8, given(&all)).unwrap();
    for other in [&heads[7], &heads[9], &heads[0]] {
        assert_eq!(inclusion.verify(&all[3], other).unwrap_err().code(), Code::ParseProof);
    }
    let consistency = Consistency::prove(3, 8, given(&all)).unwrap();
    for (old, new) in [(2, 8), (3, 7), (3, 9), (8, 3), (4, 8)] {
        assert_eq!(consistency.verify(&heads[old], &heads[new]).unwrap_err().code(), Code::ParseProof);
    }
    let elsewhere = Checkpoint { origin: Origin::new("example.com/other").unwrap(), ..heads[3].clone() };
    assert_eq!(consistency.verify(&elsewhere, &heads[8]).unwrap_err().code(), Code::StateLogFork);
    let empty = Checkpoint { root: Hash::of_leaf(b""), ..heads[0].clone() };
    let from_nothing = Consistency::prove(0, 8, given(&all)).unwrap();
    assert_eq!(from_nothing.verify(&empty, &heads[8]).unwrap_err().code(), Code::StateLogFork);
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let all = leaves(5);
    let code = |answer: Result<(), wane::Refusal>| answer.unwrap_err().code();
    assert_eq!(code(Inclusion::prove(5, 5, given(&all)).map(drop)), Code::ParseProof);
    assert_eq!(code(Inclusion::prove(0, 0, given(&[])).map(drop)), Code::ParseProof);
    assert_eq!(code(Inclusion::prove(0, 6, given(&all)).map(drop)), Code::StateLogBroken);
    assert_eq!(code(Consistency::prove(3, 2, given(&all)).map(drop)), Code::ParseProof);
    assert_eq!(code(Consistency::prove(2, 6, given(&all)).map(drop)), Code::StateLogBroken);
    let failing = all.iter().map(|_| Err(wane::Refusal::new(Code::StateUnreachable, "", "", "")));
    assert_eq!(code(Inclusion::prove(0, 5, failing).map(drop)), Code::StateUnreachable);
}

#[test]
fn only_proofs_are_read_as_proofs() {
    let all = leaves(5);
    let inclusion = Inclusion::prove(3, 5, given(&all)).unwrap().to_json();
    let consistency = Consistency::prove(3, 5, given(&all)).unwrap().to_json();
    assert!(Inclusion::from_json(&inclusion).is_ok() && Consistency::from_json(&consistency).is_ok());
    let long = format!("{inclusion}{}", " ".repeat(16 * 1024));
    for text in [
        "",
        "null",
        &consistency,
        &inclusion.replace("\"size\":5", "\"size\":5,\"size\":5"),
        &inclusion.replace("\"size\":5", "\"size\":-5"),
        &inclusion.replace("\"size\":5", "\"size\":5.0"),
        &inclusion.replace("\"size\":5,", ""),
        &inclusion.replace("\"size\":5", "\"size\":5,\"more\":1"),
        &inclusion.replace("path\":[\"", "path\":[\"A"),
        &long,
    ] {
        assert_eq!(Inclusion::from_json(text).unwrap_err().code(), Code::ParseProof, "{text}");
    }
    assert_eq!(Consistency::from_json(&inclusion).unwrap_err().code(), Code::ParseProof);
    // A hash more or less is no proof.
    let head = head(&all);
    let hash = all[0].to_string();
    for text in [inclusion.replace("path\":[", &format!("path\":[\"{hash}\",")), {
        let cut = inclusion.rfind(",\"").unwrap();
        format!("{}]}}", &inclusion[..cut])
    }] {
        let proof = Inclusion::from_json(&text).unwrap();
        assert_eq!(proof.verify(&all[3], &head).unwrap_err().code(), Code::ParseProof, "{text}");
    }
}

proptest! {
    /// Nobody's numbers make a verifier fail otherwise than by refusing.
    #[test]
    fn any_numbers_are_answered(record: u64, size: u64, from: u64, to: u64, hashes in 0_usize..70) {
        let path = vec![Hash::EMPTY.to_string(); hashes];
        let path = serde_json::to_string(&path).unwrap();
        let origin = Origin::new("example.com/log").unwrap();
        let head = |size| Checkpoint { origin: origin.clone(), size, root: Hash::of_leaf(b"root") };
        let text = format!(r#"{{"proof":"inclusion","record":{record},"size":{size},"path":{path}}}"#);
        let inclusion = Inclusion::from_json(&text).unwrap();
        prop_assert!(inclusion.verify(&Hash::EMPTY, &head(size)).is_err());
        let text = format!(r#"{{"proof":"consistency","from":{from},"to":{to},"path":{path}}}"#);
        let consistency = Consistency::from_json(&text).unwrap();
        prop_assert!(consistency.verify(&head(from), &head(to)).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn proofs_of_large_logs_hold(size in 1_u64..1_500, a: prop::sample::Index, b: prop::sample::Index) {
        let all = leaves(size);
        let new = head(&all);
        let number = usize::try_from(size).unwrap();
        let (record, from) = (a.index(number), b.index(number + 1));
        let proof = Inclusion::prove(u64::try_from(record).unwrap(), size, given(&all)).unwrap();
        prop_assert!(proof.verify(&all[record], &new).is_ok());
        let proof = Consistency::prove(u64::try_from(from).unwrap(), size, given(&all)).unwrap();
        prop_assert!(proof.verify(&head(&all[..from]), &new).is_ok());
    }
}
