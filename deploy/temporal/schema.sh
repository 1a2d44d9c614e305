#!/bin/sh
# Makes the two databases of Temporal, or brings them up to date before a newer server starts. Done twice, it changes
# nothing. Where they are comes from SQL_HOST, SQL_PORT, SQL_USER and SQL_PLUGIN; the password from a file.
set -eu
SQL_PASSWORD=$(cat "${SQL_PASSWORD_FILE:?names the file with the password}")
export SQL_PASSWORD

# prepare DATABASE STORE
prepare() {
    temporal-sql-tool --database "$1" create-database --defaultdb postgres
    temporal-sql-tool --database "$1" setup-schema --version 0.0
    temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

prepare temporal temporal
prepare temporal_visibility visibility
