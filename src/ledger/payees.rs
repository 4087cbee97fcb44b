//! Whom the ledger has paid before: the last created payment to each payee and to each account. It
//! decides nothing; an operator is told what is new or has changed.

use super::engine::{Engine, LookUp, ValueRef};
use super::table::{Columns, Shared, decode_time};
use super::{Ledger, LedgerError, Realm, sorted};
use crate::domain::{Currency, Network, Payout};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The columns of a payment, in the order in which [`read`] takes them.
const COLUMNS: &str = "attempt.payee, attempt.account, attempt.currency_code, \
attempt.to_address, attempt.started_at";

/// A payment that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Who was paid, in the payer's words; empty where there was no name.
    pub payee: String,
    /// The account that was paid.
    pub account: String,
    /// What was paid.
    pub currency: Currency,
    /// The address, as it was written.
    pub to_address: String,
    /// When it was begun.
    pub started_at: DateTime<Utc>,
}

/// The last payments to the payees and the accounts of an input.
#[derive(Clone, Debug, Default)]
pub struct PaidBefore {
    by_payee: HashMap<(String, Network), Payment>,
    by_account: HashMap<String, Payment>,
}

impl PaidBefore {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty() && self.by_payee.is_empty()
    }

    /// Adds the last payments to those of another part of the input.
    pub fn extend(&mut self, other: Self) {
        self.by_payee.extend(other.by_payee);
        self.by_account.extend(other.by_account);
    }

    /// The last payment to a payee on a network.
    #[must_use]
    pub fn payee(&self, payee: &str, network: Network) -> Option<&Payment> {
        self.by_payee.get(&(payee.to_owned(), network))
    }

    /// The last payment to an account.
    #[must_use]
    pub fn account(&self, account: &str) -> Option<&Payment> {
        self.by_account.get(account)
    }
}

impl<E: Engine> Ledger<E> {
    /// Whom of these payouts' recipients the ledger has paid before.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn paid_before(
        &mut self,
        realm: Realm,
        payouts: &[&Payout],
    ) -> Result<PaidBefore, LedgerError> {
        let names = payouts.iter().map(|payout| payout.payee.clone());
        let names = sorted(names.filter(|payee| !payee.is_empty()));
        let accounts = sorted(payouts.iter().map(|payout| payout.account.clone()));
        let mut paid = PaidBefore::default();
        for payment in self.payments(LookUp::Payee, realm, &names).await? {
            let key = (payment.payee.clone(), payment.currency.network());
            keep_newest(paid.by_payee.entry(key), payment);
        }
        for payment in self.payments(LookUp::Account, realm, &accounts).await? {
            let key = payment.account.clone();
            keep_newest(paid.by_account.entry(key), payment);
        }
        Ok(paid)
    }

    async fn payments(
        &mut self,
        by: LookUp,
        realm: Realm,
        wanted: &[String],
    ) -> Result<Vec<Payment>, LedgerError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let realm = realm.to_string();
        let mut payments = Vec::new();
        // A payment in a currency that this program does not know says nothing about those it does.
        let mut shared = Shared::default();
        let take = &mut |row: &[ValueRef<'_>]| {
            payments.extend(read(&mut Columns::new(row, &mut shared)));
        };
        let columns = (COLUMNS, by);
        self.engine
            .look_up(columns, Some(&realm), wanted, take)
            .await?;
        Ok(payments)
    }
}

fn keep_newest<K>(place: Entry<'_, K, Payment>, payment: Payment) {
    match place {
        Entry::Vacant(place) => _ = place.insert(payment),
        Entry::Occupied(mut place) => {
            if place.get().started_at <= payment.started_at {
                place.insert(payment);
            }
        }
    }
}

fn read(columns: &mut Columns<'_>) -> Option<Payment> {
    Some(Payment {
        payee: columns.string()?,
        account: columns.string()?,
        currency: Currency::from_code(columns.text()?)?,
        to_address: columns.string()?,
        started_at: decode_time(columns.text()?)?,
    })
}
