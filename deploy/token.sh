#!/bin/sh
# Makes a token for whoever operates this deployment, and writes it where docker-compose.yml mounts it for the script.
#
#     sh deploy/token.sh                                       to load, and to look after the service
#     sh deploy/token.sh --role business_unit --board gwent    to enter for others as well
#
# It is made without the token before it, which may have run out. End that one with: datrys tokens revoke ID
set -eu
umask 077
folder=${DATRYS_SECRETS:-secrets}
new=$folder/.datrys_token
trap 'rm -f "$new"' EXIT
docker compose run --rm -T -e DATRYS_TOKEN_FILE= datrys tokens make "The script" --role operator "$@" > "$new"
chmod 444 "$new"
mv -f "$new" "$folder/datrys_token"
echo "$folder/datrys_token is written: from now on the script asks for a token."
