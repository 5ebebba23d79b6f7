{{/*
Names are fixed: one release in a namespace. The broker's own chart is told them in values.yaml.
*/}}
{{- define "purser.labels" -}}
app.kubernetes.io/part-of: purser
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "purser.processLabels" -}}
app.kubernetes.io/name: {{ . }}
app.kubernetes.io/part-of: purser
{{- end }}

{{- define "purser.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ $image.repository }}/{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* Fails where an entry of processes contradicts another one. */}}
{{- define "purser.check" -}}
{{- range $name, $process := .Values.processes }}
{{- range $process.calls }}
{{- if not (dig . "enabled" false $.Values.processes) }}
{{- fail (printf "processes.%s calls %s, which is not enabled" $name .) }}
{{- end }}
{{- end }}
{{- if and $process.enabled $process.audits }}
{{- range $process.audits }}
{{- if not (and (dig . "enabled" false $.Values.processes) (dig . "database" false $.Values.processes)) }}
{{- fail (printf "processes.%s audits %s, which has no database" $name .) }}
{{- end }}
{{- end }}
{{- if $process.database }}
{{- fail (printf "processes.%s has audits or a database, not both" $name) }}
{{- end }}
{{- if not $.Values.secrets.operations }}
{{- fail (printf "processes.%s audits databases: it needs secrets.operations" $name) }}
{{- end }}
{{- if or (gt (int $process.replicas) 1) (ne $process.autoscaling.kind "none") }}
{{- fail (printf "processes.%s audits: two instances would take each other's consumers away; replicas: 1, and no autoscaling" $name) }}
{{- end }}
{{- end }}
{{- if and $process.migrate (not $process.database) }}
{{- fail (printf "processes.%s.migrate needs database: true" $name) }}
{{- end }}
{{- if and (eq $process.autoscaling.kind "keda") $process.autoscaling.lag (not $.Values.nats.enabled) }}
{{- fail (printf "processes.%s.autoscaling.lag is read from the broker of this chart: set it to null, or nats.enabled" $name) }}
{{- end }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) }}
{{- fail "ingress.enabled needs ingress.host" }}
{{- end }}
{{- if and .Values.nats.enabled (gt (int .Values.streamReplicas) (int .Values.nats.config.cluster.replicas)) }}
{{- fail "streamReplicas is more than nats.config.cluster.replicas" }}
{{- end }}
{{- end }}

{{/* A variable of a Secret; or what stands in values. */}}
{{- define "purser.variables" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  {{- if kindIs "map" $value }}
  {{- toYaml $value | nindent 2 }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "purser.databaseSecret" -}}
{{- dig .name (printf "purser-%s-database" .name) .root.Values.secrets.databases -}}
{{- end }}

{{/* How a process, or its migration, comes into its database. */}}
{{- define "purser.database" -}}
{{- $name := .name -}}
{{- $variable := printf "PURSER_%s_%sDATABASE_URL" (upper $name) (.migration | ternary "MIGRATION_" "") -}}
{{- if not .root.Values.cloudnativepg.enabled }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ include "purser.databaseSecret" . }}
      key: {{ .migration | ternary "migration-url" "url" }}
{{- else if .migration }}
# The Secret that the operator makes for the owner.
- name: {{ $variable }}
  valueFrom:
    secretKeyRef: { name: purser-{{ $name }}-db-app, key: uri }
{{- else }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ include "purser.databaseSecret" . }}, key: password }
- name: {{ $variable }}
  value: postgresql://{{ $name }}:$(DATABASE_PASSWORD)@purser-{{ $name }}-db-rw:5432/{{ $name }}
{{- end }}
{{- end }}

{{/* How a process comes into the databases that it audits, and what operators sign in with. */}}
{{- define "purser.audited" -}}
{{- $root := .root -}}
{{- $secrets := $root.Values.secrets -}}
{{- if $root.Values.cloudnativepg.enabled }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ $secrets.operations }}, key: password }
{{- end }}
{{- range .process.audits }}
- name: PURSER_{{ upper . }}_DATABASE_URL
  {{- if $root.Values.cloudnativepg.enabled }}
  value: postgresql://operations:$(DATABASE_PASSWORD)@purser-{{ . }}-db-rw:5432/{{ . }}
  {{- else }}
  valueFrom:
    secretKeyRef: { name: {{ $secrets.operations }}, key: {{ upper . }}_URL }
  {{- end }}
{{- end }}
- name: PURSER_OPERATOR_KEY
  valueFrom:
    secretKeyRef: { name: {{ $secrets.operator }}, key: PURSER_OPERATOR_KEY }
{{- end }}

{{/* Every server of the broker, so that a client leaves one that does not answer. */}}
{{- define "purser.natsServers" -}}
{{- $user := .name -}}
{{- $nats := .root.Values.nats -}}
{{- $servers := list -}}
{{- range $index := until (int $nats.config.cluster.replicas) }}
{{- $servers = append $servers (printf "nats://%s:$(%s_PASSWORD)@purser-nats-%d.purser-nats-headless:4222" $user (upper $user) $index) }}
{{- end }}
{{- join "," $servers }}
{{- end }}

{{- define "purser.environment" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $process := .process -}}
- name: PURSER_ENV
  value: production
- name: PURSER_LOG_LEVEL
  value: {{ $root.Values.logLevel }}
{{- if $process.database }}
{{- include "purser.database" . }}
{{- end }}
{{- if $process.audits }}
{{- include "purser.audited" . }}
{{- end }}
{{- if not .migration }}
{{- if $process.broker }}
{{- if $root.Values.nats.enabled }}
- name: {{ upper $name }}_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $root.Values.secrets.nats }}
      key: {{ upper $name }}_PASSWORD
- name: PURSER_NATS_URL
  value: {{ include "purser.natsServers" . | quote }}
{{- else }}
- name: PURSER_NATS_URL
  valueFrom:
    secretKeyRef:
      name: {{ $root.Values.secrets.nats }}
      key: {{ upper $name }}_URL
{{- end }}
{{- if not $process.audits }}
- name: PURSER_STREAM_REPLICAS
  value: {{ $root.Values.streamReplicas | quote }}
- name: PURSER_STREAM_BYTES_MAX
  value: {{ int64 $root.Values.streamBytesMax | quote }}
{{- end }}
{{- end }}
{{- range $process.calls }}
{{- $called := index $root.Values.processes . }}
- name: PURSER_{{ upper . }}_TARGET
  value: purser-{{ . }}:{{ $called.ports.grpc | default $called.ports.http }}
{{- if and $called.ports.live (eq $name "gateway") }}
- name: PURSER_NOTIFICATIONS_LIVE_TARGET
  value: purser-{{ . }}:{{ $called.ports.live }}
{{- end }}
{{- end }}
{{- if eq $name "gateway" }}
{{- $isFixed := eq $process.autoscaling.kind "none" }}
- name: PURSER_RATE_LIMIT_INSTANCES
  value: {{ $isFixed | ternary $process.replicas $process.autoscaling.maxReplicas | quote }}
{{- end }}
{{- if and $process.tlsSecret (ne $name "web") }}
- name: PURSER_TLS_FOLDER
  value: /etc/purser/tls
{{- end }}
{{- end }}
{{- include "purser.variables" (merge (dict) $process.env $root.Values.env) }}
{{- end }}

{{- define "purser.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "purser.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "purser.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .tlsSecret }}
- { name: tls, mountPath: /etc/purser/tls, readOnly: true }
{{- end }}
{{- end }}

{{- define "purser.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .tlsSecret }}
- name: tls
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- end }}
