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
- {name: tcp-server, port: {{ .Values.redis.port }}, targetPort: redis, protocol: TCP}
- {name: tcp-sentinel, port: {{ .Values.sentinel.port }}, targetPort: sentinel, protocol: TCP}
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

{{- define "redis.spread" -}}
podAntiAffinity:
  {{- $term := dict "labelSelector" (dict "matchLabels" (fromYaml (include "redis.selector" .))) "topologyKey" "kubernetes.io/hostname" }}
  {{- if .hard }}
  requiredDuringSchedulingIgnoredDuringExecution: {{- toYaml (list $term) | nindent 4 }}
  {{- else }}
  preferredDuringSchedulingIgnoredDuringExecution: {{- toYaml (list (dict "weight" 100 "podAffinityTerm" $term)) | nindent 4 }}
  {{- end }}
{{- end }}
