import { expect, it } from 'vitest'
import { type Parse, readQuery } from '../../../src/sandbox/query-engine/graphql.ts'

const named = (value: string) => ({ kind: 'Name', value })
const argument = (name: string, value: object) => ({ kind: 'Argument', name: named(name), value })

/** As the package graphql parses it: query { result: findManyUser(...) { id keys(take: 1) { token } } }. */
const parsing =
  (args: readonly object[]): Parse =>
  () =>
    ({
      definitions: [
        {
          selectionSet: {
            selections: [
              {
                name: named('findManyUser'),
                alias: named('result'),
                arguments: args,
                selectionSet: {
                  selections: [
                    { name: named('id'), arguments: [] },
                    {
                      name: named('keys'),
                      arguments: [argument('take', { kind: 'IntValue', value: '1' })],
                      selectionSet: { selections: [{ name: named('token') }] },
                    },
                  ],
                },
              },
            ],
          },
        },
      ],
    }) as unknown as ReturnType<Parse>

it('reads what is asked, and what is asked below it', () => {
  expect(readQuery(parsing([]), '')).toEqual({
    name: 'findManyUser',
    alias: 'result',
    arguments: {},
    selection: { id: true, keys: { arguments: { take: 1 }, selection: { token: true } } },
  })
})

it('reads values of every kind', () => {
  const fields = [
    { name: named('ratio'), value: { kind: 'FloatValue', value: '0.5' } },
    { name: named('big'), value: { kind: 'IntValue', value: '9007199254740993' } },
    {
      name: named('list'),
      value: { kind: 'ListValue', values: [{ kind: 'NullValue' }, { kind: 'EnumValue', value: 'asc' }] },
    },
    { name: named('on'), value: { kind: 'BooleanValue', value: true } },
    { name: named('text'), value: { kind: 'StringValue', value: 'x' } },
  ]
  expect(readQuery(parsing([argument('where', { kind: 'ObjectValue', fields })]), '').arguments).toEqual({
    where: {
      ratio: 0.5,
      big: { $type: 'BigInt', value: '9007199254740993' },
      list: [null, 'asc'],
      on: true,
      text: 'x',
    },
  })
})

it('refuses what it does not know', () => {
  expect(() => readQuery(parsing([argument('where', { kind: 'Variable' })]), '')).toThrow('Variable')
  expect(() => readQuery(() => ({ definitions: [] }), '')).toThrow('asks for nothing')
})
