#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| anboto_gen_fuzz::loader(data));
