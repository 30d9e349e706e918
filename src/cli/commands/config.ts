import { stringify } from 'yaml'
import { type EffectiveValue, effectiveValues, withoutPasswords } from '../../config/effective.ts'
import { describeOrigin } from '../../config/origin.ts'
import { clipped } from '../../ui/layout.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { loadOffline } from '../load-offline.ts'

/** A list or a long text is told apart by its beginning; `--output json` has the whole. */
const VALUE_COLUMNS = 60

/** `llmgw config`: the effective configuration, with the origin of each value on request; asks nobody. @returns exit code */
export async function config(flags: GlobalFlags & { readonly origin: boolean }, host: Host): Promise<number> {
  const loaded = await loadOffline(flags, host)
  const values = effectiveValues(loaded)
  const document = withoutPasswords(loaded.config)
  if (flags.output !== 'text') {
    const origins = Object.fromEntries(values.map(({ path, origin }) => [path, origin ?? { kind: 'derived' }]))
    const result = { file: loaded.file ?? null, config: document, ...(flags.origin ? { origins } : {}) }
    host.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
    return 0
  }
  const source = loaded.file === undefined ? 'no file was read' : `from ${loaded.file}`
  host.stdout.write(flags.origin ? originText(values) : `# Effective configuration, ${source}\n${stringify(document)}`)
  return 0
}

function originText(values: readonly EffectiveValue[]): string {
  const rows = values.map(({ path, value, origin }) => [
    path,
    clipped(JSON.stringify(value), VALUE_COLUMNS),
    origin === undefined ? 'follows from other values' : describeOrigin(origin),
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('')
}
