-- The embedded shape server has triggers of other names now, and makes them itself.

DROP FUNCTION IF EXISTS scriptwriter_notify_table(), scriptwriter_notify_projects(), scriptwriter_notify_project() CASCADE;
DROP FUNCTION IF EXISTS scriptwriter_sync_table(regclass);
