import type { Cause } from './step.ts'

/** PascalCase, so that `ECONNREFUSED` and other codes of the platform do not pass for ours. */
const OUR_CODE = /^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$/
const DEEPEST_CAUSE = 5

/** Cause of anything thrown, by its shape: `code`, `message`, `hint`, `evidence`, and the chain of `cause`. */
export function causeOf(thrown: unknown): Cause {
  const code = stringField(thrown, 'code')
  const hint = stringField(thrown, 'hint')
  const evidence = evidenceOf(thrown, DEEPEST_CAUSE)
  return {
    code: code !== undefined && OUR_CODE.test(code) ? code : 'UnexpectedError',
    message: stringField(thrown, 'message') ?? String(thrown),
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(hint === undefined ? {} : { hint }),
  }
}

function evidenceOf(thrown: unknown, depth: number): readonly string[] {
  const own = lines(field(thrown, 'evidence'))
  const cause = field(thrown, 'cause')
  if (cause === undefined || cause === null || depth === 0) return own
  return unique([...own, ...causeLines(cause, depth)])
}

function causeLines(cause: unknown, depth: number): readonly string[] {
  const said = lines(cause)
  if (said.length > 0) return said
  return [...lines(stringField(cause, 'message')), ...evidenceOf(cause, depth - 1)]
}

function lines(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value : [value]
  return texts
    .filter((text): text is string => typeof text === 'string')
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.trim() !== '')
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

function stringField(value: unknown, name: string): string | undefined {
  const found = field(value, name)
  return typeof found === 'string' && found !== '' ? found : undefined
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
