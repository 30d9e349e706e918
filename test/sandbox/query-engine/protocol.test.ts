import { describe, expect, it } from 'vitest'
import { modelsIn, withDriver } from '../../../src/sandbox/query-engine/datamodel.ts'
import type { Asked } from '../../../src/sandbox/query-engine/graphql.ts'
import { fromEngine, toEngine } from '../../../src/sandbox/query-engine/protocol.ts'

const SCHEMA = `
generator client {
  provider = "prisma-client-py"
  binaryTargets = ["native"]
}

// model Commented { id String }
model User {
  id       String @id
  metadata Json   // of anything
  extras   Json[]
  keys     Key[]
}

model TheUser {
  id String @id
}

model Key {
  token   String @id
  budgets Json?
  user    User   @relation(fields: [id], references: [id])
}
`

const models = modelsIn(SCHEMA)
const asked = (over: Partial<Asked>): Asked => ({
  name: 'findManyUser',
  alias: 'result',
  arguments: {},
  selection: {},
  ...over,
})

describe('the schema', () => {
  it('is read by model and field, comments left out', () => {
    expect([...models.keys()]).toEqual(['User', 'TheUser', 'Key'])
    expect(models.get('User')).toEqual(
      new Map([
        ['id', 'String'],
        ['metadata', 'Json'],
        ['extras', 'Json'],
        ['keys', 'Key'],
      ]),
    )
  })

  it('is given to the engine with a driver in place of a binary', () => {
    expect(withDriver(SCHEMA)).toContain('previewFeatures = ["driverAdapters"]')
    expect(withDriver(SCHEMA)).not.toContain('binaryTargets')
  })
})

describe('a query to the engine', () => {
  it('names action and model, the longest that fits', () => {
    expect(toEngine(asked({ name: 'findManyTheUser', selection: { id: true } }), models)).toEqual({
      modelName: 'TheUser',
      action: 'findMany',
      query: { arguments: {}, selection: { id: true } },
    })
    expect(() => toEngine(asked({ name: 'findManyNobody' }), models)).toThrow('no model for findManyNobody')
  })

  it('says what is JSON: in data, in related records, in filters but for path and mode', () => {
    const given = {
      data: { id: '{}', metadata: '{"a":1}', extras: ['1', '2'], keys: { create: [{ token: 't', budgets: '{}' }] } },
      where: { metadata: { path: ['a'], equals: '1', mode: 'default' } },
    }
    expect(toEngine(asked({ arguments: given }), models).query.arguments).toEqual({
      data: {
        id: '{}',
        metadata: { $type: 'Json', value: '{"a":1}' },
        extras: [
          { $type: 'Json', value: '1' },
          { $type: 'Json', value: '2' },
        ],
        keys: { create: [{ token: 't', budgets: { $type: 'Json', value: '{}' } }] },
      },
      where: { metadata: { path: ['a'], equals: { $type: 'Json', value: '1' }, mode: 'default' } },
    })
  })

  it('is left as it is when it is raw SQL', () => {
    const raw = asked({ name: 'queryRaw', arguments: { query: 'SELECT 1', parameters: '[]' } })
    expect(toEngine(raw, models)).toEqual({ action: 'queryRaw', query: { arguments: raw.arguments, selection: {} } })
  })
})

describe('an answer of the engine', () => {
  it('comes without tags, under the name that was asked for', () => {
    const data = { findManyUser: [{ id: 'u', spend: { $type: 'BigInt', value: '9007199254740993' }, none: null }] }
    expect(fromEngine(asked({ alias: 'result' }), { data })).toEqual({
      data: { result: [{ id: 'u', spend: '9007199254740993', none: null }] },
    })
  })

  it('has raw rows as objects of typed cells', () => {
    const queryRaw = {
      columns: ['n', 'names', 'doc', 'nothing'],
      types: ['bigint', 'string-array', 'json', 'int'],
      rows: [['5', ['a', 'b'], '{"x":[1]}', null]],
    }
    expect(fromEngine(asked({ name: 'queryRaw' }), { data: { queryRaw } })).toEqual({
      data: {
        result: [
          {
            n: { prisma__type: 'bigint', prisma__value: '5' },
            names: {
              prisma__type: 'array',
              prisma__value: [
                { prisma__type: 'string', prisma__value: 'a' },
                { prisma__type: 'string', prisma__value: 'b' },
              ],
            },
            doc: { prisma__type: 'json', prisma__value: { x: [1] } },
            nothing: { prisma__type: 'null', prisma__value: null },
          },
        ],
      },
    })
  })
})
