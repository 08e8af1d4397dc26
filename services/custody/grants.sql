-- What each login of custody may do, whole, on this page. `migrate` applies it after every migration.
-- Facts, answers and sealed texts are written once: no role of a process may UPDATE, DELETE or TRUNCATE them.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, custody_api, custody_worker;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, custody_api, custody_worker;
GRANT USAGE ON SCHEMA public TO custody_api, custody_worker;

-- The API records: it reads everything, adds facts and answers, and keeps the state that follows from the facts.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO custody_api;
GRANT INSERT ON event, sealed_value, command, answer TO custody_api;
GRANT INSERT, UPDATE ON
    installation, organisation, person, account, auditor, "case", sample, offer, proposal, hold
    TO custody_api;
-- Word for the worker that a case has changed.
GRANT INSERT, UPDATE ON retention_due TO custody_api;

-- The worker publishes facts and notes what the ledger holds. It never sees a sealed text, and decides for nobody: what
-- time and the facts of a case bring about (until when items are kept, reviews) it records in the clock's name. A
-- database that was set back gets its facts from the log again. For these two it adds events and keeps state.
GRANT SELECT ON
    event, publication, sealed, reader_position, alembic_version, restoration, taken_back, waiting,
    installation, organisation, person, account, auditor, "case", sample, offer, proposal, hold, review
    TO custody_worker;
GRANT INSERT ON event, publication, sealed, restoration, taken_back, waiting TO custody_worker;
GRANT UPDATE (ended_at) ON restoration TO custody_worker;
GRANT INSERT, UPDATE ON
    installation, organisation, person, account, auditor, "case", sample, offer, proposal, hold, review
    TO custody_worker;
GRANT INSERT, UPDATE ON reader_position TO custody_worker;
GRANT SELECT, INSERT, UPDATE ON retention_due, retention_sweep TO custody_worker;
GRANT DELETE ON retention_due TO custody_worker;
