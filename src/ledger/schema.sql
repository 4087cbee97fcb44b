-- The ledger, for SQLite and PostgreSQL alike. Times are RFC 3339 in UTC with milliseconds, so that
-- texts compare as times do. Minor units are text because a numeric column would round them.

CREATE TABLE ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    salt TEXT NOT NULL,
    writes BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    moved_to TEXT NOT NULL
);

-- One a results file.
CREATE TABLE batch (
    id TEXT PRIMARY KEY,
    realm TEXT NOT NULL,
    reference_scope TEXT NOT NULL CHECK (reference_scope IN ('shared', 'per-file')),
    begun_at TEXT NOT NULL,
    finished_at TEXT NOT NULL
);

-- Every path at which a batch's results file was seen, with the machine that the path is on.
CREATE TABLE batch_path (
    realm TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    batch TEXT NOT NULL REFERENCES batch (id),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (realm, host, path)
);

CREATE INDEX batch_path_of_batch ON batch_path (batch);

-- One a request.
CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    batch TEXT NOT NULL REFERENCES batch (id),
    realm TEXT NOT NULL,
    host TEXT NOT NULL,
    payout_key TEXT NOT NULL,
    line BIGINT NOT NULL,
    reference TEXT NOT NULL,
    reference_folded TEXT NOT NULL,
    payee TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    to_address TEXT NOT NULL,
    account TEXT NOT NULL,
    minor_units TEXT NOT NULL,
    content TEXT NOT NULL,
    amount TEXT NOT NULL,
    number BIGINT NOT NULL,
    started_at TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('submitting', 'created', 'rejected', 'not_created', 'unknown')),
    invoice_id TEXT NOT NULL,
    accepted_amount TEXT NOT NULL,
    error_key TEXT NOT NULL,
    detail TEXT NOT NULL,
    http_status INTEGER,
    finished_at TEXT,
    resolved_by TEXT,
    resolved_at TEXT,
    repeated INTEGER NOT NULL CHECK (repeated IN (0, 1)),
    extra INTEGER NOT NULL CHECK (extra IN (0, 1)),
    who TEXT NOT NULL,
    CHECK ((status = 'created') = (invoice_id <> '')),
    -- Who was paid already is found by the content, which must never say anything else.
    CHECK (content = currency_code || ' ' || account || ' ' || minor_units)
);

-- Nobody is paid twice: of each payout at most one attempt may be live.
CREATE UNIQUE INDEX one_live_attempt ON attempt (realm, payout_key)
    WHERE extra = 0 AND status IN ('submitting', 'created', 'unknown');

-- One invoice id, one payout.
CREATE UNIQUE INDEX one_invoice_id ON attempt (invoice_id, realm) WHERE invoice_id <> '';

CREATE INDEX attempt_of_key ON attempt (realm, payout_key);
CREATE INDEX attempt_of_content ON attempt (realm, content);
CREATE INDEX attempt_of_reference ON attempt (reference_folded, realm);
CREATE INDEX attempt_of_account ON attempt (account);
CREATE INDEX attempt_of_payee ON attempt (realm, payee) WHERE payee <> '';
CREATE INDEX attempt_of_batch ON attempt (batch, seq);
CREATE INDEX attempt_in_order ON attempt (seq);

-- When the next request of an API key may start.
CREATE TABLE pace (
    key_hash TEXT PRIMARY KEY,
    next_at TEXT NOT NULL,
    set_at TEXT NOT NULL,
    attempt TEXT NOT NULL,
    who TEXT NOT NULL
);
