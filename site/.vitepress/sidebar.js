import fs from 'node:fs'
import path from 'node:path'

const groups = [
  ['Start', ['README.md', 'docs/glossary.md', 'examples/README.md']],
  ['Tasks', ['docs/tasks/README.md', 'docs/tasks/dump.md', 'docs/tasks/kexec.md', 'docs/tasks/abi-change.md',
    'docs/tasks/reader.md', 'docs/tasks/java-service.md']],
  ['Commands', ['docs/cli.md', 'docs/sources.md', 'docs/running.md', 'docs/verify.md', 'docs/preflight.md',
    'docs/fleet.md', 'docs/report.md', 'docs/author.md', 'docs/guide-write-a-handover.md',
    'docs/guide-abi-guard.md']],
  ['Java', ['docs/engine.md', 'docs/warm.md', 'examples/java/README.md', 'examples/warm-cache/README.md',
    'docs/dependencies.md', 'docs/architecture.md']],
  ['Contract', ['README', 'boot', 'root', 'map-radix', 'map-bitmaps', 'vmalloc', 'blocks', 'luo', 'memfd', 'clients',
    'lifetimes', 'checks', 'walkthrough', 'walkthrough-luo', 'versions'].map((name) => `docs/abi/${name}.md`)
    .concat('docs/development-layouts.md', 'vectors/README.md')],
  ['Evidence', ['docs/agreement.md', 'docs/preflight-lab.md', 'docs/lab.md', 'docs/performance.md',
    'cli/src/test/resources/org/kho4j/cli/captures/README.md', 'fuzz/README.md']],
  ['Project', ['CHANGELOG.md', 'CONTRIBUTING.md', 'docs/releasing.md']],
  ['Decisions', ['docs/decisions/*']],
]

/** Every page of docs/ in groups; a page that no group has fails the build. */
export default function sidebar(pages) {
  const missing = new Set(markdown(pages, 'docs'))
  const items = groups.map(([text, names]) => ({
    text,
    collapsed: text !== 'Start' && text !== 'Tasks',
    items: names
      .flatMap((name) => (name.endsWith('/*') ? markdown(pages, name.slice(0, -2)) : [name]))
      .map((name) => {
        missing.delete(name)
        return { text: title(path.join(pages, name)), link: '/' + name.replace(/\.md$/, '') }
      }),
  }))
  if (missing.size > 0) {
    throw new Error(`site/.vitepress/sidebar.js has no group for ${[...missing].join(', ')}`)
  }
  return items
}

/** Pages of a directory: README first, then by name. */
function markdown(pages, directory) {
  return fs
    .readdirSync(path.join(pages, directory), { recursive: true })
    .filter((name) => name.endsWith('.md') && path.basename(name) !== 'index.md')
    .map((name) => `${directory}/${name}`)
    .sort((a, b) => b.endsWith('/README.md') - a.endsWith('/README.md') || a.localeCompare(b))
}

function title(file) {
  const heading = /^# (.*)$/m.exec(fs.readFileSync(file, 'utf8'))[1].replaceAll('`', '')
  return heading === 'kho4j' ? 'Overview' : heading
}
