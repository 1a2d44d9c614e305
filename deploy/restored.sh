#!/bin/sh
# Run this once a copy of the databases was put back, before worker and web start again: nothing that waits to be mailed
# goes out until somebody has decided (docs/restoring.md).
#
#     docker compose stop worker web      before the copy is put back
#     sh deploy/restored.sh               afterwards
#     docker compose up --detach          once it is decided what differs
set -eu
running=$(docker compose ps --services --status running)
for part in worker web; do
    if echo "$running" | grep -qx "$part"; then
        echo "$part runs, and may send what has gone out already: docker compose stop worker web" >&2
        exit 1
    fi
done
docker compose run --rm -T datrys reconcile --hold
docker compose run --rm -T datrys reconcile || [ $? -eq 1 ]
