-- What PostgreSQL gives to every login of a database, and ours do not get. A superuser runs it in each of the three
-- databases: deploy/local/databases.py and deploy/postgres/init.sh do. Harmless to repeat.
--
-- lo_*, loread, lowrite: a large object belongs to who makes it; a login that may only INSERT could fill the disk.
-- pg_logical_emit_message: the same, by way of the write-ahead log.
-- pg_advisory_*: a lock that means "I am the writer" must not be anyone's to take.
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
        AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite', 'pg_logical_emit_message')
             OR proname LIKE 'pg\_advisory\_%' OR proname LIKE 'pg\_try\_advisory\_%')
        AND has_function_privilege('public', oid, 'EXECUTE')
    LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one); END LOOP;
END $$;

-- A login can enter one database only, so that each of these means something in one of the three.
-- The relay's lock is a key of 64 bits, the writer's is twice 32; the two spaces never meet.
GRANT EXECUTE ON FUNCTION pg_try_advisory_lock(bigint) TO custody_worker, notify_worker;
GRANT EXECUTE ON FUNCTION pg_try_advisory_lock(int, int) TO audit_writer;
-- One command about a person at a time (services/notify/store.py); never the relay's space.
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(int, int) TO notify_api;
-- One migration at a time.
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO custody_owner, audit_owner, notify_owner;
