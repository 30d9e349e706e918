import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'

/** Writes one file of a `.tar.gz` to `target`. @throws Error when the archive is broken or has no such file */
export async function unpackMember(archive: string, member: string, target: string): Promise<void> {
  let found = false
  const tar = extract()
  const reading = pipeline(createReadStream(archive), createGunzip(), tar)
  // The loop below ends with the same error; unheard it would end the process.
  reading.catch(() => undefined)
  for await (const entry of tar) {
    const wanted = entry.header.name.replace(/^\.\//, '') === member && entry.header.type === 'file'
    if (wanted) await pipeline(entry, createWriteStream(target, { mode: 0o755 }))
    else entry.resume()
    found ||= wanted
  }
  await reading
  if (!found) throw new Error(`the archive has no ${member}`)
}
