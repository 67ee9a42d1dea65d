#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| anboto_auth_fuzz::pem(data));
