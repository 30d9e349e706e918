/** FNV-1a, 32 bits. Source: draft-eastlake-fnv. */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** A short text that differs when the value does; no secret goes in, and nobody relies on it against forgery. */
export function configMark(value: unknown): string {
  let hash = OFFSET
  for (const char of JSON.stringify(value)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), PRIME)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
