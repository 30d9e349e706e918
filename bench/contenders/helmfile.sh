#!/usr/bin/env bash
# helmfile for the releases, with needs and hooks; what it does not know (AWS, plain objects) as in the script.
. "$(dirname "$0")/lib.sh"

if [ $# -gt 0 ]; then "$@"; exit; fi # a hook of helmfile

guard
secrets & secrets=$!
crds & crds=$!
roles
namespaces
storage
wait $secrets; wait $crds
helmfile --file "$RECORDED/helmfile.yaml" --quiet sync >/dev/null
network
