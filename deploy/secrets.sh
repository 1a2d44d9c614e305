#!/bin/sh
# Writes the secrets that docker-compose.yml mounts: each a random one, and none that is there already.
#
#     sh deploy/secrets.sh        for a deployment; the address of the mail server is yours to write
#     sh deploy/secrets.sh try    to try it out: all mail goes to the mailbox
#
# Nobody but their owner can enter the folder; the files in it can be read by the users inside the containers.
set -eu
umask 077
folder=${DATRYS_SECRETS:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() {
    dd if=/dev/urandom bs=32 count=1 2>/dev/null
}

password() {
    random | od -An -v -tx1 | tr -d ' \n'
}

# write NAME VALUE: once and for all; a file appears whole or not at all
write() {
    [ -e "$folder/$1" ] && return
    printf '%s\n' "$2" > "$folder/.$1"
    chmod 444 "$folder/.$1"
    mv "$folder/.$1" "$folder/$1"
    echo "$folder/$1 is written."
}

write postgres_password "$(password)"
write temporal_db_password "$(password)"
write datrys_db_password "$(password)"
write datrys_database_url "postgresql+psycopg2://datrys:$(cat "$folder/datrys_db_password")@postgresql/datrys"
write datrys_payload_keys "key1:$(random | base64)"
write datrys_secret_key "$(random | base64)"
if [ "${1:-}" = try ]; then
    write datrys_smtp_url "smtp://mailbox:1025"
fi
if [ ! -e "$folder/datrys_smtp_url" ]; then
    echo "Now write your mail server into $folder/datrys_smtp_url, such as smtp://user:password@host:587?starttls=required," >&2
    echo "and make it readable: chmod 444 $folder/datrys_smtp_url" >&2
fi
