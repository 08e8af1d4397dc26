-- What each login of notify may do, whole, on this page. `migrate` applies it after every migration.
-- Facts, answers, attempts and sealed texts are written once: no role of a process may UPDATE, DELETE or TRUNCATE them.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, notify_api, notify_worker;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, notify_api, notify_worker;
GRANT USAGE ON SCHEMA public TO notify_api, notify_worker;

-- The API records what parties say about themselves. It queues the mail with an address link, and never sees the others.
GRANT SELECT ON
    event, sealed, command, answer, alembic_version,
    party, subscription, notice, installation, account, account_closing, counsel,
    publication, reader_position, restoration, taken_back
    TO notify_api;
GRANT INSERT ON event, sealed_value, command, answer, subscription, delivery TO notify_api;
GRANT INSERT, UPDATE ON party TO notify_api;

-- The worker keeps the directory of what is sealed, plans notices, and states what became of each message.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO notify_worker;
REVOKE SELECT ON sealed_value, command, answer FROM notify_worker;
GRANT INSERT ON
    event, publication, sealed, effect, attempt, restoration, taken_back, waiting,
    installation, organisation, account, account_closing, case_file, counsel, proposal, proposal_case, withdrawal,
    review
    TO notify_worker;
GRANT INSERT, UPDATE ON notice, delivery, reader_position TO notify_worker;

-- A database that was set back gets notify's facts from the log again; addresses are not in it, and not the worker's.
GRANT INSERT ON subscription TO notify_worker;
GRANT INSERT (id, version, updated_at, language, given, verified), UPDATE (version, updated_at, language, given, verified)
    ON party TO notify_worker;
GRANT UPDATE (ended_at) ON restoration TO notify_worker;
