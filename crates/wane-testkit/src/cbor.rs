//! A CBOR tree that can say what it should not: its own encoder, which checks nothing.

/// One item, right or wrong. Maps and lists are written as they stand, in any order and with equal keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An integer of major type 0 or 1, in its shortest form.
    Int(i128),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Item>),
    /// A map, in this order.
    Map(Vec<(Item, Item)>),
    /// A simple value below 24: 20 is false, 21 true, 22 null, 23 undefined.
    Simple(u8),
    /// A float in the shortest of 16, 32 and 64 bits that keeps it.
    Float(f64),
    /// A tag around an item.
    Tag(u64, Box<Item>),
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
}

/// An array of anything that is an item: `list!["read:*", 7, list![]]`.
#[macro_export]
macro_rules! list {
    ($($element:expr),* $(,)?) => { $crate::cbor::Item::List(vec![$($crate::cbor::Item::from($element)),*]) };
}

/// A map in the order stated: `map!{1 => 2, "a" => list![]}`.
#[macro_export]
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::cbor::Item::Map(vec![$(($crate::cbor::Item::from($key), $crate::cbor::Item::from($value))),*])
    };
}

impl Item {
    /// `null`.
    pub const NULL: Self = Self::Simple(22);

    /// The bytes of a hexadecimal text, as they are; blanks are passed over.
    ///
    /// # Panics
    /// Where the text is not hexadecimal.
    #[must_use]
    pub fn raw(hex: &str) -> Self {
        Self::Raw(crate::text::from_hex(hex))
    }

    /// A text of `count` times this letter.
    #[must_use]
    pub fn long(letter: &str, count: usize) -> Self {
        Self::Text(letter.repeat(count))
    }

    /// A list of texts.
    #[must_use]
    pub fn texts<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::List(texts.iter().map(|text| Self::Text(text.as_ref().to_owned())).collect())
    }

    /// A map whose keys ascend by their encoding.
    #[must_use]
    pub fn ascending(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_by_key(|(key, _)| key.to_bytes());
        Self::Map(entries)
    }

    /// What is written for it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value @ 0..) => out.extend(head(0, wide(*value))),
            Self::Int(value) => out.extend(head(1, wide(-1 - *value))),
            Self::Bytes(bytes) => {
                out.extend(head(2, count(bytes.len())));
                out.extend(bytes);
            }
            Self::Text(text) => {
                out.extend(head(3, count(text.len())));
                out.extend(text.as_bytes());
            }
            Self::List(items) => {
                out.extend(head(4, count(items.len())));
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(entries) => {
                out.extend(head(5, count(entries.len())));
                for (key, value) in entries {
                    key.write(out);
                    value.write(out);
                }
            }
            Self::Simple(value) => out.extend(head(7, u64::from(*value))),
            Self::Float(value) => out.extend(shortest_float(*value)),
            Self::Tag(tag, item) => {
                out.extend(head(6, *tag));
                item.write(out);
            }
            Self::Raw(bytes) => out.extend(bytes),
        }
    }
}

fn wide(value: i128) -> u64 {
    u64::try_from(value).expect("cbor has integers of 64 bits")
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

/// The shortest head.
#[must_use]
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    match argument {
        0..=23 => vec![major << 5 | low(argument)],
        24..=0xff => long_head(major, argument, 1),
        0x100..=0xffff => long_head(major, argument, 2),
        0x1_0000..=0xffff_ffff => long_head(major, argument, 4),
        _ => long_head(major, argument, 8),
    }
}

/// A head whose argument has this many bytes, 1, 2, 4 or 8, however many it needs.
///
/// # Panics
/// For another width.
#[must_use]
pub fn long_head(major: u8, argument: u64, width: usize) -> Vec<u8> {
    let information = match width {
        1 => 24,
        2 => 25,
        4 => 26,
        8 => 27,
        _ => panic!("no head has {width} bytes"),
    };
    let mut out = vec![major << 5 | information];
    out.extend(argument.to_be_bytes().iter().skip(8 - width));
    out
}

fn low(argument: u64) -> u8 {
    u8::try_from(argument).expect("the argument was compared before")
}

/// 16, 32 or 64 bits, the fewest that keep the value. Only for finite values.
#[allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the loss is looked for")]
fn shortest_float(value: f64) -> Vec<u8> {
    let single = value as f32;
    if f64::from(single) != value {
        return [&[0xfb], &value.to_be_bytes()[..]].concat();
    }
    match half(single) {
        Some(half) => [&[0xf9], &half.to_be_bytes()[..]].concat(),
        None => [&[0xfa], &single.to_be_bytes()[..]].concat(),
    }
}

/// The value in 16 bits, where that loses nothing.
fn half(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let (sign, exponent, fraction) = (bits >> 31 << 15, i64::from(bits >> 23 & 0xff) - 127, bits & 0x7f_ffff);
    let kept = match exponent {
        -127 if fraction == 0 => Some(0),
        -14..=15 if fraction.trailing_zeros() >= 13 => Some(u32::try_from(exponent + 15).ok()? << 10 | fraction >> 13),
        -24..=-15 => {
            let (whole, shift) = (fraction | 0x80_0000, u32::try_from(-1 - exponent).ok()?);
            (whole.trailing_zeros() >= shift).then_some(whole >> shift)
        }
        _ => None,
    };
    u16::try_from(sign | kept?).ok()
}

macro_rules! from {
    ($($type:ty => |$value:ident| $item:expr;)*) => {
        $(impl From<$type> for Item {
            fn from($value: $type) -> Self {
                $item
            }
        })*
    };
}

from! {
    i32 => |value| Self::Int(value.into());
    i64 => |value| Self::Int(value.into());
    u64 => |value| Self::Int(value.into());
    i128 => |value| Self::Int(value);
    usize => |value| Self::Int(count(value).into());
    bool => |value| Self::Simple(if value { 21 } else { 20 });
    f64 => |value| Self::Float(value);
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    Vec<Item> => |value| Self::List(value);
}

impl<const N: usize> From<[u8; N]> for Item {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex;

    /// Examples of RFC 8949, appendix A.
    #[test]
    fn items_are_written_as_the_standard_shows() {
        let cases: Vec<(Item, &str)> = vec![
            (0.into(), "00"),
            (23.into(), "17"),
            (24.into(), "1818"),
            (1000.into(), "1903e8"),
            (1_000_000.into(), "1a000f4240"),
            (Item::Int(18_446_744_073_709_551_615), "1bffffffffffffffff"),
            (Item::Int(-18_446_744_073_709_551_616), "3bffffffffffffffff"),
            ((-1).into(), "20"),
            ((-1000).into(), "3903e7"),
            (0.0.into(), "f90000"),
            ((-0.0).into(), "f98000"),
            (1.1.into(), "fb3ff199999999999a"),
            (1.5.into(), "f93e00"),
            (65504.0.into(), "f97bff"),
            (100_000.0.into(), "fa47c35000"),
            (3.402_823_466_385_288_6e38.into(), "fa7f7fffff"),
            (5.960_464_477_539_063e-8.into(), "f90001"),
            (0.000_061_035_156_25.into(), "f90400"),
            ((-4.1).into(), "fbc010666666666666"),
            (false.into(), "f4"),
            (Item::NULL, "f6"),
            (Item::Tag(1, Box::new(1_363_896_240.into())), "c11a514b67b0"),
            ([1, 2, 3, 4].into(), "4401020304"),
            ("IETF".into(), "6449455446"),
            (list![1, list![2, 3]], "8201820203"),
            (map! {"a" => 1, "b" => list![2, 3]}, "a26161016162820203"),
        ];
        for (item, expected) in cases {
            assert_eq!(hex(&item.to_bytes()), expected, "{item:?}");
        }
        assert_eq!(hex(&long_head(4, 2, 8)), "9b0000000000000002");
    }
}
