/** A state of the world as time series, and the alert that it raises or does not. */
export interface AlertCase {
  readonly alert: string
  readonly what: string
  /** Series in promtool's notation, one sample a minute. */
  readonly series: Readonly<Record<string, string>>
  /** Minutes after which the alerts are looked at. */
  readonly at: number
  /** What it raises; absent = it must stay silent. */
  readonly raises?: { readonly labels: Readonly<Record<string, string>>; readonly summary: string }
}

const FAILED = 'litellm_proxy_failed_requests_metric_total{exception_status="503"}'
const REFUSED = 'litellm_proxy_failed_requests_metric_total{exception_status="429"}'
const TOTAL = 'litellm_proxy_total_requests_metric_total'
const LATENCY = 'litellm_request_total_latency_metric_bucket'
const redis = (metric: string, more = '') => `${metric}{job="redis",pod="redis-0"${more}}`

const warning = { severity: 'warning' }
const critical = { severity: 'critical' }

/** For each alert at least one state in which it is raised, and one close to it in which it is not. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'LiteLLMDown',
    what: 'no replica was reached for 5 minutes',
    series: { 'up{job="litellm",pod="a"}': '0x10' },
    at: 6,
    raises: { labels: critical, summary: 'No LiteLLM replica answers.' },
  },
  {
    alert: 'LiteLLMDown',
    what: 'there is none at all',
    series: {},
    at: 6,
    raises: { labels: critical, summary: 'No LiteLLM replica answers.' },
  },
  {
    alert: 'LiteLLMDown',
    what: 'one of two is left',
    series: { 'up{job="litellm",pod="a"}': '0x10', 'up{job="litellm",pod="b"}': '1x10' },
    at: 6,
  },
  {
    alert: 'LiteLLMReplicaDown',
    what: 'one of two is down',
    series: { 'up{job="litellm",pod="a"}': '0x15', 'up{job="litellm",pod="b"}': '1x15' },
    at: 11,
    raises: { labels: { ...warning, job: 'litellm', pod: 'a' }, summary: 'LiteLLM replica a does not answer.' },
  },
  {
    alert: 'LiteLLMReplicaDown',
    what: 'it was down for 9 minutes',
    series: { 'up{job="litellm",pod="a"}': '0x8 1x9' },
    at: 15,
  },
  {
    alert: 'LiteLLMErrorRateHigh',
    what: 'one request in ten fails',
    series: { [FAILED]: '0+6x30', [TOTAL]: '0+60x30' },
    at: 25,
    raises: { labels: warning, summary: '10% of the requests to LiteLLM fail.' },
  },
  {
    alert: 'LiteLLMErrorRateHigh',
    what: 'clients are told to slow down',
    series: { [REFUSED]: '0+30x30', [TOTAL]: '0+60x30' },
    at: 25,
  },
  { alert: 'LiteLLMErrorRateHigh', what: 'nobody asks', series: { [FAILED]: '7x30', [TOTAL]: '90x30' }, at: 25 },
  {
    alert: 'LiteLLMErrorRateCritical',
    what: 'three requests in four fail',
    series: { [FAILED]: '0+45x30', [TOTAL]: '0+60x30' },
    at: 20,
    raises: { labels: critical, summary: '75% of the requests to LiteLLM fail.' },
  },
  {
    alert: 'LiteLLMErrorRateCritical',
    what: 'one in ten fails',
    series: { [FAILED]: '0+6x30', [TOTAL]: '0+60x30' },
    at: 20,
  },
  {
    alert: 'LiteLLMLatencyHigh',
    what: 'all take between one and two minutes',
    series: {
      [`${LATENCY}{le="60"}`]: '0x40',
      [`${LATENCY}{le="120"}`]: '0+10x40',
      [`${LATENCY}{le="+Inf"}`]: '0+10x40',
    },
    at: 35,
    raises: { labels: warning, summary: 'One request in 20 takes longer than 1m 57s.' },
  },
  {
    alert: 'LiteLLMLatencyHigh',
    what: 'all are done within a minute',
    series: {
      [`${LATENCY}{le="60"}`]: '0+10x40',
      [`${LATENCY}{le="120"}`]: '0+10x40',
      [`${LATENCY}{le="+Inf"}`]: '0+10x40',
    },
    at: 35,
  },
  {
    alert: 'LiteLLMModelFailing',
    what: 'most calls of one model fail, of another none',
    series: {
      'litellm_deployment_failure_responses_total{litellm_model_name="bad"}': '0+8x40',
      'litellm_deployment_total_requests_total{litellm_model_name="bad"}': '0+10x40',
      'litellm_deployment_failure_responses_total{litellm_model_name="good"}': '0x40',
      'litellm_deployment_total_requests_total{litellm_model_name="good"}': '0+10x40',
    },
    at: 30,
    raises: { labels: { ...warning, litellm_model_name: 'bad' }, summary: 'Most calls of model bad fail.' },
  },
  {
    alert: 'LiteLLMModelFailing',
    what: 'a few calls fail',
    series: {
      'litellm_deployment_failure_responses_total{litellm_model_name="m"}': '0+2x40',
      'litellm_deployment_total_requests_total{litellm_model_name="m"}': '0+10x40',
    },
    at: 30,
  },
  {
    alert: 'LiteLLMModelDown',
    what: 'a deployment of it is out of service',
    series: { 'litellm_deployment_state{litellm_model_name="m",api_base="a"}': '2x10' },
    at: 6,
    raises: { labels: { ...warning, litellm_model_name: 'm' }, summary: 'LiteLLM has taken model m out of service.' },
  },
  {
    alert: 'LiteLLMModelDown',
    what: 'it fails now and then',
    series: { 'litellm_deployment_state{litellm_model_name="m"}': '1x10' },
    at: 6,
  },
  {
    alert: 'OpenWebUIDown',
    what: 'its pod is not ready',
    series: { 'kube_pod_status_ready{condition="true",namespace="ui",pod="open-webui-0"}': '0x10' },
    at: 6,
    raises: { labels: { ...critical, namespace: 'ui' }, summary: 'No Open WebUI pod in ui is ready.' },
  },
  {
    alert: 'OpenWebUIDown',
    what: 'one of two is ready',
    series: {
      'kube_pod_status_ready{condition="true",namespace="ui",pod="open-webui-0"}': '0x10',
      'kube_pod_status_ready{condition="true",namespace="ui",pod="open-webui-1"}': '1x10',
    },
    at: 6,
  },
  {
    alert: 'SecretNotSynced',
    what: 'it is not ready',
    series: { 'externalsecret_status_condition{condition="Ready",status="False",namespace="n",name="s"}': '1x20' },
    at: 16,
    raises: { labels: { ...warning, namespace: 'n', name: 's' }, summary: 'ExternalSecret n/s is not synced.' },
  },
  {
    alert: 'SecretNotSynced',
    what: 'it is ready',
    series: {
      'externalsecret_status_condition{condition="Ready",status="False",namespace="n",name="s"}': '0x20',
      'externalsecret_status_condition{condition="Ready",status="True",namespace="n",name="s"}': '1x20',
    },
    at: 16,
  },
  {
    alert: 'JaegerDown',
    what: 'it was not reached',
    series: { 'up{job="jaeger"}': '0x15' },
    at: 11,
    raises: { labels: warning, summary: 'Jaeger does not answer.' },
  },
  { alert: 'JaegerDown', what: 'it answers', series: { 'up{job="jaeger"}': '1x15' }, at: 11 },
  {
    alert: 'RedisDown',
    what: 'its exporter cannot ask it',
    series: { [redis('redis_up')]: '0x10' },
    at: 3,
    raises: {
      labels: { ...critical, job: 'redis', pod: 'redis-0' },
      summary: 'Redis redis-0 does not answer its exporter.',
    },
  },
  { alert: 'RedisDown', what: 'it answers', series: { [redis('redis_up')]: '1x10' }, at: 3 },
  {
    alert: 'RedisUnseen',
    what: 'no exporter answers',
    series: { [redis('up')]: '0x10' },
    at: 6,
    raises: { labels: critical, summary: 'No Redis exporter answers.' },
  },
  { alert: 'RedisUnseen', what: 'one answers', series: { [redis('up')]: '1x10' }, at: 6 },
  {
    alert: 'RedisMasterMissing',
    what: 'all are replicas',
    series: { [redis('redis_instance_info', ',role="slave"')]: '1x10' },
    at: 3,
    raises: { labels: { ...critical, job: 'redis', role: 'master' }, summary: 'No Redis server is master.' },
  },
  {
    alert: 'RedisMasterMissing',
    what: 'one is master',
    series: { [redis('redis_instance_info', ',role="master"')]: '1x10' },
    at: 3,
  },
  {
    alert: 'RedisReplicasLost',
    what: 'two servers, and nobody follows',
    series: {
      [redis('redis_connected_slaves')]: '0x15',
      'up{job="redis",pod="redis-0"}': '1x15',
      'up{job="redis",pod="redis-1"}': '1x15',
    },
    at: 11,
    raises: { labels: warning, summary: 'No replica follows the Redis master.' },
  },
  {
    alert: 'RedisReplicasLost',
    what: 'a lone server has none',
    series: { [redis('redis_connected_slaves')]: '0x15', 'up{job="redis",pod="redis-0"}': '1x15' },
    at: 11,
  },
  {
    alert: 'RedisMemoryNearLimit',
    what: 'it uses 95 of 100',
    series: { [redis('redis_memory_used_bytes')]: '95x20', [redis('redis_memory_max_bytes')]: '100x20' },
    at: 16,
    raises: { labels: { ...warning, job: 'redis', pod: 'redis-0' }, summary: 'Redis redis-0 uses 95% of its memory.' },
  },
  {
    alert: 'RedisMemoryNearLimit',
    what: 'it has no limit',
    series: { [redis('redis_memory_used_bytes')]: '95x20', [redis('redis_memory_max_bytes')]: '0x20' },
    at: 16,
  },
  {
    alert: 'RedisRefusesConnections',
    what: 'it refuses some each minute',
    series: { [redis('redis_rejected_connections_total')]: '0+3x20' },
    at: 12,
    raises: { labels: { ...warning, job: 'redis', pod: 'redis-0' }, summary: 'Redis redis-0 refuses connections.' },
  },
  {
    alert: 'RedisRefusesConnections',
    what: 'it once refused some',
    series: { [redis('redis_rejected_connections_total')]: '9x20' },
    at: 12,
  },
]
