import type { Config } from '../../src/config/schema.ts'
import { syncedKey } from '../synced-key.ts'

type Tree = Readonly<Record<string, unknown>>

/** Holds an empty user name, from which LiteLLM makes no connection. */
const NO_DATABASE = 'litellm-no-database'

/**
 * The chart's values for a database. It demands host, name, user and password, whether there is a database or not, and
 * LiteLLM takes them only where DATABASE_URL is not set.
 * Source: litellm chart 1.0.0, `litellm.serverEnv`; LiteLLM 1.104.2, `construct_database_url_from_env_vars`.
 */
export function chartDatabase(config: Config): Tree {
  const { database } = config
  if (database.kind === 'none') return withoutDatabase()
  // DATABASE_URL wins, so both keys may name what is there anyway.
  const { name, key } = syncedKey(config, 'gateway', 'litellm-database-url')
  const passwordSecret = { name, usernameKey: key, passwordKey: key }
  const { host = 'see-database-url', port, name: dbname = 'see-database-url' } = database
  return { database: { writer: { host, port, dbname, passwordSecret } } }
}

/** An empty user name is no user name to LiteLLM: it then starts without a database, as it does outside of this chart. */
function withoutDatabase(): Tree {
  return {
    database: {
      writer: {
        host: 'none',
        dbname: 'none',
        passwordSecret: { name: NO_DATABASE, usernameKey: 'username', passwordKey: 'password' },
      },
    },
    migrationJob: { enabled: false },
    extraResources: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: NO_DATABASE },
        stringData: { username: '', password: '' },
      },
    ],
  }
}
