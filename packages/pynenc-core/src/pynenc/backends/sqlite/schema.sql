-- The tables of one app; {t} is the suffix that keeps apps in one file apart.
-- A record is also the queue. Each index names the query that it serves.

CREATE TABLE IF NOT EXISTS pynenc_schema (tables TEXT PRIMARY KEY, version INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS inv_{t} (
    n INTEGER PRIMARY KEY,               -- order of submission
    invocation_id TEXT NOT NULL UNIQUE,
    task_id TEXT NOT NULL,
    args_id TEXT NOT NULL,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,                -- number of history entries
    status_at REAL NOT NULL,
    queued INTEGER NOT NULL,             -- 0 no, 1 ready, 2 delayed until available_at, 3 parked behind its cc_key
    epoch INTEGER NOT NULL DEFAULT 0,
    token TEXT,                          -- of the present owner
    released_token TEXT,                 -- of the attempt that ended last
    runner_id TEXT, host TEXT, runner_cls TEXT,
    parent_id TEXT,
    root_id TEXT,                        -- NULL: itself
    depth INTEGER NOT NULL,
    workflow_id TEXT, workflow_type TEXT,
    created_at REAL NOT NULL,
    available_at REAL NOT NULL,
    pending_at REAL, started_at REAL, ended_at REAL,
    retries INTEGER NOT NULL DEFAULT 0,
    reroutes INTEGER NOT NULL DEFAULT 0,
    recoveries INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL,
    queue TEXT NOT NULL,
    dependents INTEGER NOT NULL DEFAULT 0,
    cc_key TEXT, cc_limit INTEGER NOT NULL, cc_park INTEGER NOT NULL,
    reg_key TEXT,
    arguments TEXT, args_preview TEXT NOT NULL, args_bytes INTEGER NOT NULL,
    outcome_kind TEXT, outcome TEXT, result_preview TEXT, result_bytes INTEGER,
    error_type TEXT, error_msg TEXT, fingerprint TEXT,
    rerun_of TEXT, trigger_id TEXT,
    caches_result INTEGER,               -- 1, or NULL
    history TEXT NOT NULL,               -- see codec.py
    call_id TEXT GENERATED ALWAYS AS (task_id || ':' || args_id) VIRTUAL,
    wait_ms INTEGER GENERATED ALWAYS AS (CAST((started_at - available_at) * 1000 AS INTEGER)) VIRTUAL,
    run_ms INTEGER GENERATED ALWAYS AS (CAST((ended_at - started_at) * 1000 AS INTEGER)) VIRTUAL
);

-- claim: the first of the queue
CREATE INDEX IF NOT EXISTS inv_ready_{t} ON inv_{t} (dependents DESC, priority DESC, n) WHERE queued = 1;
-- claim: what falls due, and when the next one does
CREATE INDEX IF NOT EXISTS inv_delayed_{t} ON inv_{t} (available_at) WHERE queued = 2;
-- release of a concurrency place: the head of the line
CREATE INDEX IF NOT EXISTS inv_parked_{t} ON inv_{t} (cc_key, n) WHERE queued = 3;
-- claim: how many places of a key are taken
CREATE INDEX IF NOT EXISTS inv_places_{t} ON inv_{t} (cc_key) WHERE token IS NOT NULL AND cc_key IS NOT NULL;
-- submit: the never claimed invocation of a registration key
CREATE UNIQUE INDEX IF NOT EXISTS inv_registered_{t} ON inv_{t} (reg_key)
    WHERE reg_key IS NOT NULL AND epoch = 0 AND ended_at IS NULL;
-- recovery: what a runner owns
CREATE INDEX IF NOT EXISTS inv_owned_{t} ON inv_{t} (runner_id) WHERE token IS NOT NULL;
-- retention, what became final since a moment, and the monitor's statistics, which look at nothing else
DROP INDEX IF EXISTS inv_ended_{t};
CREATE INDEX IF NOT EXISTS inv_finished_{t}
    ON inv_{t} (ended_at, status, task_id, invocation_id, runner_id, started_at, available_at)
    WHERE ended_at IS NOT NULL;
-- results that answer later calls; only end and deletion touch it
CREATE INDEX IF NOT EXISTS inv_results_{t} ON inv_{t} (task_id, args_id, n)
    WHERE caches_result = 1 AND outcome_kind = 'result';
-- list of workflows
CREATE INDEX IF NOT EXISTS inv_workflows_{t} ON inv_{t} (n) WHERE workflow_id = invocation_id;
-- descendants of an invocation
CREATE INDEX IF NOT EXISTS inv_parent_{t} ON inv_{t} (parent_id) WHERE parent_id IS NOT NULL;
-- monitor: a family
CREATE INDEX IF NOT EXISTS inv_root_{t} ON inv_{t} (root_id, n) WHERE root_id IS NOT NULL;
-- monitor: what repeats an invocation
CREATE INDEX IF NOT EXISTS inv_reruns_{t} ON inv_{t} (rerun_of, n) WHERE rerun_of IS NOT NULL;
-- monitor: what did not succeed; its condition names nothing that a claim writes
CREATE INDEX IF NOT EXISTS inv_unsuccessful_{t} ON inv_{t} (n)
    WHERE ended_at IS NOT NULL AND outcome_kind IS NOT 'result';
-- monitor: kinds of failure
CREATE INDEX IF NOT EXISTS inv_failed_{t} ON inv_{t} (ended_at, task_id, invocation_id, error_type, fingerprint, outcome_kind)
    WHERE ended_at IS NOT NULL AND outcome_kind = 'exception';
-- monitor: what waits inside of a task
CREATE INDEX IF NOT EXISTS inv_paused_{t} ON inv_{t} (n) WHERE status = 'paused';

-- what registration concurrency merged into an invocation; a call that is not merged writes nothing here
CREATE TABLE IF NOT EXISTS merges_{t} (
    invocation_id TEXT PRIMARY KEY, calls INTEGER NOT NULL, dropped INTEGER NOT NULL, last_at REAL NOT NULL,
    recent TEXT NOT NULL                 -- JSON, see values/merges.py
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS waits_{t} (
    waiter TEXT NOT NULL, waited TEXT NOT NULL, PRIMARY KEY (waiter, waited)
) WITHOUT ROWID;
-- the end of what is waited for
CREATE INDEX IF NOT EXISTS waits_waited_{t} ON waits_{t} (waited);

-- what the code of workflows did
CREATE TABLE IF NOT EXISTS operations_{t} (
    workflow_id TEXT NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (workflow_id, seq)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS workflow_values_{t} (
    workflow_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (workflow_id, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages_to_{t} (
    n INTEGER PRIMARY KEY,               -- order of arrival
    workflow_id TEXT NOT NULL, message_id TEXT NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (workflow_id, message_id)
);
-- receive: the messages of a name
CREATE INDEX IF NOT EXISTS messages_to_name_{t} ON messages_to_{t} (workflow_id, name, n);

CREATE TABLE IF NOT EXISTS awaited_{t} (workflow_id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
-- who awaits messages of a name
CREATE INDEX IF NOT EXISTS awaited_name_{t} ON awaited_{t} (name);

-- What people ask for, of the submissions up to settled_; of the few that followed the records are looked at. A single
-- call writes no page of these tables.
CREATE TABLE IF NOT EXISTS settled_{t} (n INTEGER NOT NULL);
-- monitor: the invocations of a task; only submission and deletion touch it
CREATE TABLE IF NOT EXISTS calls_{t} (task TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (task, n)) WITHOUT ROWID;
INSERT INTO calls_{t} SELECT task_id, n FROM inv_{t} WHERE NOT EXISTS (SELECT 1 FROM settled_{t});
DROP INDEX IF EXISTS inv_task_{t};
-- how many rest in a status; of those that are not settled only what became of them
CREATE TABLE IF NOT EXISTS tallies_{t} (
    task_id TEXT NOT NULL, status TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (task_id, status)
) WITHOUT ROWID;
-- Up to version 7 each submission was counted at once. Whoever still does so finds the table no longer.
CREATE TABLE IF NOT EXISTS counts_{t} (task_id, status, n);
INSERT INTO tallies_{t} SELECT task_id, status, n FROM counts_{t};
DROP TABLE counts_{t};
INSERT INTO settled_{t} SELECT coalesce((SELECT max(n) FROM inv_{t}), 0)
    WHERE NOT EXISTS (SELECT 1 FROM settled_{t});
-- the same of all, to be summed up
CREATE VIEW IF NOT EXISTS counts_of_all_{t} AS
    SELECT task_id, status, n FROM tallies_{t} UNION ALL
    SELECT task_id, 'registered', 1 FROM inv_{t} WHERE n > (SELECT n FROM settled_{t});

-- how many were taken from owners that are gone
CREATE TABLE IF NOT EXISTS recovered_{t} (status TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runners_{t} (
    n INTEGER PRIMARY KEY,
    runner_id TEXT NOT NULL UNIQUE, runner_cls TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    parent_id TEXT, started_at REAL NOT NULL, beats INTEGER NOT NULL, last_beat_at REAL NOT NULL,
    stopped_at REAL, stop_reason TEXT NOT NULL DEFAULT ''
);
-- the living ones
CREATE INDEX IF NOT EXISTS runners_alive_{t} ON runners_{t} (n) WHERE stopped_at IS NULL;

-- how many invocations they run at a time
CREATE TABLE IF NOT EXISTS runner_slots_{t} (runner_id TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;

-- those that were asked to take nothing more
CREATE TABLE IF NOT EXISTS drains_{t} (runner_id TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leases_{t} (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages_{t} (
    position INTEGER NOT NULL, id INTEGER PRIMARY KEY AUTOINCREMENT, invocation_id TEXT NOT NULL,
    leased_until REAL NOT NULL DEFAULT 0, receipt TEXT
);
-- receive: the first that is not leased
CREATE INDEX IF NOT EXISTS messages_first_{t} ON messages_{t} (position, id);
CREATE INDEX IF NOT EXISTS messages_receipt_{t} ON messages_{t} (receipt) WHERE receipt IS NOT NULL;

CREATE TABLE IF NOT EXISTS payloads_{t} (
    invocation_id TEXT NOT NULL, epoch INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (invocation_id, epoch, kind)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS scoped_{t} (
    scope TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS client_data_{t} (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, used_at REAL NOT NULL
);
-- what nobody used for long
CREATE INDEX IF NOT EXISTS client_data_used_{t} ON client_data_{t} (used_at);

-- Statuses that triggers react to. While there are any, the triggers of occurrences.py exist.
CREATE TABLE IF NOT EXISTS watched_{t} (
    task_id TEXT NOT NULL, status TEXT NOT NULL,
    letter TEXT NOT NULL,                -- of the status in a packed history
    renewed_at REAL NOT NULL, PRIMARY KEY (task_id, status)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS occurrences_{t} (
    n INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,                -- 'record': recorded by a step; 'trigger': by the trigger component
    occurrence_id TEXT NOT NULL, trigger_id TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL, source TEXT NOT NULL, at REAL NOT NULL, invocation_id TEXT, status TEXT,
    payload TEXT NOT NULL DEFAULT '',
    taken_until REAL NOT NULL DEFAULT 0,
    settled_at REAL,                     -- of events, which stay
    UNIQUE (occurrence_id, trigger_id, origin)
);
-- take: the first that is not taken
CREATE INDEX IF NOT EXISTS occurrences_pending_{t} ON occurrences_{t} (origin, n) WHERE settled_at IS NULL;
-- retention
CREATE INDEX IF NOT EXISTS occurrences_at_{t} ON occurrences_{t} (origin, at);

CREATE TABLE IF NOT EXISTS slots_{t} (
    n INTEGER PRIMARY KEY,
    scope TEXT NOT NULL, key TEXT NOT NULL, slot INTEGER NOT NULL, occurrence_id TEXT NOT NULL,
    data TEXT NOT NULL, at REAL NOT NULL,
    complete INTEGER,                    -- the n of the one that completed the slots; NULL while it waits
    UNIQUE (scope, key, slot, occurrence_id)
);
-- pair: the first that waits in a slot
CREATE INDEX IF NOT EXISTS slots_waiting_{t} ON slots_{t} (scope, key, slot, n) WHERE complete IS NULL;
-- pair: those that were used together
CREATE INDEX IF NOT EXISTS slots_complete_{t} ON slots_{t} (complete) WHERE complete IS NOT NULL;
-- retention
CREATE INDEX IF NOT EXISTS slots_at_{t} ON slots_{t} (at);

CREATE TABLE IF NOT EXISTS cursors_{t} (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs_{t} (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE, trigger_id TEXT NOT NULL, at REAL NOT NULL, occurrence_ids TEXT NOT NULL,
    invocation_id TEXT, error TEXT NOT NULL, chain TEXT NOT NULL
);
-- the latest of one trigger
CREATE INDEX IF NOT EXISTS runs_trigger_{t} ON runs_{t} (trigger_id, n);
-- retention
CREATE INDEX IF NOT EXISTS runs_at_{t} ON runs_{t} (at);

CREATE TABLE IF NOT EXISTS trigger_values_{t} (
    scope TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, name)
) WITHOUT ROWID;
