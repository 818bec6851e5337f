-- Types that PostgreSQL has as well; times are milliseconds since 1970; numbers of GitHub's are kept as they are.
-- Deliveries and items draw their numbers from one sequence, so that a list of both has an order.

CREATE TABLE delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    guid TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    action TEXT,
    repository TEXT,
    source SMALLINT NOT NULL,
    received BIGINT NOT NULL,
    -- Since when nothing of it waits or is in quarantine.
    done BIGINT,
    -- 1 while its payload is kept.
    kept SMALLINT NOT NULL,
    -- Its items as they were accepted, for whoever wants them all again (JSON).
    touched TEXT NOT NULL
);
CREATE INDEX delivery_to_unpack ON delivery (done) WHERE kept = 1 AND done IS NOT NULL;
CREATE INDEX delivery_to_forget ON delivery (done) WHERE kept = 0 AND done IS NOT NULL;

-- Beside the delivery, so that a look through many deliveries does not read their payloads.
CREATE TABLE payload (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (number),
    packed BLOB NOT NULL
);

CREATE TABLE item (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    delivery BIGINT REFERENCES delivery (number),
    source SMALLINT NOT NULL,
    organization BIGINT NOT NULL,
    repository BIGINT,
    merges SMALLINT NOT NULL,
    fresh SMALLINT NOT NULL,
    force SMALLINT NOT NULL,
    -- JSON; NULL means all that want it.
    plugins TEXT,
    subject BLOB,
    added BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    faults BIGINT NOT NULL,
    due BIGINT NOT NULL,
    why TEXT,
    -- 1: to be worked on. 2: finished, but for what is in quarantine. Finished ones have no row.
    state SMALLINT NOT NULL
);
CREATE INDEX item_open ON item (lane, seq) WHERE state = 1;
CREATE INDEX item_of_delivery ON item (delivery, state) WHERE delivery IS NOT NULL;

CREATE TABLE quarantine (
    item BIGINT NOT NULL REFERENCES item (seq),
    -- Empty: it did not come to calling plugins.
    plugin TEXT NOT NULL,
    class TEXT NOT NULL,
    why TEXT NOT NULL,
    awaits TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (item, plugin)
);
CREATE INDEX quarantine_awaits ON quarantine (awaits) WHERE awaits IS NOT NULL;

CREATE TABLE ledger (
    plugin TEXT NOT NULL,
    subject TEXT NOT NULL,
    organization BIGINT NOT NULL,
    repository BIGINT,
    whose TEXT NOT NULL,
    blueprint TEXT NOT NULL,
    identifier TEXT NOT NULL,
    digest BLOB,
    ours SMALLINT NOT NULL,
    written BIGINT NOT NULL,
    PRIMARY KEY (subject, plugin, blueprint, identifier)
);
CREATE INDEX ledger_key ON ledger (blueprint, identifier);
CREATE INDEX ledger_held ON ledger (plugin, organization);
CREATE INDEX ledger_repository ON ledger (repository) WHERE repository IS NOT NULL;

CREATE TABLE subject (
    lane TEXT NOT NULL PRIMARY KEY,
    version TEXT,
    -- The item that told of this version last.
    told_by BIGINT,
    gone_at BIGINT,
    touched BIGINT NOT NULL
);
CREATE INDEX subject_touched ON subject (touched);

CREATE TABLE mark (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
);
