-- The embedded shape server creates its own triggers, under other names. Those of earlier versions are dropped.

DROP FUNCTION IF EXISTS scriptwriter_notify_table(), scriptwriter_notify_projects(), scriptwriter_notify_project() CASCADE;
DROP FUNCTION IF EXISTS scriptwriter_sync_table(regclass);
