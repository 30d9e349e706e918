import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import { redact } from '../../secret.ts'
import { type PlanDocument, planDocument } from '../../ui/plan-schema.ts'
import { renderError } from '../render-error.ts'

/** A plan of a large platform in full is a few megabytes. */
const LARGEST_BYTES = 64 * 1024 * 1024

/** Keeps a plan; a reader finds the old file, or the whole new one. @throws UsageError when it cannot be written */
export async function writePlan(cwd: string, file: string, plan: PlanDocument): Promise<void> {
  const path = resolve(cwd, file)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await writeFile(temporary, redact(`${JSON.stringify(plan, null, 2)}\n`), { mode: 0o600 })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new UsageError('PlanFileUnwritable', `the plan was not written to ${showText(file)}`, {
      cause: renderError(error, { debug: false }).message,
      hint: 'name a file in a folder that exists and may be written to',
    })
  }
}

/** A plan that was kept. @throws UsageError PlanFileInvalid that says what is wrong with it */
export async function readPlan(cwd: string, file: string): Promise<PlanDocument> {
  const path = resolve(cwd, file)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw invalid(file, 'there is no such file')
  if (found.size > LARGEST_BYTES) throw invalid(file, 'it is larger than 64 MiB')
  const parsed = planDocument.safeParse(parse(file, await readFile(path, 'utf8')))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(file, issue === undefined ? 'it does not fit' : `${issue.path.join('.') || 'it'}: ${issue.message}`)
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(file, 'it is no JSON')
  }
}

function invalid(file: string, why: string): UsageError {
  return new UsageError('PlanFileInvalid', `${showText(file)} is no plan of llmgw: ${showText(why)}`, {
    hint: 'make one with: llmgw plan -o FILE',
  })
}
