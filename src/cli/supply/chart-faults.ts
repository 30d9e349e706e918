/** Codes that say what is wrong with a chart that was looked at, or that it is not there. Every other one: nobody could look. */
export const CHART_FAULTS = ['ChartMissing', 'ChartMismatch', 'ChartDigestMismatch', 'ChartUnreadable'] as const

const FAULTS: ReadonlySet<string> = new Set(CHART_FAULTS)

export const isChartFault = (code: string): boolean => FAULTS.has(code)
