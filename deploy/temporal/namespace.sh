#!/bin/sh
# Makes the namespace of Datrys and the search attributes that its cases set. Done twice, it changes nothing but the
# retention. The server is found by TEMPORAL_ADDRESS.
#
# RETENTION is how long Temporal keeps an ended case. It may be short: the records are the memory, and a case is
# reopened from them after Temporal has forgotten it.
set -eu
namespace=${TEMPORAL_NAMESPACE:?names the namespace}
retention=${RETENTION:?says how long ended cases are kept, such as 30d}

if temporal operator namespace describe --namespace "$namespace" > /dev/null 2>&1; then
    temporal operator namespace update --namespace "$namespace" --retention "$retention" > /dev/null
else
    temporal operator namespace create --namespace "$namespace" --retention "$retention" \
        --description "Disagreements between safeguarding agencies"
fi

# A new namespace is not known to the whole server at once.
tries=30
until there=$(temporal operator search-attribute list --namespace "$namespace"); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 2
done

while read -r name kind; do
    case "$there" in
        *"$name "*) echo "Search attribute $name is there." ;;
        *) temporal operator search-attribute create --namespace "$namespace" --name "$name" --type "$kind" ;;
    esac
done << END
DatrysProtocol Keyword
DatrysStage Keyword
DatrysWaitingFor Keyword
DatrysAuthority Keyword
DatrysDue Datetime
DatrysOverdue Bool
END
