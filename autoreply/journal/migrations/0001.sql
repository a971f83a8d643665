-- What a channel delivered. A platform's message id is taken once per channel and shop.
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    shop TEXT NOT NULL,
    conversation TEXT NOT NULL,
    message_id TEXT NOT NULL,
    author TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at REAL NOT NULL,
    received_at REAL NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    UNIQUE (channel, shop, message_id)
);
CREATE INDEX inbox_undone ON inbox (seq) WHERE done = 0;
CREATE INDEX inbox_conversation ON inbox (channel, shop, conversation, seq);

-- What is to leave. state: ready → sending → sent; or withdrawn, failed, unknown, and offered for peers that fetch.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    shop TEXT NOT NULL,
    conversation TEXT NOT NULL,
    origin TEXT NOT NULL,
    text TEXT NOT NULL,
    draft TEXT NOT NULL,
    in_reply_to TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready',
    cursor INTEGER UNIQUE,
    attempts INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    sent_at REAL
);
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('ready', 'sending');
CREATE INDEX outbox_conversation ON outbox (channel, shop, conversation, id);
CREATE INDEX outbox_cursor ON outbox (channel, cursor);

-- Cursors are given when a reply becomes visible, in that order, and never again.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('cursor', 0);

-- What the bot remembers of a conversation, as JSON; and how long a person has it.
CREATE TABLE conversations (
    channel TEXT NOT NULL,
    shop TEXT NOT NULL,
    conversation TEXT NOT NULL,
    buyer_id TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '{}',
    agent_until REAL,
    agent_since REAL,
    updated_at REAL NOT NULL,
    PRIMARY KEY (channel, shop, conversation)
) WITHOUT ROWID;

-- Conversations that a person should look at. One open item for each conversation.
CREATE TABLE handoffs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    shop TEXT NOT NULL,
    conversation TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    priority TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE UNIQUE INDEX handoffs_open ON handoffs (channel, shop, conversation) WHERE state = 'open';

-- One row for each decision: what was done, and the trace that says why.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    shop TEXT NOT NULL,
    conversation TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    intents TEXT NOT NULL,
    rules TEXT NOT NULL,
    rulebook TEXT NOT NULL,
    trace TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX decisions_conversation ON decisions (channel, shop, conversation, id);
