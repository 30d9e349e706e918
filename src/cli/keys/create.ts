import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { closest } from '../../config/closest.ts'
import { UsageError } from '../../errors.ts'
import type { KeyOrder } from '../../ports/index.ts'
import type { KeysCreateFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { renderError } from '../render-error.ts'
import { type Session, withSession } from '../run/session.ts'
import { keeper, named, refuseOurs } from './keeper.ts'

/** `llmgw keys create NAME`: a key for calls of models, its value shown once. @returns exit code */
export async function createKey(name: string, flags: KeysCreateFlags, host: Host): Promise<number> {
  refuseOurs(name)
  refuseUnseen(flags, host)
  const command = `keys create ${name}`
  return await withSession({ command, flags: { ...flags, deep: false }, host }, async (session) => {
    const order = orderOf(session, name, flags)
    const access = await keeper(session)
    const { gatewayKeys } = session.ctx
    if (named(await gatewayKeys.list(access, session.stop.signal), name)) {
      throw new UsageError('KeyExists', `there is a key ${name} already`, {
        hint: `choose another name, or: llmgw keys revoke ${name}`,
      })
    }
    // Before the key is made: a value that can be written nowhere would be lost.
    const place = await openPlace(flags, host)
    try {
      await place.keep(await gatewayKeys.issue(access, order, session.stop.signal))
    } catch (error) {
      await place.drop()
      throw error
    }
    await session.stage.close()
    session.print(textOf(order, flags.outputFile))
    session.printJson({ command, ok: true, exitCode: 0, key: order, file: flags.outputFile })
    return 0
  })
}

/** @throws UsageError ShowNeedsTerminal: a value that nobody asked to keep would end in somebody's log */
function refuseUnseen({ outputFile, output }: KeysCreateFlags, host: Host): void {
  if (outputFile !== undefined || (output === 'text' && host.stdout.isTTY === true)) return
  throw new UsageError('ShowNeedsTerminal', 'the value of the key is shown once, and this is no terminal', {
    hint: 'name a file for it: --output-file FILE',
  })
}

/** @throws UsageError ModelUnknown */
function orderOf({ ctx }: Session, alias: string, flags: KeysCreateFlags): KeyOrder {
  const configured = ctx.config.models.map(({ name }) => name)
  const models = flags.models?.split(',').map((model) => model.trim()) ?? configured
  for (const model of models) {
    if (configured.includes(model)) continue
    const close = closest(model, configured)
    throw new UsageError('ModelUnknown', `there is no model ${JSON.stringify(model)}`, {
      hint: close === undefined ? `use some of: ${configured.join(', ')}` : `did you mean ${close}?`,
    })
  }
  const { budget, budgetPeriod, rpm, tpm, expires } = flags
  return {
    alias,
    models: [...new Set(models)].sort(),
    ...(budget !== undefined && { maxBudget: budget }),
    ...(budgetPeriod && { budgetPeriod }),
    ...(rpm !== undefined && { requestsPerMinute: rpm }),
    ...(tpm !== undefined && { tokensPerMinute: tpm }),
    ...(expires && { lifetime: expires }),
  }
}

/** Where the value goes. */
interface Place {
  keep(value: string): Promise<void>
  /** Leaves nothing behind of what was made for a value that did not come. */
  drop(): Promise<void>
}

async function openPlace({ outputFile }: KeysCreateFlags, host: Host): Promise<Place> {
  if (outputFile === undefined)
    return { keep: async (value) => void host.stdout.write(`${value}\n`), drop: async () => undefined }
  const path = resolve(host.cwd, outputFile)
  try {
    // A file that is there belongs to somebody.
    const file = await open(path, 'wx', 0o600)
    return {
      async keep(value) {
        await file.writeFile(`${value}\n`)
        await file.close()
      },
      async drop() {
        await file.close()
        await rm(path, { force: true })
      },
    }
  } catch (error) {
    throw new UsageError('KeyFileUnwritable', `no file for the key could be made at ${outputFile}`, {
      cause: renderError(error, { debug: false }).message,
      hint: 'name a file that is not there yet, in a folder that may be written to',
    })
  }
}

function textOf({ alias, models, maxBudget, budgetPeriod }: KeyOrder, file: string | undefined): string {
  const budget = maxBudget === undefined ? '' : `, $${maxBudget}${budgetPeriod ? ` every ${budgetPeriod}` : ''}`
  const where = file === undefined ? 'It is not shown again.' : `It is in ${file}, readable by you alone.`
  return `key ${alias}: ${models.join(', ')}${budget}. ${where}`
}
