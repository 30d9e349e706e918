import { defineConfig } from 'vitest/config'

/** Broken worlds in a sandbox: `npm run test:worlds`. Apart from `npm test`, since each of them is broken and mended again. */
export default defineConfig({
  test: {
    include: ['test/worlds/**/*.test.ts'],
    globalSetup: ['test/sandbox.setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 1_800_000,
  },
})
