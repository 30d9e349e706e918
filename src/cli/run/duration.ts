const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds of `90s`, `5m`, `1h`, as the configuration writes durations. */
export function milliseconds(duration: string): number {
  const unit = duration.at(-1)
  const factor = unit === 's' || unit === 'm' || unit === 'h' ? UNIT_MS[unit] : Number.NaN
  return Number(duration.slice(0, -1)) * factor
}
