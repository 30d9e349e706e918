{{- define "redis.fullname" -}}
{{ printf "%s-redis-ha" .Release.Name }}
{{- end }}

{{- define "redis.labels" -}}
app: {{ .app }}
release: {{ .root.Release.Name }}
heritage: {{ .root.Release.Service }}
chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "redis.selector" -}}
app: {{ .app }}
release: {{ .root.Release.Name }}
{{- end }}

{{- define "redis.hardened" -}}
runAsNonRoot: true
runAsUser: {{ . }}
allowPrivilegeEscalation: false
seccompProfile: {type: RuntimeDefault}
capabilities: {drop: [ALL]}
{{- end }}

{{- define "redis.ports" -}}
{{- if .Values.redis.port }}
- {name: tcp-server, port: {{ .Values.redis.port }}, targetPort: redis, protocol: TCP}
{{- end }}
{{- with .Values.redis.tlsPort }}
- {name: server-tls, port: {{ . }}, targetPort: redis-tls, protocol: TCP}
{{- end }}
{{- if .Values.sentinel.port }}
- {name: tcp-sentinel, port: {{ .Values.sentinel.port }}, targetPort: sentinel, protocol: TCP}
{{- end }}
{{- with .Values.sentinel.tlsPort }}
- {name: sentinel-tls, port: {{ . }}, targetPort: sentinel-tls, protocol: TCP}
{{- end }}
{{- if .Values.exporter.enabled }}
- {name: http-exporter-port, port: 9121, targetPort: exporter-port, protocol: TCP}
{{- end }}
{{- end }}

{{- define "redis.auth" -}}
{{- if .Values.auth }}
- name: AUTH
  valueFrom:
    secretKeyRef: {name: {{ required "existingSecret" .Values.existingSecret }}, key: {{ .Values.authKey }}}
{{- end }}
{{- end }}

{{- define "redis.tls" -}}
tls-port {{ .port.tlsPort }}
tls-cert-file /tls-certs/{{ .root.Values.tls.certFile }}
tls-key-file /tls-certs/{{ .root.Values.tls.keyFile }}
tls-ca-cert-file /tls-certs/{{ .root.Values.tls.caCertFile }}
{{- if eq .port.authClients "no" }}
tls-auth-clients no
{{- end }}
tls-replication {{ ternary "yes" "no" (default false .port.tlsReplication) }}
{{- end }}

{{- define "redis.ask" -}}
redis-cli -p {{ .port.port | default .port.tlsPort }}
{{- if not .port.port }} --tls --cacert /tls-certs/{{ .root.Values.tls.caCertFile }}{{ end }} ping
{{- end }}

{{- define "redis.mounts" -}}
{{- if .Values.redis.tlsPort }}
- {name: tls-certs, mountPath: /tls-certs}
{{- end }}
{{- end }}

{{- define "redis.spread" -}}
podAntiAffinity:
  {{- $term := dict "labelSelector" (dict "matchLabels" (fromYaml (include "redis.selector" .))) "topologyKey" "kubernetes.io/hostname" }}
  {{- if .hard }}
  requiredDuringSchedulingIgnoredDuringExecution: {{- toYaml (list $term) | nindent 4 }}
  {{- else }}
  preferredDuringSchedulingIgnoredDuringExecution: {{- toYaml (list (dict "weight" 100 "podAffinityTerm" $term)) | nindent 4 }}
  {{- end }}
{{- end }}
