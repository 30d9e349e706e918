import { expect, it } from 'vitest'
import { connectAws } from '../../../src/adapters/aws/connect-aws.ts'
import { anyRead, stubAws } from './stub-aws.ts'

// Alone in its file: the SDK warns once a process, at its first client.
it('the SDK does not write about Node versions on standard error', async () => {
  const warnings: string[] = []
  const note = (warning: Error) => warnings.push(warning.message)
  const stub = await stubAws(anyRead)
  process.on('warning', note)
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  await connectAws({ region: 'eu-west-1', endpointUrl: stub.url, credentials }).sts.callerIdentity()
  process.emitWarning('the listener works')
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  await stub.close()
  expect(warnings).toEqual(['the listener works'])
})
