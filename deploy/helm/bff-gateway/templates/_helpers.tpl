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

{{/* Whether further apps have files of their own. */}}
{{- define "bff-gateway.hasAppFiles" -}}
{{- if or .Values.apps .Values.appsFrom.configMap }}true{{ end }}
{{- end }}

{{- define "bff-gateway.metricsName" -}}
{{ printf "%s-metrics" (include "bff-gateway.fullname" . | trunc 55 | trimSuffix "-") }}
{{- end }}

{{- define "bff-gateway.appsName" -}}
{{ printf "%s-apps" (include "bff-gateway.fullname" . | trunc 58 | trimSuffix "-") }}
{{- end }}

{{/* The public URLs of all apps that the values name, one a line. */}}
{{- define "bff-gateway.publicUrls" -}}
{{- with .Values.config.publicUrl }}{{ . }}{{ "\n" }}{{ end }}
{{- range .Values.config.apps }}{{ .publicUrl }}{{ "\n" }}{{ end }}
{{- range .Values.apps }}{{ .config.publicUrl }}{{ "\n" }}{{ end }}
{{- end }}

{{/* Whether a provider needs the client secret that the chart mounts: it names a client, and no other credentials. */}}
{{- define "bff-gateway.lacksCredentials" -}}
{{- if and .clientId (not (or (hasKey . "clientAuth") (hasKey . "clientSecret"))) }}true{{ end }}
{{- end }}

{{/* The file of an app: its values, and the paths of its client secrets. */}}
{{- define "bff-gateway.appConfig" -}}
{{- $secret := printf "/run/secrets/bff-gateway-apps/%s/client-secret" .id }}
{{- $given := deepCopy .config }}
{{- with $given.provider }}
{{- if include "bff-gateway.lacksCredentials" . }}{{ $_ := set . "clientSecret" (dict "file" $secret) }}{{ end }}
{{- end }}
{{- range $given.providers }}
{{- if include "bff-gateway.lacksCredentials" . }}{{ $_ := set . "clientSecret" (dict "file" (printf "%s-%s" $secret .id)) }}{{ end }}
{{- end }}
{{- toYaml $given }}
{{- end }}

{{/* The apps that use a Secret of their own, as a YAML list of `id`, `name` and the `keys` that they read. */}}
{{- define "bff-gateway.appSecrets" -}}
{{- range .Values.apps }}
{{- $read := regexFindAll (printf "/run/secrets/bff-gateway-apps/%s/[A-Za-z0-9._-]+" .id) (include "bff-gateway.appConfig" .) -1 | uniq }}
{{- if or .secretName $read }}
- id: {{ .id }}
  name: {{ .secretName | default (printf "%s-%s" (include "bff-gateway.fullname" $) .id) | quote }}
  keys: [{{ range $index, $path := $read }}{{ if $index }}, {{ end }}{{ base $path | quote }}{{ end }}]
{{- end }}
{{- end }}
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
{{- if include "bff-gateway.lacksCredentials" ($given.provider | default dict) }}
{{- $_ := set $usual "provider" (dict "clientSecret" (dict "file" (printf "%s/client-secret" $folder))) }}
{{- end }}
{{- range $given.providers }}
{{- if include "bff-gateway.lacksCredentials" . }}{{ $_ := set . "clientSecret" (dict "file" (printf "%s/client-secret-%s" $folder .id)) }}{{ end }}
{{- end }}
{{- if include "bff-gateway.hasAppFiles" . }}
{{- $_ := set $needed "appsFrom" "/etc/bff-gateway-apps" }}
{{- end }}
{{- toYaml (mergeOverwrite $usual $given $needed) }}
{{- end }}
