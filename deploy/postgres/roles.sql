-- Run once, by PostgreSQL's own image, when the database server is new: a user for Temporal, which makes its own two
-- databases, and a user and a database for the records. Neither can read what is the other's.

\set ON_ERROR_STOP on
\set temporal_password `cat "${SECRETS:-/run/secrets}/temporal_db_password"`
\set datrys_password `cat "${SECRETS:-/run/secrets}/datrys_db_password"`

CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
CREATE ROLE datrys LOGIN PASSWORD :'datrys_password';
CREATE DATABASE datrys OWNER datrys;
REVOKE CONNECT ON DATABASE datrys FROM PUBLIC;
