//! Checks a recipient's address for one network, to the last checksum.
