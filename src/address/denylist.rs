//! The denylist holds valid addresses that are nobody's: what is sent there is lost.
//!
//! Three kinds: accounts that follow a rule (the zero address, what the chain itself runs), a
//! table of known ones, and the contract or mint of every token that this program can pay, which
//! people copy from an explorer in place of an address.

use std::sync::LazyLock;

use super::account::Account;
use super::error::Reason;
use super::read::read;
use crate::domain::{Currency, Network};

const ZERO: Reason = Reason::Known("the zero address, which nobody owns");
const RESERVED: Reason =
    Reason::Known("one of the low addresses that the chain keeps for itself (precompiles)");
const PREDEPLOY: Reason =
    Reason::Known("one of the contracts that OP Mainnet and Base are built with");

/// Why the account is not paid, if it is refused.
pub(super) fn find(account: &Account) -> Option<Reason> {
    LISTED.find(account).or_else(|| by_rule(account))
}

/// The reserved accounts that come in ranges.
fn by_rule(account: &Account) -> Option<Reason> {
    let body = match (account.network(), account.bytes()) {
        // The workchain does not belong to the account's number.
        (Network::Ton, [_workchain, body @ ..]) => body,
        (_, body) => body,
    };
    if body.iter().all(|&byte| byte == 0) {
        return Some(ZERO);
    }
    // A key for an address with 144 given bits cannot be found by trying.
    match (account.network(), body) {
        (Network::Evm | Network::Tron, [zeros @ .., _, _]) if zeros.iter().all(|&b| b == 0) => {
            Some(RESERVED)
        }
        (Network::Evm, [0x42, zeros @ .., _, _]) if zeros.iter().all(|&b| b == 0) => {
            Some(PREDEPLOY)
        }
        _ => None,
    }
}

/// The single refused accounts, in order.
struct Listed {
    accounts: Vec<(Account, Reason)>,
    /// A bit for each fingerprint that an account here has: almost every recipient is told apart
    /// by it, without a search.
    fingerprints: [u64; 64],
}

static LISTED: LazyLock<Listed> = LazyLock::new(|| {
    let known = KNOWN
        .iter()
        .map(|(network, text, what)| (*network, *text, Reason::Known(what)));
    let contracts = Currency::all().filter_map(|currency| {
        let text = currency.contract()?;
        Some((currency.network(), text, Reason::Contract(currency)))
    });
    let accounts = known
        .chain(contracts)
        .filter_map(|(network, text, reason)| Some((*read(network, text).ok()?.account(), reason)));
    Listed::new(accounts)
});

impl Listed {
    fn new(accounts: impl Iterator<Item = (Account, Reason)>) -> Self {
        let mut accounts: Vec<_> = accounts.collect();
        // The first of several currencies with one contract speaks for all of them.
        accounts.sort_by_key(|(account, _)| *account);
        accounts.dedup_by_key(|(account, _)| *account);
        let mut fingerprints = [0; 64];
        for (account, _) in &accounts {
            let (word, bit) = place(account);
            fingerprints[word] |= bit;
        }
        Self {
            accounts,
            fingerprints,
        }
    }

    fn find(&self, account: &Account) -> Option<Reason> {
        let (word, bit) = place(account);
        if self.fingerprints[word] & bit == 0 {
            return None;
        }
        let found = self.accounts.binary_search_by_key(account, |(a, _)| *a);
        let (_, reason) = self.accounts.get(found.ok()?)?;
        Some(*reason)
    }
}

/// Where the bit of a fingerprint is: the word, and the bit in it.
fn place(account: &Account) -> (usize, u64) {
    let fingerprint = account.fingerprint();
    (fingerprint >> 6, 1 << (fingerprint & 63))
}

const BURN: &str = "a burn address, which nobody owns";
const PROGRAM: &str = "a program that Solana is built with";
const SYSVAR: &str = "an account where Solana keeps its own data (a sysvar)";

/// Burn addresses, system programs and contracts of tokens that are not in the table.
///
/// Sources: the chains' own documentation; for Solana the crate `solana-sdk-ids` and the program
/// library; the issuers' pages for contracts that they have left behind.
#[rustfmt::skip]
const KNOWN: &[(Network, &str, &str)] = &[
    (Network::Bitcoin, "1BitcoinEaterAddressDontSendf59kuE", BURN),
    (Network::Bitcoin, "1CounterpartyXXXXXXXXXXXXXXXUWLpVr", BURN),
    (Network::Bitcoin, "1HT7xU2Ngenf7D4yocz2SAcnNLW7rK8d4E", "the hash of an empty key, which nobody can sign for"),

    (Network::Tron, "TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy", "TRON's black hole, which burns what it gets"),
    (Network::Tron, "TPYmHEhy5n8TCEfYGqW2rPxsghSfzghPDn", "the contract of the first USDD on TRON"),
    (Network::Tron, "TNUC9Qb1rRpS5CbWLmNMxXBjyFoydXjWFR", "the contract of Wrapped TRX"),

    (Network::Evm, "0x000000000000000000000000000000000000dEaD", BURN),
    (Network::Evm, "0xdead000000000000000000000000000000000000", BURN),
    (Network::Evm, "0xdead000000000000000042069420694206942069", BURN),
    (Network::Evm, "0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead", BURN),
    (Network::Evm, "0xffffffffffffffffffffffffffffffffffffffff", BURN),
    (Network::Evm, "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", "the placeholder that programs write for a chain's own coin"),
    (Network::Evm, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "the contract of Wrapped Ether on Ethereum"),
    (Network::Evm, "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1", "the contract of Wrapped Ether on Arbitrum One"),
    (Network::Evm, "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c", "the contract of Wrapped BNB on BNB Smart Chain"),
    (Network::Evm, "0xFF970A61A04b1cA14834A43f5dE4533eBDDB5CC8", "the contract of bridged USDC (USDC.e) on Arbitrum One"),
    (Network::Evm, "0x7F5c764cBc14f9669B88837ca1490cCa17c31607", "the contract of bridged USDC (USDC.e) on OP Mainnet"),
    (Network::Evm, "0xd9aAEc86B65D86f6A7B5B1b0c42FFA531710b6CA", "the contract of bridged USDC (USDbC) on Base"),
    (Network::Evm, "0x01bFF41798a0BcF287b996046Ca68b395DbC1071", "the contract of USDT0 on OP Mainnet"),
    (Network::Evm, "0x8dd5fbCe2F6a956C3022bA3663759011Dd51e73E", "the contract of the first TUSD on Ethereum"),
    (Network::Evm, "0x14016E85a25aeb13065688cAFB43044C2ef86784", "the contract of the first TUSD on BNB Smart Chain"),

    (Network::Ton, "Ef8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM0vF", "TON's elector, a system contract"),
    (Network::Ton, "Ef9VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVbxn", "TON's configuration, a system contract"),

    (Network::Solana, "11111111111111111111111111111111", PROGRAM),
    (Network::Solana, "1nc1nerator11111111111111111111111111111111", "Solana's incinerator, which burns what it gets"),
    (Network::Solana, "So11111111111111111111111111111111111111112", "the mint of Wrapped SOL"),
    (Network::Solana, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "the Token program"),
    (Network::Solana, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb", "the Token-2022 program"),
    (Network::Solana, "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", "the Associated Token Account program"),
    (Network::Solana, "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", "the Memo program"),
    (Network::Solana, "AddressLookupTab1e1111111111111111111111111", PROGRAM),
    (Network::Solana, "BPFLoader1111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "BPFLoader2111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "BPFLoaderUpgradeab1e11111111111111111111111", PROGRAM),
    (Network::Solana, "ComputeBudget111111111111111111111111111111", PROGRAM),
    (Network::Solana, "Config1111111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "Ed25519SigVerify111111111111111111111111111", PROGRAM),
    (Network::Solana, "Feature111111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "KeccakSecp256k11111111111111111111111111111", PROGRAM),
    (Network::Solana, "LoaderV411111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "NativeLoader1111111111111111111111111111111", PROGRAM),
    (Network::Solana, "Secp256r1SigVerify1111111111111111111111111", PROGRAM),
    (Network::Solana, "Stake11111111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "StakeConfig11111111111111111111111111111111", PROGRAM),
    (Network::Solana, "Vote111111111111111111111111111111111111111", PROGRAM),
    (Network::Solana, "ZkE1Gama1Proof11111111111111111111111111111", PROGRAM),
    (Network::Solana, "ZkTokenProof1111111111111111111111111111111", PROGRAM),
    (Network::Solana, "Sysvar1111111111111111111111111111111111111", SYSVAR),
    (Network::Solana, "Sysvar1nstructions1111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarC1ock11111111111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarEpochRewards1111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarEpochSchedu1e111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarFees111111111111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarLastRestartS1ot1111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarRecentB1ockHashes11111111111111111111", SYSVAR),
    (Network::Solana, "SysvarRent111111111111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarRewards111111111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarS1otHashes111111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarS1otHistory11111111111111111111111111", SYSVAR),
    (Network::Solana, "SysvarStakeHistory1111111111111111111111111", SYSVAR),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Caution, check};

    fn message(network: Network, text: &str) -> String {
        let error = check(network, text).unwrap_err();
        assert_eq!(error.kind(), "refused recipient", "{text}");
        error.to_string()
    }

    #[test]
    fn every_listed_text_is_a_valid_address() {
        for (network, text, _) in KNOWN {
            assert!(read(*network, text).is_ok(), "{text}");
        }
        for currency in Currency::all() {
            if let Some(text) = currency.contract() {
                let address = read(currency.network(), text).unwrap();
                // Without letters there is no case to carry a checksum.
                let is_checked = text.chars().skip(2).any(char::is_alphabetic);
                let has_none = address.caution() == Some(Caution::OneCase);
                assert!(!(is_checked && has_none), "{text}");
            }
        }
    }

    #[test]
    fn every_contract_is_refused_by_name() {
        for currency in Currency::all() {
            if let Some(text) = currency.contract() {
                let message = message(currency.network(), text);
                assert!(message.contains(currency.ticker()), "{message}");
                assert!(message.contains(currency.chain()), "{message}");
            }
        }
        assert_eq!(
            message(Network::Evm, "0xdac17f958d2ee523a2206206994597c13d831ec7"),
            "this is USDT's own contract on Ethereum"
        );
        assert_eq!(
            message(Network::Evm, "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1"),
            "this is DAI's own contract on Arbitrum One and OP Mainnet"
        );
        assert_eq!(
            message(
                Network::Solana,
                "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
            ),
            "this is USDC's own mint on Solana"
        );
    }

    #[test]
    fn zero_is_refused_everywhere() {
        for (network, text) in [
            (Network::Bitcoin, "1111111111111111111114oLvT2"),
            (
                Network::Bitcoin,
                "bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq9e75rs",
            ),
            (Network::Tron, "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"),
            (Network::Evm, "0x0000000000000000000000000000000000000000"),
            (
                Network::Ton,
                "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c",
            ),
        ] {
            assert_eq!(message(network, text), ZERO.to_string(), "{text}");
        }
    }

    #[test]
    fn what_the_chain_runs_is_refused() {
        for (text, reason) in [
            ("0x0000000000000000000000000000000000000001", RESERVED),
            ("0x0000000000000000000000000000000000000011", RESERVED),
            ("0x0000000000000000000000000000000000000100", RESERVED),
            (
                "0x000000000000000000000000000000000000dEaD",
                Reason::Known(BURN),
            ),
            ("0x4200000000000000000000000000000000000006", PREDEPLOY),
        ] {
            assert_eq!(message(Network::Evm, text), reason.to_string());
        }
        // A leading zero or two is only luck.
        assert!(check(Network::Evm, "0x0000000000000000000000000000000000010000").is_ok());
    }
}
