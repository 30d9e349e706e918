/** The same input on every machine; another seed or more of it: `LLMGW_TEST_SEED=7 LLMGW_TEST_FUZZ=5000 npx vitest run test/fuzz`. */
export const FUZZ = {
  seed: Number(process.env.LLMGW_TEST_SEED ?? 1),
  numRuns: Number(process.env.LLMGW_TEST_FUZZ ?? 200),
}
