"""Stands in for Prisma's command line where its schema engine cannot be had: `migrate deploy` and `migrate resolve`.

LiteLLM's own migration code calls it, reads its words and codes, and decides; so these are Prisma's. Source: Prisma
documentation, error reference and migrate; the table is that of its schema engine. One thing is better than there: a
migration and the record of it are one transaction, so that whatever kills this leaves neither alone.
"""

import hashlib
import os
import re
import sys
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import psycopg
from psycopg import sql

# Prisma's own, so that two of them never work at once.
LOCK, LOCK_TIMEOUT = 72707369, "10s"
LEDGER = "_prisma_migrations"


def fail(code, message):
    sys.exit(f"Error: {code}\n\n{message}")


def connect():
    """A connection whose schema is that of the address; parameters of Prisma's are not for PostgreSQL."""
    url = urlsplit(os.environ["DATABASE_URL"])
    parameters = parse_qs(url.query)
    schema = parameters.get("schema", ["public"])[0]
    settings = {"autocommit": True, "connect_timeout": 10, "client_encoding": "utf8"}
    if "sslmode" in parameters:
        settings["sslmode"] = parameters["sslmode"][0]
    server = f"{url.hostname}:{url.port or 5432}"
    try:
        connection = psycopg.connect(urlunsplit(url._replace(query="")), **settings)
    except psycopg.OperationalError as error:
        said = str(error)
        if "authentication failed" in said:
            fail("P1000", f"Authentication failed against database server at `{url.hostname}`: {said}")
        if re.search('database ".*" does not exist', said):
            fail("P1003", f"Database {url.path[1:]} does not exist on the database server at `{server}`")
        fail("P1001", f"Can't reach database server at `{server}`: {said}")
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
    return connection, schema


def take_lock(connection):
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    except psycopg.errors.LockNotAvailable:
        fail("P1002", "The database server was reached but timed out: another migration holds the advisory lock.")
    connection.execute("SET lock_timeout = 0")


def ensure_ledger(connection, schema):
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    if (LEDGER,) in tables:
        return
    if tables:
        fail("P3005", "The database schema is not empty. Read more about how to baseline an existing production database.")
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    connection.execute(
        f"""CREATE TABLE "{LEDGER}" (
            id VARCHAR(36) PRIMARY KEY NOT NULL,
            checksum VARCHAR(64) NOT NULL,
            finished_at TIMESTAMPTZ,
            migration_name VARCHAR(255) NOT NULL,
            logs TEXT,
            rolled_back_at TIMESTAMPTZ,
            started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            applied_steps_count INTEGER NOT NULL DEFAULT 0
        )"""
    )


def begin(connection, name, script):
    key = str(uuid.uuid4())
    checksum = hashlib.sha256(script).hexdigest()
    connection.execute(f'INSERT INTO "{LEDGER}" (id, checksum, migration_name) VALUES (%s, %s, %s)', (key, checksum, name))
    return key


def finish(connection, key):
    connection.execute(f'UPDATE "{LEDGER}" SET applied_steps_count = 1, finished_at = now() WHERE id = %s', (key,))


def apply(connection, name, script):
    text = script.decode()
    try:
        if re.search(r"^(?!\s*--).*\bCONCURRENTLY\b", text, re.MULTILINE):
            # PostgreSQL takes these outside of a transaction only, so the record begins before and ends after.
            key = begin(connection, name, script)
            connection.execute(text)
            finish(connection, key)
            return
        with connection.transaction():
            key = begin(connection, name, script)
            connection.execute(text)
            finish(connection, key)
    except psycopg.Error as error:
        record_failure(connection, name, script, str(error))
        fail(
            "P3018",
            "A migration failed to apply. New migrations cannot be applied before the error is recovered from.\n\n"
            f"Migration name: {name}\n\nDatabase error code: {error.sqlstate}\n\nDatabase error:\nERROR: {error}",
        )


def record_failure(connection, name, script, said):
    if connection.closed:
        return
    open_row = f'SELECT id FROM "{LEDGER}" WHERE migration_name = %s AND finished_at IS NULL AND rolled_back_at IS NULL'
    row = connection.execute(open_row, (name,)).fetchone()
    key = row[0] if row else begin(connection, name, script)
    connection.execute(f'UPDATE "{LEDGER}" SET logs = %s WHERE id = %s', (said, key))


def deploy():
    connection, schema = connect()
    take_lock(connection)
    ensure_ledger(connection, schema)
    failed = connection.execute(
        f'SELECT migration_name, started_at FROM "{LEDGER}" WHERE finished_at IS NULL AND rolled_back_at IS NULL'
    ).fetchone()
    if failed:
        fail(
            "P3009",
            "migrate found failed migrations in the target database, new migrations will not be applied.\n"
            f"The `{failed[0]}` migration started at {failed[1]} failed",
        )
    scripts = sorted(Path("migrations").glob("*/migration.sql"))
    print(f"{len(scripts)} migrations found in migrations\n")
    rows = connection.execute(f'SELECT migration_name FROM "{LEDGER}" WHERE rolled_back_at IS NULL').fetchall()
    done = {name for (name,) in rows}
    pending = [script for script in scripts if script.parent.name not in done]
    for script in pending:
        print(f"Applying migration `{script.parent.name}`", flush=True)
        apply(connection, script.parent.name, script.read_bytes())
    print("\nAll migrations have been successfully applied." if pending else "\nNo pending migrations to apply.")


def resolve(option, name):
    connection, schema = connect()
    take_lock(connection)
    ensure_ledger(connection, schema)
    rolled_back = connection.execute(
        f'UPDATE "{LEDGER}" SET rolled_back_at = now() '
        "WHERE migration_name = %s AND finished_at IS NULL AND rolled_back_at IS NULL",
        (name,),
    ).rowcount
    if option == "--applied":
        finish(connection, begin(connection, name, Path("migrations", name, "migration.sql").read_bytes()))
    elif rolled_back == 0:
        fail("P3012", f"Migration `{name}` cannot be rolled back because it is not in a failed state.")
    print(f"Migration {name} marked as {'applied' if option == '--applied' else 'rolled back'}.")


def main(words):
    if words == ["migrate", "deploy"]:
        deploy()
    elif words[:2] == ["migrate", "resolve"] and len(words) == 4 and words[2] in ("--applied", "--rolled-back"):
        resolve(words[2], words[3])
    elif words == ["--version"]:
        print("prisma : 5.17.0, migrations only: the sandbox has no schema engine")
    else:
        sys.exit(f"the sandbox has no schema engine of Prisma, which `prisma {' '.join(words[:2])}` needs")


main(sys.argv[1:])
