import { counted } from '../../ui/layout.ts'
import { createAssets, packageRoot } from '../assets.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { systemClock } from '../system-clock.ts'
import { checkCharts } from '../validate/charts.ts'
import { type CheckedConfiguration, checkConfiguration } from '../validate/configuration.ts'
import { checkDataFiles } from '../validate/data-files.ts'
import type { Finding } from '../validate/finding.ts'
import { checkGateway } from '../validate/gateway.ts'
import { checkOverrides } from '../validate/overrides.ts'
import { checkPolicies } from '../validate/policies.ts'
import { checkSteps } from '../validate/steps.ts'

const FINDINGS = 2

interface Checked {
  /** What was looked at, e.g. `9 data files`. */
  readonly checked: readonly string[]
  readonly findings: readonly Finding[]
}

/** `llmgw validate`: offline; starts no process and opens no connection. @returns exit code */
export async function validate(flags: GlobalFlags, host: Host): Promise<number> {
  const configuration = await checkConfiguration(flags, host)
  const root = packageRoot()
  const data = await checkDataFiles(root)
  // What is derived from a wrong configuration, or from a broken file, would be found wrong a second time.
  const sound = configuration.loaded !== undefined && data.findings.length === 0
  const derived = sound ? await checkDerived(configuration, root) : NOTHING
  const findings = [...configuration.findings, ...data.findings, ...derived.findings]
  const checked = ['configuration', counted(data.files.length, 'data file'), ...derived.checked]
  const ok = findings.every(({ severity }) => severity !== 'error')
  const exitCode = ok ? 0 : FINDINGS
  const result = { ok, exitCode, file: configuration.loaded?.file ?? null, checked, findings }
  host.stdout.write(
    flags.output === 'text' ? textOf({ checked, findings }, ok) : `${JSON.stringify(result, null, 2)}\n`,
  )
  return exitCode
}

const NOTHING: Checked = { checked: [], findings: [] }

async function checkDerived({ loaded }: CheckedConfiguration, root: string): Promise<Checked> {
  if (loaded === undefined) return NOTHING
  const assets = createAssets(root)
  const { releases, findings } = await checkSteps(loaded.config, { assets, clock: systemClock })
  const policies = await checkPolicies(loaded.config, assets)
  const gateway = await checkGateway(loaded.config, { assets, clock: systemClock })
  const charts = await checkCharts(loaded, releases, assets)
  const overrides = await checkOverrides(loaded, releases, assets)
  const remote = loaded.config.charts.mirror?.kind === 'directory' ? '' : ' (their source was not asked)'
  return {
    checked: ['IAM documents', 'LiteLLM configuration', `${counted(releases.length, 'chart')}${remote}`],
    // The step refuses the first of these faults itself.
    findings: [
      ...findings.filter(({ code }) => !gateway.some((one) => one.code === code)),
      ...gateway,
      ...overrides,
      ...policies,
      ...charts,
    ],
  }
}

function textOf({ checked, findings }: Checked, ok: boolean): string {
  const lines = findings.flatMap(({ severity, code, file, line, column, message, fix }) => [
    `${[file, line, column].filter((part) => part !== undefined).join(':')}: ${severity}: ${message} (${code})`,
    `  fix: ${fix}`,
  ])
  const count = (wanted: Finding['severity']) => findings.filter(({ severity }) => severity === wanted).length
  const warnings = count('warning') === 0 ? '' : `, ${counted(count('warning'), 'warning')}`
  const verdict = ok ? `valid${warnings}` : `${counted(count('error'), 'finding')}${warnings}`
  return `${[...lines, `${verdict}: looked at ${checked.join(', ')}; nothing was started or connected to`].join('\n')}\n`
}
