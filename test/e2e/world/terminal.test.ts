import { expect, test } from 'vitest'
import { openTerminal } from './terminal.ts'

test('a program sees a terminal, gets keys and gives its exit status', async () => {
  const terminal = openTerminal([
    'sh',
    '-c',
    'test -t 0 && test -t 1 && echo terminal; read line; echo "got $line"; exit 7',
  ])
  await terminal.until(/terminal/)
  terminal.type('hello\r')
  await terminal.until(/got hello/)
  expect(await terminal.exited).toBe(7)
})

test('the size is the one asked for, and follows a resize', async () => {
  const terminal = openTerminal(['sh', '-c', 'stty size; read line; stty size'], { columns: 80, rows: 24 })
  await terminal.until(/24 80/)
  terminal.resize(160, 50)
  terminal.type('\r')
  await terminal.until(/50 160/)
  expect(await terminal.exited).toBe(0)
})

test('what never comes is an error with the screen in it', async () => {
  const terminal = openTerminal(['echo', 'something else'])
  await expect(terminal.until(/awaited/)).rejects.toThrow(/something else/)
})
