import * as z from 'zod'

const entries = z.array(z.string().min(1).max(200)).default([])

/** A regular expression that JavaScript and Python both read; the pods run it in Python. */
const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => isPattern(text), 'a regular expression')

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'iu')
    return true
  } catch {
    return false
  }
}

/** What neither questions nor answers may hold. */
export const guardrails = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('rules'),
    words: entries.describe('Whole words, in any case.'),
    prefixes: entries.describe('Beginnings of words, in any case.'),
    patterns: z
      .array(pattern)
      .default([])
      .describe(
        'Regular expressions, in any case; of a longer match than 200 characters a stream may show the beginning.',
      ),
    apply: z
      .array(z.enum(['input', 'output']))
      .min(1)
      .describe('`input`: questions are not asked. `output`: answers are not given; streams are held back by a word.'),
    action: z
      .enum(['answer', 'refuse'])
      .describe('`answer`: HTTP 200 with the message in the place of an answer. `refuse`: HTTP 400.'),
    message: z.string().min(1).max(500).describe('What people read instead.'),
  }),
])

/** What a kind of guardrails leaves out. */
export function guardrailsDefaults(kind: string) {
  if (kind !== 'rules') return { kind }
  return {
    kind,
    apply: ['input', 'output'],
    action: 'answer',
    message: 'This was blocked by a rule of this service.',
  }
}
