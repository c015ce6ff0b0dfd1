//! What cannot be provoked from outside at will.

use super::*;

#[tokio::test]
async fn where_too_many_wait_nobody_else_does() {
    let catalogue = Catalogue::from_toml("[server.s]\naudience = 's'\n").unwrap();
    let service = Service::new(ServiceOptions { catalogue, guard: Weak::new(), clock: Box::new(|| 0) }).unwrap();
    let asked = || {
        let read = |_: &Catalogue, _: &Tokens| Err(Refusal::new(Code::DenyNoToken, "token", "the question", ""));
        service.ask(Surface::Admit, Purpose::Admit, read)
    };
    let code = |outcome| match outcome {
        Outcome::Refused(denial) => denial.refusal.code(),
        Outcome::Allowed(_) => panic!("allowed"),
    };
    assert_eq!(code(asked().await), Code::DenyNoToken);
    let all = Arc::clone(&service.0.deciding).try_acquire_many_owned(256).unwrap();
    assert_eq!(code(asked().await), Code::StateLocked);
    drop(all);
    assert_eq!(code(asked().await), Code::DenyNoToken);
}

#[test]
fn a_server_without_an_audience_is_not_served() {
    let catalogue = || Catalogue::from_toml("[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n").unwrap();
    let options = |catalogue| ServiceOptions { catalogue, guard: Weak::new(), clock: Box::new(|| 0) };
    assert_eq!(Service::new(options(catalogue())).unwrap_err().code(), Code::ParseCatalogue);
    let stated = Catalogue::from_toml("[server.s]\naudience = 's'\n").unwrap();
    let service = Service::new(options(stated)).unwrap();
    assert_eq!(service.replace_catalogue(catalogue()).unwrap_err().code(), Code::ParseCatalogue);
    assert_eq!(service.catalogue().listed().next().unwrap().tools.len(), 0);
}
