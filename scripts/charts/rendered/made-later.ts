/** What controllers and hooks make once they run, so that no rendering holds it. */
export const MADE_LATER: ReadonlySet<string> = new Set([
  // The hook Job of kube-prometheus-stack writes the certificate of its webhook.
  'Secret monitoring/kube-prometheus-admission',
  'Secret monitoring/kube-prometheus-kube-prome-admission',
  // The Prometheus operator makes these for its own resources.
  'Service monitoring/prometheus-operated',
  'Service monitoring/alertmanager-operated',
])
