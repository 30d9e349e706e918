import { createHash } from 'node:crypto'

/** A text that depends on nothing but the model and the question, so that tests and caches can rely on it. */
export function answerTo(model: string, question: string): string {
  const letters = /^Join these letters [^:]*: ([\p{L}\p{N}](?:-[\p{L}\p{N}])+)$/u.exec(question.trim())?.[1]
  // What `llmgw test guardrails` asks: a model does as it is told, and rules about answers have something to stop.
  if (letters !== undefined) return letters.replaceAll('-', '')
  return `${model} of the sandbox answers: ${question.trim() || 'you asked nothing'}`
}

/** About as many as a real tokenizer would count: four characters each. */
export const tokensIn = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

/** The answer cut to at most so many tokens, as a model would stop. */
export function limited(text: string, maxTokens: number | undefined): { readonly text: string; readonly cut: boolean } {
  const length = maxTokens === undefined ? text.length : maxTokens * 4
  return { text: text.slice(0, length), cut: text.length > length }
}

/** Pieces as a stream brings them: words with the space before them. */
export const pieces = (text: string): readonly string[] => text.match(/\s*\S+|\s+$/g) ?? []

/** A vector of length 1 that depends only on the text: equal texts have equal vectors. */
export function embedding(text: string, dimensions: number): readonly number[] {
  const numbers: number[] = []
  for (let block = 0; numbers.length < dimensions; block += 1) {
    const digest = createHash('sha256').update(`${block}\n${text}`).digest()
    for (let offset = 0; offset < digest.length && numbers.length < dimensions; offset += 4) {
      numbers.push(digest.readInt32BE(offset) / 2 ** 31)
    }
  }
  const norm = Math.hypot(...numbers)
  return numbers.map((number) => number / norm)
}
