import { modelServer } from './server.ts'

/** Entry of the models' own process. Argument: the port of 127.0.0.1. */
const server = modelServer()
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), exclusive: true })
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
