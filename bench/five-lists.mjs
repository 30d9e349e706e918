// What a program pays that only asks: bare Node with five lists of an API server. usage: node five-lists.mjs URL
import { get } from 'node:http'

const [, , url] = process.argv
const PATHS = ['/api/v1/pods', '/api/v1/secrets', '/api/v1/configmaps', '/api/v1/services', '/apis/apps/v1/deployments']

const list = (path) =>
  new Promise((resolve, reject) => {
    get(new URL(path, url), (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve(JSON.parse(text)))
    }).on('error', reject)
  })

const lists = await Promise.all(PATHS.map(list))
if (lists.some(({ items }) => !Array.isArray(items))) process.exit(1)
