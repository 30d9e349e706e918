#!/usr/bin/env bash
# helm, kubectl and aws, carefully: the same objects, values, order and waits as llmgw, no sleeps.
# ORDER=sequence: one after the other. ORDER=parallel: at the same time what does not need each other.
. "$(dirname "$0")/lib.sh"

# A release that a killed helm left pending stops every later helm: take it back first.
mend() {
  case "$(helm status "$1" -n "$2" 2>/dev/null | sed -n 's/^STATUS: //p')" in
    pending-install) helm uninstall "$1" -n "$2" --wait >/dev/null ;;
    pending-*) helm rollback "$1" -n "$2" >/dev/null ;;
  esac
}

release() {
  local name=$1 namespace=$2 chart=$3
  mend "$name" "$namespace"
  helm upgrade --install "$name" "$CHARTS/$chart" -n "$namespace" -f "$RECORDED/values/$name.json" \
    --wait --timeout "$TIMEOUT" >/dev/null || failed "$name" "$namespace"
}

failed() {
  echo "release $1 failed:" >&2
  kubectl get pods -n "$2" >&2
  kubectl get events -n "$2" --field-selector type=Warning >&2
  return 1
}

named() { release "$1" $(sed -n "s/^$1 //p" "$RECORDED/releases"); }

guard
if [ "$ORDER" = sequence ]; then
  namespaces; storage; roles; secrets
  named external-secrets; store; sync_secrets
  crds; named kube-prometheus; monitored
  named jaeger
  named gatekeeper; policies
  named redis; named litellm; named open-webui
  network
else
  secrets & secrets=$!
  crds & crds=$!
  roles & roles=$!
  namespaces
  storage & storage=$!
  named jaeger & jaeger=$!
  { named gatekeeper; policies; } & policies=$!
  wait $roles
  named external-secrets; store
  wait $secrets
  sync_secrets
  wait $storage
  { named redis; named litellm; named open-webui; } & gateway=$!
  wait $crds
  { named kube-prometheus; monitored; } & monitoring=$!
  wait $jaeger; wait $policies; wait $gateway; wait $monitoring
  network
fi
