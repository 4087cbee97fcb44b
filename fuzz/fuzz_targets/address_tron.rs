//! Any text as a recipient: see [`ccbatch_fuzz::recipient`].
#![no_main]

use ccbatch::domain::Network;
use ccbatch_fuzz::recipient::{Recipient, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|recipient: Recipient<'_>| check(Network::Tron, &recipient));
