//! `cidr`: literal addresses in networks.

use alloc::string::ToString;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use crate::code::Code;
use crate::json;
use crate::refusal::Refusal;

/// A network in its plain form, without host bits: `10.0.0.0/8`, `2001:db8::/32`. An IPv4-mapped network is
/// the IPv4 network it maps.
///
/// ```
/// use wane::Network;
/// assert_eq!("::ffff:10.0.0.0/104".parse::<Network>()?, "10.0.0.0/8".parse()?);
/// for refused in ["10.0.0.1/8", "10.0.0.1", "010.0.0.0/8", "10.0.0.0/08", "fe80::%1/64", "2001:DB8::/32"] {
///     assert!(refused.parse::<Network>().is_err(), "{refused}");
/// }
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpNet);

impl Network {
    /// Whether `address`, which is folded, lies in this network.
    // spec: T98
    pub(super) fn holds(&self, address: &IpAddr) -> bool {
        self.0.contains(address)
    }
}

impl FromStr for Network {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let plain = |net: &IpNet| net.addr() == net.network() && net.to_string() == text;
        text.parse::<IpNet>().ok().filter(plain).map(|net| Self(fold(net))).ok_or_else(|| {
            let bound = "a network in its plain form without host bits, like `10.0.0.0/8`";
            Refusal::new(Code::ParseCondition, "conditions", json::quote_start(text), bound)
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A literal address, folded to IPv4 where it maps one. Leading zeros mean octal to some readers, and a zone
/// means something to one host only: both are refused.
// spec: T97
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let padded = |group: &str| group.len() > 1 && group.starts_with('0');
    if text.split([':', '.']).any(padded) {
        return None;
    }
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn fold(net: IpNet) -> IpNet {
    let mapped = |net: IpNet| match net {
        IpNet::V4(_) => None,
        IpNet::V6(net) => {
            let prefix = net.prefix_len().checked_sub(96)?;
            Ipv4Net::new(net.addr().to_ipv4_mapped()?, prefix).ok()
        }
    };
    mapped(net).map_or(net, IpNet::V4)
}
