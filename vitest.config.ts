import { defineConfig } from 'vitest/config'

/** What needs the sandbox: `*.sandbox.test.ts` (contracts against the real thing) and everything in `test/e2e`. */
const NEEDS_SANDBOX = ['test/e2e/**/*.test.ts', 'test/**/*.sandbox.test.ts']

/** Run by `npm run test:worlds` alone. */
const BROKEN_WORLDS = 'test/worlds/**'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...NEEDS_SANDBOX, BROKEN_WORLDS],
          pool: 'threads',
          // Vitest leaves a core alone; on two cores that halves the speed.
          maxWorkers: '100%',
          // A deadline for what hangs, generous enough for a busy machine.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'sandbox',
          include: NEEDS_SANDBOX,
          globalSetup: ['test/sandbox.setup.ts'],
          // One machine, one sandbox after the other: files share CPU, not clusters.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
})
