/** Replaced by the build with the version of package.json. */
declare const __LLMGW_VERSION__: string | undefined

/** Version of this program; `0.0.0-source` when it runs unbuilt, e.g. in tests. */
export const VERSION: string = typeof __LLMGW_VERSION__ === 'string' ? __LLMGW_VERSION__ : '0.0.0-source'
