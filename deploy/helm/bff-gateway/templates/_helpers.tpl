{{- define "bff-gateway.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "bff-gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bff-gateway.labels" -}}
{{ include "bff-gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "bff-gateway.secretName" -}}
{{ .Values.secretName | default (include "bff-gateway.fullname" .) }}
{{- end }}

{{/* The configuration: defaults for the secrets, then the values, then what the pod requires. */}}
{{- define "bff-gateway.config" -}}
{{- $folder := "/run/secrets/bff-gateway" }}
{{- $given := deepCopy .Values.config }}
{{- $needed := dict
  "listen" (dict "host" "0.0.0.0" "port" 3000)
  "admin" (dict "host" "0.0.0.0" "port" 9400 "enabled" true) }}
{{- $usual := dict
  "admin" (dict "secret" (dict "file" (printf "%s/admin-secret" $folder)))
  "secrets" (dict "keys" (list (dict "id" "k1" "file" (printf "%s/session-key" $folder)))) }}
{{- if not (or (hasKey $given.provider "clientAuth") (hasKey $given.provider "clientSecret")) }}
{{- $_ := set $usual "provider" (dict "clientSecret" (dict "file" (printf "%s/client-secret" $folder))) }}
{{- end }}
{{- toYaml (mergeOverwrite $usual $given $needed) }}
{{- end }}
