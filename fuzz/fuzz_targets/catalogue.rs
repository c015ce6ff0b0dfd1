#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wane_fuzz::catalogue::run(data));
