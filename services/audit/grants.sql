-- The ledger grows and never changes: nobody but the owner, whom migrations alone use, may update or delete.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, audit_writer, audit_api;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO audit_writer, audit_api;

GRANT SELECT, INSERT ON seen, fragment, bundle, tile, head, "offset", epoch, generation, "foreign" TO audit_writer;
GRANT SELECT, UPDATE (epoch, beat_at) ON heartbeat TO audit_writer;
GRANT SELECT ON seen, fragment, bundle, tile, head, alembic_version TO audit_api;
GRANT SELECT ON alembic_version TO audit_writer;
