#!/bin/bash
# sqlite_work.sh ROWS SINGLE: prints query results only; the database's bytes hold counters that depend on timing in WAL mode.
set -eu
rows=$1 single=$2

sqlite3 plain.db <<SQL
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
    INSERT INTO item SELECT i, 'item ' || (i * 7919 % 100003), i * i % 1009 FROM n;
COMMIT;
CREATE INDEX by_amount ON item(amount);
PRAGMA integrity_check;
SELECT count(*), sum(amount), min(name), max(name) FROM item;
SELECT amount, count(*) FROM item GROUP BY amount ORDER BY 2 DESC, 1 LIMIT 3;
DELETE FROM item WHERE id % 3 = 0;
VACUUM;
PRAGMA integrity_check;
SELECT count(*) FROM item;
.backup copy.db
SQL
for database in plain.db copy.db; do
    sqlite3 "$database" .dump | sha256sum
done

# One statement, one transaction each: a journal file and its fsync for every insert.
seq 1 "$single" | sed 's/.*/INSERT INTO single VALUES(&);/' >single.sql
sqlite3 single.db 'CREATE TABLE single(n);'
sqlite3 single.db <single.sql
sqlite3 single.db 'SELECT count(*), sum(n) FROM single; PRAGMA integrity_check;'

# WAL: a writer and two readers at once, through shared memory and file locks.
sqlite3 wal.db 'PRAGMA journal_mode=WAL; CREATE TABLE log(n INTEGER);'
(
    printf '.timeout 200000\n'
    for n in $(seq 300); do
        printf 'BEGIN IMMEDIATE; INSERT INTO log VALUES(%d); INSERT INTO log VALUES(%d); COMMIT;\n' "$n" "-$n"
    done
) | sqlite3 wal.db &
reader() {
    for _ in $(seq 40); do
        # Whatever a reader sees, it is whole transactions: the sum is always zero.
        printf 'SELECT coalesce(sum(n), 0) FROM log;\n'
    done | sqlite3 -cmd '.timeout 200000' wal.db | sort -u
}
reader &
reader &
wait
sqlite3 wal.db 'SELECT count(*), sum(n) FROM log; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check;'

# A writer that is killed in its transaction leaves a journal that the next one rolls back.
mkfifo commands
sqlite3 single.db >answer <commands & # the answer is there before the pipe is
victim=$!
exec 5>commands
printf 'PRAGMA cache_size=1; BEGIN; UPDATE single SET n = 0; SELECT 1;\n' >&5
until grep -q 1 answer; do sleep 0.02; done
{
    # The shell would report the death, with a PID.
    kill -KILL "$victim"
    exec 5>&-
    wait "$victim" || echo "writer: $?"
} 2>/dev/null
sqlite3 single.db 'SELECT count(*), sum(n) FROM single; PRAGMA integrity_check;'
