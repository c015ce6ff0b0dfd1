//! Inputs that fooled other systems, each refused with its code.

use super::*;

macro_rules! hostile {
    ($($name:ident: $condition:literal on $arguments:literal => $code:ident;)*) => {
        $(
            #[test]
            fn $name() {
                let code = match Arguments::from_json($arguments.as_bytes()) {
                    Ok(_) => refusal($condition, $arguments).map(|refusal| refusal.code()),
                    Err(refusal) => Some(refusal.code()),
                };
                assert_eq!(code, Some(Code::$code));
            }
        )*
    };
}

// Shapes and types.
hostile! {
    empty_array: "a = 1" on r#"{"a":[]}"# => DenyArgumentShape;
    array_of_objects: "a = 1" on r#"{"a":[{"a":1}]}"# => DenyArgumentShape;
    array_with_one_object_at_its_end: "a = 1" on r#"{"a":[1,1,{}]}"# => DenyArgumentShape;
    pointer_through_an_array: "/a/0 = 1" on r#"{"a":[1]}"# => DenyArgumentShape;
    pointer_through_a_text: "/a/b absent" on r#"{"a":"{}"}"# => DenyArgumentShape;
    missing_argument: "a = 1" on "{}" => DenyMissingArgument;
    no_arguments_at_all_under_a_bound: "max_records <= 10" on "{}" => DenyMissingArgument;
    the_number_for_the_text: "a = \"1\"" on r#"{"a":1}"# => DenyArgumentType;
    the_text_for_the_number: "a = 1" on r#"{"a":"1"}"# => DenyArgumentType;
    true_for_one: "a = 1" on r#"{"a":true}"# => DenyArgumentType;
    a_bound_met_by_a_text: "max_records <= 10" on r#"{"max_records":"9"}"# => DenyArgumentType;
    a_bound_met_by_a_fraction: "max_records <= 10" on r#"{"max_records":0.5}"# => DenyArgumentShape;
    a_negative_count: "n >= 0" on r#"{"n":-1}"# => DenyCondition;
    a_purpose_in_a_list_with_another: "purpose = audit" on r#"{"purpose":["audit","x"]}"# => DenyCondition;
    a_purpose_with_an_invisible_space: "purpose = audit" on r#"{"purpose":"audit\u200b"}"# => DenyCondition;
    a_null_is_present: "purpose absent" on r#"{"purpose":null}"# => DenyCondition;
    an_option_smuggled_behind_a_space: "pod in [x]" on r#"{"pod":"x --all"}"# => DenyCondition;
    an_option_instead_of_a_name: "node in [x]" on r#"{"node":"--selector=all"}"# => DenyCondition;
}

// Numbers and JSON.
hostile! {
    two_to_the_53_and_one: "a >= 0" on r#"{"a":9007199254740993}"# => ParseJsonNumber;
    two_to_the_53_and_one_with_a_point: "a >= 0" on r#"{"a":9007199254740993.0}"# => ParseJsonNumber;
    one_e_400: "a >= 0" on r#"{"a":1e400}"# => ParseJsonNumber;
    one_e_999999999: "a >= 0" on r#"{"a":1e999999999}"# => ParseJsonNumber;
    one_e_minus_400: "a = 0" on r#"{"a":1e-400}"# => ParseJsonNumber;
    not_a_number: "a <= 10" on r#"{"a":NaN}"# => ParseJson;
    infinity: "a <= 10" on r#"{"a":Infinity}"# => ParseJson;
    a_second_path: "path under /data" on r#"{"path":"/data/x","path":"/etc/passwd"}"# => ParseJsonDuplicate;
    a_second_path_escaped: "path under /data" on r#"{"path":"/data/x","p\u0061th":"/etc/passwd"}"# => ParseJsonDuplicate;
    a_lone_surrogate: "path like *" on r#"{"path":"\ud800"}"# => ParseJson;
    arguments_as_a_list: "a = 1" on "[1]" => ParseJson;
    arguments_as_a_text: "a = 1" on r#""{\"a\":1}""# => ParseJson;
}

// Paths.
hostile! {
    climbing_out: "path under /data" on r#"{"path":"/data/../etc"}"# => DenyPath;
    climbing_out_of_a_relative_path: "path under /src" on r#"{"path":"./src/../.env"}"# => DenyPath;
    climbing_out_percent_encoded: "path under /data" on r#"{"path":"/data/%2e%2e/.env"}"# => DenyPath;
    climbing_out_with_backslashes: "path under /data" on r#"{"path":"/data/..\\..\\.env"}"# => DenyPath;
    trailing_slash: "path under /data" on r#"{"path":"/data/"}"# => DenyPath;
    trailing_space: "path under /data" on r#"{"path":"/data/server.pem "}"# => DenyPath;
    double_slash: "path under /data" on r#"{"path":"/data//x"}"# => DenyPath;
    single_dot: "path under /data" on r#"{"path":"/data/./x"}"# => DenyPath;
    home_directory: "path under /data" on r#"{"path":"~/.ssh/id_rsa"}"# => DenyPath;
    home_directory_inside: "path under /data" on r#"{"path":"/data/~root"}"# => DenyPath;
    file_url: "path under /etc" on r#"{"path":"file:///etc/passwd"}"# => DenyPath;
    nul_byte: "path under /data" on r#"{"path":"/data/x\u0000.txt"}"# => DenyPath;
    line_feed: "path under /data" on r#"{"path":"/data/x\n/etc/passwd"}"# => DenyPath;
    another_case: "path under /etc" on r#"{"path":"/ETC/shadow"}"# => DenyCondition;
    a_longer_name: "path under /data" on r#"{"path":"/database"}"# => DenyCondition;
    a_stream_of_the_file: "path = /data/server.pem" on r#"{"path":"/data/server.pem::$DATA"}"# => DenyCondition;
    one_bad_path_in_a_list: "path under /data" on r#"{"path":["/data/x","/data/../etc"]}"# => DenyPath;
    the_path_under_another_name: "path under /data" on r#"{"paths":["/data/x"]}"# => DenyMissingArgument;
    the_path_under_a_look_alike: "path under /data" on r#"{"pаth":"/data/x"}"# => DenyMissingArgument;
    a_look_alike_in_the_path: "path under /data/health" on r#"{"path":"/data/heаlth"}"# => DenyCondition;
}

// URLs.
hostile! {
    backslash_before_the_at: "url host a" on r#"{"url":"http://a\\@b/"}"# => DenyUrl;
    backslash_before_the_at_seen_otherwise: "url host b" on r#"{"url":"http://a\\@b/"}"# => DenyUrl;
    the_host_as_a_user: "url host example.com" on r#"{"url":"https://example.com@evil.test/"}"# => DenyUrl;
    a_user: "url host example.com" on r#"{"url":"https://user@example.com/"}"# => DenyUrl;
    no_slashes: "url host evil.com" on r#"{"url":"https:evil.com"}"# => DenyUrl;
    short_loopback: "url host 127.0.0.1" on r#"{"url":"http://127.1/"}"# => DenyUrl;
    hexadecimal_loopback: "url host 127.0.0.1" on r#"{"url":"http://0x7f.0.0.1/"}"# => DenyUrl;
    decimal_loopback: "url host 127.0.0.1" on r#"{"url":"http://2130706433/"}"# => DenyUrl;
    fullwidth_dot: "url host example.com" on r#"{"url":"http://example．com/"}"# => DenyUrl;
    percent_encoded_host: "url host example.com" on r#"{"url":"http://ex%61mple.com/"}"# => DenyUrl;
    percent_encoded_dots: "url host example.com" on r#"{"url":"http://example.com/%2e%2e/x"}"# => DenyUrl;
    upper_case_host: "url host example.com" on r#"{"url":"http://EXAMPLE.com/"}"# => DenyUrl;
    stated_default_port: "url host example.com" on r#"{"url":"https://example.com:443/"}"# => DenyUrl;
    another_port: "url host example.com" on r#"{"url":"https://example.com:8443/"}"# => DenyCondition;
    trailing_dot: "url host example.com" on r#"{"url":"https://example.com./"}"# => DenyUrl;
    longer_host: "url host example.com" on r#"{"url":"https://example.com.evil.test/"}"# => DenyCondition;
    mapped_loopback: "url host 127.0.0.1" on r#"{"url":"http://[::ffff:7f00:1]/"}"# => DenyCondition;
    tab_in_the_host: "url host example.com" on r#"{"url":"https://exam\tple.com/"}"# => DenyUrl;
    space_before: "url scheme https" on r#"{"url":" https://example.com/"}"# => DenyUrl;
    upper_case_scheme: "url scheme https" on r#"{"url":"HTTPS://example.com/"}"# => DenyUrl;
}

// Addresses.
hostile! {
    short_address: "ip cidr 127.0.0.0/8" on r#"{"ip":"127.1"}"# => DenyAddress;
    octal_address: "ip cidr 10.0.0.0/8" on r#"{"ip":"012.0.0.1"}"# => DenyAddress;
    decimal_address: "ip cidr 127.0.0.0/8" on r#"{"ip":"2130706433"}"# => DenyAddress;
    an_address_as_a_number: "ip cidr 127.0.0.0/8" on r#"{"ip":2130706433}"# => DenyArgumentType;
    mapped_address_outside: "ip cidr 192.168.0.0/16" on r#"{"ip":"::ffff:10.0.0.1"}"# => DenyCondition;
    mapped_address_in_the_ipv6_network: "ip cidr ::/0" on r#"{"ip":"::ffff:10.0.0.1"}"# => DenyCondition;
    address_with_a_zone: "ip cidr fe80::/10" on r#"{"ip":"fe80::1%eth0"}"# => DenyAddress;
    address_with_a_port: "ip cidr 10.0.0.0/8" on r#"{"ip":"10.0.0.1:80"}"# => DenyAddress;
    address_with_a_trailing_space: "ip cidr 10.0.0.0/8" on r#"{"ip":"10.0.0.1 "}"# => DenyAddress;
}

#[test]
fn a_mapped_address_inside_is_folded() {
    holds("ip cidr 10.0.0.0/8", r#"{"ip":"::ffff:10.0.0.1"}"#);
}

#[test]
fn a_holder_cannot_state_a_fact_of_the_server() {
    denied("@tool = x", r#"{"@tool":"x","tool":"x"}"#, Code::DenyMissingFact);
    denied("@purpose = audit", "{}", Code::DenyMissingFact);
}
