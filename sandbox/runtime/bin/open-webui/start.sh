#!/bin/sh
# What Open WebUI's image starts: a key for sessions where the Pod gives none, then the server, on all addresses of the Pod.
if [ -z "$WEBUI_SECRET_KEY$WEBUI_JWT_SECRET_KEY" ]; then
  [ -e .webui_secret_key ] || head -c 12 /dev/random | base64 >.webui_secret_key || exit 1
  WEBUI_SECRET_KEY=$(cat .webui_secret_key)
  export WEBUI_SECRET_KEY
fi
exec "$VIRTUAL_ENV/bin/python" -m uvicorn open_webui.main:app --host "${HOST:-0.0.0.0}" --port "${PORT:-8080}" \
  --forwarded-allow-ips "${FORWARDED_ALLOW_IPS:-*}" --workers "${UVICORN_WORKERS:-1}"
