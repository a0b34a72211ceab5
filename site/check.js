// Follows every link and anchor of the site in a directory, without the network; javadoc's own anchors are not followed.
import path from 'node:path'
import { LinkChecker } from 'linkinator'

const site = process.argv[2]
const checker = new LinkChecker()
let links = 0
checker.on('link', () => links++)
const { links: results } = await checker.check({
  path: site,
  recurse: true,
  checkFragments: true,
  concurrency: 20,
  linksToSkip: async (link) => !link.startsWith('http://localhost:'),
})
const broken = results.filter((result) => result.state === 'BROKEN')
for (const { url, parent, status } of broken) {
  console.error(`${parent}: ${url}: ${status}`)
}
console.log(`${links} links, ${broken.length} dead`)
process.exit(broken.length === 0 ? 0 : 1)
