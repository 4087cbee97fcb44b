//! The API on a loopback port, for rehearsals and tests.
