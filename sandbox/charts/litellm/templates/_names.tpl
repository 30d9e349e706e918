{{- define "litellm.fullname" -}}
{{ .Values.fullnameOverride | default (printf "%s-litellm" .Release.Name) }}
{{- end }}

{{- define "litellm.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "litellm.labels" -}}
app.kubernetes.io/name: litellm
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "litellm.selector" -}}
app.kubernetes.io/name: litellm
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: proxy
{{- end }}

{{- define "litellm.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}

{{- define "litellm.databaseEnv" -}}
{{- with .Values.database.writer }}
- {name: DATABASE_HOST, value: {{ required "database.writer.host is required" .host | quote }}}
- {name: DATABASE_PORT, value: {{ .port | quote }}}
- {name: DATABASE_NAME, value: {{ required "database.writer.dbname is required" .dbname | quote }}}
{{ include "litellm.secretEnv" (dict "name" "DATABASE_USER" "secret" .passwordSecret.name "key" .passwordSecret.usernameKey) }}
{{ include "litellm.secretEnv" (dict "name" "DATABASE_USERNAME" "secret" .passwordSecret.name "key" .passwordSecret.usernameKey) }}
{{ include "litellm.secretEnv" (dict "name" "DATABASE_PASSWORD" "secret" .passwordSecret.name "key" .passwordSecret.passwordKey) }}
- {name: DISABLE_SCHEMA_UPDATE, value: "true"}
{{- end }}
{{- end }}

{{- define "litellm.redisEnv" -}}
{{- with .Values.redis }}
{{- if .host }}
- {name: REDIS_HOST, value: {{ .host | quote }}}
- {name: REDIS_PORT, value: {{ .port | quote }}}
{{- if .passwordSecret.name }}
{{ include "litellm.secretEnv" (dict "name" "REDIS_PASSWORD" "secret" .passwordSecret.name "key" .passwordSecret.passwordKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
