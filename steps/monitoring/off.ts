import type { Config } from '../../src/config/schema.ts'

/** Settings of the monitoring stack. */
export type MonitoringSettings = Extract<Config['monitoring'], { kind: 'kube-prometheus-stack' }>

/** Why this configuration has no monitoring. */
export function monitoringOff({ monitoring }: Config): string | undefined {
  return monitoring.kind === 'none' ? 'monitoring.kind is none' : undefined
}

/** The settings. @throws our bug where monitoring is off */
export function monitoringSettings({ monitoring }: Config): MonitoringSettings {
  if (monitoring.kind === 'none') throw new Error('monitoring is none: its steps are off')
  return monitoring
}
