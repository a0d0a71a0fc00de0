#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantry_gateway::fuzzing::fuzz_messages(data));
