//! Genuine, and allowed or not (decide.md section 6).

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, NOW, root};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    let report = Request::new(&["read:files:report"]).call(&["tools/call", "read_report"]);
    let arguments = r#"{"path": "/data/reports/q3.txt", "limit": 1e2, "ratio": 0.5}"#;
    let said = vec![("purpose".into(), "payroll".into())];
    let seal = Claims::new().cti(7).iat(NOW).exp(NOW + 300);
    vec![
        Case::new("decide/last-second", "one second before exp")
            .spec("T137")
            .now(EXP - 1)
            .sealed_from(&Chain::minted(), Claims::new()),
        Case::new("decide/expired", "at exp").refused("deny-expired").spec("T137").now(EXP).sealed(&Chain::standard()),
        Case::new("decide/no-scope", "an action that no scope covers")
            .refused("deny-scope")
            .spec("T147")
            .request("send:mail:internal")
            .sealed(&Chain::standard()),
        Case::new("decide/asked", "an ask covers the action, and nobody has approved")
            .refused("deny-needs-approval")
            .block(0)
            .spec("T150")
            .root_line("[groups]")
            .root_line(&format!("oncall = [\"{}\"]", crate::key::key_text(0x51)))
            .sealed(&Chain::root(&root().ask(list![list!["read:hr:*", list!["@oncall"], 1]])).seal(Claims::new())),
        Case::new("decide/for-one-request", "a seal for this request, the example of the specification")
            .spec("T62 T130 T140")
            .request(report.clone().request_seal())
            .arguments(arguments)
            .sealed_from(
                &Chain::minted(),
                seal.clone().digest(report.digest(arguments, said.clone())).said(crate::map! {"purpose" => "payroll"}),
            ),
        Case::new("decide/for-another-request", "a seal for the same request without what it says")
            .refused("deny-other-request")
            .spec("T130 T140")
            .request(report.clone())
            .arguments(arguments)
            .sealed(&Chain::minted().seal(seal.digest(report.digest(arguments, said)))),
    ]
}
