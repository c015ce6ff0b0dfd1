//! `cidr`: literal addresses in networks.

use alloc::string::ToString;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use ipnet::IpNet;

use crate::code::Code;
use crate::json;
use crate::refusal::Refusal;

/// A network in its plain form, without host bits: `10.0.0.0/8`, `2001:db8::/32`. An IPv4-mapped network is
/// written as the IPv4 network it maps.
///
/// ```
/// use wane::Network;
/// assert!("10.0.0.0/8".parse::<Network>().is_ok());
/// for refused in ["10.0.0.1/8", "10.0.0.1", "010.0.0.0/8", "10.0.0.0/08", "fe80::%1/64", "::ffff:10.0.0.0/104"] {
///     assert!(refused.parse::<Network>().is_err(), "{refused}");
/// }
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
        let mapped = |net: &IpNet| matches!(net, IpNet::V6(net) if net.network().to_ipv4_mapped().is_some());
        let plain = |net: &IpNet| net.addr() == net.network() && net.to_string() == text && !mapped(net);
        text.parse::<IpNet>().ok().filter(plain).map(Self).ok_or_else(|| {
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
