import { remoteName } from '../../../steps/names.ts'
import { inOtherLayout } from '../../../steps/secrets/other-layout.ts'
import { PreflightError } from '../../errors.ts'
import { askHidden } from '../../ui/prompts.ts'
import { variableOf } from '../provided-values.ts'
import { promptContext } from './questions.ts'
import type { Session } from './session.ts'

/** Logical names of the provided secrets that have no value in AWS yet and that nobody gave one. */
async function lackingNames({ ctx, stop }: Session): Promise<readonly string[]> {
  const looking = { ...ctx, signal: stop.signal }
  const names = Object.entries(ctx.config.secrets.items)
    .filter(([name, item]) => item.class === 'provided' && ctx.provided.find(name) === undefined)
    .map(([name]) => name)
  const looked = await Promise.all(
    names.map(async (name) => {
      const meta = await ctx.secretsManager.describe(remoteName(ctx.config, name), stop.signal)
      const lacks = meta === undefined || (meta.deletedAt === undefined && Object.keys(meta.versions).length === 0)
      return lacks ? [name] : []
    }),
  )
  const lacking = looked.flat()
  // Where the other layout has some, the step of the secrets says so, and nobody needs to be asked.
  return (await inOtherLayout(looking, lacking)).length === 0 ? lacking : []
}

/**
 * Asks for the values that only the user knows, before anything is changed.
 * @throws PreflightError that names them, where nobody can be asked
 */
export async function askProvided(session: Session, interactive: boolean): Promise<void> {
  const names = await lackingNames(session)
  if (names.length === 0) return
  if (!interactive) throw lacking(names)
  for (const name of names) {
    const { description } = session.ctx.config.secrets.items[name] ?? { description: '' }
    const message = `Value of ${name}${description === '' ? '' : ` (${description})`}, hidden:`
    session.world.provided.add(name, await askHidden({ message }, promptContext(session)))
  }
}

function lacking(names: readonly string[]): PreflightError {
  return new PreflightError(
    'ProvidedMissing',
    `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} no value yet, and only you know ${names.length === 1 ? 'it' : 'them'}`,
    {
      hint: `set ${names.map(variableOf).join(', ')} in the environment, or name a file with lines NAME=value: --secrets-file FILE`,
    },
  )
}
