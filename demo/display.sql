-- How the demo prints, whatever the reader's psql is set to.

\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset linestyle ascii
\pset border 1
\pset pager off
SET client_min_messages = warning;
SET timezone = 'UTC';
