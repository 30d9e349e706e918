import { expect, it } from 'vitest'
import { failure } from '../../../src/sandbox/query-engine/failure.ts'

const url = new URL('postgresql://litellm:planted-password@db.example.com:5432/litellm')

it.each([
  [
    { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' },
    'P1001',
    /reach database server at `db.example.com:5432`/,
  ],
  [{ code: '57P01', message: 'terminating connection due to administrator command' }, 'P1001', /administrator command/],
  [{ message: 'Connection terminated unexpectedly' }, 'P1001', /terminated/],
  [{ code: '28P01', message: 'password authentication failed' }, 'P1000', /credentials for `litellm` are not valid/],
  [{ code: '42P01', message: 'relation "x" does not exist' }, 'P2010', /Code: `42P01`/],
])('%j has the code %s in Prisma', (error, code, message) => {
  const [told] = failure(error, url).errors
  expect(told?.user_facing_error.error_code).toBe(code)
  expect(told?.error).toMatch(message)
  expect(JSON.stringify(told)).not.toContain('planted-password')
})
