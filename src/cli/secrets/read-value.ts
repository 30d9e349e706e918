import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { showText } from '../../config/show.ts'
import { UsageError } from '../../errors.ts'
import { Secret } from '../../secret.ts'
import { askHidden } from '../../ui/prompts.ts'
import type { Session } from '../run/session.ts'

/** Secrets Manager takes no longer one. Source: Secrets Manager API reference, PutSecretValue. */
const LONGEST_BYTES = 65_536

/**
 * A value from a file, from standard input where that is no terminal, or typed at a hidden prompt. The line end that
 * editors and `echo` add is no part of it.
 * @throws UsageError SecretValueUnreadable
 */
export async function readValue(session: Session, name: string, fromFile: string | undefined): Promise<Secret> {
  const { host } = session.request
  if (fromFile !== undefined) return await fromPath(host.cwd, fromFile)
  if (host.stdin.isTTY === true)
    return await askHidden(
      { message: `Value of ${name}, hidden:` },
      { input: host.stdin, output: host.stdout, signal: session.stop.signal },
    )
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of host.stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.length
    if (size > LONGEST_BYTES + 2) throw unreadable('standard input holds more than 64 KiB')
    chunks.push(bytes)
  }
  return secretFrom(Buffer.concat(chunks), 'standard input')
}

async function fromPath(cwd: string, file: string): Promise<Secret> {
  const path = resolve(cwd, file)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw unreadable(`${showText(file)} is no file`)
  if (found.size > LONGEST_BYTES + 2) throw unreadable(`${showText(file)} is larger than 64 KiB`)
  return secretFrom(await readFile(path), showText(file))
}

function secretFrom(bytes: Buffer, place: string): Secret {
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text !== '') return new Secret(text)
  throw unreadable(`${place} is empty`)
}

function unreadable(why: string): UsageError {
  return new UsageError('SecretValueUnreadable', `no value was read: ${why}`, {
    hint: 'pipe the value in, name it with --from-file FILE, or run it in a terminal and type it',
  })
}
