//! A second reader and writer of CBOR, naive on purpose: it reads more than the profile allows, builds a tree, and
//! calls the bytes strict where the tree holds nothing twice and is written as exactly these bytes.

/// The kinds of item the profile knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Array(Vec<Item>),
    Bool(bool),
    Bytes(Vec<u8>),
    /// −1 − n
    Negative(u64),
    Map(Vec<(Item, Item)>),
    Null,
    Text(String),
    Unsigned(u64),
}

/// The most arrays and maps that lie within one another.
const DEPTH: usize = 8;

impl Item {
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }

    /// A map; the order of the entries does not matter.
    pub(crate) fn map(entries: impl IntoIterator<Item = (u64, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Self::Unsigned(key), value)).collect())
    }

    /// What stands under this key, if this is a map with that key.
    pub(crate) fn get(&self, key: &Self) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Deterministic CBOR.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Unsigned(value) => head(0, *value),
            Self::Negative(value) => head(1, *value),
            Self::Bytes(bytes) => [head(2, length(bytes)), bytes.clone()].concat(),
            Self::Text(text) => [head(3, length(text.as_bytes())), text.as_bytes().to_vec()].concat(),
            Self::Array(items) => {
                let items = items.iter().flat_map(Self::encode);
                head(4, self.count()).into_iter().chain(items).collect()
            }
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.encode(), value.encode())).collect();
                entries.sort();
                let entries = entries.into_iter().flat_map(|(key, value)| [key, value]).flatten();
                head(5, self.count()).into_iter().chain(entries).collect()
            }
            Self::Bool(false) => vec![0xf4],
            Self::Bool(true) => vec![0xf5],
            Self::Null => vec![0xf6],
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Array(items) => items.len() as u64,
            Self::Map(entries) => entries.len() as u64,
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => {
                1 + entries.iter().map(|(key, value)| key.depth().max(value.depth())).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn holds_a_key_twice(&self) -> bool {
        match self {
            Self::Array(items) => items.iter().any(Self::holds_a_key_twice),
            Self::Map(entries) => {
                let twice = |(i, (key, _)): (usize, &(Self, Self))| entries[..i].iter().any(|(other, _)| other == key);
                entries.iter().enumerate().any(twice)
                    || entries.iter().any(|(key, value)| key.holds_a_key_twice() || value.holds_a_key_twice())
            }
            _ => false,
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..=23 => vec![major | argument as u8],
        24..=0xff => vec![major | 24, argument as u8],
        0x100..=0xffff => [&[major | 25][..], &(argument as u16).to_be_bytes()].concat(),
        0x1_0000..=0xffff_ffff => [&[major | 26][..], &(argument as u32).to_be_bytes()].concat(),
        _ => [&[major | 27][..], &argument.to_be_bytes()].concat(),
    }
}

/// The item these bytes are, if they are strict.
pub(crate) fn strict(bytes: &[u8]) -> Option<Item> {
    let mut rest = bytes;
    let item = read(&mut rest, 2 * DEPTH)?;
    let fits = rest.is_empty() && item.depth() <= DEPTH && !item.holds_a_key_twice() && item.encode() == bytes;
    fits.then_some(item)
}

fn read(rest: &mut &[u8], depth_left: usize) -> Option<Item> {
    let depth_left = depth_left.checked_sub(1)?;
    let [first] = *take(rest, 1)? else { return None };
    let argument = match first & 0x1f {
        small @ 0..=23 => u64::from(small),
        info @ 24..=27 => take(rest, 1 << (info - 24))?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        _ => return None,
    };
    let count = || usize::try_from(argument).ok();
    Some(match first >> 5 {
        0 => Item::Unsigned(argument),
        1 => Item::Negative(argument),
        2 => Item::bytes(take(rest, count()?)?),
        3 => Item::Text(String::from_utf8(take(rest, count()?)?.to_vec()).ok()?),
        4 => Item::Array((0..count()?).map(|_| read(rest, depth_left)).collect::<Option<_>>()?),
        5 => Item::Map(
            (0..count()?).map(|_| Some((read(rest, depth_left)?, read(rest, depth_left)?))).collect::<Option<_>>()?,
        ),
        7 if first == 0xf4 => Item::Bool(false),
        7 if first == 0xf5 => Item::Bool(true),
        7 if first == 0xf6 => Item::Null,
        _ => return None,
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}
