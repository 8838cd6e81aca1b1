-- Rows of unlogged tables are in no backup and on no standby: whoever reads these cannot make sessions. After a crash of PostgreSQL
-- there is another key, and browsers sign in again.
ALTER TABLE gateway.session_key SET UNLOGGED;
