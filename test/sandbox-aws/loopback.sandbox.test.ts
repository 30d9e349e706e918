import { execa } from 'execa'
import { expect, test } from 'vitest'
import { prepareAws } from '../../src/sandbox/aws/index.ts'
import { cacheDir } from '../../src/sandbox/folders.ts'
import { packageFile } from '../../src/sandbox/package-root.ts'

const script = (attempt: string) => `
import socket, sys
sys.path.insert(0, ${JSON.stringify(packageFile('sandbox', 'aws'))})
from loopback import stay_on_loopback
sys.addaudithook(stay_on_loopback)
try:
    ${attempt}
    print("reached")
except Exception as error:
    print(type(error).__name__)
`

// 192.0.2.0/24 is for documentation and never routed; port 1 of this machine is closed.
test.each([
  ['socket.create_connection(("192.0.2.1", 443), 0.2)', 'PermissionError'],
  ['socket.getaddrinfo("sts.amazonaws.com", 443)', 'PermissionError'],
  ['socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))', 'PermissionError'],
  ['socket.create_connection(("127.0.0.1", 1), 0.2)', 'ConnectionRefusedError'],
  ['socket.getaddrinfo("localhost", 443)', 'reached'],
])('in the emulator, %s ends with %s', async (attempt, outcome) => {
  const python = await prepareAws(cacheDir(process.env), () => undefined, new AbortController().signal)
  const { stdout } = await execa(python, ['-B', '-c', script(attempt)])
  expect(stdout).toBe(outcome)
})
