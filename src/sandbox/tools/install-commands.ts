/** Families of systems whose package managers we know. */
export type System = 'debian' | 'fedora' | 'arch' | 'alpine' | 'macos'

type Installable = 'go' | 'python'

const NAMES: Readonly<Record<System, string>> = {
  debian: 'Debian, Ubuntu',
  fedora: 'Fedora',
  arch: 'Arch',
  alpine: 'Alpine',
  macos: 'macOS',
}

/** Debian's and Ubuntu's own Go is older than the modules ask. */
const goArchive = (version: string, arch: string): string =>
  `curl -fsSL https://go.dev/dl/go${version}.linux-${arch}.tar.gz | sudo tar -C /usr/local -xz && export PATH=/usr/local/go/bin:$PATH`

const COMMANDS: Readonly<Record<Installable, Readonly<Record<System, (version: string, arch: string) => string>>>> = {
  go: {
    debian: goArchive,
    fedora: () => 'sudo dnf install golang',
    arch: () => 'sudo pacman -S go',
    alpine: () => 'sudo apk add go',
    macos: () => 'brew install go',
  },
  python: {
    debian: () => 'sudo apt-get install python3 python3-venv',
    fedora: () => 'sudo dnf install python3',
    arch: () => 'sudo pacman -S python',
    alpine: () => 'sudo apk add python3',
    macos: () => 'brew install python',
  },
}

/**
 * The system that this is.
 * @param osRelease text of `/etc/os-release`. Source: os-release(5), fields ID and ID_LIKE
 */
export function systemOf(platform: string, osRelease: string): System | undefined {
  if (platform === 'darwin') return 'macos'
  const words = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' '),
  )
  const known: Readonly<Record<string, System>> = { ubuntu: 'debian', rhel: 'fedora', centos: 'fedora' }
  return words.map((word) => (word in NAMES ? (word as System) : known[word])).find((system) => system !== undefined)
}

export interface InstallWish {
  readonly what: Installable
  readonly system: System | undefined
  /** Oldest version that will do. */
  readonly version: string
  /** Node's name of the architecture. */
  readonly arch: string
}

/** The command that installs it on this system; on one that we do not know, a line for each that we do. */
export function installCommand({ what, system, version, arch }: InstallWish): string {
  const published = arch === 'x64' ? 'amd64' : arch
  if (system !== undefined) return COMMANDS[what][system](version, published)
  const all = Object.entries(NAMES) as [System, string][]
  return all.map(([one, name]) => `${name}: ${COMMANDS[what][one](version, published)}`).join('\n')
}

/** The command that brings a Go that packages of the system are too old for. */
export function newerGo(system: System | undefined, version: string, arch: string): string {
  if (system === 'macos') return 'brew upgrade go'
  return goArchive(version, arch === 'x64' ? 'amd64' : arch)
}
