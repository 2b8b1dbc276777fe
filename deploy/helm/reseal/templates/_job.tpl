{{/* What every object is labelled with. */}}
{{- define "reseal.labels" -}}
app.kubernetes.io/name: reseal
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The pods, by which the network policy knows them. */}}
{{- define "reseal.selector" -}}
app.kubernetes.io/name: reseal
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The spec of the Job, and of the CronJob's template: as in deploy/base/job.yaml. */}}
{{- define "reseal.job" -}}
parallelism: {{ .Values.job.parallelism }}
{{- if eq (int .Values.job.parallelism) 1 }}
completions: 1
{{- end }}
backoffLimit: {{ .Values.job.backoffLimit }}
activeDeadlineSeconds: {{ .Values.job.activeDeadlineSeconds }}
ttlSecondsAfterFinished: {{ .Values.job.ttlSecondsAfterFinished }}
podReplacementPolicy: Failed
podFailurePolicy:
  rules:
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    - action: FailJob
      onExitCodes:
        containerName: reseal
        operator: In
        values: [1, 2, 3, 6, 70]
    - action: Ignore
      onExitCodes:
        containerName: reseal
        operator: In
        values: [4]
template:
  metadata:
    labels:
      {{- include "reseal.labels" . | nindent 6 }}
      {{- with .Values.podLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    {{- include "reseal.pod" . | nindent 4 }}
{{- end }}

{{- define "reseal.pod" -}}
restartPolicy: Never
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
serviceAccountName: {{ .Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- if .Values.cloudSqlProxy.enabled }}
initContainers:
  - name: cloud-sql-proxy
    image: {{ .Values.cloudSqlProxy.image }}
    restartPolicy: Always
    args:
      - --structured-logs
      - --exit-zero-on-sigterm
      - --health-check
      - --http-address=0.0.0.0
      - --http-port=9801
      - --port=5432
      - {{ required "cloudSqlProxy.instance: PROJECT:REGION:INSTANCE" .Values.cloudSqlProxy.instance }}
    startupProbe:
      httpGet: {path: /startup, port: 9801}
      periodSeconds: 1
      failureThreshold: 60
    securityContext:
      {{- include "reseal.container" . | nindent 6 }}
    resources:
      requests: {cpu: 100m, memory: 64Mi}
      limits: {memory: 256Mi}
{{- end }}
containers:
  - name: reseal
    image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      {{- toYaml .Values.args | nindent 6 }}
      {{- if .Values.monitoring.enabled }}
      - --listen=0.0.0.0:9187
      - --listen-token=file:/run/secrets/reseal/metrics/token
      - --linger={{ .Values.monitoring.linger }}
      {{- end }}
    {{- if .Values.monitoring.enabled }}
    ports:
      - {name: metrics, containerPort: 9187}
    {{- end }}
    env:
      - name: RESEAL_CONFIG
        value: /etc/reseal/reseal.toml
      - name: RESEAL_RUN_TOKEN
        valueFrom:
          fieldRef:
            fieldPath: metadata.labels['batch.kubernetes.io/controller-uid']
      {{- with .Values.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    securityContext:
      {{- include "reseal.container" . | nindent 6 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    terminationMessagePolicy: FallbackToLogsOnError
    volumeMounts:
      - name: config
        mountPath: /etc/reseal
        readOnly: true
      - name: keys
        mountPath: /run/secrets/reseal/keys
        readOnly: true
      - name: database
        mountPath: /run/secrets/reseal/database
        readOnly: true
      {{- if .Values.monitoring.enabled }}
      - name: metrics
        mountPath: /run/secrets/reseal/metrics
        readOnly: true
      {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ .Release.Name }}
  - name: keys
    secret:
      secretName: {{ .Values.secrets.keys }}
      defaultMode: 288 # 0440
  - name: database
    secret:
      secretName: {{ .Values.secrets.database }}
      defaultMode: 288 # 0440
  {{- if .Values.monitoring.enabled }}
  - name: metrics
    secret:
      secretName: {{ .Values.secrets.metrics }}
      defaultMode: 288 # 0440
  {{- end }}
{{- end }}

{{- define "reseal.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
