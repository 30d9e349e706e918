# What every careful script does, whatever runs the releases. Sourced; RECORDED is the folder with manifests, values and
# AWS documents, TIMEOUT how long is waited for one thing.
set -euo pipefail

# What was there already when it was recorded, e.g. a storage class, nobody applies.
apply() {
  [ -s "$RECORDED/manifests/$1.yaml" ] || return 0
  kubectl apply --server-side --force-conflicts --field-manager=script -f "$RECORDED/manifests/$1.yaml" >/dev/null
}

guard() {
  [ "$(aws sts get-caller-identity --query Account --output text)" = "$ACCOUNT" ]
  [ "$(aws eks describe-cluster --name "$CLUSTER" --query cluster.status --output text)" = ACTIVE ]
}

role() {
  local dir="$RECORDED/roles/$1"
  if aws iam get-role --role-name "$1" >/dev/null 2>&1; then
    aws iam update-assume-role-policy --role-name "$1" --policy-document "file://$dir/trust.json"
  else
    aws iam create-role --role-name "$1" --assume-role-policy-document "file://$dir/trust.json" >/dev/null
  fi
  aws iam put-role-policy --role-name "$1" --policy-name llmgw --policy-document "file://$dir/policy.json"
}

secret() {
  aws secretsmanager describe-secret --secret-id "$1" >/dev/null 2>&1 && return
  openssl rand -hex 32 | aws secretsmanager create-secret --name "$1" --secret-string file:///dev/stdin >/dev/null
}

secrets() { while read -r name; do secret "$name"; done <"$RECORDED/secrets"; }
roles() { for dir in "$RECORDED"/roles/*/; do role "$(basename "$dir")"; done; }

namespaces() { apply namespaces; }
storage() { apply storage; }
crds() {
  apply crds
  kubectl wait --for=condition=Established -f "$RECORDED/manifests/crds.yaml" --timeout="$TIMEOUT" >/dev/null
}
store() {
  apply store
  kubectl wait --for=condition=Ready clustersecretstore --all --timeout="$TIMEOUT" >/dev/null
}
sync_secrets() {
  apply sync
  kubectl wait --for=condition=Ready externalsecret --all --all-namespaces --timeout="$TIMEOUT" >/dev/null
}
policies() {
  apply templates
  while read -r crd; do
    kubectl wait --for=create "crd/$crd" --timeout="$TIMEOUT" >/dev/null
    kubectl wait --for=condition=Established "crd/$crd" --timeout="$TIMEOUT" >/dev/null
  done <"$RECORDED/constraint-kinds"
  apply constraints
}
monitored() {
  kubectl wait --for=condition=Available prometheus,alertmanager --all --all-namespaces --timeout="$TIMEOUT" >/dev/null
  apply dashboards
  apply monitors
}
network() { apply network; }
