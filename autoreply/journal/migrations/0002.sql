-- How much the bot may do. channel '': the whole shop. origin: switched (by a person, wins) or settings.
CREATE TABLE modes (
    shop TEXT NOT NULL,
    channel TEXT NOT NULL,
    origin TEXT NOT NULL,
    mode TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (shop, channel, origin)
) WITHOUT ROWID;

-- A person has more than one conversation: all of a buyer (subject: the buyer's id), or the shop (subject: '').
-- channel '': every channel of the shop. One conversation alone is agent_until in conversations.
CREATE TABLE takeovers (
    shop TEXT NOT NULL,
    scope TEXT NOT NULL,
    channel TEXT NOT NULL,
    subject TEXT NOT NULL,
    agent TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (shop, scope, channel, subject)
) WITHOUT ROWID;

-- Since when an agent has spoken that the bot has not yet been told of.
ALTER TABLE conversations ADD COLUMN agent_spoke REAL;

-- Who has the item; since when its buyer waits for a person's word (NULL: has had it); when it was raised for that.
ALTER TABLE handoffs ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE handoffs ADD COLUMN claimed_at REAL;
ALTER TABLE handoffs ADD COLUMN waiting_since REAL;
ALTER TABLE handoffs ADD COLUMN raised_at REAL;
UPDATE handoffs SET waiting_since = created_at WHERE state = 'open';

-- Why a person was called; empty where none was.
ALTER TABLE decisions ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- What people are to be told of the queue, each once for each item. told: names of the notifiers that have done so.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handoff INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    told TEXT NOT NULL DEFAULT '[]',
    done INTEGER NOT NULL DEFAULT 0,
    UNIQUE (handoff, kind)
);
CREATE INDEX notices_open ON notices (id) WHERE done = 0;

-- Triggers, so that whoever writes to the queue, a command in another process too, leaves a notice.
CREATE TRIGGER handoff_new AFTER INSERT ON handoffs BEGIN
    INSERT INTO notices (handoff, kind, at) VALUES (new.id, 'new', new.created_at);
END;
CREATE TRIGGER handoff_raised AFTER UPDATE OF priority ON handoffs
WHEN new.state = 'open' AND new.priority <> old.priority AND new.raised_at IS old.raised_at
    AND NOT EXISTS (SELECT 1 FROM notices WHERE handoff = new.id AND kind = 'raised')
BEGIN
    INSERT INTO notices (handoff, kind, at) VALUES (new.id, 'raised', new.updated_at);
END;
CREATE TRIGGER handoff_waiting AFTER UPDATE OF raised_at ON handoffs
WHEN new.raised_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM notices WHERE handoff = new.id AND kind = 'waiting')
BEGIN
    INSERT INTO notices (handoff, kind, at) VALUES (new.id, 'waiting', new.raised_at);
END;
