//! Pays a spreadsheet of people in crypto through CryptoCloud's withdrawal API, never twice.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects
    )
)]

pub mod secret;
pub mod wire;

pub mod domain;

pub mod address;

pub mod intake;
pub mod payout;

pub mod cryptocloud;

pub mod sandbox;

pub mod terminal;

pub mod app;
pub mod cli;
pub mod config;
pub mod error;
pub mod exit;
